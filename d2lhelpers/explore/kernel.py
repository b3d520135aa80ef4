"""A 3×3 kernel on a photograph: a preset or your own nine weights, and one sum spelled out."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from .. import svg
from ._explorer import Explorer, explorable, slider
from ._filtering import OWN, PRESETS, Weights, filtered, grey_address, grey_levels, shown

_SCALE, _TOP, _LEFT, _MIDDLE, _RIGHT = 1.15, 62.0, 16.0, 286.0, 640.0
_SOBEL = PRESETS["Sobel, vertical edges"]


def render(
    weights: Weights = _SOBEL[0], divisor: int = _SOBEL[1], row: int = 138, column: int = 130
) -> svg.Picture:
    """The photograph, what the kernel ``weights / divisor`` makes of it, and the sum at one place.

    ``weights`` is three rows of three whole numbers. The photograph is 240×205 grey levels from 0
    (black) to 255 (white); nothing is padded, so the output is 238×203, and ``row`` and ``column``
    name one of its units. Raises ``ValueError`` for other shapes, a divisor below 1, or a unit that
    is not there.

    >>> render().label[:51]
    'Kernel Sobel, vertical edges on a photograph of 240'
    """
    _check(weights, divisor)
    output = filtered(weights, divisor)
    rows, columns = output.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(
            f"row {row}, column {column} is not in the output, which has rows 0 to {rows - 1} and "
            f"columns 0 to {columns - 1}"
        )
    value = output[row, column].item()
    levels = grey_levels()
    name = next((n for n, known in PRESETS.items() if known == (weights, divisor)), OWN)
    view = shown(weights, divisor)
    height, width = levels.shape
    parts = [
        svg.text(_LEFT, 28, f"input {height}×{width}", 15, svg.shade(svg.INPUT), font_weight="600"),
        svg.text(_LEFT, 50, "grey levels, 0 black to 255 white", 13, svg.MUTED),
        _image(grey_address(), _LEFT, height, width, svg.INPUT),
        _mark(_LEFT, row, column, 3, svg.KERNEL),
        svg.text(
            _RIGHT, 28, f"output {rows}×{columns}", 15, svg.shade(svg.OUTPUT), font_weight="600"
        ),
        svg.text(_RIGHT, 50, view.caption, 13, svg.MUTED),
        _image(view.address, _RIGHT, rows, columns, svg.OUTPUT),
        _mark(_RIGHT, row, column, 1, svg.OUTPUT),
        *_bar(view.bar, view.ends, view.note),
        *_sum(levels[row : row + 3, column : column + 3].tolist(), weights, divisor, value, name),
        svg.text(_MIDDLE, 364, f"at row {row}, column {column} of the output", 13, svg.MUTED),
        *(
            svg.text(_MIDDLE, 385 + 18 * i, line, 13)
            for i, line in enumerate(_brightness(view.total))
        ),
    ]
    label = (
        f"Kernel {name} on a photograph of {height}×{width}: output {rows}×{columns}, from "
        f"{svg.number(view.low)} to {svg.number(view.high)}. At row {row}, column {column} the sum "
        f"is {svg.number(value)}."
    )
    return svg.document(946, 410, label, parts)


def _check(weights: Weights, divisor: int) -> None:
    if len(weights) != 3 or any(len(line) != 3 for line in weights):
        raise ValueError(f"weights must be three rows of three numbers; got {weights!r}")
    if divisor < 1:
        raise ValueError(f"divisor must be at least 1; got {divisor}")


def _image(address: str, x: float, height: int, width: int, color: str) -> str:
    size = (width * _SCALE, height * _SCALE)
    place = svg.attributes(x=x, y=_TOP, width=size[0], height=size[1], href=address)
    return f"<image{place}/>" + svg.rect(x, _TOP, *size, fill="none", stroke=color)


def _mark(x: float, row: int, column: int, side: int, color: str) -> str:
    """The pixels in question, which are small on the page, and a ring that shows where they are."""
    centre = (x + (column + side / 2) * _SCALE, _TOP + (row + side / 2) * _SCALE)
    return (
        svg.circle(*centre, 11.0, fill="none", stroke=svg.PAPER, stroke_width=5.5)
        + svg.circle(*centre, 11.0, fill="none", stroke=color, stroke_width=2.5)
        + svg.outline(row, column, side, side, x, _TOP, _SCALE, color).replace(
            'stroke-width="3"', 'stroke-width="1"'
        )
    )


def _bar(address: str, ends: tuple[str, str, str], note: str) -> list[str]:
    """The output's scale of colours, with what its ends stand for."""
    y, width = _TOP + 238 * _SCALE + 10, 203 * _SCALE
    anchors = ((0.0, "start"), (width / 2, "middle"), (width, "end"))
    return [
        f'<image x="{_RIGHT}" y="{y:.1f}" width="{width:.1f}" height="13" '
        f'preserveAspectRatio="none" href="{address}"/>',
        svg.rect(_RIGHT, y, width, 13.0, fill="none", stroke=svg.RULE),
        *(
            svg.text(_RIGHT + at, y + 29, end, 12.5, svg.INK, anchor)
            for end, (at, anchor) in zip(ends, anchors, strict=True)
        ),
        svg.text(_RIGHT, y + 49, note, 12, svg.MUTED),
    ]


