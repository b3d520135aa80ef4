"""A registered network as the architecture explorer shows it, measured without any numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ..diagrams import Stage, stages
from ..inspection import LayerTable, layer_table
from ..models import Network, create, info

TASKS = ("as published", "Fashion-MNIST")


@dataclass(frozen=True)
class Measured:
    """A network, its layer table, its blocks, and what goes into each row's layer."""

    net: Network
    table: LayerTable
    stages: list[Stage]
    inputs: dict[str, tuple[int, ...]]


def task_of(name: str, task: str) -> tuple[int, int]:
    """The channels of the images and the number of classes.

    >>> task_of("vgg16", "as published"), task_of("vgg16", "Fashion-MNIST")
    ((3, 1000), (1, 10))
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(map(repr, TASKS))}; got {task!r}")
    entry = info(name)
    return (entry.in_channels, entry.num_classes) if task == TASKS[0] else (1, 10)


@functools.lru_cache(maxsize=8)
def built(name: str, width: float, task: str, image_size: int | None = None) -> Network:
    """The network without memory for its weights; ``image_size`` None is the published one."""
    in_channels, num_classes = task_of(name, task)
    options = {} if image_size is None else {"image_size": image_size}
    with torch.device("meta"):
        return create(name, in_channels, num_classes, width, **options).eval()


@functools.lru_cache(maxsize=64)
def measured(name: str, size: int, width: float, task: str) -> Measured:
    """The network ``name`` with images of ``size`` × ``size``.

    A network with dense layers that fit one size only is built anew for ``size`` where it can be.
    Raises the network's own ``ValueError`` where it refuses the size.
    """
    net = built(name, width, task)
    if net.has_image_size and size >= net.min_size and size not in (net.accepts or ()):
        net = built(name, width, task, size)
    image = torch.empty(1, net.in_channels, size, size, device="meta")
    # Its own words, before the table is begun.
    net.check(image)
    table = layer_table(net, tuple(image.shape))
    with torch.no_grad(), _watched(net) as (inputs, outputs):
        net(image)
    return Measured(net, table, stages(net, table.rows, outputs), inputs)


Shapes = dict[str, tuple[int, ...]]


@contextmanager
def _watched(net: nn.Module) -> Iterator[tuple[Shapes, Shapes]]:
    """The shapes of what each part of ``net`` is given and gives while it runs."""
    inputs: Shapes = {}
    outputs: Shapes = {}

    def look(name: str, args: object, output: object) -> None:
        for shapes, value in ((inputs, args), (outputs, output)):
            tensor = next((t for t in tree_leaves(value) if isinstance(t, Tensor)), None)
            if tensor is not None:
                shapes[name] = tuple(tensor.shape)

    hooks = [
        module.register_forward_hook(lambda _, args, output, name=name: look(name, args, output))
        for name, module in net.named_modules()
    ]
    try:
        yield inputs, outputs
    finally:
        for hook in hooks:
            hook.remove()
