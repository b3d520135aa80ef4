"""The optimizer explorer: the path of the weights over contour lines, step by step."""

from __future__ import annotations

import math

import ipywidgets as widgets

from .. import svg
from ._descent import FAR, NEAR, OPTIMIZERS, STEPS, Path, Plain, State, descend
from ._explorer import Explorer, explorable, slider
from ._last_step import brief, last_step, pair
from ._surfaces import SURFACES, Point, Surface, contour_path, gap

# One colour an optimizer, the same as in the chapter's plots.
COLORS = dict(zip(OPTIMIZERS, svg.SERIES, strict=False))
RATES = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.019, 0.02, 0.021),
    *(0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0),
)
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
DECAYS = (0.0, 0.01, 0.1, 1.0)
_PLOT = (52.0, 44.0, 530.0, 330.0)
_CHART = (664.0, 44.0, 280.0, 200.0)
_DECADES = (-6, 3)


def render(
    optimizer: str = "SGD",
    lr: float = 0.015,
    momentum: float = 0.9,
    surface: str = "ravine",
    decay: float = 0.0,
    step: int = 60,
) -> svg.Picture:
    """The first ``step`` steps of an optimizer on a surface, and the last of them in numbers.

    ``momentum`` is μ, or Adam's β₁; ``decay`` is ``weight_decay``. Divergence is said in words.
    Raises ``ValueError`` for a setting that ``torch.optim`` refuses, or an unknown name.

    >>> render(step=1).label[:60]
    'SGD with learning rate 0.015 on the ravine, after 1 step: at'
    """
    _refuse(optimizer, lr, momentum, surface, decay, step)
    ground, color = SURFACES[surface], COLORS[optimizer]
    path = descend(surface, optimizer, lr, momentum, decay)
    shown = path.states[: step + 1]
    last = len(shown) - 1
    end = State._make(shown[-1])
    height, value = gap(ground, end.x, end.y), ground.value(end.x, end.y)
    parts = _plot(surface, ground, shown, color) + _chart(ground, shown, color)
    x, y = _CHART[0] - 46, _CHART[1] + _CHART[3] + 66
    facts = [
        f"after step {last}: f = {brief(value)}",
        _settled(path, last),
        "lower the rate η" if path.diverged else f"the lowest value is {brief(ground.lowest)}",
    ]
    for i, fact in enumerate(facts):
        weight = "600" if i < 2 else None
        shade = svg.shade(color) if i < 2 else svg.MUTED
        parts.append(svg.text(x, y + 22 * i, fact, 14, shade, font_weight=weight))
    base = _PLOT[1] + _PLOT[3] + 62
    lines = last_step(optimizer, lr, momentum, decay, shown)
    for i, content in enumerate(lines):
        parts.append(svg.text(24, base + 21 * i, content, 13.5))
    steps = "1 step" if last == 1 else f"{last} steps"
    label = (
        f"{optimizer} with learning rate {brief(lr)} on the {surface}, after {steps}: at "
        f"{pair(end.x, end.y)}, {brief(height)} above the lowest value. "
        f"{_settled(path, last).capitalize()}."
    )
    return svg.document(964, base + 21 * 5, label, parts)


def _refuse(
    optimizer: str, lr: float, momentum: float, surface: str, decay: float, step: int
) -> None:
    for name, value, known in (
        ("optimizer", optimizer, OPTIMIZERS),
        ("surface", surface, tuple(SURFACES)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}")
    if not lr >= 0:
        raise ValueError(f"lr is {lr}; a learning rate is 0 or more, 0.01 for example")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}; it must be from 0 to below 1, 0.9 for example")
    if not decay >= 0:
        raise ValueError(f"decay is {decay}; use 0, for none, or more")
    if not 0 <= step <= STEPS:
        raise ValueError(f"step is {step}; the path has the steps 0 to {STEPS}")


def _settled(path: Path, last: int) -> str:
    """Whether and when the path arrives, in words."""
    if path.diverged and last == len(path.states) - 1:
        return f"diverged: beyond {FAR:,.0f} at step {last}"
    if path.diverged:
        return f"it diverges: beyond {FAR:,.0f} at step {len(path.states) - 1}"
    if path.settled is None:
        return f"not within {NEAR} of the lowest by step {STEPS}"
    return f"within {NEAR} of the lowest from step {path.settled} on"


