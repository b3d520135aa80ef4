"""Dense, local, shared: the same row of units connected in three ways, and the three matrices."""

from __future__ import annotations

import ipywidgets as widgets
import torch
from torch import Tensor

from .. import svg
from ..arithmetic import conv_output_size
from ._explorer import Explorer, explorable, slider

KINDS = ("dense", "local", "shared")
_LARGEST = 8
_FIRST_ROW = (2.0, -1.0, 3.0, -2.0, 1.0, -3.0, 1.5, -0.5)
_NEGATIVE = "#8A4F7D"
_INPUTS, _OUTPUTS, _MATRIX, _TOP, _CELL = 52.0, 222.0, 288.0, 66.0, 36.0


def _table() -> Tensor:
    """An 8×8 table of weights, no two of them equal and none of them 0."""
    others = [tenth / 10 for tenth in range(-32, 33) if tenth and tenth / 10 not in _FIRST_ROW]
    shuffled = [others[23 * i % len(others)] for i in range(len(others))]  # 23 shares no factor
    return torch.tensor([*_FIRST_ROW, *shuffled]).reshape(_LARGEST, _LARGEST)


_TABLE = _table()


def operands(kind: str, input_size: int, kernel_size: int) -> tuple[Tensor, Tensor]:
    """The input and the weight matrix that the picture shows, always the same.

    With n inputs and a kernel of k there are m = n - k + 1 outputs in each kind. Returns x, of
    shape (n,), and W, of shape (m, n); the outputs are W x. Each kind keeps a part of the one
    before: "local" keeps of "dense" what lies in the windows, and "shared" repeats the first window
    of "local" in all rows. Raises ``ValueError`` for another kind, an input larger than 8, or a
    kernel that does not fit the input.

    See Goodfellow, Bengio and Courville, 2016, *Deep Learning*, section 9.2.

    >>> x, W = operands("shared", 4, 2)
    >>> W
    tensor([[ 2., -1.,  0.,  0.],
            [ 0.,  2., -1.,  0.],
            [ 0.,  0.,  2., -1.]])
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is unknown: use {', '.join(map(repr, KINDS))}")
    if input_size > _LARGEST:
        raise ValueError(f"input_size {input_size} does not fit the picture: use at most 8")
    if kernel_size > input_size:
        raise ValueError(
            f"kernel_size {kernel_size} does not fit an input of {input_size}: use a kernel of at "
            f"most {input_size}, or a larger input"
        )
    size = conv_output_size(input_size, kernel_size)
    index = torch.arange(_LARGEST)
    x = ((3 * index + index // 3 + 2) % 9 + 1)[:input_size].float()
    offset = index[:input_size][None, :] - index[:size][:, None]  # how far input j is from unit i
    inside = (offset >= 0) & (offset < kernel_size)
    own = _TABLE[:size, :input_size]
    if kind == "dense":
        return x, own
    weights = own if kind == "local" else _TABLE[0][offset.clamp(0, _LARGEST - 1)]
    return x, torch.where(inside, weights, 0.0)


def counts(input_size: int, kernel_size: int) -> dict[str, int]:
    """How many weights each kind has: n m, k m and k, for n inputs and m = n - k + 1 outputs.

    Raises ``ValueError`` where the kernel does not fit the input. See Goodfellow, Bengio and
    Courville, 2016, *Deep Learning*, section 9.2.

    >>> counts(6, 3)
    {'dense': 24, 'local': 12, 'shared': 3}
    """
    size = conv_output_size(input_size, kernel_size)
    return {"dense": input_size * size, "local": kernel_size * size, "shared": kernel_size}


def render(
    kind: str = "shared", input_size: int = 6, kernel_size: int = 3, unit: int = 0
) -> svg.Picture:
    """The connections on the left, the weight matrix times the input on the right.

    ``unit`` is the output, counted from 0, whose connections and matrix row are lit; past the last
    one it starts again. A weight's colour is its value: orange above 0, purple below, the stronger
    the further from 0. Raises ``ValueError`` where `operands` does.

    >>> render("local", 5, 3, unit=1).label
    'Local: 5 inputs, 3 outputs, 9 connections, 9 weights. Output 1 reads 3 inputs and is 9.4.'
    """
    x, matrix = operands(kind, input_size, kernel_size)
    values = matrix @ x
    size = len(values)
    lit = unit % size
    rows = [_TOP + (i + (kernel_size - 1) / 2) * _CELL for i in range(size)]  # opposite its window
    columns = [_TOP + j * _CELL for j in range(input_size)]
    times_x = _MATRIX + input_size * _CELL + 26
    equals_y = times_x + _CELL + 30
    held = counts(input_size, kernel_size)
    links = int((matrix != 0).sum())

    middle = (columns[0] + columns[-1]) / 2
    parts = [
        svg.text(_INPUTS, _TOP - 34, "input", 14, svg.shade(svg.INPUT), "middle"),
        svg.text(_OUTPUTS, _TOP - 34, "output", 14, svg.shade(svg.OUTPUT), "middle"),
        svg.text(_MATRIX, _TOP - 34, f"weights {size}×{input_size}", 14, svg.shade(svg.KERNEL)),
        svg.text(times_x + _CELL / 2, _TOP - 34, "x", 14, svg.shade(svg.INPUT), "middle"),
        svg.text(equals_y + _CELL / 2, _TOP - 34, "y", 14, svg.shade(svg.OUTPUT), "middle"),
        _lines(matrix, lit, columns, rows),
        _units(x, _INPUTS, columns, svg.INPUT, matrix[lit] != 0),
        _units(values, _OUTPUTS, rows, svg.OUTPUT, torch.arange(size) == lit),
        _weights(matrix, rows[0] - _CELL / 2),
        svg.outline(
            lit, 0, 1, input_size, _MATRIX, rows[0] - _CELL / 2, _CELL, svg.shade(svg.KERNEL)
        ),
        svg.text(times_x - 13, middle + 6, "·", 22, svg.MUTED, "middle"),
        svg.matrix(x[:, None].tolist(), times_x, columns[0] - _CELL / 2, _CELL, svg.INPUT),
        svg.text(equals_y - 15, middle + 6, "=", 22, svg.MUTED, "middle"),
        svg.matrix(
            values[:, None].tolist(), equals_y, rows[0] - _CELL / 2, _CELL, svg.OUTPUT, digits=1
        ),
        svg.outline(lit, 0, 1, 1, equals_y, rows[0] - _CELL / 2, _CELL, svg.shade(svg.OUTPUT)),
    ]
    below = columns[-1] + _CELL / 2 + 34
    parts.append(svg.text(24, below, _sum(x, matrix[lit], lit, values[lit].item()), 14))
    size_line = f"outputs m = n − k + 1 = {input_size} − {kernel_size} + 1 = {size}"
    parts.append(svg.text(24, below + 24, f"{size_line},   connections: {links}", 14))
    parts.append(_count_lines(kind, held, input_size, kernel_size, size, below + 48))
    label = (
        f"{kind.capitalize()}: {input_size} inputs, {size} outputs, {links} connections, "
        f"{held[kind]} weights. Output {lit} reads {int((matrix[lit] != 0).sum())} inputs and is "
        f"{svg.number(values[lit].item(), 1)}."
    )
    return svg.document(728, below + 64, label, parts)


def _color(weight: float) -> str:
    return svg.tint(svg.KERNEL if weight > 0 else _NEGATIVE, 0.12 + 0.88 * abs(weight) / 3.2)


def _lines(matrix: Tensor, lit: int, columns: list[float], rows: list[float]) -> str:
    """A line for each weight that is not 0; those of the lit unit last, so that they lie on top."""
    faint: list[str] = []
    strong: list[str] = []
    for i, weights in enumerate(matrix.tolist()):
        for j, weight in enumerate(weights):
            if weight:
                path = f"M{_INPUTS + 15:.0f} {columns[j]:.0f}L{_OUTPUTS - 17:.0f} {rows[i]:.0f}"
                (strong if i == lit else faint).append(
                    f'<path d="{path}" stroke="{_color(weight)}"/>'
                )
    outer = svg.attributes(stroke_width=1.3, stroke_opacity=0.45, class_="others")
    inner = svg.attributes(stroke_width=4.0, class_="lit")
    return f"<g{outer}>{''.join(faint)}</g><g{inner}>{''.join(strong)}</g>"


def _units(values: Tensor, x: float, ys: list[float], color: str, lit: Tensor) -> str:
    """A circle a unit with its value; the lit ones have a strong rim."""
    parts = []
    for value, y, strong in zip(values.tolist(), ys, lit.tolist(), strict=True):
        rim = svg.shade(color) if strong else color
        fill = svg.tint(color, 0.3 if strong else 0.1)
        word = svg.number(value, 1)
        size = 11.5 if len(word) < 5 else 9.5
        parts.append(
            svg.circle(x, y, 16, fill=fill, stroke=rim, stroke_width=2.6 if strong else 1)
            + svg.text(x, y + 4, word, size, svg.INK, "middle")
        )
    return "".join(parts)


def _weights(matrix: Tensor, top: float) -> str:
    """The weight matrix; a 0 stands where there is no connection."""
    parts, words = [], []
    for i, weights in enumerate(matrix.tolist()):
        y = top + i * _CELL
        for j, weight in enumerate(weights):
            x = _MATRIX + j * _CELL
            if weight:
                parts.append(svg.rect(x, y, _CELL, _CELL, fill=_color(weight), stroke="none"))
            fill = svg.PAPER if weight < -2.6 else svg.INK if weight else svg.MUTED
            words.append(
                f'<text x="{x + _CELL / 2:.0f}" y="{y + _CELL / 2 + 4.5:.0f}" '
                f'style="fill:{fill}">{svg.number(weight, 1)}</text>'
            )
    parts.append(svg.grid_lines(len(matrix), matrix.shape[1], _MATRIX, top, _CELL))
    style = svg.attributes(
        stroke=svg.KERNEL, stroke_width=0.8, font_size=12.5, text_anchor="middle", class_="cells"
    )
    return f"<g{style}>{''.join(parts + words)}</g>"


def _sum(x: Tensor, weights: Tensor, lit: int, total: float) -> str:
    """The lit output, term by term."""
    terms = []
    for value, weight in zip(x.tolist(), weights.tolist(), strict=True):
        if weight:
            factor = svg.number(weight, 1)
            terms.append(f"{svg.number(value)}·{f'({factor})' if weight < 0 else factor}")
    return f"y[{lit}] = {' + '.join(terms)} = {svg.number(total, 1)}"


def _count_lines(
    kind: str, held: dict[str, int], input_size: int, kernel_size: int, size: int, y: float
) -> str:
    """The number of weights of all three kinds; the one that is drawn in bold."""
    formulas = {
        "dense": f"n·m = {input_size}·{size} = {held['dense']}",
        "local": f"k·m = {kernel_size}·{size} = {held['local']}",
        "shared": f"k = {held['shared']}",
    }
    parts = [svg.text(24, y, "weights:", 14)]
    for place, (name, formula) in zip((92, 300, 505), formulas.items(), strict=True):
        chosen = name == kind
        color = svg.shade(svg.KERNEL) if chosen else svg.MUTED
        weight = "700" if chosen else None
        parts.append(svg.text(place, y, f"{name} {formula}", 14, color, font_weight=weight))
    return "".join(parts)


@explorable(render)
def connections(
    kind: str = "shared", input_size: int = 6, kernel_size: int = 3, unit: int = 0
) -> Explorer:
    """Turn a dense layer into a convolution: cut the far connections, then share the weights.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    kinds = widgets.Dropdown(
        options=[
            ("dense: all inputs", "dense"),
            ("local: a window", "local"),
            ("shared: convolution", "shared"),
        ],
        value=kind,
        description="weights",
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )
    sizes = {
        "input_size": slider("input n", input_size, 2, _LARGEST),
        "kernel_size": slider("kernel k", kernel_size, 1, 5),
    }
    lit = slider("output unit", unit, 0, _LARGEST - 1)

    def fit_range(_: object = None) -> None:
        try:
            size = conv_output_size(sizes["input_size"].value, sizes["kernel_size"].value)
        except ValueError:  # the picture says why; there is no unit to light
            size = 1
        lit.max = size - 1

    fit_range()
    for control in sizes.values():
        control.observe(fit_range, names="value")
    return Explorer(render, {"kind": kinds, **sizes, "unit": lit})
