"""The regularization explorer: where a penalty on the weights moves the lowest point of a loss."""

from __future__ import annotations

import math

import ipywidgets as widgets

from .. import svg
from ._explorer import Explorer, explorable
from ._penalized import LOSSES, PENALTIES, Point, l1, l2, loss, lowest, penalty, slope

STRONGEST = 4.0
_LEVELS = (0.1, 0.4, 1.0, 2.0, 4.0, 7.0)
_PLOT = (52.0, 46.0, 528.0, 330.0)
_UNIT = 66.0  # pixels a weight of 1, the same both ways: a circle must look like one
_REACH = (4.0, 2.5)
_CHART = (656.0, 56.0, 250.0, 150.0)
_STEPS = 80


def render(
    penalty: str = "L1",
    strength: float = 0.6,
    loss: str = "round",
    centre_1: float = 2.5,
    centre_2: float = 1.0,
) -> svg.Picture:
    """A loss of two weights, a penalty, and the weights with the lowest loss + λ·penalty.

    ``penalty`` is "L1" (Σ|w|), "L2" (Σw²) or "L1 + L2"; ``strength`` is λ; ``centre_1`` and
    ``centre_2`` are the weights that the loss alone would choose. Raises ``ValueError`` for an
    unknown name, a negative strength or a centre outside the picture.

    >>> render("L1", 1.0).label[:60]
    'L1 penalty with strength 1 on the round loss: the weights mo'
    """
    centre = (centre_1, centre_2)
    _refuse(penalty, strength, loss, centre)
    w = lowest(loss, centre, penalty, strength)
    lines = _numbers(loss, centre, penalty, strength, w)
    parts = _plot(loss, centre, penalty, strength, w) + _chart(loss, centre, penalty, strength, w)
    x, y = _CHART[0] - 36, _CHART[1] + _CHART[3] + 62
    parts.append(svg.text(x, y, "the two penalties there", 14, font_weight="600"))
    for i, (name, value) in enumerate(_both(w)):
        used = name in penalty.split(" + ")
        color = svg.shade(svg.KERNEL) if used else svg.MUTED
        weight = "600" if used else None
        parts.append(svg.text(x, y + 24 + 22 * i, value, 13.5, color, font_weight=weight))
    zero = sum(value == 0 for value in w)
    said = ("no weight is 0", "one weight is exactly 0", "both weights are exactly 0")[zero]
    parts.append(svg.text(x, y + 76, said, 14, svg.shade(svg.OUTPUT), font_weight="600"))
    base = _PLOT[1] + _PLOT[3] + 58
    for i, content in enumerate(lines):
        parts.append(svg.text(24, base + 21 * i, content, 13.5))
    label = (
        f"{penalty} penalty with strength {_brief(strength)} on the {loss} loss: the weights move "
        f"from {_pair(centre)} to {_pair(w)}; {said}."
    )
    return svg.document(964, base + 21 * len(lines), label, parts)


def _refuse(name: str, strength: float, shape: str, centre: Point) -> None:
    for what, value, known in (("penalty", name, PENALTIES), ("loss", shape, tuple(LOSSES))):
        if value not in known:
            raise ValueError(f"{what} must be one of {', '.join(map(repr, known))}; got {value!r}")
    if not 0 <= strength < math.inf:
        raise ValueError(f"strength is {strength}; use 0, for no penalty, or more")
    for i, (at, most) in enumerate(zip(centre, _REACH, strict=True), start=1):
        if not abs(at) <= most:
            raise ValueError(f"centre_{i} is {at}; the picture shows -{most} to {most}")


def _brief(value: float) -> str:
    return svg.number(value, 3)


def _pair(w: Point) -> str:
    return f"({_brief(w[0])}, {_brief(w[1])})"


def _both(w: Point) -> list[tuple[str, str]]:
    x, y = (_brief(value) for value in w)
    return [
        ("L1", f"L1 = Σ|w| = |{x}| + |{y}| = {_brief(l1(w))}"),
        ("L2", f"L2 = Σw² = ({x})² + ({y})² = {_brief(l2(w))}"),
    ]


def _numbers(shape: str, centre: Point, name: str, strength: float, w: Point) -> list[str]:
    """The loss, what is minimised, and why neither weight moves any more."""
    a, b, d = LOSSES[shape]
    x, y = w[0] - centre[0], w[1] - centre[1]
    fit, cost = loss(shape, centre, w), penalty(name, w)
    cross = f" + 2·{_brief(b)}·({_brief(x)})·({_brief(y)})" if b else ""
    return [
        f"loss = ½[{_brief(a)}·({_brief(x)})² + {_brief(d)}·({_brief(y)})²{cross}] = {_brief(fit)}"
        f",   with ({_brief(x)}, {_brief(y)}) = w − {_pair(centre)}",
        f"loss + λ·penalty = {_brief(fit)} + {_brief(strength)}·{_brief(cost)} = "
        f"{_brief(fit + strength * cost)}: no other weights have less",
        *(
            _balance(i, value, pull, name, strength)
            for i, (value, pull) in enumerate(zip(w, slope(shape, centre, w), strict=True))
        ),
    ]


