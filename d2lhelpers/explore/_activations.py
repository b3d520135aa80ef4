"""Eight activations as the explorer writes them: value, slope, and the formula with its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..svg import number

Function = Callable[[float, float], float]


@dataclass(frozen=True)
class Parameter:
    """The one number that an activation can be set by: its name, default, largest value, step."""

    name: str
    default: float
    high: float
    step: float


@dataclass(frozen=True)
class Activation:
    """A function of x and of its parameter a: value, slope, both with numbers, the drawn range."""

    value: Function
    slope: Function
    words: Callable[[float, float], tuple[str, str]]
    y_range: tuple[float, float]
    parameter: Parameter | None = None


def sigmoid(x: float) -> float:
    """1 / (1 + exp(−x)), for any x that a float holds.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    small = math.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)


def shown(value: float) -> str:
    """A number as the formulas write it: four digits after the point, brackets around a minus.

    >>> shown(0.25), shown(-2.0)
    ('0.25', '(−2)')
    """
    text = number(value, 4)
    return f"({text})" if text.startswith("−") else text


def power(value: float) -> str:
    """A number that may be very small: as it is, or as a·10ⁿ.

    >>> power(0.5), power(0.25**10)
    ('0.5', '9.5·10⁻⁷')
    """
    if value == 0 or abs(value) >= 0.001:
        return number(value, 4)
    exponent = math.floor(math.log10(abs(value)))
    digits = round(value / 10.0**exponent, 1)
    if abs(digits) >= 10:
        digits, exponent = digits / 10, exponent + 1
    return f"{number(digits, 1)}·10" + str(exponent).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    )


def _normal(x: float) -> tuple[float, float]:
    """The standard normal distribution: Φ(x), the share below x, and φ(x), its density."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2))), math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _inner(x: float) -> tuple[float, float]:
    """What stands inside GELU's tanh form, and its slope."""
    scale = math.sqrt(2 / math.pi)
    return scale * (x + 0.044715 * x**3), scale * (1 + 3 * 0.044715 * x**2)


def _tanh_gelu_slope(x: float, a: float) -> float:
    inside, slope = _inner(x)
    t = math.tanh(inside)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope


def _first(x: float, a: float) -> float:
    """The first of softmax(x, a, 0)."""
    top = max(x, a, 0.0)
    parts = [math.exp(value - top) for value in (x, a, 0.0)]
    return parts[0] / sum(parts)


def _relu_words(x: float, a: float) -> tuple[str, str]:
    side, slope = ("above 0", 1) if x > 0 else ("not above 0", 0)
    return (
        f"f(x) = max(0, x) = max(0, {number(x, 4)}) = {number(max(0.0, x), 4)}",
        f"x is {side}, so f′(x) = {slope}",
    )


def _leaky_words(x: float, a: float) -> tuple[str, str]:
    if x > 0:
        return f"x is above 0, so f(x) = x = {number(x, 4)}", "x is above 0, so f′(x) = 1"
    return (
        f"x is not above 0, so f(x) = a·x = {shown(a)}·{shown(x)} = {number(a * x, 4)}",
        f"x is not above 0, so f′(x) = a = {number(a, 4)}",
    )


def _sigmoid_words(x: float, a: float) -> tuple[str, str]:
    s = sigmoid(x)
    return (
        f"σ(x) = 1 / (1 + e⁻ˣ) = 1 / (1 + {number(math.exp(-x), 4)}) = {number(s, 4)}",
        f"σ′(x) = σ(x)·(1 − σ(x)) = {shown(s)}·{shown(1 - s)} = {number(s * (1 - s), 4)}",
    )


def _tanh_words(x: float, a: float) -> tuple[str, str]:
    t, up, down = math.tanh(x), number(math.exp(x), 4), number(math.exp(-x), 4)
    return (
        f"tanh(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) = ({up} − {down}) / ({up} + {down}) = {number(t, 4)}",
        f"tanh′(x) = 1 − tanh(x)² = 1 − {shown(t)}² = {number(1 - t * t, 4)}",
    )


