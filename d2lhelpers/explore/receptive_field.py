"""A stack of layers in one direction: choose a unit, and see what it sees, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from .. import svg
from ..arithmetic import conv_output_size
from ..arithmetic import receptive_field as field_of
from . import _seen
from ._explorer import Explorer, explorable, slider

# (kernel_size, stride, dilation)
Layer = tuple[int, int, int]
PADDINGS = ("none", "d(k − 1)/2")
MOST_LAYERS = 6
_OPENING: tuple[Layer, ...] = ((3, 1, 1), (3, 1, 1), (2, 2, 1))


def sizes(layers: Sequence[Layer], input_size: int, padding: str = PADDINGS[0]) -> list[int]:
    """How many units each layer has in one direction, the input first.

    Raises ``ValueError`` for a padding that is not in ``PADDINGS`` and for a layer whose kernel
    does not fit the layer below, and says which.

    >>> sizes([(3, 1, 1), (2, 2, 1)], 12)
    [12, 10, 5]
    """
    found = [input_size]
    for number, (k, s, d) in enumerate(layers, start=1):
        try:
            found.append(conv_output_size(found[-1], k, s, _padding(k, d, padding), d))
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from None
    return found


def seen(
    layers: Sequence[Layer], unit: int, input_size: int, padding: str = PADDINGS[0]
) -> list[list[int]]:
    """The units of the input and of each layer that ``unit`` of the last layer depends on.

    Layer by layer downwards: unit i reads the units i·s + a·d − p below it, a = 0 … k − 1. Numbers
    below 0 or past the end of a layer stand for padding. Raises ``ValueError`` as `sizes` does and
    for a unit that is not there.

    >>> seen([(3, 1, 1), (2, 2, 1)], unit=1, input_size=12)
    [[2, 3, 4, 5], [2, 3], [1]]
    """
    counts = sizes(layers, input_size, padding)
    if not 0 <= unit < counts[-1]:
        raise ValueError(
            f"unit {unit} is not in the last layer: it has units 0 to {counts[-1] - 1}"
        )
    rows = [[unit]]
    for (k, s, d), count in zip(reversed(layers), reversed(counts[1:]), strict=True):
        p = _padding(k, d, padding)
        # What stands in the padding is a zero: it depends on nothing below.
        real = [i for i in rows[0] if 0 <= i < count]
        rows.insert(0, sorted({i * s + a * d - p for i in real for a in range(k)}))
    return rows


def _padding(kernel_size: int, dilation: int, padding: str) -> int:
    if padding not in PADDINGS:
        raise ValueError(
            f"padding must be one of {', '.join(map(repr, PADDINGS))}; got {padding!r}"
        )
    return 0 if padding == PADDINGS[0] else dilation * (kernel_size - 1) // 2


def render(
    layers: Sequence[Layer] = _OPENING,
    unit: int | None = None,
    input_size: int = 20,
    padding: str = PADDINGS[0],
) -> svg.Picture:
    """What one unit of the last layer sees in each layer below it and in the input.

    ``layers`` lists ``(kernel_size, stride, dilation)``, the first layer first; ``unit`` is by
    default the middle one. ``padding`` is "none", or "d(k − 1)/2" on each side, rounded down. One
    direction is drawn unit by unit; the square at the right is the same in both directions. Raises
    ``ValueError`` for an empty stack and as `seen` does.

    >>> render([(3, 1, 1), (3, 1, 1)]).label
    'Unit 8 of layer 2 sees 5 of 20 pixels in each direction, from 8 to 12. Formula: 5.'
    """
    if not layers:
        raise ValueError("layers is empty: give at least one (kernel_size, stride, dilation)")
    counts = sizes(layers, input_size, padding)
    unit = counts[-1] // 2 if unit is None else unit
    rows = seen(layers, unit, input_size, padding)
    stack = [(k, s, _padding(k, d, padding), d) for k, s, d in layers]
    fields = [field_of(stack[:depth]) for depth in range(len(stack) + 1)]
    drawn = [
        # No layer is given as a pair: each size is one number.
        _seen.Row(layer, count, read, int(f.size), int(f.jump), float(f.start))  # type: ignore[arg-type]
        for layer, count, read, f in zip([None, *stack], counts, rows, fields, strict=True)
    ]
    left, cell = 236.0, min(26.0, 440 / (input_size + 2))
    edge = left + (input_size + 2) * cell + 20
    parts, height = _seen.stack(drawn, left, cell)
    pixels = [i for i in rows[0] if 0 <= i < input_size]
    below = max(height + 30, 290)
    lines = _seen.formula(drawn, unit)
    for i, line in enumerate(lines):
        last = i == len(lines) - 1
        style = (13, svg.MUTED) if last else (14, svg.shade(svg.OUTPUT))
        parts.append(svg.text(16, below + 24 * i, line, *style))
    sees = f"{len(pixels)} of {input_size} pixels in each direction"
    label = (
        f"Unit {unit} of layer {len(layers)} sees {sees}"
        + (f", from {pixels[0]} to {pixels[-1]}" if pixels else "")
        + f". Formula: {drawn[-1].field}."
    )
    parts += [svg.text(16, 22, "layer", 13, svg.MUTED), *_seen.square(pixels, input_size, edge, 46)]
    return svg.document(max(edge + 214, 760), below + 24 * len(lines), label, parts)


@explorable(render)
def receptive_field(
    layers: Sequence[Layer] = _OPENING, input_size: int = 20, padding: str = PADDINGS[0]
) -> Explorer:
    """Stack up to six layers and see what one unit of the last one sees, layer by layer.

    ``layers`` lists ``(kernel_size, stride, dilation)``, the first layer first: k1, s1, d1 are the
    settings of layer 1. The arguments say where the controls start; pooling counts like a
    convolution. Returns an ``ipywidgets`` widget. Raises ``ValueError`` for no layers or more than
    six.
    """
    if not 1 <= len(layers) <= MOST_LAYERS:
        raise ValueError(f"layers holds {len(layers)} layers; 1 to {MOST_LAYERS} can be drawn")
    known = [*layers, *[(3, 1, 1)] * (MOST_LAYERS - len(layers))]
    boxes = {
        f"{name}{number}": _box(f"{name}{number}", value, most)
        for number, layer in enumerate(known, start=1)
        for name, value, most in zip("ksd", layer, (7, 4, 4), strict=True)
    }
    rows = [
        widgets.HBox([boxes[f"{name}{number}"] for name in "ksd"])
        for number in range(1, MOST_LAYERS + 1)
    ]
    controls: dict[str, Any] = {
        "depth": slider("layers", len(layers), 1, MOST_LAYERS),
        "input_size": slider("input n", input_size, 4, 40),
        "padding": widgets.Dropdown(
            options=PADDINGS,
            value=padding,
            description="padding",
            style={"description_width": "90px"},
            layout=widgets.Layout(width="290px"),
        ),
        **boxes,
    }
    unit = slider("unit", 0, 0, 1)

    def stack(state: dict[str, Any]) -> list[Layer]:
        return [tuple(state[f"{n}{i + 1}"] for n in "ksd") for i in range(state["depth"])]

    def fit(_: object = None) -> None:
        state = {name: control.value for name, control in controls.items()}
        for number, row in enumerate(rows):
            row.layout.display = "flex" if number < state["depth"] else "none"
        try:
            unit.max = sizes(stack(state), state["input_size"], state["padding"])[-1] - 1
        except ValueError:  # the picture says why; there is no unit to choose
            unit.max = 0

    fit()
    unit.value = (unit.max + 1) // 2
    for control in controls.values():
        control.observe(fit, names="value")

    def draw(unit: int, **state: Any) -> svg.Picture:
        return render(stack(state), unit, state["input_size"], state["padding"])

    explorer = Explorer(draw, {**controls, "unit": unit})
    wrap = widgets.Layout(flex_flow="row wrap")
    first = [controls["depth"], controls["input_size"], controls["padding"], unit]
    explorer.children = [
        widgets.HBox(first, layout=wrap),
        widgets.HBox(rows, layout=wrap),
        explorer.picture,
    ]
    return explorer


def _box(description: str, value: int, most: int) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(
        value=value,
        min=1,
        max=most,
        description=description,
        style={"description_width": "22px"},
        layout=widgets.Layout(width="92px"),
    )
