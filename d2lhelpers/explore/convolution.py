"""The sliding window: input, kernel, stride, padding, dilation, and the sum being computed."""

from __future__ import annotations

import ipywidgets as widgets
import torch
from torch import Tensor

from .. import functional, svg
from ..arithmetic import conv_output_size
from ._explorer import Explorer, explorable, slider

_KERNEL = torch.tensor(
    [
        [1, 0, -1, 2, 1],
        [2, 1, 0, -1, 0],
        [0, -1, 1, 2, -2],
        [-1, 2, 0, 1, 1],
        [1, 0, 2, -2, 1],
    ],
    dtype=torch.float32,
)


def operands(input_size: int, kernel_size: int) -> tuple[Tensor, Tensor]:
    """The input and the kernel that the picture shows: small whole numbers, always the same.

    Returns an (input_size, input_size) and a (kernel_size, kernel_size) tensor.

    >>> operands(2, 1)
    (tensor([[2., 5.],
            [7., 2.]]), tensor([[1.]]))
    """
    index = torch.arange(input_size)
    rows, columns = index[:, None], index[None, :]
    image = (5 * rows + 3 * columns + 2 * rows * columns + (rows * columns) // 3 + 2) % 10
    return image.float(), _KERNEL[:kernel_size, :kernel_size]


def render(
    input_size: int = 5,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    step: int = 0,
) -> svg.Picture:
    """One position of the window: what it covers, the sum, and the formula for the output's size.

    ``step`` counts the window's positions row by row; past the last one it starts again. Raises
    ``ValueError`` where the window does not fit the padded input.

    >>> render(step=1).label[:43]
    'A 3×3 kernel on a 5×5 input: output 3×3. At'
    """
    size = conv_output_size(input_size, kernel_size, stride, padding, dilation)
    image, kernel = operands(input_size, kernel_size)
    values = functional.conv2d(
        image[None, None], kernel[None, None], None, stride, padding, dilation
    )[0, 0]
    padded = torch.nn.functional.pad(image, [padding] * 4)
    row, column = divmod(step % size**2, size)
    total = values[row, column].item()

    unread = _unread_lines(input_size + 2 * padding, size, kernel_size, stride, dilation)
    reach = dilation * (kernel_size - 1) + 1
    wide = input_size + 2 * padding
    cell = min(38.0, 340 / wide)
    out_cell = min(38.0, 260 / size)
    kernel_cell = 34.0
    top = 46.0
    kernel_x = 40 + wide * cell + 46
    out_x = kernel_x + kernel_size * kernel_cell + 56
    middle = top + max(wide * cell, size * out_cell, kernel_size * kernel_cell) / 2
    in_y, out_y = middle - wide * cell / 2, middle - size * out_cell / 2
    kernel_y = middle - kernel_size * kernel_cell / 2

    parts = [
        svg.text(40, in_y - 12, _input_name(input_size, padding), 14, svg.shade(svg.INPUT)),
        _padded_input(padded, input_size, padding, 40, in_y, cell),
        _unread(unread, wide, 40, in_y, cell),
        _window(kernel, row * stride, column * stride, dilation, 40, in_y, cell),
        svg.outline(
            row * stride, column * stride, reach, reach, 40, in_y, cell, svg.shade(svg.KERNEL)
        ),
        svg.text(kernel_x - 23, middle + 6, "∗", 22, svg.MUTED, "middle"),
        svg.text(
            kernel_x,
            kernel_y - 12,
            f"kernel {kernel_size}×{kernel_size}",
            14,
            svg.shade(svg.KERNEL),
        ),
        svg.matrix(kernel.tolist(), kernel_x, kernel_y, kernel_cell, svg.KERNEL),
        svg.text(out_x - 28, middle + 6, "=", 22, svg.MUTED, "middle"),
        svg.text(out_x, out_y - 12, f"output {size}×{size}", 14, svg.shade(svg.OUTPUT)),
        svg.matrix(values.tolist(), out_x, out_y, out_cell, svg.OUTPUT),
        svg.outline(row, column, 1, 1, out_x, out_y, out_cell, svg.shade(svg.OUTPUT)),
    ]
    below = 2 * middle - top + 34
    sums = _sum(padded, kernel, row, column, stride, dilation, total)
    for i, line in enumerate(sums):
        parts.append(svg.text(40, below + 21 * i, line, 14))
    below += 21 * len(sums) + 10
    formula = (
        "size = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1 = "
        f"⌊({input_size} + 2·{padding} − {dilation}·({kernel_size} − 1) − 1) / {stride}⌋ + 1 "
        f"= {size}"
    )
    parts.append(svg.text(40, below, formula, 14, svg.shade(svg.OUTPUT), font_weight="600"))
    if unread:
        below += 23
        rows = "row" if len(unread) == 1 else "rows"
        note = f"hatched: {len(unread)} {rows} and as many columns that no window reads"
        parts.append(svg.text(40, below, note, 14, svg.MUTED))
    label = (
        f"A {kernel_size}×{kernel_size} kernel on a {input_size}×{input_size} input: "
        f"output {size}×{size}. At row {row}, column {column} the sum is {svg.number(total)}."
    )
    width = max(out_x + max(size * out_cell, 90) + 24, 760)
    return svg.document(width, below + 22, label, parts)


def _input_name(size: int, padding: int) -> str:
    name = f"input {size}×{size}"
    return f"{name}, padding {padding} on each side" if padding else name


def _padded_input(padded: Tensor, size: int, padding: int, x: float, y: float, cell: float) -> str:
    """The padding's zeros in grey, the input on top of them."""
    border: list[list[str | None]] = [["0"] * len(padded) for _ in padded]
    for i in range(padding, padding + size):
        border[i][padding : padding + size] = [None] * size
    zeros = svg.matrix(border, x, y, cell, svg.RULE, strength=0.25) if padding else ""
    inner = padded[padding : padding + size, padding : padding + size].tolist()
    shift = padding * cell
    return zeros + svg.matrix(inner, x + shift, y + shift, cell, svg.INPUT)


def _unread_lines(wide: int, size: int, kernel_size: int, stride: int, dilation: int) -> list[int]:
    read = {i * stride + a * dilation for i in range(size) for a in range(kernel_size)}
    return [i for i in range(wide) if i not in read]


def _unread(lines: list[int], wide: int, x: float, y: float, cell: float) -> str:
    """Hatch the rows and columns that no position of the window reads."""
    rows = [svg.hatched(x, y + i * cell, wide * cell, cell) for i in lines]
    columns = [svg.hatched(x + i * cell, y, cell, wide * cell) for i in lines]
    return "".join(rows + columns)


def _window(
    kernel: Tensor, row: int, column: int, dilation: int, x: float, y: float, cell: float
) -> str:
    """Mark each cell that the window reads; its weight stands small in the corner."""
    font = min(10.5, cell * 0.32)
    style = svg.attributes(
        fill=svg.shade(svg.KERNEL), font_size=font, text_anchor="end", font_weight="600"
    )
    parts = []
    for a, weights in enumerate(kernel.tolist()):
        upper = y + (row + a * dilation) * cell
        for b, weight in enumerate(weights):
            left = x + (column + b * dilation) * cell
            parts.append(
                f'<rect x="{left:.1f}" y="{upper:.1f}" width="{cell:.1f}" height="{cell:.1f}" '
                f'fill="{svg.KERNEL}" fill-opacity="0.24"/>'
                f'<text x="{left + cell - 2.5:.1f}" y="{upper + cell - 2.5:.1f}">'
                f"{svg.number(weight)}</text>"
            )
    return f"<g{style}>{''.join(parts)}</g>"


def _sum(
    padded: Tensor,
    kernel: Tensor,
    row: int,
    column: int,
    stride: int,
    dilation: int,
    total: float,
) -> list[str]:
    """The sum at this position, term by term, in lines that fit the picture."""
    terms = []
    image = padded.tolist()
    for a, weights in enumerate(kernel.tolist()):
        for b, weight in enumerate(weights):
            value = image[row * stride + a * dilation][column * stride + b * dilation]
            factor = svg.number(weight)
            terms.append(f"{svg.number(value)}·{f'({factor})' if weight < 0 else factor}")
    lines = [f"output[{row}, {column}] = {terms[0]}"]
    for term in terms[1:]:
        if len(lines[-1]) + len(term) > 84:
            lines.append("      ")
        lines[-1] += f" + {term}"
    lines[-1] += f" = {svg.number(total)}"
    return lines


@explorable(render)
def convolution(
    input_size: int = 5,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    step: int = 0,
) -> Explorer:
    """Slide a window over an input: move every setting of ``nn.Conv2d``, step or play it.

    The arguments say where the sliders start. Returns an ``ipywidgets`` widget.
    """
    geometry = {
        "input_size": slider("input n", input_size, 1, 10),
        "kernel_size": slider("kernel k", kernel_size, 1, 5),
        "stride": slider("stride s", stride, 1, 4),
        "padding": slider("padding p", padding, 0, 3),
        "dilation": slider("dilation d", dilation, 1, 3),
    }
    window = slider("window", step, 0, 10_000)
    play = widgets.Play(value=step, min=0, interval=700, description="play the window")
    widgets.jslink((play, "value"), (window, "value"))

    def fit_range(_: object = None) -> None:
        try:
            size = conv_output_size(**{name: control.value for name, control in geometry.items()})
        except ValueError:  # the picture says why; the window has nowhere to go
            size = 1
        window.max = play.max = size**2 - 1

    fit_range()
    for control in geometry.values():
        control.observe(fit_range, names="value")
    return Explorer(render, {**geometry, "step": window}, extras=[play])
