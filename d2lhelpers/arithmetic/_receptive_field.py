"""What one unit of a stack of layers sees of the input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ._axes import Size, as_pair, check_least, is_pair


@dataclass(frozen=True)
class ReceptiveField:
    """What one output unit sees; pixel i of the input lies at coordinate i.

    `size`: how many pixels across. `jump`: how many pixels the field moves from one unit to the
    next. `start`: coordinate of the centre of the first unit's field, below 0 where padding puts it
    there, halfway between two pixels where the size is even. Unit i sees the `size` positions
    centred on `start + i * jump`. Each is a (height, width) pair if any layer had a pair.

    >>> ReceptiveField(size=3, jump=1, start=1.0)
    ReceptiveField(size=3, jump=1, start=1.0)
    """

    size: Size
    jump: Size
    start: float | tuple[float, float]


def receptive_field(layers: Iterable[tuple[Size, Size, Size, Size]]) -> ReceptiveField:
    """Return the receptive field of layers given as (kernel_size, stride, padding, dilation).

    From size 1, jump 1, start 0, each layer in order gives
    size += d(k-1) jump, start += (d(k-1)/2 - p) jump, jump *= s.
    Pooling counts like convolution; no layers at all see one pixel. Raises ValueError for a layer
    that is not four sizes, a negative padding, any other value below 1.
    Formula: Araujo, Norris and Sim, 2019, Computing Receptive Fields of Convolutional Neural
    Networks, Distill.

    >>> receptive_field([(3, 1, 0, 1), (2, 2, 0, 1), (3, 1, 0, 1)])
    ReceptiveField(size=8, jump=2, start=3.5)
    >>> receptive_field([((5, 3), 2, (2, 1), 1)])
    ReceptiveField(size=(5, 3), jump=(2, 2), start=(0.0, 0.0))
    """
    names = ("kernel_size", "stride", "padding", "dilation")
    any_pair = False
    high = wide = (1, 1, 0.0)
    for number, layer in enumerate(layers, start=1):
        if not is_pair(layer) or len(layer) != len(names):
            raise ValueError(f"layer {number} must be ({', '.join(names)}), got {layer!r}")
        try:
            pairs = [as_pair(name, value) for name, value in zip(names, layer, strict=True)]
            high = _see_through(high, *(pair[0] for pair in pairs))
            wide = _see_through(wide, *(pair[1] for pair in pairs))
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from None
        any_pair = any_pair or any(is_pair(value) for value in layer)
    if not any_pair:
        return ReceptiveField(*high)
    return ReceptiveField((high[0], wide[0]), (high[1], wide[1]), (high[2], wide[2]))


def _see_through(
    seen: tuple[int, int, float], kernel_size: int, stride: int, padding: int, dilation: int
) -> tuple[int, int, float]:
    check_least(1, kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_least(0, padding=padding)
    size, jump, start = seen
    reach = dilation * (kernel_size - 1)
    return size + reach * jump, jump * stride, start + (reach / 2 - padding) * jump
