"""Pictures that you can touch: ``d2l.explore.<name>()`` is a widget, ``.render(...)`` one picture.

Each explorer is one file: a pure function from a state to SVG, and the controls that set the state.
"""

from __future__ import annotations

from .architecture import architecture
from .convolution import convolution
from .feature_maps import feature_maps

__all__ = ["architecture", "convolution", "feature_maps"]