def _plot(name: str, ground: Surface, shown: list[Plain], color: str) -> list[str]:
    """Contour lines, the lowest points, and the path."""
    x0, y0, width, height = _PLOT
    left, right, bottom, top = ground.view

    def place(x: float, y: float) -> Point:
        return (x - left) / (right - left) * width, (top - y) / (top - bottom) * height

    contours = svg.attributes(
        d=contour_path(name, width, height), fill="none", stroke="#8FA3B3", stroke_width=1.1
    )
    inside = [f"<path{contours}/>"]
    for minimum in ground.minima:
        x, y = place(*minimum)
        cross = f"M{x - 6:.1f} {y:.1f}h12M{x:.1f} {y - 6:.1f}v12"
        inside.append(f"<path{svg.attributes(d=cross, stroke=svg.INK, stroke_width=2.2)}/>")
    points = _thinned([place(x, y) for x, y, *_ in shown])
    inside.append(svg.polyline(points, stroke=color, stroke_width=1.8, stroke_linejoin="round"))
    inside += [svg.circle(*point, 2.4, fill=color) for point in points[:60]]
    inside.append(svg.circle(*points[0], 5, fill=svg.PAPER, stroke=svg.INK, stroke_width=2.0))
    inside.append(svg.circle(*points[-1], 5.5, fill=color, stroke=svg.INK, stroke_width=1.5))
    # A picture inside the picture cuts off what leaves it, with no id that another could bear too.
    frame = svg.attributes(x=x0, y=y0, width=width, height=height, overflow="hidden")
    levels = ", ".join(brief(level) for level in ground.levels)
    parts = [
        svg.text(x0, y0 - 22, f"{name}: f = {ground.formula}", 14, svg.INK, font_weight="600"),
        svg.text(x0, y0 - 6, f"lines at f = {levels};  ○ start, + lowest", 12, svg.MUTED),
        f"<svg{frame}>{''.join(inside)}</svg>",
        svg.rect(x0, y0, width, height, fill="none", stroke=svg.MUTED),
    ]
    for tick in svg.ticks(left, right):
        x, _ = place(tick, 0)
        content = svg.number(tick)
        parts.append(svg.text(x0 + x, y0 + height + 16, content, 12, svg.MUTED, "middle"))
    for tick in svg.ticks(bottom, top):
        _, y = place(0, tick)
        parts.append(svg.text(x0 - 6, y0 + y + 4, svg.number(tick), 12, svg.MUTED, "end"))
    parts.append(svg.text(x0 + width / 2, y0 + height + 32, "x", 13, svg.INK, "middle"))
    parts.append(svg.text(14, y0 + height / 2, "y", 13))
    return parts


def _bounded(x: float, y: float, most: float = 2e4) -> Point:
    """A point far outside the picture, pulled in along its direction: browsers draw that."""
    factor = max(abs(x), abs(y), most) / most
    return x / factor, y / factor


def _thinned(points: list[Point], least: float = 0.7) -> list[Point]:
    """The path without the points on top of the one before, as most are near the end."""
    kept = points[:1]
    for point in points[1:-1]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) > least:
            kept.append(point)
    return [_bounded(*point) for point in kept + points[1:][-1:]]


def _chart(ground: Surface, shown: list[Plain], color: str) -> list[str]:
    """How far the value lies above the lowest one, by step, a line a factor of a thousand."""
    x0, y0, width, height = _CHART
    low, high = _DECADES

    def down(above: float) -> float:
        power = math.log10(min(max(above, 10.0**low), 10.0**high))
        return y0 + (high - power) / (high - low) * height

    parts = [svg.text(x0 - 46, y0 - 22, "f − lowest, by step", 14, font_weight="600")]
    for power, name in ((3, "≥1000"), (0, "1"), (-2, str(NEAR)), (-6, "≤10⁻⁶")):
        y = down(10.0**power)
        dash = "4 3" if power == -2 else None
        parts.append(svg.line(x0, y, x0 + width, y, stroke_dasharray=dash))
        parts.append(svg.text(x0 - 6, y + 4, name, 12, svg.MUTED, "end"))
    last = max(len(shown) - 1, 1)
    every = -(-len(shown) // 250)
    points = [
        (x0 + i / last * width, down(gap(ground, *shown[i][:2])))
        for i in [*range(0, len(shown) - 1, every), len(shown) - 1]
    ]
    parts.append(svg.polyline(points, stroke=color, stroke_width=2.0))
    parts.append(svg.circle(*points[-1], 4, fill=color))
    for at, name in ((0, "0"), (1, str(last))):
        parts.append(svg.text(x0 + at * width, y0 + height + 16, name, 12, svg.MUTED, "middle"))
    parts.append(svg.text(x0 + width / 2, y0 + height + 16, "step", 12, svg.INK, "middle"))
    return parts


@explorable(render)
def optimizer(
    optimizer: str = "SGD",
    lr: float = 0.015,
    momentum: float = 0.9,
    surface: str = "ravine",
    decay: float = 0.0,
    step: int = 60,
) -> Explorer:
    """Follow an optimizer downhill: SGD, momentum, Nesterov, Adam, AdamW, on five surfaces.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    style, layout = {"description_width": "90px"}, widgets.Layout(width="290px")
    play = widgets.Play(value=step, min=0, max=STEPS, interval=150, description="play the steps")
    controls = {
        "optimizer": widgets.Dropdown(
            options=OPTIMIZERS, value=optimizer, description="optimizer", style=style, layout=layout
        ),
        "lr": _choice("rate η", RATES, lr),
        "momentum": _choice("μ, or β₁", MOMENTA, momentum),
        "surface": widgets.Dropdown(
            options=list(SURFACES), value=surface, description="surface", style=style, layout=layout
        ),
        "decay": _choice("decay λ", DECAYS, decay),
        "step": slider("step", step, 0, STEPS),
    }
    widgets.jslink((play, "value"), (controls["step"], "value"))
    return Explorer(render, controls, extras=[play])


def _choice(description: str, values: tuple[float, ...], value: float) -> widgets.SelectionSlider:
    """A slider over the given values; one that is not among them is put in its place."""
    options = sorted({*values, value})
    return widgets.SelectionSlider(
        options=[(brief(option), option) for option in options],
        value=value,
        description=description,
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )
