"""The stamp that scatters: each input element adds its multiple of the kernel to the output."""

from __future__ import annotations

import ipywidgets as widgets
import torch

from .. import functional, svg
from ..arithmetic import conv_transpose_output_size
from ._explorer import Explorer, explorable, slider
from .convolution import operands


def render(
    input_size: int = 3,
    kernel_size: int = 3,
    stride: int = 2,
    padding: int = 0,
    output_padding: int = 0,
    step: int = 0,
) -> svg.Picture:
    """The output after input elements 0 to ``step`` have scattered, and how often each output
    element is written once all have.

    ``step`` counts the input's elements row by row; past the last one it starts again. Element
    (i, j) adds its value times the kernel to the rows i s to i s + k - 1 and columns j s to
    j s + k - 1 of the uncut output, of which ``padding`` lines are cut off on each side and
    ``output_padding`` lines fewer at the end. Raises ``ValueError`` where nothing would be left and
    where ``output_padding`` is not smaller than the stride. Source: documentation of
    `torch.nn.ConvTranspose2d`.

    >>> render(step=1).label[:58]
    'A 3×3 input scatters through a 3×3 kernel with stride 2: o'
    """
    size = conv_transpose_output_size(input_size, kernel_size, stride, padding, output_padding)
    image, kernel = operands(input_size, kernel_size)
    step %= input_size**2
    row, column = divmod(step, input_size)
    scattered = image * (torch.arange(input_size**2).reshape(image.shape) <= step)
    values = functional.conv_transpose2d(
        scattered[None, None], kernel[None, None], None, stride, padding, output_padding
    )[0, 0].tolist()
    line = _line_counts(input_size, kernel_size, stride, padding, size)
    counts = [[a * b for b in line] for a in line]

    uncut = max((input_size - 1) * stride + kernel_size, padding + size)
    small, cell, count_cell = 29.0, min(36.0, 310 / uncut), min(30.0, 240 / size)
    left, top = 30.0, 44.0
    kernel_y = top + input_size * small + 46
    out_x = left + 5 * small + 62
    count_x = out_x + max(uncut * cell, 210) + 40
    shift = padding * cell
    value = svg.number(image[row, column].item())
    cut = ", hatched: cut off" if uncut > size else ""
    chosen = _most_written(counts, row * stride - padding, column * stride - padding, kernel_size)
    ring = svg.shade(svg.OUTPUT)
    parts = [
        svg.text(left, top - 12, f"input {input_size}×{input_size}", 14, svg.shade(svg.INPUT)),
        svg.matrix(image.tolist(), left, top, small, svg.INPUT),
        svg.outline(row, column, 1, 1, left, top, small, svg.shade(svg.INPUT)),
        svg.text(
            left,
            kernel_y - 12,
            f"kernel {kernel_size}×{kernel_size}, times {value}",
            14,
            svg.shade(svg.KERNEL),
        ),
        svg.matrix(kernel.tolist(), left, kernel_y, small, svg.KERNEL),
        svg.text(out_x, top - 12, f"output {size}×{size}{cut}", 14, svg.shade(svg.OUTPUT)),
        svg.hatched(out_x, top, uncut * cell, uncut * cell) if cut else "",
        svg.rect(out_x + shift, top + shift, size * cell, size * cell, fill=svg.PAPER),
        svg.matrix(values, out_x + shift, top + shift, cell, svg.OUTPUT),
        _stamp(row * stride, column * stride, kernel_size, out_x, top, cell),
        svg.text(count_x, top - 12, "times written, in the end", 14, svg.shade(svg.OUTPUT)),
        _shaded_counts(counts, count_x, top, count_cell),
    ]
    if chosen:
        parts += [
            svg.outline(*chosen, 1, 1, out_x + shift, top + shift, cell, ring),
            svg.outline(*chosen, 1, 1, count_x, top, count_cell, ring),
        ]
    tall = max(kernel_y - top + kernel_size * small, uncut * cell, size * count_cell)
    below = top + tall + 32
    sentences = [
        f"input[{row}, {column}] = {value} adds {value} times the kernel; "
        f"{step + 1} of {input_size**2} elements have scattered.",
        _sum(image, kernel, counts, (row, column), chosen, stride, padding)
        if chosen
        else "The whole stamp lies in what the padding cuts off.",
        _evenness(kernel_size, stride),
    ]
    for i, sentence in enumerate(sentences):
        parts.append(svg.text(left, below + 22 * i, sentence, 14))
    formula = (
        "size = (n − 1)·s − 2p + (k − 1) + o + 1 = "
        f"({input_size} − 1)·{stride} − 2·{padding} + ({kernel_size} − 1) + {output_padding} + 1 "
        f"= {size}"
    )
    below += 22 * len(sentences) + 4
    parts.append(svg.text(left, below, formula, 14, svg.shade(svg.OUTPUT), font_weight="600"))
    label = (
        f"A {input_size}×{input_size} input scatters through a {kernel_size}×{kernel_size} kernel "
        f"with stride {stride}: output {size}×{size}. Its elements are written "
        f"{_listed(sorted({n for line in counts for n in line}))} times."
    )
    width = max(count_x + max(size * count_cell, 170) + 24, 800)
    return svg.document(width, below + 22, label, parts)