def _sum(
    window: list[list[float]], weights: Weights, divisor: int, value: float, name: str
) -> list[str]:
    """The window's nine grey levels, the nine weights, and the sum of their products."""
    x, y, cell = _MIDDLE, 90.0, 43.0
    beside = x + 3 * cell + 34
    parts = [
        svg.text(x, 28, name, 15, svg.shade(svg.KERNEL), font_weight="600"),
        svg.text(x, y - 10, "window", 14, svg.shade(svg.INPUT)),
        svg.matrix(window, x, y, cell, svg.INPUT),
        svg.outline(0, 0, 3, 3, x, y, cell, svg.shade(svg.KERNEL)),
        svg.text(beside - 17, y + 1.5 * cell + 7, "∗", 22, svg.MUTED, "middle"),
        svg.text(beside, y - 10, "kernel", 14, svg.shade(svg.KERNEL)),
        svg.matrix([list(line) for line in weights], beside, y, cell, svg.KERNEL),
    ]
    if divisor > 1:
        parts.append(svg.text(beside + 3 * cell + 8, y + 1.5 * cell + 5, f"/ {divisor}", 15))
    lines: list[str] = []
    for pixels, line in zip(window, weights, strict=True):
        products = [
            f"{svg.number(pixel)}·{f'({svg.number(weight)})' if weight < 0 else weight}"
            for pixel, weight in zip(pixels, line, strict=True)
        ]
        lines.append(("+ " if lines else "   ") + " + ".join(products))
    lines.append(
        f"= {svg.number(value * divisor)}"
        + (f";  / {divisor} = {svg.number(value)}" if divisor > 1 else "")
    )
    below = y + 3 * cell + 34
    parts += [svg.text(x, below + 24 * i, line, 14.5) for i, line in enumerate(lines[:3])]
    parts.append(svg.text(x, below + 76, lines[3], 16, svg.shade(svg.OUTPUT), font_weight="600"))
    return parts


def _brightness(total: float) -> list[str]:
    """What the sum of the weights does to an area of one grey."""
    said = f"The weights sum to {svg.number(total)}: where the"
    if total == 0:
        return [said, "picture is one even grey, the output is 0."]
    if total == 1:
        return [said, "picture is one even grey, it keeps its level."]
    return [said, f"picture is one even grey, it comes out × {svg.number(total)}."]


@explorable(render)
def kernel(preset: str = "Sobel, vertical edges", row: int = 138, column: int = 130) -> Explorer:
    """Filter a photograph with a 3×3 kernel: choose a preset, or type your own nine weights.

    The weights are whole numbers, divided by ``divisor``; changing one of them makes the kernel
    your own. ``row`` and ``column`` choose the unit of the output whose sum is spelled out. Where
    the weights sum to 0 or less, negative outputs are blue and positive ones orange; else the
    output is a photograph again, and what no screen can show, below 0 or above 255, is marked. The
    arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}; there are {', '.join(PRESETS)}")
    choice = widgets.Dropdown(
        options=[*PRESETS, OWN],
        value=preset,
        description="preset",
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )
    boxes = {
        f"w{i}{j}": widgets.BoundedIntText(
            value=PRESETS[preset][0][i][j],
            min=-9,
            max=9,
            description=f"K[{i}, {j}]",
            style={"description_width": "46px"},
            layout=widgets.Layout(width="106px"),
        )
        for i in range(3)
        for j in range(3)
    }
    divisor = slider("divisor", PRESETS[preset][1], 1, 16)
    height, width = grey_levels().shape
    places = {
        "row": slider("row", row, 0, height - 3),
        "column": slider("column", column, 0, width - 3),
    }
    # The boxes follow the preset; meanwhile the picture is the preset's, not one of their halves.
    following = False

    def follow(_: object) -> None:
        nonlocal following
        if choice.value == OWN:
            return
        following = True
        weights, divisor.value = PRESETS[choice.value]
        for i, line in enumerate(weights):
            for j, weight in enumerate(line):
                boxes[f"w{i}{j}"].value = weight
        following = False

    def become_own(_: object) -> None:
        if not following:
            choice.value = OWN

    def draw(preset: str, divisor: int, row: int, column: int, **own: Any) -> svg.Picture:
        if preset != OWN:
            return render(*PRESETS[preset], row, column)
        weights = tuple(tuple(own[f"w{i}{j}"] for j in range(3)) for i in range(3))
        return render(weights, divisor, row, column)

    choice.observe(follow, names="value")
    for control in (divisor, *boxes.values()):
        control.observe(become_own, names="value")
    explorer = Explorer(draw, {"preset": choice, "divisor": divisor, **places, **boxes})
    # Nine boxes in one row would not look like the kernel that they are.
    grid = widgets.VBox(
        [widgets.HBox([boxes[f"w{i}{j}"] for j in range(3)]) for i in range(3)],
    )
    columns = [widgets.VBox([choice, divisor]), widgets.VBox([*places.values()]), grid]
    wrap = widgets.Layout(flex_flow="row wrap")
    explorer.children = [widgets.HBox(columns, layout=wrap), explorer.picture]
    return explorer
