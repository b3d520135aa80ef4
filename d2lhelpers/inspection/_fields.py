"""Following what the units of a tensor see of the input, from one PyTorch operation to the next.

Unit i of a tensor sees the input pixels from ``low + i·jump`` to ``high + i·jump``, in each of the
two directions of the image. A window of k, stride s, padding p and dilation d makes of these
``low − p·jump``, ``high + (d(k−1) − p)·jump`` and ``s·jump``; where paths join, the result sees
from the least low to the greatest high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction


@dataclass(frozen=True)
class Axis:
    """One direction of the image in one tensor.

    ``length`` units lie along it. ``place`` says where: the tensor's dimension, counted from the
    last (−1), and how many elements of that dimension one step takes (more than 1 where dimensions
    were merged); ``None`` where the direction is spread over the tensor, or, with ``length`` 1, is
    no longer in it. ``whole`` marks that a unit sees all of the input in this direction.
    """

    low: Fraction
    high: Fraction
    jump: Fraction
    length: int
    place: tuple[int, int] | None
    whole: bool = False

    def window(self, kernel: int, stride: int, padding: int, dilation: int, length: int) -> Axis:
        low = self.low - padding * self.jump
        high = self.high + (dilation * (kernel - 1) - padding) * self.jump
        return replace(self, low=low, high=high, jump=self.jump * stride, length=length)

    def scattered(self) -> Axis:
        return replace(self, place=None)

    def gone(self, whole: bool) -> Axis:
        return replace(self, place=None, length=1, whole=self.whole or whole)

    def contracted(self, dim: int) -> Axis:
        """After a sum over ``dim`` with other weights for each unit."""
        if self.place is None:
            return replace(self, whole=self.whole or self.length > 1)
        return self.gone(whole=True) if self.place[0] == dim else self


@dataclass(frozen=True)
class Seen:
    """The directions of the image (none where the input is no image), and the depth so far."""

    axes: tuple[Axis, ...]
    depth: int


def start(shape: Sequence[int]) -> Seen:
    """What a pixel sees: itself."""
    if len(shape) != 4:
        return Seen((), 0)
    zero, one = Fraction(0), Fraction(1)
    return Seen(tuple(Axis(zero, zero, one, shape[d], (d, 1)) for d in (-2, -1)), 0)


def join(parts: Sequence[Seen]) -> Seen:
    """What a unit sees that is made of units of several tensors."""
    axes = []
    for same in zip(*(part.axes for part in parts), strict=True):
        longest = max(same, key=lambda axis: (axis.length, axis.place is not None))
        low, high = min(axis.low for axis in same), max(axis.high for axis in same)
        clash = any(a.length > 1 and a.place != longest.place for a in same)
        axes.append(
            replace(
                longest,
                low=low,
                high=high,
                whole=any(axis.whole for axis in same),
                place=None if clash else longest.place,
            )
        )
    return Seen(tuple(axes), max(part.depth for part in parts))


def reshaped(axis: Axis, old: Sequence[int], new: Sequence[int]) -> Axis:
    """Where the direction is after the same elements, in the same order, got another shape."""
    if axis.place is None:
        return axis
    dim, inner = axis.place
    step = inner * math.prod(old[len(old) + dim + 1 :])
    span = step * axis.length
    for d in range(1, len(new) + 1):
        below = math.prod(new[len(new) - d + 1 :])
        whole = below * new[-d]
        if below <= step and span <= whole and step % below == 0 and whole % span == 0:
            return replace(axis, place=(-d, step // below))
    return axis.scattered()