def _line_counts(
    input_size: int, kernel_size: int, stride: int, padding: int, size: int
) -> list[int]:
    """How many stamps cover each element along one axis; a grid's counts are their products."""
    counts = [0] * (padding + size)
    for i in range(input_size):
        for at in range(i * stride, min(i * stride + kernel_size, len(counts))):
            counts[at] += 1
    return counts[padding:]


def _stamp(row: int, column: int, kernel_size: int, x: float, y: float, cell: float) -> str:
    """The square of the uncut output that the active element writes."""
    side = kernel_size * cell
    place = (x + column * cell, y + row * cell, side, side)
    edge = svg.outline(
        row, column, kernel_size, kernel_size, x, y, cell, color=svg.shade(svg.KERNEL)
    )
    return svg.rect(*place, fill=svg.KERNEL, fill_opacity=0.15) + edge


def _shaded_counts(counts: list[list[int]], x: float, y: float, cell: float) -> str:
    most = max(max(line) for line in counts)
    parts = []
    for i, line in enumerate(counts):
        for j, count in enumerate(line):
            fill = svg.tint(svg.OUTPUT, 0.5 * count / max(most, 1))
            parts.append(svg.rect(x + j * cell, y + i * cell, cell, cell, fill=fill))
    return "".join(parts) + svg.matrix(counts, x, y, cell, svg.OUTPUT, strength=0)


def _most_written(
    counts: list[list[int]], top: int, left: int, kernel_size: int
) -> tuple[int, int] | None:
    """The output element under the stamp at (top, left) that is written most often."""
    reach = range(kernel_size)
    kept = [
        (top + a, left + b)
        for a in reach
        for b in reach
        if 0 <= top + a < len(counts) and 0 <= left + b < len(counts)
    ]
    return max(kept, key=lambda at: counts[at[0]][at[1]], default=None)


def _sum(
    image: torch.Tensor,
    kernel: torch.Tensor,
    counts: list[list[int]],
    element: tuple[int, int],
    chosen: tuple[int, int],
    stride: int,
    padding: int,
) -> str:
    """The terms of the output element ``chosen`` that have come so far, and their sum."""
    (row, column), (r, c) = element, chosen
    terms, total = [], 0.0
    for i in range(row + 1):
        for j in range(len(image) if i < row else column + 1):
            a, b = r + padding - i * stride, c + padding - j * stride
            if 0 <= a < len(kernel) and 0 <= b < len(kernel):
                value, weight = image[i, j].item(), kernel[a, b].item()
                factor = svg.number(weight)
                total += value * weight
                terms.append(f"{svg.number(value)}·{f'({factor})' if weight < 0 else factor}")
    said = f"output[{r}, {c}], {len(terms)} of {counts[r][c]} terms: "
    if len(terms) > 9:
        terms = [*terms[:4], "…", *terms[-3:]]
    return f"{said}{' + '.join(terms)} = {svg.number(total)}"


def _evenness(kernel_size: int, stride: int) -> str:
    """What the pair of kernel and stride does to the counts away from the border."""
    fewest, rest = divmod(kernel_size, stride)
    if not rest:
        return (
            f"s = {stride} divides k = {kernel_size}: away from the border each element is written "
            f"({kernel_size}/{stride})² = {fewest**2} times."
        )
    counts = sorted({fewest**2, fewest * (fewest + 1), (fewest + 1) ** 2})
    return (
        f"s = {stride} does not divide k = {kernel_size}: away from the border an element is "
        f"written {_listed(counts)} times, in a pattern."
    )


def _listed(numbers: list[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} or {last}" if first else last


@explorable(render)
def transposed_convolution(
    input_size: int = 3,
    kernel_size: int = 3,
    stride: int = 2,
    padding: int = 0,
    output_padding: int = 0,
    step: int = 0,
) -> Explorer:
    """Scatter an input element by element: move the settings of ``nn.ConvTranspose2d``, step or
    play the stamp, and count how often each output element is written.

    The arguments say where the sliders start. Returns an ``ipywidgets`` widget.
    """
    size = slider("input n", input_size, 1, 5)
    element = slider("element", step, 0, 24)
    play = widgets.Play(value=step, min=0, interval=700, description="play the elements")
    widgets.jslink((play, "value"), (element, "value"))

    def fit_range(_: object = None) -> None:
        element.max = play.max = size.value**2 - 1

    fit_range()
    size.observe(fit_range, names="value")
    controls = {
        "input_size": size,
        "kernel_size": slider("kernel k", kernel_size, 1, 5),
        "stride": slider("stride s", stride, 1, 3),
        "padding": slider("padding p", padding, 0, 2),
        "output_padding": slider("out. pad. o", output_padding, 0, 2),
        "step": element,
    }
    return Explorer(render, controls, extras=[play])
