"""The networks of the book, by name, in historical order.

``create("resnet18")`` makes one; ``info("resnet18")`` says where it comes from;
``python -m d2lhelpers.models`` prints them all with what they hold and cost.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

from .alexnet import AlexNet, AlexNet2012
from .catalogue import CATALOGUE, Entry
from .common import Network
from .densenet import DenseNet
from .googlenet import GoogLeNet
from .lenet import LeNet
from .lenet5 import LeNet5
from .nin import NiN
from .resnet import Bottleneck, Residual, ResNet
from .vgg import VGG
from .weights import load_torchvision_state

__all__ = ["Entry", "Network", "create", "info", "load_torchvision_state", "names"]

_BUILD: dict[str, Callable[..., Network]] = {
    "lenet": LeNet,
    "lenet5": LeNet5,
    "alexnet": AlexNet,
    "alexnet2012": AlexNet2012,
    "nin": NiN,
    "vgg11": partial(VGG, "vgg11", (1, 1, 2, 2, 2)),
    "vgg13": partial(VGG, "vgg13", (2, 2, 2, 2, 2)),
    "vgg16": partial(VGG, "vgg16", (2, 2, 3, 3, 3)),
    "vgg19": partial(VGG, "vgg19", (2, 2, 4, 4, 4)),
    "googlenet": GoogLeNet,
    "resnet18": partial(ResNet, "resnet18", Residual, (2, 2, 2, 2)),
    "resnet34": partial(ResNet, "resnet34", Residual, (3, 4, 6, 3)),
    "resnet50": partial(ResNet, "resnet50", Bottleneck, (3, 4, 6, 3)),
    "resnet101": partial(ResNet, "resnet101", Bottleneck, (3, 4, 23, 3)),
    "resnet152": partial(ResNet, "resnet152", Bottleneck, (3, 8, 36, 3)),
    "densenet": partial(DenseNet, "densenet", 64, 32, (4, 4, 4, 4), True),
    "densenet121": partial(DenseNet, "densenet121", 64, 32, (6, 12, 24, 16), False),
    "densenet161": partial(DenseNet, "densenet161", 96, 48, (6, 12, 36, 24), False),
    "densenet169": partial(DenseNet, "densenet169", 64, 32, (6, 12, 32, 32), False),
    "densenet201": partial(DenseNet, "densenet201", 64, 32, (6, 12, 48, 32), False),
}


def names() -> list[str]:
    """The names that ``create`` knows, the oldest network first.

    >>> names()[:3], names()[-1]
    (['lenet', 'lenet5', 'alexnet'], 'densenet201')
    """
    return list(CATALOGUE)


def info(name: str) -> Entry:
    """Where the network comes from and what its paper says of it.

    Raises ``ValueError`` for a name that ``names()`` does not hold, with the nearest that it does.

    >>> info("vgg16").year, info("vgg16").top5
    (2014, 8.1)
    >>> info("resnet20")
    Traceback (most recent call last):
    ValueError: there is no network 'resnet20'; the nearest is 'resnet50': names() lists all
    """
    if name not in CATALOGUE:
        near = difflib.get_close_matches(str(name).lower(), CATALOGUE, n=1, cutoff=0.5)
        nearest = f"; the nearest is {near[0]!r}" if near else ""
        raise ValueError(f"there is no network {name!r}{nearest}: names() lists all")
    return CATALOGUE[name]


def create(
    name: str, in_channels: int = 1, num_classes: int = 10, width: float = 1.0, **options: Any
) -> Network:
    """The network ``name``, with fresh weights, for images of ``in_channels`` channels.

    It takes ``(N, in_channels, H, W)`` floating-point images and gives ``(N, num_classes)``
    outputs: logits, but for ``lenet5``, whose outputs are distances. ``width`` multiplies every
    channel count inside (1 is the paper); ``options`` are the network's own: ``image_size``
    (``alexnet``, ``alexnet2012``, ``vgg…``), ``batch_norm`` (``lenet``, ``vgg…``), ``activation``
    and ``pool`` (``lenet``), ``aux`` (``googlenet``), ``stride_in_1x1`` and ``preactivation``
    (``resnet…``), ``checkpoint`` (``densenet…``).

    Raises ``ValueError`` for an unknown name, a number below 1 (``width``: not above 0) or an
    option's unknown value, ``TypeError`` for an unknown option or a wrong type.

    >>> net = create("resnet18", in_channels=3, num_classes=1000)
    >>> sum(p.numel() for p in net.parameters())
    11689512
    >>> create("vgg11", depth=16)
    Traceback (most recent call last):
    TypeError: vgg11 has no option 'depth'; its options are batch_norm, image_size
    """
    info(name)
    build = _BUILD[name]
    for label, value in (("in_channels", in_channels), ("num_classes", num_classes)):
        _whole(label, value)
    if isinstance(width, bool) or not isinstance(width, (int, float)):
        raise TypeError(f"width must be a number; got {width!r}: 1 is the paper, 0.25 a quarter")
    if not (width > 0 and math.isfinite(width)):
        raise ValueError(f"width must be above 0; got {width!r}: 1 is the paper, 0.25 a quarter")
    known = {
        parameter.name: parameter.default
        for parameter in inspect.signature(build).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for option, value in options.items():
        if option not in known:
            valid = f"its options are {', '.join(known)}" if known else "it has none"
            raise TypeError(f"{name} has no option {option!r}; {valid}")
        wanted = type(known[option])
        if wanted is int:
            _whole(option, value)
        elif not isinstance(value, wanted):
            raise TypeError(f"{option} must be a {wanted.__name__}; got {value!r}")
    return build(in_channels, num_classes, width, **options)


def _whole(label: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{label} must be a whole number; got {value!r}")
    if value < 1:
        raise ValueError(f"{label} must be at least 1; got {value}")