def _balance(index: int, w: float, pull: float, name: str, strength: float) -> str:
    """The slope of the loss against that of the penalty, at one weight."""
    lam, sign = _brief(strength), "−" if w < 0 else ""
    start = f"w{'₁₂'[index]}: slope of the loss {_brief(pull)}"
    if w == 0 and name != "L2":
        return f"{start}, no larger in size than λ = {lam}: the weight stays at 0"
    terms = {
        "L1": f"λ·sign(w) = {sign}{lam}",
        "L2": f"2λw = 2·{lam}·({_brief(w)})",
        "L1 + L2": f"λ·sign(w) + 2λw = {sign}{lam} + 2·{lam}·({_brief(w)})",
    }[name]
    total = strength * (2 * w * (name != "L1") + math.copysign(name != "L2", w))
    ends = "" if name == "L1" else f" = {_brief(total)}"
    return f"{start}, of λ·penalty {terms}{ends}: they cancel"


def _place(w: Point) -> Point:
    return (w[0] + _REACH[0]) * _UNIT, (_REACH[1] - w[1]) * _UNIT


def _ellipse(shape: str, centre: Point, level: float, **style: object) -> str:
    """The weights at which the loss has this value."""
    a, b, d = LOSSES[shape]
    turn, half, spread = 0.5 * math.atan2(2 * b, a - d), (a + d) / 2, math.hypot((a - d) / 2, b)
    rx, ry = (_UNIT * math.sqrt(2 * level / curve) for curve in (half + spread, half - spread))
    x, y = _place(centre)
    # The loss rises fastest along the first axis; on the screen y points down.
    rotate = f"rotate({-math.degrees(turn):.0f} {x:.1f} {y:.1f})"
    line = svg.attributes(cx=x, cy=y, rx=rx, ry=ry, fill="none", transform=rotate, **style)
    return f"<ellipse{line}/>"


def contour(name: str, value: float) -> str:
    """The weights at which a penalty has this value, as an SVG path.

    A diamond, a circle, or for both four arcs: |x| + x² + |y| + y² = t is a circle of radius
    √(t + ½) around (−½, −½) where x and y are positive.

    >>> contour("L1", 1.0)
    'M330 165L264 99L198 165L264 231Z'
    """
    tip = {"L1": value, "L2": math.sqrt(value), "L1 + L2": math.sqrt(value + 0.25) - 0.5}[name]
    radius = {"L1": 0.0, "L2": tip, "L1 + L2": math.sqrt(value + 0.5)}[name] * _UNIT
    corners = [_place(w) for w in ((tip, 0.0), (0.0, tip), (-tip, 0.0), (0.0, -tip))]
    (x, y), *others = corners
    to = "L" if name == "L1" else f"A{radius:.2f} {radius:.2f} 0 0 0 "
    path = f"M{x:.6g} {y:.6g}" + "".join(f"{to}{a:.6g} {b:.6g}" for a, b in others)
    return path + ("Z" if name == "L1" else f"{to}{x:.6g} {y:.6g}")


def _path(shape: str, centre: Point, name: str) -> list[Point]:
    """The lowest point for each strength from 0 to the strongest."""
    return [lowest(shape, centre, name, STRONGEST * i / _STEPS) for i in range(_STEPS + 1)]


