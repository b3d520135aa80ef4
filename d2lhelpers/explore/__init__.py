"""Pictures that you can touch: ``d2l.explore.<name>()`` is a widget, ``.render(...)`` one picture.

Each explorer is one file: a pure function from a state to SVG, and the controls that set the state.
"""

from __future__ import annotations

from .activation import activation
from .architecture import architecture
from .channels import channels
from .connections import connections
from .convolution import convolution
from .feature_maps import feature_maps
from .kernel import kernel
from .normalization import normalization
from .optimizer import optimizer
from .pooling import pooling
from .receptive_field import receptive_field
from .regularization import regularization
from .transposed_convolution import transposed_convolution

__all__ = [
    "activation",
    "architecture",
    "channels",
    "connections",
    "convolution",
    "feature_maps",
    "kernel",
    "normalization",
    "optimizer",
    "pooling",
    "receptive_field",
    "regularization",
    "transposed_convolution",
]
