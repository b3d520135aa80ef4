"""The helper package of an interactive book on convolutional neural networks.

``import d2lhelpers as d2l`` gives the public names below. They load on first use (PEP 562), so the
import costs little and works where torchvision, matplotlib or ipywidgets are not installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        arithmetic,
        book,
        checkup,
        data,
        device,
        diagrams,
        exercises,
        explore,
        functional,
        inspection,
        models,
        plot,
        presets,
        pretrained,
        svg,
        training,
    )
    from .arithmetic import (
        conv_output_size,
        conv_transpose_output_size,
        pool_output_size,
        receptive_field,
        same_padding,
    )
    from .data import load_data_fashion_mnist
    from .device import set_seed, try_gpu
    from .exercises import check
    from .functional import (
        convolve2d,
        corr2d,
        corr2d_multi_in,
        corr2d_multi_in_out,
        corr2d_multi_in_out_1x1,
    )
    from .inspection import layer_table
    from .plot import show_images
    from .training import evaluate_accuracy, fit

__version__ = "0.1.0"

# name -> the module it lives in
_HOME = {
    "conv_output_size": "arithmetic",
    "conv_transpose_output_size": "arithmetic",
    "pool_output_size": "arithmetic",
    "receptive_field": "arithmetic",
    "same_padding": "arithmetic",
    "convolve2d": "functional",
    "corr2d": "functional",
    "corr2d_multi_in": "functional",
    "corr2d_multi_in_out": "functional",
    "corr2d_multi_in_out_1x1": "functional",
    "set_seed": "device",
    "try_gpu": "device",
    "load_data_fashion_mnist": "data",
    "evaluate_accuracy": "training",
    "fit": "training",
    "layer_table": "inspection",
    "show_images": "plot",
    "check": "exercises",
}
_MODULES = (
    "arithmetic",
    "book",
    "checkup",
    "data",
    "device",
    "diagrams",
    "exercises",
    "explore",
    "functional",
    "inspection",
    "models",
    "plot",
    "presets",
    "pretrained",
    "svg",
    "training",
)

__all__ = [
    "arithmetic",
    "book",
    "check",
    "checkup",
    "conv_output_size",
    "conv_transpose_output_size",
    "convolve2d",
    "corr2d",
    "corr2d_multi_in",
    "corr2d_multi_in_out",
    "corr2d_multi_in_out_1x1",
    "data",
    "device",
    "diagrams",
    "evaluate_accuracy",
    "exercises",
    "explore",
    "fit",
    "functional",
    "inspection",
    "layer_table",
    "load_data_fashion_mnist",
    "models",
    "plot",
    "pool_output_size",
    "presets",
    "pretrained",
    "receptive_field",
    "same_padding",
    "set_seed",
    "show_images",
    "svg",
    "training",
    "try_gpu",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
