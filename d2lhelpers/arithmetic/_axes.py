"""Ints for one axis or for both, pairs for height and width."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any, TypeVar

Pair = tuple[int, int]
Size = int | Pair

# In a signature, `S | int` for every size and `S` for the answer say that one pair makes a pair.
S = TypeVar("S", int, Pair)


def is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list))


def as_int(name: str, value: object) -> int:
    """Return `value` as an int; what counts as an int is what PyTorch takes for one, but no bool.

    >>> as_int("groups", 2)
    2
    """
    return _index(name, value, "an int")


def as_pair(name: str, value: Size) -> Pair:
    """Return `value` as a (height, width) pair of ints; an int stands for both axes.

    `name` is what an error calls the value. Raises ValueError for anything but an int or two ints;
    a bool is no size.

    >>> as_pair("stride", 2), as_pair("stride", (2, 1))
    ((2, 2), (2, 1))
    """
    expected = "an int or a (height, width) pair of ints"
    values = value if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be {expected}, got {len(values)} values: {value!r}")
    return _index(name, values[0], expected), _index(name, values[1], expected)


def _index(name: str, value: Any, expected: str) -> int:
    error = ValueError(f"{name} must be {expected}, got {value!r}")
    if isinstance(value, bool):
        raise error
    try:
        return index(value)
    except TypeError:
        raise error from None


def check_least(least: int, **values: int) -> None:
    """Raise ValueError for the first of `values` that is below `least`.

    >>> check_least(0, padding=0)
    """
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")


def per_axis(rule: Callable[..., int], **sizes: Any) -> Any:
    """Apply `rule` to ints, or to the heights and then to the widths if any size is a pair.

    A ValueError from one of two axes says which.

    >>> per_axis(lambda a, b: a + b, a=1, b=(2, 3))
    (3, 4)
    """
    pairs = {name: as_pair(name, value) for name, value in sizes.items()}
    if not any(is_pair(value) for value in sizes.values()):
        return rule(**{name: pair[0] for name, pair in pairs.items()})
    results = []
    for axis, label in enumerate(("height", "width")):
        try:
            results.append(rule(**{name: pair[axis] for name, pair in pairs.items()}))
        except ValueError as error:
            raise ValueError(f"{label}: {error}") from None
    return tuple(results)
