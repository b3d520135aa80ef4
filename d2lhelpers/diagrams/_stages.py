"""From the hundreds of layers of a network to the few blocks that a reader can follow."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from ..inspection import Row

# What fits side by side in a picture that is 960 wide.
MOST = 22

_POOLS = ("MaxPool", "AvgPool", "LPPool")


@dataclass(frozen=True)
class Stage:
    """Neighbouring layers that are drawn as one block: the rows from ``first`` up to ``last``.

    ``label`` and ``detail`` are what is written at the block, ``role`` is ``"conv"`` (something in
    it has a kernel), ``"pool"``, ``"dense"`` or ``"other"``, ``shape`` the output's without the
    batch.
    """

    name: str
    label: str
    detail: str
    role: str
    shape: tuple[int, ...]
    first: int
    last: int
    parameters: int
    macs: int

    @property
    def side(self) -> int:
        """The map's larger side in pixels; 1 where the output is no map."""
        return max(self.shape[1:], default=1) if len(self.shape) == 3 else 1


def stages(
    net: nn.Module, rows: Sequence[Row], shapes: Mapping[str, tuple[int, ...]]
) -> list[Stage]:
    """The blocks of ``net``, in the order of execution, with every row that ran in one of them.

    ``rows`` are those of ``layer_table(net, …)``, ``shapes`` the output's shape of each module that
    holds others, by its name. A block is a part of ``net``, or, where that part is a plain
    ``nn.Sequential`` (unless it repeats one kind of block with outputs of one shape), a part of
    that part. What leaves the shape as it is (an activation, a normalization, dropout) belongs to
    the block before it, a ``Flatten`` to the block after it, if there is one. Where more than 22
    would remain, neighbours with maps of one size are joined.

    >>> from d2lhelpers.inspection import layer_table
    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    >>> [(s.label, s.detail, s.shape) for s in stages(net, layer_table(net, (1, 28, 28)).rows, {})]
    [('conv', '5×5', (6, 24, 24)), ('pool', 'max 2×2', (6, 12, 12))]
    """
    ran = [row for row in rows if row.output_shape is not None]
    modules = dict(net.named_modules())
    owners = [_owner(row.name, modules, shapes) for row in ran]
    found: list[Stage] = []
    flat: int | None = None
    for owner, group in itertools.groupby(range(len(ran)), key=owners.__getitem__):
        indices = list(group)
        first, last = indices[0], indices[-1] + 1
        inside = ran[first:last]
        shape = (shapes.get(owner) or inside[-1].output_shape or ())[1:]
        if all(row.type == "Flatten" for row in inside):
            if last == len(ran) and found:
                found[-1] = replace(found[-1], last=last)
                continue
            if last < len(ran):
                flat = first
                continue
        stage = _stage(owner, inside, modules, shape, first if flat is None else flat, last)
        if found and flat is None and stage.role == "other" and _same(inside, found[-1]):
            found[-1] = replace(found[-1], last=last, parameters=_sum(found[-1], stage))
        else:
            found.append(stage)
        flat = None
    return _joined(found, ran, modules)


def _owner(
    name: str, modules: Mapping[str, nn.Module], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """The part of the network that the row ``name`` is drawn in."""
    top, *rest = name.split(".")
    if not rest or type(modules[top]) is not nn.Sequential:
        return top
    children = dict(modules[top].named_children())
    holds = any(list(child.children()) for child in children.values())
    kinds = {(type(child), shapes.get(f"{top}.{key}")) for key, child in children.items()}
    return top if holds and len(kinds) == 1 else f"{top}.{rest[0]}"


def _same(inside: Sequence[Row], before: Stage) -> bool:
    shapes = {row.output_shape[1:] for row in inside if row.output_shape is not None}
    return shapes == {before.shape} and not any(row.macs for row in inside)


def _sum(one: Stage, other: Stage) -> int:
    return one.parameters + other.parameters


def _stage(
    name: str,
    inside: Sequence[Row],
    modules: Mapping[str, nn.Module],
    shape: tuple[int, ...],
    first: int,
    last: int,
) -> Stage:
    convs = [row for row in inside if row.type.startswith("Conv")]
    denses = [row for row in inside if "Linear" in row.type]
    pools = [row for row in inside if any(pool in row.type for pool in _POOLS)]
    label = name.split(".")[-1]
    kind = type(modules[name]).__name__ if name in modules else "net"
    if convs:
        role = "conv"
        detail = _kernel(modules.get(convs[0].name))
        if len(convs) > 1:
            detail = f"{len(convs)} convs"
            plain = "convs" if kind == "Sequential" else kind
        else:
            plain = "conv"
    elif denses:
        role, plain = "dense", "dense"
        detail = "" if label.isdigit() else "dense"
    elif pools:
        role, plain = "pool", "pool"
        detail = _pool(modules.get(pools[0].name), pools[0].type)
    else:
        role, plain, detail = "other", kind, ""
    return Stage(
        name,
        plain if label.isdigit() else label.strip("()"),
        detail,
        role,
        shape,
        first,
        last,
        sum(row.parameters for row in inside),
        sum(row.macs for row in inside),
    )


def _window(size: int | Sequence[int]) -> str:
    """A size as it is read: 3×3, 5×1, 4."""
    sides = (size, size) if isinstance(size, int) else tuple(size)
    return "×".join(map(str, sides))


def _kernel(layer: Any) -> str:
    if not hasattr(layer, "kernel_size"):
        return ""
    stride = max(layer.stride)
    return _window(layer.kernel_size) + (f"/{stride}" if stride > 1 else "")


def _pool(layer: Any, kind: str) -> str:
    word = "max" if "Max" in kind else "mean"
    if not hasattr(layer, "kernel_size"):
        return word
    size, stride = layer.kernel_size, layer.stride
    return f"{word} {_window(size)}" + ("" if stride == size else f"/{_window(stride)[0]}")


def _joined(
    found: list[Stage], rows: Sequence[Row], modules: Mapping[str, nn.Module]
) -> list[Stage]:
    """Neighbours with maps of one size as one, where ``found`` has more than 22."""
    if len(found) <= MOST:
        return found
    joined = []
    for _, group in itertools.groupby(found, key=lambda s: (s.role == "dense", s.side)):
        run = list(group)
        first, last = run[0].first, run[-1].last
        one = _stage("", rows[first:last], modules, run[-1].shape, first, last)
        label = run[0].label if len(run) == 1 else f"{len(run)} blocks"
        detail = run[0].detail if len(run) == 1 else one.detail
        joined.append(replace(one, name=run[0].name, label=label, detail=detail))
    return joined
