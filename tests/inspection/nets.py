"""Small networks for the tests of ``layer_table``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from d2lhelpers.models import create, info


class Module(nn.Module):
    """A module with a given forward, and given parts."""

    def __init__(self, forward: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


def published(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    entry = info(name)
    with torch.device("meta"):
        net = create(name, entry.in_channels, entry.num_classes)
    return net, (entry.in_channels, entry.image_size, entry.image_size)
