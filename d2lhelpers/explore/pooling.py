"""Pooling: a window that takes the maximum or the mean, and an input that can be shifted."""

from __future__ import annotations

import ipywidgets as widgets
import torch
from torch import Tensor

from .. import functional, svg
from ..arithmetic import pool_output_size
from ._explorer import Explorer, explorable, slider
from ._pooling import count_of, padded_input, sum_lines, unread_lines, window_cells

_LARGEST, _SHIFTS = 10, 4
# Numbers below 0 at the border: a maximum that took the padding for 0 would be seen to be wrong.
_SCENE = torch.tensor(
    [
        [2, 2, 1, 0, -3, -2, 0, 1, 1, 4, 6, 6, 5, 3],
        [1, 1, 3, 1, -1, -4, 2, 5, 5, 3, 2, 7, 7, 2],
        [0, 4, 4, 2, 0, 3, 8, 8, 6, 1, 1, 3, 8, 4],
        [2, 6, 5, 2, 1, 7, 9, 4, 2, 2, 0, 2, 5, 5],
        [3, 7, 3, 1, 4, 9, 5, 1, 0, 1, 2, 2, 3, 6],
        [5, 5, 1, 0, 6, 8, 3, 0, -1, 3, 5, 4, 2, 4],
        [6, 2, 0, 2, 7, 5, 1, 1, 2, 6, 7, 5, 1, 1],
        [4, 1, 1, 3, 6, 2, 0, 2, 5, 8, 6, 2, 0, 1],
        [2, 0, 2, 5, 4, 1, 1, 4, 7, 5, 2, 1, 2, 3],
        [1, 1, 4, 6, 2, 0, 3, 6, 4, 2, 1, 3, 4, 5],
    ],
    dtype=torch.float32,
)


def image(input_size: int, shift: int = 0) -> Tensor:
    """The input that the picture shows, moved right by ``shift`` pixels.

    What leaves on the right is lost; what enters on the left is the rest of a wider scene. Returns
    an (input_size, input_size) tensor of whole numbers. Raises ``ValueError`` where the scene ends.

    >>> image(2), image(2, shift=1)
    (tensor([[-3., -2.],
            [-1., -4.]]), tensor([[ 0., -3.],
            [ 1., -1.]]))
    """
    if not 1 <= input_size <= _LARGEST:
        raise ValueError(f"input_size {input_size} is not between 1 and {_LARGEST}, the scene")
    if not 0 <= shift <= _SHIFTS:
        raise ValueError(f"shift {shift} is not between 0 and {_SHIFTS}: the scene ends there")
    left = _SHIFTS - shift
    return _SCENE[:input_size, left : left + input_size]


def render(
    input_size: int = 6,
    mode: str = "max",
    kernel_size: int = 2,
    stride: int = 2,
    padding: int = 0,
    ceil_mode: bool = False,
    shift: int = 0,
    step: int = 0,
) -> svg.Picture:
    """One position of a pooling window: what it covers, what comes out, and the output's size.

    ``mode`` is ``"max"`` or ``"avg"``. ``step`` counts the window's positions row by row; past the
    last one it starts again. With a ``shift`` the outputs that keep their value are tinted. Raises
    ``ValueError`` where the window does not fit or the padding is over half of it.

    >>> render(step=1).label[:61]
    'Max pooling, 2×2 with stride 2, on a 6×6 input: output 3×3. A'
    """
    settings = (kernel_size, mode, stride, padding, 1, ceil_mode)
    size = pool_output_size(input_size, kernel_size, stride, padding, 1, ceil_mode)
    picture = image(input_size, shift)
    values = functional.pool2d(picture[None], *settings)[0]
    kept = values == functional.pool2d(image(input_size)[None], *settings)[0]
    row, column = divmod(step % size**2, size)
    result = svg.number(values[row, column].item())

    end = input_size + 2 * padding
    wide = max(end, (size - 1) * stride + kernel_size)
    cell, out_cell = min(40.0, 350 / wide), min(46.0, 300 / size)
    x, top = 40.0, 46.0
    out_x = x + wide * cell + 70
    middle = top + max(wide * cell, size * out_cell) / 2
    y, out_y = middle - wide * cell / 2, middle - size * out_cell / 2
    unread = unread_lines(wide, size, kernel_size, stride)
    name, word = ("Max", "maximum") if mode == "max" else ("Average", "mean")
    outside = "−∞" if mode == "max" else "0"
    parts = [
        svg.text(x, y - 12, _input_name(input_size, padding, shift), 14, svg.shade(svg.INPUT)),
        padded_input(picture, padding, wide, outside, x, y, cell),
        *(svg.hatched(x, y + i * cell, wide * cell, cell) for i in unread),
        *(svg.hatched(x + i * cell, y, cell, wide * cell) for i in unread),
        window_cells(
            picture, mode, padding, kernel_size, row * stride, column * stride, x, y, cell
        ),
        svg.outline(
            *(row * stride, column * stride, kernel_size, kernel_size),
            *(x, y, cell, svg.shade(svg.KERNEL)),
        ),
        svg.arrow(x + wide * cell + 12, middle, out_x - 14, middle),
        svg.text(out_x, out_y - 12, f"{word} {size}×{size}", 14, svg.shade(svg.OUTPUT)),
        svg.matrix(values.tolist(), out_x, out_y, out_cell, svg.OUTPUT),
        *(_changed(kept, values, out_x, out_y, out_cell) if shift else ()),
        svg.outline(row, column, 1, 1, out_x, out_y, out_cell, svg.shade(svg.OUTPUT)),
    ]
    below = 2 * middle - top + 34
    counted = count_of(row, end, kernel_size, stride) * count_of(column, end, kernel_size, stride)
    lines = sum_lines(picture, mode, padding, kernel_size, stride, (row, column), counted, result)
    for line in lines:
        parts.append(svg.text(x, below, line, 14))
        below += 21
    formula, dropped = _formula(input_size, kernel_size, stride, padding, ceil_mode, size)
    below += 10
    parts.append(svg.text(x, below, formula, 14, svg.shade(svg.OUTPUT), font_weight="600"))
    notes = _notes(wide - end, unread, kept if shift else None, shift)
    for note in [dropped, *notes] if dropped else notes:
        below += 23
        parts.append(svg.text(x, below, note, 14, svg.MUTED))
    label = (
        f"{name} pooling, {kernel_size}×{kernel_size} with stride {stride}, on a "
        f"{input_size}×{input_size} input: output {size}×{size}. At row {row}, column {column} the "
        f"{word} is {result}."
    )
    width = max(out_x + max(size * out_cell, 110) + 24, 760)
    return svg.document(width, below + 22, label, parts)


