"""An activation and its slope: the curve, the tangent at the cursor, the formula with numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets

from .. import svg
from ._activations import ACTIVATIONS, Activation, power, shares
from ._explorer import Explorer, explorable

# The role colours are input, kernel and output; a slope is none of them.
SLOPE = svg.SERIES[3]
REACH = 6.0
_POINTS = [-REACH + 0.1 * i for i in range(121)]


def activation_named(function: str, parameter: float | None) -> tuple[Activation, float]:
    """The activation and the value of its parameter: the one given, else its default.

    Raises ``ValueError`` for a name that is not listed and for a parameter out of its range.

    >>> activation_named("LeakyReLU", None)[1]
    0.01
    """
    if function not in ACTIVATIONS:
        names = ", ".join(map(repr, ACTIVATIONS))
        raise ValueError(f"function is {function!r}; it can be {names}")
    entry = ACTIVATIONS[function]
    if entry.parameter is None:
        return entry, 0.0
    value = entry.parameter.default if parameter is None else parameter
    if not 0 <= value <= entry.parameter.high:
        raise ValueError(
            f"parameter is {value}; for {function} it is {entry.parameter.name}, from 0 to "
            f"{entry.parameter.high:g}"
        )
    return entry, value


def render(function: str = "ReLU", x: float = 1.0, parameter: float | None = None) -> svg.Picture:
    """One activation at one place: its value, its slope with the tangent, both with numbers.

    ``x`` lies from −6 to 6. ``parameter`` is LeakyReLU's slope below 0, Swish's β, or the second
    of softmax's three numbers; the other functions have none and ignore it. Raises ``ValueError``
    for an unknown function and for a number out of its range.

    >>> render("Sigmoid", x=0.0).label
    'Sigmoid at x = 0: value 0.5, slope 0.25.'
    """
    entry, a = activation_named(function, parameter)
    if not -REACH <= x <= REACH:
        raise ValueError(f"x is {x}; the curves are drawn from −6 to 6")
    value, slope = entry.value(x, a), entry.slope(x, a)
    # Left the function, right its slope: the right axis is the same for all, so that they compare.
    left = _Axes(56, 50, 300, 210, entry.y_range)
    right = _Axes(440, 50, 300, 210, (-0.2, 1.2))
    named = f", {entry.parameter.name} = {svg.number(a)}" if entry.parameter else ""
    parts = [
        svg.text(56, 32, f"{function}{named}", 15, svg.shade(svg.OUTPUT), font_weight="600"),
        svg.text(440, 32, "its slope f′(x)", 15, svg.shade(SLOPE), font_weight="600"),
        left.frame(),
        right.frame(),
        left.curve(lambda at: entry.value(at, a), svg.OUTPUT),
        right.curve(lambda at: entry.slope(at, a), SLOPE),
        left.tangent(x, value, slope),
        left.cursor(x, value, svg.OUTPUT),
        right.cursor(x, slope, SLOPE),
    ]
    below = 318.0
    words = entry.words(x, a)
    for line, color in zip(words, (svg.OUTPUT, SLOPE), strict=True):
        size = min(15.0, 1400 / len(line))
        parts.append(svg.text(40, below, line, size, svg.shade(color), font_weight="600"))
        below += 25
    if function.startswith("Softmax"):
        parts.append(_bar(shares(x, a), 40, below - 6))
        below += 44
    else:
        ten = f"ten layers with this slope: f′(x)¹⁰ = {power(slope**10)}"
        parts.append(svg.text(40, below, ten, 14, svg.MUTED))
        below += 12
    label = (
        f"{function} at x = {svg.number(x)}{named}: value {svg.number(value, 4)}, "
        f"slope {svg.number(slope, 4)}."
    )
    return svg.document(760, below + 10, label, parts)


@dataclass(frozen=True)
class _Axes:
    """A plotted area: its place in the picture and the numbers that it spans."""

    x: float
    y: float
    width: float
    height: float
    y_range: tuple[float, float]

    def across(self, value: float) -> float:
        return self.x + (value + REACH) / (2 * REACH) * self.width

    def down(self, value: float) -> float:
        low, high = self.y_range
        return self.y + (high - value) / (high - low) * self.height

    def frame(self) -> str:
        """Grid, numbers on both axes, and the two lines through 0."""
        bottom, end = self.y + self.height, self.x + self.width
        parts = []
        for tick in svg.ticks(-REACH, REACH, 6):
            at, strong = self.across(tick), {"stroke": svg.MUTED} if tick == 0 else {}
            parts.append(svg.line(at, self.y, at, bottom, **strong))
            parts.append(svg.text(at, bottom + 16, svg.number(tick), 12, svg.MUTED, "middle"))
        for tick in svg.ticks(*self.y_range, 6):
            at, strong = self.down(tick), {"stroke": svg.MUTED} if tick == 0 else {}
            parts.append(svg.line(self.x, at, end, at, **strong))
            parts.append(svg.text(self.x - 7, at + 4, svg.number(tick), 12, svg.MUTED, "end"))
        return "".join(parts)

    def curve(self, function: Callable[[float], float], color: str) -> str:
        """The function as a line, in pieces where it jumps or leaves the area."""
        low, high = self.y_range
        pieces: list[list[tuple[float, float]]] = [[]]
        last = function(_POINTS[0])
        for at in _POINTS:
            value = function(at)
            if abs(value - last) > 0.25 * (high - low):
                pieces.append([])
            if low - 1e-9 <= value <= high + 1e-9:
                pieces[-1].append((self.across(at), self.down(value)))
            last = value
        return "".join(
            svg.polyline(piece, stroke=color, stroke_width=2.6, stroke_linejoin="round")
            for piece in pieces
            if len(piece) > 1
        )

    def tangent(self, x: float, value: float, slope: float) -> str:
        """The straight line through the point, 2 to each side or as far as the area goes."""
        ends = []
        low, high = self.y_range
        for sign in (-1.0, 1.0):
            reach = min(2.0, REACH - sign * x)
            climb = sign * slope
            room = high - value if climb > 0 else value - low
            if climb:
                reach = min(reach, max(room, 0.0) / abs(climb))
            ends.append((self.across(x + sign * reach), self.down(value + sign * reach * slope)))
        (x1, y1), (x2, y2) = ends
        return svg.line(x1, y1, x2, y2, stroke=SLOPE, stroke_width=2.4, stroke_dasharray="7 4")

    def cursor(self, x: float, value: float, color: str) -> str:
        """A line down to the axis, the point on the curve, and the name of the place."""
        at, bottom = self.across(x), self.y + self.height
        blue = svg.shade(svg.INPUT)
        near = min(max(at, self.x + 26), self.x + self.width - 26)
        return (
            svg.line(at, self.y, at, bottom, stroke=svg.INPUT, stroke_width=1.4)
            + svg.circle(at, self.down(value), 5.5, fill=color, stroke=svg.PAPER, stroke_width=1.5)
            + svg.text(
                near, bottom + 34, f"x = {svg.number(x)}", 14, blue, "middle", font_weight=600
            )
        )


def _bar(probabilities: list[float], x: float, y: float) -> str:
    """Three shares of one bar: together they are 1."""
    parts, width = [], 700.0
    colors = (svg.OUTPUT, svg.MUTED, svg.RULE)
    for index, (share, color) in enumerate(zip(probabilities, colors, strict=True)):
        parts.append(svg.rect(x, y, share * width, 26, fill=svg.tint(color, 0.35), stroke=svg.INK))
        name = f"p{'₁₂₃'[index]}"
        words = f"{name} = {svg.number(share, 4)}" if share * width > 90 else name
        if share * width > 24:
            parts.append(svg.text(x + share * width / 2, y + 18, words, 13.5, svg.INK, "middle"))
        x += share * width
    return "".join(parts)


@explorable(render)
def activation(function: str = "ReLU", x: float = 1.0, parameter: float | None = None) -> Explorer:
    """Move along an activation: its value, its slope and tangent, and the formula with numbers.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    _, start = activation_named(function, parameter)
    wide = {"description_width": "115px"}
    choice = widgets.Dropdown(
        options=list(ACTIVATIONS),
        value=function,
        description="function",
        style=wide,
        layout=widgets.Layout(width="330px"),
    )
    place = widgets.FloatSlider(
        value=x,
        min=-REACH,
        max=REACH,
        step=0.1,
        readout_format=".1f",
        description="cursor x",
        style=wide,
        layout=widgets.Layout(width="360px"),
    )
    knob = widgets.FloatSlider(
        value=start,
        min=0.0,
        max=5.0,
        readout_format=".2f",
        style=wide,
        layout=widgets.Layout(width="360px"),
    )

    def fit_knob(change: dict[str, object] | None = None) -> None:
        own = ACTIVATIONS[choice.value].parameter
        knob.disabled = own is None
        knob.description = own.name if own else "no parameter"
        if own is None:
            return
        if change:
            # The new default lies in the old range and in the new one, or the range grows first.
            knob.max = max(knob.max, own.high)
            knob.value = own.default
        knob.max, knob.step = own.high, own.step

    fit_knob()
    choice.observe(fit_knob, names="value")
    return Explorer(render, {"function": choice, "x": place, "parameter": knob})
