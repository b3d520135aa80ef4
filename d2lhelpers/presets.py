"""How each network of the book is trained: a small preset for a CPU, the full one for a GPU.

The small one takes the 8,000 shipped images, a narrower network and small images, and ends within
45 s on two CPU cores. The full one takes all 60,000 images at the size that the textbook gives
them, the network of the paper, and five epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .data import load_data_fashion_mnist
from .device import set_seed, try_gpu
from .models import create, names
from .training import fit

if TYPE_CHECKING:
    from .training import History

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr, momentum=0.9),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


@dataclass(frozen=True)
class Preset:
    """What decides a training run beside the seed and the device.

    Attributes:
        subset: ``"mini"``, the shipped images, or ``"full"``, all 60,000.
        resize: height and width of the images in pixels.
        batch_size: images a step.
        width: of the network, 1 for the paper's.
        num_epochs: how often to go through the images.
        lr: the learning rate.
        optimizer: a key of ``OPTIMIZERS``.
        options: more arguments of ``models.create``.

    >>> preset("lenet", "small").resize
    28
    """

    subset: str
    resize: int
    batch_size: int
    width: float
    num_epochs: int
    lr: float
    optimizer: str
    options: tuple[tuple[str, Any], ...] = ()


SIZES = ("small", "full")


def _small(
    resize: int, width: float, num_epochs: int, lr: float, optimizer: str = "adam"
) -> Preset:
    return Preset("mini", resize, 64, width, num_epochs, lr, optimizer)


def _full(resize: int, lr: float, optimizer: str = "adam") -> Preset:
    return Preset("full", resize, 128, 1.0, 5, lr, optimizer)


def _each(small: Preset, full: Preset, *members: str) -> dict[str, tuple[Preset, Preset]]:
    return dict.fromkeys(members, (small, full))


_BOTH = {
    **_each(_small(28, 1.0, 5, 0.005), _full(28, 0.005), "lenet"),
    **_each(_small(32, 1.0, 4, 0.005), _full(32, 0.005), "lenet5"),
    **_each(_small(67, 0.25, 3, 0.001), _full(224, 0.0003), "alexnet", "alexnet2012"),
    **_each(_small(32, 0.25, 2, 0.001), _full(224, 0.0003), "vgg11", "vgg13", "vgg16", "vgg19"),
    **_each(_small(67, 0.25, 4, 0.001), _full(224, 0.0005), "nin"),
    **_each(_small(32, 0.5, 4, 0.0006), _full(96, 0.001), "googlenet"),
    **_each(
        _small(28, 0.25, 5, 0.05, "momentum"),
        _full(96, 0.001),
        *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    ),
    **_each(
        _small(32, 0.5, 3, 0.002),
        _full(96, 0.001),
        *("densenet", "densenet121", "densenet161", "densenet169", "densenet201"),
    ),
}
_PRESETS = {
    size: {name: both[place] for name, both in _BOTH.items()} for place, size in enumerate(SIZES)
}


def preset(name: str, size: str | None = None, device: torch.device | str | None = None) -> Preset:
    """The preset of a network: ``"small"`` for a CPU, ``"full"`` for an accelerator.

    Args:
        name: a network of `d2l.models.names`.
        size: by ``device`` where none is named.
        device: `try_gpu` where none is named.

    Raises:
        ValueError: there is no such network or size.

    >>> preset("resnet18", device="cpu").subset, preset("resnet18", device="cuda").num_epochs
    ('mini', 5)
    """
    if name not in names():
        raise ValueError(f"no network {name!r}: there are {', '.join(names())}")
    if size is None:
        kind = (try_gpu() if device is None else torch.device(device)).type
        size = "small" if kind == "cpu" else "full"
    if size not in SIZES:
        raise ValueError(f"no preset {size!r}: there are {', '.join(SIZES)}")
    return _PRESETS[size][name]


def run(
    name: str,
    chosen: Preset | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
) -> tuple[nn.Module, History]:
    """Make a network, train it as its preset says, and return both it and its history.

    Args:
        name: a network of `d2l.models.names`.
        chosen: how to train; `preset` for ``device`` where none is given. Change one with
            ``dataclasses.replace(preset("vgg11"), lr=0.01)``.
        device: `try_gpu` where none is named.
        seed: fixes the weights, the order of the images and what dropout draws.
        checkpoint: see `d2l.fit`.

    Raises:
        ValueError: the network does not fit the images; see also `d2l.fit`.

    >>> from dataclasses import replace
    >>> quick = replace(preset("lenet", "small"), num_epochs=1, batch_size=250)
    >>> net, history = run("lenet", quick, device="cpu")
    >>> history.epochs
    1
    """
    device = try_gpu() if device is None else torch.device(device)
    chosen = preset(name, device=device) if chosen is None else chosen
    set_seed(seed)
    options = dict(chosen.options)
    if name.startswith("alexnet"):  # its first dense layer is made for one size of image
        options["image_size"] = chosen.resize
    net = create(name, width=chosen.width, **options)
    resize = None if chosen.resize == 28 else chosen.resize
    train_iter, test_iter = load_data_fashion_mnist(
        chosen.batch_size, resize=resize, subset=chosen.subset, device=device
    )
    history = fit(
        net,
        train_iter,
        test_iter,
        chosen.num_epochs,
        lr=chosen.lr,
        optimizer=OPTIMIZERS[chosen.optimizer],
        device=device,
        checkpoint=checkpoint,
    )
    return net, history
