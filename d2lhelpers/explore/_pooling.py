"""What the pooling explorer draws: the padded input, the window in it, and its sum in words."""

from __future__ import annotations

import math

from torch import Tensor

from .. import svg


def unread_lines(wide: int, size: int, kernel_size: int, stride: int) -> list[int]:
    """The rows of the padded input that no window reads."""
    read = {i * stride + a for i in range(size) for a in range(kernel_size)}
    return [i for i in range(wide) if i not in read]


def count_of(position: int, end: int, kernel_size: int, stride: int) -> int:
    """How many rows of the window at ``position`` lie in the padded input, which ends at ``end``.

    >>> count_of(2, 5, 2, 2)
    1
    """
    return min(position * stride + kernel_size, end) - position * stride


def padded_input(
    image: Tensor, padding: int, wide: int, outside: str, x: float, y: float, cell: float
) -> str:
    """The input; around it the padding in grey; past that, dashed, what only ``ceil_mode`` adds."""
    size = image.shape[0]
    end = size + 2 * padding
    past = ""
    if wide > end:
        for i in range(wide):
            for j in range(wide):
                if max(i, j) >= end:
                    place = (x + j * cell, y + i * cell, cell, cell)
                    past += svg.rect(*place, fill="none", stroke=svg.MUTED, stroke_dasharray="3 2")
    inside = range(padding, padding + size)
    border: list[list[str | None]] = [
        [None if i in inside and j in inside else outside for j in range(end)] for i in range(end)
    ]
    ring = svg.matrix(border, x, y, cell, svg.RULE, strength=0.25) if padding else ""
    shift = padding * cell
    return past + ring + svg.matrix(image.tolist(), x + shift, y + shift, cell, svg.INPUT)


def covered(
    image: Tensor, outside: float, padding: int, kernel_size: int, top: int, left: int
) -> list[tuple[int, int, float]]:
    """Each cell of the padded input that a window covers: row, column, value."""
    size = image.shape[0]
    end = size + 2 * padding
    values = image.tolist()
    found = []
    for i in range(top, min(top + kernel_size, end)):
        for j in range(left, min(left + kernel_size, end)):
            row, column = i - padding, j - padding
            real = 0 <= row < size and 0 <= column < size
            found.append((i, j, values[row][column] if real else outside))
    return found


def window_cells(
    image: Tensor,
    mode: str,
    padding: int,
    kernel_size: int,
    top: int,
    left: int,
    x: float,
    y: float,
    cell: float,
) -> str:
    """Tint the cells that reach the output: all for a mean, for a maximum the first largest."""
    outside = -math.inf if mode == "max" else 0.0
    cells = covered(image, outside, padding, kernel_size, top, left)
    best = max(value for _, _, value in cells)
    chosen = [next(c for c in cells if c[2] == best)] if mode == "max" else cells
    parts = [
        svg.rect(x + j * cell, y + i * cell, cell, cell, fill=svg.KERNEL, fill_opacity=0.14)
        for i, j, _ in cells
    ]
    parts += [
        svg.rect(x + j * cell, y + i * cell, cell, cell, fill=svg.OUTPUT, fill_opacity=0.34)
        for i, j, _ in chosen
    ]
    return "".join(parts)


def sum_lines(
    image: Tensor,
    mode: str,
    padding: int,
    kernel_size: int,
    stride: int,
    position: tuple[int, int],
    counted: int,
    result: str,
) -> list[str]:
    """How the output at ``position`` comes about, in lines that fit the picture."""
    outside = -math.inf if mode == "max" else 0.0
    top, left = (at * stride for at in position)
    cells = covered(image, outside, padding, kernel_size, top, left)
    terms = [svg.number(value) for _, _, value in cells]
    between, opening = (", ", "max(") if mode == "max" else (" + ", "(")
    if mode == "avg":
        terms = [f"({term})" if term.startswith("−") else term for term in terms]
    lines = [f"output[{position[0]}, {position[1]}] = {opening}{terms[0]}"]
    for term in terms[1:]:
        lines[-1] += between.rstrip()
        if len(lines[-1]) + len(term) > 84:
            lines.append("     ")
        lines[-1] += f" {term}"
    lines[-1] += f") = {result}" if mode == "max" else f") / {counted} = {result}"
    return lines
