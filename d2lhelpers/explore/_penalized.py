"""The lowest point of a quadratic loss of two weights with a penalty on them, in closed form."""

from __future__ import annotations

import itertools
import math

Point = tuple[float, float]

PENALTIES = ("L1", "L2", "L1 + L2")

# Curvatures: the loss is ½(w − c)ᵀ A (w − c) with A = (a b; b d), the lowest value 0 at w = c.
LOSSES = {
    "round": (1.0, 0.0, 1.0),
    "valley": (0.5, 0.0, 2.0),
    "tilted": (1.0, 0.8, 1.0),
}


def loss(shape: str, centre: Point, w: Point) -> float:
    """½(w − c)ᵀ A (w − c).

    >>> loss("round", (3.0, 1.0), (1.0, 1.0))
    2.0
    """
    a, b, d = LOSSES[shape]
    x, y = w[0] - centre[0], w[1] - centre[1]
    return 0.5 * (a * x * x + 2 * b * x * y + d * y * y)


def slope(shape: str, centre: Point, w: Point) -> Point:
    """The gradient of the loss, A(w − c)."""
    a, b, d = LOSSES[shape]
    x, y = w[0] - centre[0], w[1] - centre[1]
    return a * x + b * y, b * x + d * y


def l1(w: Point) -> float:
    """Σ|w|."""
    return abs(w[0]) + abs(w[1])


def l2(w: Point) -> float:
    """Σw²."""
    return w[0] * w[0] + w[1] * w[1]


def penalty(name: str, w: Point) -> float:
    """Σ|w|, Σw², or their sum.

    >>> penalty("L1", (3.0, -1.0)), penalty("L2", (3.0, -1.0))
    (4.0, 10.0)
    """
    return l1(w) * (name != "L2") + l2(w) * (name != "L1")


def lowest(shape: str, centre: Point, name: str, strength: float) -> Point:
    """The weights with the lowest loss + λ·penalty.

    λΣw² adds 2λ to both curvatures. λΣ|w| adds ±λ to the slope: the sign of each weight is
    negative, none (the weight is 0) or positive, and only one of the nine choices fits (Hastie,
    Tibshirani and Friedman, 2009, *The Elements of Statistical Learning*, section 3.4).

    >>> lowest("round", (3.0, 1.0), "L1", 1.0)
    (2.0, 0.0)
    >>> lowest("round", (3.0, 1.0), "L2", 1.0)
    (1.0, 0.3333333333333333)
    """
    a, b, d = LOSSES[shape]
    p, q = a * centre[0] + b * centre[1], b * centre[0] + d * centre[1]
    quadratic, absolute = strength * (name != "L1"), strength * (name != "L2")
    a, d = a + 2 * quadratic, d + 2 * quadratic
    if absolute == 0:
        return _solve(a, b, d, p, q)
    edge = absolute + 1e-12  # a weight that lies on 0 but for rounding is 0
    if abs(p) <= edge and abs(q) <= edge:
        return 0.0, 0.0
    x, y = _shrunk(p, absolute) / a, _shrunk(q, absolute) / d
    if abs(q - b * x) <= edge:
        return x, 0.0
    if abs(p - b * y) <= edge:
        return 0.0, y
    solved = (
        (signs, _solve(a, b, d, p - absolute * signs[0], q - absolute * signs[1]))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    )
    # Only the right signs agree with both weights.
    return max(solved, key=lambda it: min(it[0][0] * it[1][0], it[0][1] * it[1][1]))[1]


def _solve(a: float, b: float, d: float, p: float, q: float) -> Point:
    """The (x, y) with ax + by = p and bx + dy = q."""
    size = a * d - b * b
    return (d * p - b * q) / size, (a * q - b * p) / size


def _shrunk(value: float, amount: float) -> float:
    """The value moved towards 0 by an amount, and not beyond it."""
    return math.copysign(max(abs(value) - amount, 0.0), value)
