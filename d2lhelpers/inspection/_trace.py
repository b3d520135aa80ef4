"""Running a stand-in of a network once, and writing down what each layer did."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ._fields import start
from ._rules import follow, mark, seen
from ._table import LayerTable, Row


def layer_table(net: nn.Module, input_shape: Sequence[int], depth: int | None = None) -> LayerTable:
    """What every layer of ``net`` outputs, holds, costs and sees for an input of ``input_shape``.

    ``input_shape`` is ``(C, H, W)`` for one image or ``(N, C, H, W)`` for a batch; ``(N, F)`` and
    ``(F,)`` do for networks of dense layers. A row is a layer without layers of its own, or a block
    that computes or holds something itself, in the order of execution; ``depth=1`` gives one row
    for each top-level part of ``net`` instead, ``depth=2`` for each part of these, and so on.

    A convolution from c_i to c_o channels with g groups and kernel k_h × k_w has
    c_o·(c_i/g)·k_h·k_w weights and as many MACs at each of its output's pixels; a matrix product
    of n×m by m×p has n·m·p. Additions, activations, normalization and pooling count none. The
    receptive field of stacked windows is 1 + Σ (k − 1)·d·(product of the strides before); where
    paths join it is the union, after a global average or a dense layer the whole input.
    Normalization counts as seeing only its own pixel.

    ``net`` itself is not run and not changed. A copy of it with tensors that have shapes and no
    numbers (the "meta" device) is, in evaluation mode; where something in it needs numbers, a real
    copy is, on zeros. Raises what ``net`` raises for a wrong input, ``TypeError`` or ``ValueError``
    for a wrong ``input_shape`` or ``depth``.

    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    >>> table = layer_table(net, (1, 28, 28))
    >>> table.total_parameters, table.total_macs, table.rows[-1].receptive_field
    (156, 86400, (6, 6))
    >>> print(table)
    Sequential: 156 parameters, 86,400 multiply-accumulates (MACs) for an input of (1, 1, 28, 28)
    layer  type       output shape    parameters    MACs  receptive field  jump
    0      Conv2d     (1, 6, 24, 24)         156  86,400                5     1
    1      ReLU       (1, 6, 24, 24)           0       0                5     1
    2      MaxPool2d  (1, 6, 12, 12)           0       0                6     2
    """
    shape = _batched(input_shape)
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int)):
        raise TypeError(f"depth must be a whole number or None; got {depth!r}")
    if depth is not None and depth < 1:
        raise ValueError(f"depth must be at least 1; got {depth}: 1 gives the top-level parts")
    net = getattr(net, "_orig_mod", net)  # what torch.compile wrapped
    with torch.random.fork_rng(devices=[]):
        try:
            return _run(_copy(net, meta=True), shape, depth, meta=True)
        except Exception:
            # Not every module runs without numbers. If the input is at fault, this raises again.
            return _run(_copy(net, meta=False), shape, depth, meta=False)


def _batched(input_shape: Sequence[int]) -> tuple[int, ...]:
    try:
        shape = tuple(input_shape)
    except TypeError:
        raise TypeError(
            f"input_shape must be a tuple like (1, 28, 28); got {input_shape!r}"
        ) from None
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in shape):
        raise ValueError(
            f"input_shape must hold whole numbers of at least 1, as in (1, 28, 28); got {shape}"
        )
    return (1, *shape) if len(shape) in (1, 3) else shape


def _copy(net: nn.Module, meta: bool) -> nn.Module:
    """A copy of ``net`` in evaluation mode, without the hooks that watch its outputs."""
    memo: dict[int, Any] = {}
    for module in net.modules():
        # A look must not set off what a reader hung on the network, nor copy what hangs on it.
        for hooks in ("_forward_hooks", "_backward_hooks", "_backward_pre_hooks"):
            memo[id(getattr(module, hooks))] = OrderedDict()
        held = (*module._parameters.values(), *module._buffers.values(), *vars(module).values())
        for tensor in held:
            if isinstance(tensor, Tensor):
                memo[id(tensor)] = _stand_in(tensor, meta)
    return copy.deepcopy(net, memo).eval()


def _stand_in(tensor: Tensor, meta: bool) -> Tensor:
    device = torch.device("meta") if meta else tensor.device
    if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
        lazy: Any = type(tensor)
        return lazy(device=device, dtype=tensor.dtype)
    data = tensor.detach()
    data = torch.empty_like(data, device=device) if meta else data.clone()
    return nn.Parameter(data, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else data


@dataclass
class _Frame:
    """A module that is running: its own MACs, and where the rows of its parts start."""

    first: int
    macs: int = 0


class _Recorder(TorchDispatchMode):
    """Counts what each module computes and follows what its output sees."""

    def __init__(self, net: nn.Module, input_shape: tuple[int, ...], depth: int | None) -> None:
        super().__init__()
        self.input_size = input_shape[-2:]
        self.depth = depth
        self.rows: list[Row] = []
        self.stack: list[_Frame] = []
        self.counted: set[int] = set()
        for name, module in net.named_modules():
            module.register_forward_pre_hook(self._enter, prepend=True)
            module.register_forward_hook(partial(self._leave, name))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func.overloadpacket in flop_registry:
            flops = flop_registry[func.overloadpacket](*args, **kwargs, out_val=out)
            self.stack[-1].macs += flops // 2
        follow(func, args, kwargs, out)
        return out

    def _enter(self, module: nn.Module, args: Any) -> None:
        self.stack.append(_Frame(len(self.rows)))

    def _leave(self, name: str, module: nn.Module, args: Any, output: Any) -> None:
        frame = self.stack.pop()
        level = name.count(".") + 1 if name else 0
        # The parts of a parametrized layer compute its weights; readers know it as one layer.
        one = not list(module.children()) or hasattr(module, "parametrizations")
        merge = one or level == self.depth
        parameters, macs = self._new(module.parameters(recurse=merge)), frame.macs
        if merge:
            parts = self.rows[frame.first :]
            del self.rows[frame.first :]
            parameters += sum(part.parameters for part in parts)
            macs += sum(part.macs for part in parts)
        if merge or parameters or macs:
            tensor = next((t for t in tree_leaves(output) if isinstance(t, Tensor)), None)
            shape = None if tensor is None else tuple(tensor.shape)
            row = Row(name or "(net)", type(module).__name__, shape, parameters, macs)
            self.rows.append(replace(row, **self._view(tensor)))

    def _new(self, parameters: Iterable[Tensor]) -> int:
        fresh = [p for p in parameters if id(p) not in self.counted]
        self.counted.update(map(id, fresh))
        return sum(p.numel() for p in fresh)

    def _view(self, tensor: Tensor | None) -> dict[str, Any]:
        field = seen(tensor)
        if field is None or not field.axes:
            return {}
        sizes, jumps = [], []
        for axis, size in zip(field.axes, self.input_size, strict=True):
            sizes.append(size if axis.whole else math.ceil(axis.high - axis.low) + 1)
            jumps.append(Fraction(0) if axis.whole else axis.jump)
        return {"receptive_field": tuple(sizes), "jump": tuple(jumps)}

    def rest(self, net: nn.Module) -> list[Row]:
        """The layers that hold parameters and did not run."""
        counts = [(n, m, self._new(m.parameters(recurse=False))) for n, m in net.named_modules()]
        return [Row(n, type(m).__name__, None, count, 0) for n, m, count in counts if count]


def _run(net: nn.Module, shape: tuple[int, ...], depth: int | None, meta: bool) -> LayerTable:
    tensors = [*net.parameters(), *net.buffers()]
    dtypes = [t.dtype for t in tensors if t.is_floating_point()]
    device = "meta" if meta else tensors[0].device if tensors else "cpu"
    x = torch.zeros(shape, dtype=dtypes[0] if dtypes else None, device=device)
    mark(x, start(shape))
    if any(isinstance(m, LazyModuleMixin) and m.has_uninitialized_params() for m in net.modules()):
        with torch.no_grad():
            net(x)  # not while recording, which some versions of PyTorch refuse
    recorder = _Recorder(net, shape, depth)
    with torch.no_grad(), recorder:
        output = net(x)
    rows = recorder.rows + recorder.rest(net)
    if depth is not None:
        rows = _grouped(rows, net, depth)
    fields = [seen(tensor) for tensor in tree_leaves(output)]
    deepest = max((field.depth for field in fields if field is not None), default=0)
    name = getattr(net, "name", None)
    title = name if isinstance(name, str) else type(net).__name__
    return LayerTable(title, shape, rows, deepest)


def _grouped(rows: list[Row], net: nn.Module, depth: int) -> list[Row]:
    """One row for what lies inside a part that is not run itself (a list of layers)."""

    def part(row: Row) -> tuple[str, bool]:
        prefix = ".".join(row.name.split(".")[:depth])
        return prefix, row.name == prefix

    grouped: list[Row] = []
    for (prefix, itself), found in groupby(rows, key=part):
        inside = list(found)
        if itself:
            grouped += inside
            continue
        row = replace(
            inside[-1],
            name=prefix,
            type=type(net.get_submodule(prefix)).__name__,
            parameters=sum(row.parameters for row in inside),
            macs=sum(row.macs for row in inside),
        )
        grouped.append(row)
    return grouped
