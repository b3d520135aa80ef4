"""What each PyTorch operation does to the field of view: the rules behind ``follow``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from ._fields import Axis, Seen, join, reshaped

# How an operation changes one direction: (axis, its input, the arguments by name, its output).
Rule = Callable[[Axis, Tensor, dict[str, Any], Tensor], Axis]


def _at(values: Any, dim: int) -> int:
    """The value for dimension ``dim`` of a number, or of a list for the last dimensions."""
    if isinstance(values, int):
        return values
    return int(values[dim] if len(values) > 1 else values[0])


def _convolution(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    spatial = a["weight"].dim() - 2
    if axis.place is None or axis.place[0] <= -spatial - 1:
        return axis.contracted(-spatial - 1)
    dim, inner = axis.place
    if inner > 1:
        return axis.gone(whole=True)
    stride, padding, dilation = (_at(a[n], dim) for n in ("stride", "padding", "dilation"))
    kernel = a["weight"].shape[dim]
    if not a["transposed"]:
        return axis.window(kernel, stride, padding, dilation, out.shape[dim])
    # Output o is made of the inputs i with o + p = s·i + d·t, 0 <= t < k.
    reach = dilation * (kernel - 1)
    low = axis.low + axis.jump * Fraction(padding - reach, stride)
    high = low + (axis.high - axis.low) + axis.jump * (reach // stride)
    return replace(axis, low=low, high=high, jump=axis.jump / stride, length=out.shape[dim])


def _pool(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    kernel = a["kernel_size"]
    if axis.place is None or axis.place[0] < (-3 if x.dim() == 5 else -2):
        return axis
    dim, inner = axis.place
    if inner > 1:
        return axis.scattered()
    stride, dilation = _at(a["stride"] or kernel, dim), _at(a.get("dilation", 1), dim)
    return axis.window(_at(kernel, dim), stride, _at(a["padding"], dim), dilation, out.shape[dim])


def _unfold(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    """Tensor.unfold: windows of ``size`` along one dimension, laid along a new last one."""
    if axis.place is None:
        return axis
    dim, inner = axis.place
    if dim == _from_end(a["dimension"], x) and inner == 1:
        axis = axis.window(a["size"], a["step"], 0, 1, out.shape[dim - 1])
    return replace(axis, place=(dim - 1, inner))


def _adaptive(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None:
        return axis
    old, new = x.shape[axis.place[0]], out.shape[axis.place[0]]
    if new == 1:
        return axis.gone(whole=True)
    widest = max(-(-(i + 1) * old // new) - i * old // new for i in range(new))
    return _stretched(axis, 0, widest - 1, old, new)


def _stretched(axis: Axis, before: int, after: int, old: int, new: int) -> Axis:
    low, high = axis.low - before * axis.jump, axis.high + after * axis.jump
    return replace(axis, low=low, high=high, jump=axis.jump * Fraction(old, new), length=new)


def _resize(before: int, after: int) -> Rule:
    def rule(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
        if axis.place is None:
            return axis
        dim = axis.place[0]
        return _stretched(axis, before, after, x.shape[dim], out.shape[dim])

    return rule


def _reduce(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    dims = a.get("dim")
    dims = [dims] if isinstance(dims, int) else dims or range(x.dim())
    ends = {_from_end(d, x) for d in dims}
    if axis.place is None:
        return replace(axis, whole=axis.whole or axis.length > 1)
    dim, inner = axis.place
    if dim in ends:
        return replace(axis, whole=True) if out.shape == x.shape else axis.gone(whole=True)
    gone = 0 if out.dim() == x.dim() else sum(d > dim for d in ends)
    return replace(axis, place=(dim + gone, inner))


def _pad(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    pads = a.get("pad") or a["padding"]
    if axis.place is None or -2 * axis.place[0] > len(pads):
        return axis
    dim = axis.place[0]
    shift = pads[-2 * dim - 2] * axis.jump
    return replace(axis, low=axis.low - shift, high=axis.high - shift, length=out.shape[dim])


def _slice(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None or axis.place[0] != _from_end(a["dim"], x):
        return axis
    dim, inner = axis.place
    first = range(*slice(a["start"], a["end"], a["step"]).indices(x.shape[dim])).start
    if inner > 1:
        return axis if out.shape == x.shape else axis.scattered()
    low, high = axis.low + first * axis.jump, axis.high + first * axis.jump
    return replace(axis, low=low, high=high, jump=axis.jump * a["step"], length=out.shape[dim])


def _select(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None:
        return axis
    dim, inner = axis.place
    taken = _from_end(a["dim"], x)
    if dim == taken:
        return axis.gone(whole=False) if inner == 1 else axis.scattered()
    return replace(axis, place=(dim + (taken > dim), inner))


def _permute(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None:
        return axis
    n = x.dim()
    order = list(a["dims"]) if "dims" in a else list(range(n))
    if "dims" not in a:
        i, j = a.get("dim0", -2) % n, a.get("dim1", -1) % n
        order[i], order[j] = order[j], order[i]
    new = [_from_end(d, x) for d in order].index(axis.place[0]) - n
    return replace(axis, place=(new, axis.place[1]))


def _view(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    return reshaped(axis, x.shape, out.shape)


def _everywhere(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    return replace(axis, whole=True)


def _from_end(dim: int, x: Tensor) -> int:
    return dim - x.dim() if dim >= 0 else dim


def _cat(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None or axis.place[0] != _from_end(a["dim"], x):
        return axis
    dim, inner = axis.place
    return replace(axis, length=out.shape[dim]) if inner == 1 else axis.scattered()


def _stack(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    if axis.place is None:
        return axis
    dim, inner = axis.place
    return replace(axis, place=(dim - (dim <= _from_end(a["dim"], out)), inner))


def _keep(axis: Axis, x: Tensor, a: dict[str, Any], out: Tensor) -> Axis:
    """Elementwise operations, normalizations, and all that is not in the table below."""
    if axis.place is None:
        return axis
    dim = axis.place[0]
    fits = out.dim() >= -dim and (x.shape[dim] == 1 or out.shape[dim] == x.shape[dim])
    return axis if fits else axis.scattered()


def _product(dim: int) -> Rule:
    return lambda axis, x, a, out: axis.contracted(dim)


_RULES: dict[str, Rule] = {
    name: rule
    for names, rule in (
        ("convolution", _convolution),
        ("max_pool2d_with_indices avg_pool2d max_pool3d_with_indices avg_pool3d", _pool),
        ("_adaptive_avg_pool2d adaptive_max_pool2d", _adaptive),
        ("upsample_nearest2d _upsample_nearest_exact2d pixel_shuffle", _resize(0, 0)),
        ("upsample_bilinear2d", _resize(0, 1)),
        ("upsample_bicubic2d", _resize(1, 2)),
        ("mean sum amax amin max min var std var_mean logsumexp linalg_vector_norm", _reduce),
        ("_softmax _log_softmax cumsum", _reduce),
        ("constant_pad_nd reflection_pad2d replication_pad2d", _pad),
        ("unfold", _unfold),
        ("slice", _slice),
        ("select unbind", _select),
        ("cat", _cat),
        ("stack", _stack),
        ("permute transpose t", _permute),
        ("view _unsafe_view reshape unsqueeze squeeze _reshape_alias", _view),
    )
    for name in names.split()
}
# The two factors of a matrix product, by their place in the arguments.
_PRODUCTS = {"mm": (0, 1), "addmm": (1, 2), "bmm": (0, 1), "baddbmm": (1, 2)}


def seen(tensor: object) -> Seen | None:
    """What the units of ``tensor`` see, where it was followed."""
    return getattr(tensor, "_d2l_seen", None)


def mark(tensor: Tensor, what: Seen) -> None:
    tensor._d2l_seen = what  # type: ignore[attr-defined]


def follow(
    func: torch._ops.OpOverload, args: Sequence[Any], kwargs: dict[str, Any], out: Any
) -> None:
    """Mark every tensor in ``out`` with what it sees, from what the tensors in ``args`` see."""
    name = func.__name__.split(".")[0]
    inputs = [t for t in tree_leaves((args, kwargs)) if seen(t) is not None]
    if not inputs:
        return
    arguments = func._schema.arguments
    bound = {a.name: a.default_value for a in arguments if a.has_default_value()}
    bound |= dict(zip((a.name for a in arguments), args, strict=False)) | kwargs
    for result in tree_leaves(out):
        if not isinstance(result, Tensor):
            continue
        parts = []
        for tensor in inputs:
            rule = _RULES.get(name, _keep)
            if name in _PRODUCTS:
                rule = _product(-1 if tensor is args[_PRODUCTS[name][0]] else -2)
            elif "scaled_dot_product" in name:
                rule = _everywhere
            field = seen(tensor)
            assert field is not None
            axes = tuple(rule(axis, tensor, bound, result) for axis in field.axes)
            # A product of two followed tensors, as in attention, has no weights.
            layer = len(inputs) == 1 and (name in _PRODUCTS or name == "convolution")
            parts.append(Seen(axes, field.depth + layer))
        mark(result, join(parts))