def _silu_words(x: float, a: float) -> tuple[str, str]:
    s, value, slope = sigmoid(a * x), _silu(x, a), _silu_slope(x, a)
    return (
        f"f(x) = x·σ(βx) = {shown(x)}·{shown(s)} = {number(value, 4)}",
        f"f′(x) = σ(βx) + βx·σ(βx)·(1 − σ(βx)) = "
        f"{shown(s)} + {shown(a * x)}·{shown(s)}·{shown(1 - s)} = {number(slope, 4)}",
    )


def _silu(x: float, a: float) -> float:
    return x * sigmoid(a * x)


def _silu_slope(x: float, a: float) -> float:
    s = sigmoid(a * x)
    return s + a * x * s * (1 - s)


def _gelu_words(x: float, a: float) -> tuple[str, str]:
    below, density = _normal(x)
    return (
        f"f(x) = x·Φ(x) = {shown(x)}·{shown(below)} = {number(x * below, 4)}",
        f"f′(x) = Φ(x) + x·φ(x) = {shown(below)} + {shown(x)}·{shown(density)} = "
        f"{number(below + x * density, 4)}",
    )


def _tanh_gelu_words(x: float, a: float) -> tuple[str, str]:
    inside, slope = _inner(x)
    t = math.tanh(inside)
    return (
        "f(x) = x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715x³) = "
        f"{number(inside, 4)}:  f(x) = {shown(x / 2)}·{shown(1 + t)} = "
        f"{number(x / 2 * (1 + t), 4)}",
        f"f′(x) = (1 + tanh u)/2 + x/2·(1 − tanh² u)·u′ = {shown((1 + t) / 2)} + "
        f"{shown(x / 2)}·{shown(1 - t * t)}·{shown(slope)} = {number(_tanh_gelu_slope(x, a), 4)}",
    )


def _softmax_words(x: float, a: float) -> tuple[str, str]:
    p, first, second = _first(x, a), number(math.exp(x), 4), number(math.exp(a), 4)
    return (
        f"p₁ = eˣ / (eˣ + eᵃ + e⁰) = {first} / ({first} + {second} + 1) = {number(p, 4)}",
        f"p₁′(x) = p₁·(1 − p₁) = {shown(p)}·{shown(1 - p)} = {number(p * (1 - p), 4)}",
    )


def shares(x: float, a: float) -> list[float]:
    """softmax(x, a, 0).

    >>> [round(p, 3) for p in shares(2.0, 1.0)]
    [0.665, 0.245, 0.09]
    """
    return [_first(x, a), _first(a, x), 1 - _first(x, a) - _first(a, x)]


ACTIVATIONS = {
    "ReLU": Activation(
        lambda x, a: max(0.0, x), lambda x, a: float(x > 0), _relu_words, (-2.0, 6.0)
    ),
    "LeakyReLU": Activation(
        lambda x, a: x if x > 0 else a * x,
        lambda x, a: 1.0 if x > 0 else a,
        _leaky_words,
        (-6.0, 6.0),
        Parameter("slope a below 0", 0.01, 1.0, 0.01),
    ),
    "Sigmoid": Activation(
        lambda x, a: sigmoid(x),
        lambda x, a: sigmoid(x) * sigmoid(-x),
        _sigmoid_words,
        (-0.2, 1.2),
    ),
    "Tanh": Activation(
        lambda x, a: math.tanh(x), lambda x, a: 1 - math.tanh(x) ** 2, _tanh_words, (-1.2, 1.2)
    ),
    "SiLU": Activation(
        _silu, _silu_slope, _silu_words, (-3.0, 6.0), Parameter("Swish's β", 1.0, 5.0, 0.1)
    ),
    "GELU": Activation(
        lambda x, a: x * _normal(x)[0],
        lambda x, a: _normal(x)[0] + x * _normal(x)[1],
        _gelu_words,
        (-2.0, 6.0),
    ),
    "GELU, tanh form": Activation(
        lambda x, a: 0.5 * x * (1 + math.tanh(_inner(x)[0])),
        _tanh_gelu_slope,
        _tanh_gelu_words,
        (-2.0, 6.0),
    ),
    "Softmax of (x, a, 0)": Activation(
        _first,
        lambda x, a: _first(x, a) * (1 - _first(x, a)),
        _softmax_words,
        (-0.2, 1.2),
        Parameter("second logit a", 1.0, 5.0, 0.1),
    ),
}
