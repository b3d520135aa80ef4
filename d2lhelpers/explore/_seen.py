"""The drawing of what a unit sees: a row of squares a layer, lines to what each of them reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import svg

_MAP = 190.0


@dataclass(frozen=True)
class Row:
    """One layer in one direction, or the input.

    ``layer`` is its (kernel_size, stride, padding, dilation), None for the input; ``read`` lists
    the units that are seen, padding included; unit i sees ``field`` pixels around pixel
    ``start + i * jump``.
    """

    layer: tuple[int, int, int, int] | None
    count: int
    read: list[int]
    field: int
    jump: int
    start: float


def stack(rows: Sequence[Row], x: float, cell: float) -> tuple[list[str], float]:
    """All rows, the input at the bottom, and the height that they take."""
    step = min(62.0, 330 / (len(rows) - 1))
    tops = [40 + step * (len(rows) - 1 - depth) for depth in range(len(rows))]
    pixels = rows[0].count
    parts = [
        _reads(upper, lower, top, low, pixels, x, cell)
        for upper, lower, top, low in zip(rows[1:], rows, tops[1:], tops, strict=False)
    ]
    for depth, (row, top) in enumerate(zip(rows, tops, strict=True)):
        color = svg.OUTPUT if depth else svg.INPUT
        parts.append(svg.text(16, top + cell * 0.7, _name(depth, row), 13, svg.shade(color)))
        parts.append(_units(row, top, pixels, x, cell, color))
    return parts, tops[0] + cell


def _across(row: Row, unit: int, pixels: int, x: float, cell: float) -> float:
    """The middle of a unit: over the middle of what it sees, all padding at the two ends."""
    if unit < 0:
        return x + 0.5 * cell
    if unit >= row.count:
        return x + (pixels + 1.5) * cell
    return x + (1.5 + row.start + unit * row.jump) * cell


def _name(depth: int, row: Row) -> str:
    if row.layer is None:
        return f"input: {row.count} pixels"
    k, s, p, d = row.layer
    units = "1 unit" if row.count == 1 else f"{row.count} units"
    return f"{depth}: k={k}, s={s}, d={d}{f', p={p}' if p else ''}: {units}"


def _units(row: Row, top: float, pixels: int, x: float, cell: float, color: str) -> str:
    """A layer's units, those that are seen filled; padding that is seen stands dashed beside."""
    marked, side = set(row.read), cell - 3
    plain = {"fill": svg.tint(color, 0.12), "stroke": svg.tint(color, 0.5)}
    full = {"fill": color, "stroke": svg.shade(color)}
    padding = {"fill": svg.PAPER, "stroke": svg.MUTED, "stroke_dasharray": "3 2"}
    groups = [
        ([i for i in range(row.count) if i not in marked], plain),
        ([i for i in range(row.count) if i in marked], full),
        ([-1] * (min(marked, default=0) < 0), padding),
        ([row.count] * (max(marked, default=0) >= row.count), padding),
    ]
    # One path for all squares of a kind: a picture may hold 240 of them.
    shape = f"h{side:.1f}v{side:.1f}h{-side:.1f}z"
    parts = []
    for units, style in groups:
        lefts = (_across(row, i, pixels, x, cell) - side / 2 for i in units)
        path = "".join(f"M{left:.1f} {top:.1f}{shape}" for left in lefts)
        parts.append(f'<path d="{path}"{svg.attributes(**style)}/>' if path else "")
    return "".join(parts)


def _reads(
    upper: Row, lower: Row, top: float, low: float, pixels: int, x: float, cell: float
) -> str:
    """A line from each unit that is seen to each unit that it reads."""
    assert upper.layer is not None
    k, s, p, d = upper.layer
    path = []
    for i in upper.read:
        if 0 <= i < upper.count:
            begin = f"M{_across(upper, i, pixels, x, cell):.1f} {top + cell - 3:.1f}L"
            ends = (_across(lower, i * s + a * d - p, pixels, x, cell) for a in range(k))
            path += [f"{begin}{end:.1f} {low:.1f}" for end in ends]
    style = svg.attributes(stroke=svg.KERNEL, stroke_width=1.3, stroke_opacity=0.75, fill="none")
    return f'<path d="{"".join(path)}"{style}/>'


def square(seen: Sequence[int], size: int, x: float, y: float) -> list[str]:
    """The input as the square that it is, with the pixels that the unit sees."""
    cell = _MAP / size
    starts = [i for i in seen if i - 1 not in seen]
    runs = [(i, next(n for n in range(i, size + 1) if n not in seen) - i) for i in starts]
    squares = "".join(
        f"M{x + j * cell:.2f} {y + i * cell:.2f}h{wide * cell:.2f}v{high * cell:.2f}"
        f"h{-wide * cell:.2f}z"
        for i, high in runs
        for j, wide in runs
    )
    both = f"in both directions: {len(seen)}×{len(seen)}"
    return [
        svg.text(x, y - 24, both, 13.5, svg.shade(svg.INPUT), font_weight="600"),
        svg.text(x, y - 7, f"of {size}×{size} pixels", 12.5, svg.MUTED),
        svg.rect(x, y, _MAP, _MAP, fill=svg.tint(svg.INPUT, 0.12), stroke="none"),
        f'<path d="{squares}" fill="{svg.INPUT}"/>',
        svg.grid_lines(size, size, x, y, cell, stroke=svg.tint(svg.INPUT, 0.5), stroke_width=0.6),
    ]


def formula(rows: Sequence[Row], unit: int) -> list[str]:
    """The size as a sum with its numbers, and which positions hold no pixel that is read."""
    layers = [(row.layer, below.jump) for row, below in zip(rows[1:], rows, strict=False)]
    terms = [f"{p[3]}·({p[0]} − 1)·{jump}" for p, jump in layers if p is not None]
    top, pixels = rows[-1], rows[0].count
    lines = [f"field = 1 + Σ d(k − 1)·jump = 1 + {' + '.join(terms)} = {top.field}"]
    if len(terms) > 4:
        lines = ["field = 1 + Σ d(k − 1)·jump", f"      = 1 + {' + '.join(terms)} = {top.field}"]
    jumps = ", ".join(str(jump) for _, jump in layers)
    note = f"jump: the product of the strides below each layer: {jumps}"
    first = round(top.start + unit * top.jump - (top.field - 1) / 2)
    outside = sum(not 0 <= i < pixels for i in range(first, first + top.field))
    read = sum(0 <= i < pixels for i in rows[0].read)
    if outside:
        note += f"; {outside} of the {top.field} positions lie outside the input"
    if top.field - outside - read:
        note += f"; {top.field - outside - read} inside it are not read"
    return [*lines, note]
