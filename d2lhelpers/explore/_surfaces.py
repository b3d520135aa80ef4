"""The surfaces that the optimizers walk on: value, slope, and contour lines."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A function of two numbers, where to start on it, and what part of it to show.

    ``view`` is (left, right, bottom, top), ``lowest`` the smallest value that the function has,
    ``minima`` where it has it.
    """

    formula: str
    value: Callable[[float, float], float]
    slope: Callable[[float, float], Point]
    start: Point
    view: tuple[float, float, float, float]
    minima: tuple[Point, ...]
    lowest: float
    levels: tuple[float, ...]


# Products instead of powers: a power of a large number raises, a product becomes infinite.
def _rosenbrock(x: float, y: float) -> float:
    return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x)


def _rosenbrock_slope(x: float, y: float) -> Point:
    across = y - x * x
    return -2 * (1 - x) - 400 * x * across, 200 * across


SURFACES = {
    "bowl": Surface(
        "½(x² + y²)",
        lambda x, y: 0.5 * (x * x + y * y),
        lambda x, y: (x, y),
        (4.0, 2.0),
        (-5, 5, -3, 3),
        ((0.0, 0.0),),
        0.0,
        (0.1, 0.5, 1.5, 3, 5, 8, 12),
    ),
    "ravine": Surface(
        "½(x² + 100y²)",
        lambda x, y: 0.5 * (x * x + 100 * y * y),
        lambda x, y: (x, 100 * y),
        (4.0, 1.0),
        (-5, 5, -1.5, 1.5),
        ((0.0, 0.0),),
        0.0,
        (0.5, 2, 5, 8, 15, 30, 60, 100),
    ),
    # The same ravine, turned by 45°, so that neither axis runs along it.
    "tilted ravine": Surface(
        "¼((x + y)² + 100(x − y)²)",
        lambda x, y: 0.25 * ((x + y) * (x + y) + 100 * (x - y) * (x - y)),
        lambda x, y: (50.5 * x - 49.5 * y, 50.5 * y - 49.5 * x),
        (3.5, 2.1),
        (-4.5, 4.5, -3, 3),
        ((0.0, 0.0),),
        0.0,
        (0.5, 2, 5, 8, 15, 30, 60, 100),
    ),
    "Rosenbrock": Surface(
        "(1 − x)² + 100(y − x²)²",
        _rosenbrock,
        _rosenbrock_slope,
        (-1.2, 1.0),
        (-2, 2, -0.9, 2.3),
        ((1.0, 1.0),),
        0.0,
        (1, 4, 15, 50, 150, 400),
    ),
    "saddle": Surface(
        "½x² + ¼y⁴ − ½y²",
        lambda x, y: 0.5 * x * x + 0.25 * y * y * y * y - 0.5 * y * y,
        lambda x, y: (x, y * y * y - y),
        (2.0, 0.001),
        (-2.5, 2.5, -1.6, 1.6),
        ((0.0, -1.0), (0.0, 1.0)),
        -0.25,
        (-0.2, -0.1, -0.02, 0.1, 0.5, 1, 2),
    ),
}


@functools.cache
def contour_path(name: str, width: float, height: float, columns: int = 88, rows: int = 56) -> str:
    """The lines of equal value as one SVG path in a picture of ``width`` × ``height``.

    Marching squares (Lorensen and Cline, 1987, in two dimensions): a line crosses an edge of a
    cell where the values at its ends lie on both sides of the level.

    >>> contour_path("bowl", 100, 60).startswith("M")
    True
    """
    surface = SURFACES[name]
    left, right, bottom, top = surface.view
    xs = [left + (right - left) * j / columns for j in range(columns + 1)]
    ys = [top - (top - bottom) * i / rows for i in range(rows + 1)]
    values = [[surface.value(x, y) for x in xs] for y in ys]
    parts = []
    for i in range(rows):
        for j in range(columns):
            corners = [values[i][j], values[i][j + 1], values[i + 1][j + 1], values[i + 1][j]]
            low, high = min(corners), max(corners)
            for level in surface.levels:
                if low < level <= high:
                    points = [
                        f"{width * (j + p[0]) / columns:.1f} {height * (i + p[1]) / rows:.1f}"
                        for p in _crossings(corners, level)
                    ]
                    parts += [f"M{a}L{b}" for a, b in zip(points[::2], points[1::2], strict=True)]
    return "".join(parts)


_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))


def _crossings(corners: Sequence[float], level: float) -> Iterator[Point]:
    """Where a level crosses the edges of a cell, in columns and rows from its upper left."""
    for k in range(4):
        a, b = corners[k] - level, corners[(k + 1) % 4] - level
        if (a < 0) != (b < 0):
            share = a / (a - b)
            (x, y), (x2, y2) = _CORNERS[k], _CORNERS[(k + 1) % 4]
            yield x + share * (x2 - x), y + share * (y2 - y)


def gap(surface: Surface, x: float, y: float) -> float:
    """How far the value lies above the lowest one; infinite where it can't be told.

    >>> gap(SURFACES["bowl"], 2.0, 0.0)
    2.0
    """
    above = surface.value(x, y) - surface.lowest
    return math.inf if math.isnan(above) else max(above, 0.0)