def _input_name(size: int, padding: int, shift: int) -> str:
    name = f"input {size}×{size}"
    name += f", padding {padding} on each side" if padding else ""
    return f"{name}, shifted right by {shift}" if shift else name


def _changed(kept: Tensor, values: Tensor, x: float, y: float, cell: float) -> list[str]:
    """The outputs that the shift changed, on white: only the others keep their tint."""
    parts = []
    for i, j in (~kept).nonzero().tolist():
        here = (x + j * cell, y + i * cell)
        parts.append(svg.rect(*here, cell, cell, fill=svg.PAPER, stroke=svg.RULE))
        word = svg.number(values[i, j].item())
        size = min(15.0, cell * 0.46, cell * 1.5 / len(word))
        centre = (here[0] + cell / 2, here[1] + cell / 2 + size * 0.35)
        parts.append(svg.text(*centre, word, size, svg.MUTED, "middle"))
    return parts


def _formula(n: int, k: int, s: int, p: int, ceil_mode: bool, size: int) -> tuple[str, str]:
    """The output's size with the numbers in it, and what ``ceil_mode`` dropped, if anything."""
    left, right = "⌈⌉" if ceil_mode else "⌊⌋"
    places = (-(-(n + 2 * p - k) // s) if ceil_mode else (n + 2 * p - k) // s) + 1
    line = f"size = {left}(n + 2p − k) / s{right} + 1 = {left}({n} + 2·{p} − {k}) / {s}{right} + 1"
    if places == size:
        return f"{line} = {size}", ""
    return (
        f"{line} = {places}, less 1: {size}",
        f"dropped: window {size} would start at {size * s}, past the input's end at {n + p}",
    )


def _notes(past: int, unread: list[int], kept: Tensor | None, shift: int) -> list[str]:
    notes = []
    if kept is not None:
        pixels = "1 pixel" if shift == 1 else f"{shift} pixels"
        share = f"{int(kept.sum())} of {kept.numel()} outputs"
        notes.append(f"tinted: {share} are what they were before the shift by {pixels}")
    if past > 0:
        lines = "1 row and column" if past == 1 else f"{past} rows and columns"
        notes.append(f"dashed: {lines} past the padding; they count for nothing")
    if unread:
        rows = "row" if len(unread) == 1 else "rows"
        notes.append(f"hatched: {len(unread)} {rows} and as many columns that no window reads")
    return notes


@explorable(render)
def pooling(
    input_size: int = 6,
    mode: str = "max",
    kernel_size: int = 2,
    stride: int = 2,
    padding: int = 0,
    ceil_mode: bool = False,
    shift: int = 0,
    step: int = 0,
) -> Explorer:
    """Pool with a window: maximum or mean, every setting of ``nn.MaxPool2d``, a shift of the input.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    shared = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="290px")}
    geometry = {
        "input_size": slider("input n", input_size, 1, _LARGEST),
        "kernel_size": slider("window k", kernel_size, 1, 5),
        "stride": slider("stride s", stride, 1, 5),
        "padding": slider("padding p", padding, 0, 3),
        "ceil_mode": widgets.Checkbox(value=ceil_mode, description="ceil_mode", **shared),
    }
    options = [("maximum", "max"), ("average", "avg")]
    kind = widgets.Dropdown(options=options, value=mode, description="mode", **shared)
    moved = slider("shift input", shift, 0, _SHIFTS)
    window = slider("window at", step, 0, 10_000)

    def fit_range(_: object = None) -> None:
        try:
            size = pool_output_size(**{name: control.value for name, control in geometry.items()})
        except ValueError:  # the picture says why; the window has nowhere to go
            size = 1
        window.max = size**2 - 1

    fit_range()
    for control in geometry.values():
        control.observe(fit_range, names="value")
    return Explorer(render, {"mode": kind, **geometry, "shift": moved, "step": window})