def _plot(shape: str, centre: Point, name: str, strength: float, w: Point) -> list[str]:
    x0, y0, width, height = _PLOT
    inside = [_ellipse(shape, centre, level, stroke="#9DBFD6") for level in _LEVELS]
    origin = _place((0.0, 0.0))
    inside.append(svg.line(0, origin[1], width, origin[1]))
    inside.append(svg.line(origin[0], 0, origin[0], height))
    fit, cost = loss(shape, centre, w), penalty(name, w)
    if fit > 1e-9:
        inside.append(_ellipse(shape, centre, fit, stroke=svg.INPUT, stroke_width=2.2))
    border = svg.attributes(
        d=contour(name, cost), fill=svg.KERNEL, fill_opacity=0.12, stroke=svg.KERNEL
    )
    inside.append(f'<path{border} stroke-width="2.2"/>')
    points = [_place(point) for point in _path(shape, centre, name)]
    inside.append(svg.polyline(points, stroke=svg.OUTPUT, stroke_width=2.0, stroke_dasharray="6 3"))
    x, y = _place(centre)
    cross = f"M{x - 7:.1f} {y:.1f}h14M{x:.1f} {y - 7:.1f}v14"
    inside.append(f"<path{svg.attributes(d=cross, stroke=svg.INPUT, stroke_width=2.6)}/>")
    inside.append(svg.circle(*_place(w), 6, fill=svg.OUTPUT, stroke=svg.INK, stroke_width=1.5))
    # A picture inside the picture cuts off what leaves it, with no id that another could bear too.
    frame = svg.attributes(x=x0, y=y0, width=width, height=height, overflow="hidden")
    marks = "blue: equal loss, + its lowest;  orange: equal penalty;  ● lowest sum, - - over all λ"
    parts = [
        svg.text(x0, y0 - 24, f"{name} with λ = {_brief(strength)}", 14, font_weight="600"),
        svg.text(x0, y0 - 7, marks, 12, svg.MUTED),
        f"<svg{frame}>{''.join(inside)}</svg>",
        svg.rect(x0, y0, width, height, fill="none", stroke=svg.MUTED),
    ]
    for tick in range(-4, 5, 2):
        at = x0 + _place((tick, 0.0))[0]
        parts.append(svg.text(at, y0 + height + 16, svg.number(tick), 12, svg.MUTED, "middle"))
    for tick in range(-2, 3):
        at = y0 + _place((0.0, tick))[1]
        parts.append(svg.text(x0 - 6, at + 4, svg.number(tick), 12, svg.MUTED, "end"))
    parts.append(svg.text(x0 + width / 2, y0 + height + 32, "w₁", 13, svg.INK, "middle"))
    parts.append(svg.text(10, y0 + height / 2 - 20, "w₂", 13))
    return parts


def _chart(shape: str, centre: Point, name: str, strength: float, w: Point) -> list[str]:
    """The two weights over the strength."""
    x0, y0, width, height = _CHART
    path = _path(shape, centre, name)
    every = [value for point in path for value in point]
    low, high = min(0.0, math.floor(min(every))), max(1.0, math.ceil(max(every)))

    def down(value: float) -> float:
        return y0 + (high - value) / (high - low) * height

    parts = [svg.text(x0 - 36, y0 - 34, "the weights over λ", 14, font_weight="600")]
    for tick in svg.ticks(low, high, 4):
        parts.append(svg.line(x0, down(tick), x0 + width, down(tick)))
        parts.append(svg.text(x0 - 6, down(tick) + 4, svg.number(tick), 12, svg.MUTED, "end"))
    parts.append(svg.line(x0, down(0), x0 + width, down(0), stroke=svg.MUTED))
    now = x0 + min(strength / STRONGEST, 1.0) * width
    parts.append(svg.line(now, y0, now, y0 + height, stroke=svg.KERNEL, stroke_width=1.6))
    for i, dash in enumerate((None, "5 3")):
        points = [(x0 + j / _STEPS * width, down(at[i])) for j, at in enumerate(path)]
        style = {"stroke": svg.OUTPUT, "stroke_width": 2.2, "stroke_dasharray": dash}
        parts.append(svg.polyline(points, **style))
        parts.append(svg.circle(now, down(w[i]), 4, fill=svg.OUTPUT, stroke=svg.INK))
    for tick in range(5):
        at = x0 + tick / STRONGEST * width
        parts.append(svg.text(at, y0 + height + 16, str(tick), 12, svg.MUTED, "middle"))
    parts.append(svg.text(x0 + width + 12, y0 + height + 16, "λ", 13))
    named = f"— w₁ = {_brief(w[0])},   - - w₂ = {_brief(w[1])}"
    color = svg.shade(svg.OUTPUT)
    parts.append(svg.text(x0 - 36, y0 - 15, named, 13, color, font_weight="600"))
    return parts


@explorable(render)
def regularization(
    penalty: str = "L1",
    strength: float = 0.6,
    loss: str = "round",
    centre_1: float = 2.5,
    centre_2: float = 1.0,
) -> Explorer:
    """Put an L1 or L2 penalty on two weights and see where the lowest point of the sum goes.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    style, layout = {"description_width": "90px"}, widgets.Layout(width="290px")

    def choice(description: str, options: tuple[str, ...], value: str) -> widgets.Dropdown:
        return widgets.Dropdown(
            options=options, value=value, description=description, style=style, layout=layout
        )

    def number(
        description: str, value: float, low: float, high: float, step: float
    ) -> widgets.FloatSlider:
        return widgets.FloatSlider(
            value=value,
            min=low,
            max=high,
            step=step,
            readout_format=".1f",
            description=description,
            style=style,
            layout=layout,
        )

    controls = {
        "penalty": choice("penalty", PENALTIES, penalty),
        "strength": number("strength λ", strength, 0.0, STRONGEST, 0.1),
        "loss": choice("loss", tuple(LOSSES), loss),
        "centre_1": number("its lowest w₁", centre_1, -3.5, 3.5, 0.5),
        "centre_2": number("its lowest w₂", centre_2, -2.0, 2.0, 0.5),
    }
    return Explorer(render, controls)
