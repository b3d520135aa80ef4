"""Every network at a size that a test can afford."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from d2lhelpers.data import fashion_mnist
from d2lhelpers.models import Network, create, names

NAMES = names()
# The smallest image: given as image_size= to the networks whose dense layers are built for it.
SIDES = {"lenet": 28, "lenet5": 32, "alexnet": 67, "alexnet2012": 63, "nin": 67}


def small(name: str, width: float = 0.125, **options: Any) -> tuple[Network, int]:
    """The network at a small width and the side of the images it takes, 32 where it may be."""
    side = SIDES.get(name, 32)
    if name.startswith(("alexnet", "vgg")):
        options["image_size"] = side
    return create(name, width=width, **options), side


@cache
def clothes(count: int, side: int) -> tuple[Tensor, Tensor]:
    """The first images of the shipped Fashion-MNIST, resized, and their labels."""
    files = fashion_mnist.read_mini()
    images = files["train-images-idx3-ubyte"][:count, None].float() / 255
    labels = files["train-labels-idx1-ubyte"][:count].long()
    return interpolate(images, size=(side, side), mode="bilinear", antialias=True), labels


def batch(side: int, count: int = 2) -> Tensor:
    return clothes(count, side)[0]


def randomize_statistics(net: torch.nn.Module) -> None:
    """Running statistics that differ from 0 and 1, as after training."""
    for module in net.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)


def convs(net: torch.nn.Module) -> list[torch.nn.Conv2d]:
    return [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
