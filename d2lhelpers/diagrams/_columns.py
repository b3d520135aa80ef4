"""A network as slabs in a row: the drawing that ``network`` and the explorer share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .. import svg
from ._stages import Stage

COLORS = {"conv": svg.KERNEL, "pool": "#8C8C8C", "dense": svg.OUTPUT, "other": "#8A4F7D"}
WORDS = {
    "conv": "kernel",
    "pool": "pooling",
    "dense": "dense",
    "other": "other",
}

_NARROW = 62


def columns(
    blocks: Sequence[Stage],
    input_shape: tuple[int, ...],
    x: float,
    y: float,
    width: float,
    height: float,
    size: float = 13,
) -> tuple[list[str], list[float], float]:
    """The input and each block as a slab in a column, and four lines of words below it.

    A slab's height follows the side of its maps and its width the channels, both by the square
    root, so that 7 beside 224 and 3 beside 2048 can still be seen; a block without maps is a bar
    whose height follows the logarithm of its units. The drawing has its upper left corner at
    (x, y); the slabs are within ``height``, the words below take 4 × 1.25 × ``size`` more. Returns
    the parts, the middle of each column (the input's first) and a column's width.
    """
    count = len(blocks) + 1
    step = width / count
    centers = [x + (i + 0.5) * step for i in range(count)]
    shapes = [tuple(input_shape), *(block.shape for block in blocks)]
    side = max((max(shape[1:]) for shape in shapes if len(shape) == 3), default=1)
    most = max((shape[0] for shape in shapes if len(shape) == 3), default=1)
    colors = [svg.INPUT, *(COLORS[block.role] for block in blocks)]
    names = [("input", ""), *((block.label, _detail(block, step)) for block in blocks)]
    middle = y + height / 2
    parts = [svg.line(centers[0], middle, centers[-1], middle, stroke_width=2.0)]
    words = [(*name, *_shape(shape, step)) for name, shape in zip(names, shapes, strict=True)]
    longest = [max(map(len, line)) for line in zip(*words, strict=True)]
    # The wide m of "maps" needs more room than the letters of a name.
    name_size = min(size, (step - 3) / (0.6 * longest[0]))
    size = min(size, (step - 3) / (0.67 * max(longest[1:])))
    for center, shape, color, lines in zip(centers, shapes, colors, words, strict=True):
        if len(shape) == 3:
            parts.append(_slab(center, middle, shape, color, side, most, step, height))
        else:
            parts.append(_bar(center, middle, math.prod(shape), color, height))
        for i, word in enumerate(lines):
            tone = svg.shade(color) if i == 0 else svg.MUTED if i == 1 else svg.INK
            below = y + height + (i + 1) * 1.25 * size
            parts.append(svg.text(center, below, word, size if i else name_size, tone, "middle"))
    return parts, centers, step


def _detail(block: Stage, step: float) -> str:
    """The second line; in a narrow column only the size of a window."""
    word = block.detail.split()[-1] if block.detail else ""
    return block.detail if step >= _NARROW or word in ("", "dense") else word.replace("convs", "")


def _shape(shape: tuple[int, ...], step: float) -> tuple[str, str]:
    """The third and fourth line: how many maps, how large; shorter in a narrow column."""
    if len(shape) != 3:
        return str(math.prod(shape)), "units"
    many, (high, wide) = shape[0], shape[1:]
    if step < _NARROW:
        return str(many), f"{high}²" if high == wide else f"{high}×{wide}"
    return f"{many} map" + ("s" if many > 1 else ""), f"{high}×{wide}"


def _slab(
    center: float,
    middle: float,
    shape: tuple[int, ...],
    color: str,
    side: int,
    most: int,
    step: float,
    height: float,
) -> str:
    tall = height * (0.06 + 0.76 * math.sqrt(max(shape[1:]) / side))
    wide = 3 + (min(40.0, 0.5 * step) - 3) * math.sqrt(shape[0] / most)
    back = min(0.2 * tall, 0.34 * step)
    lift = 0.6 * back
    left, top = center - (wide + back) / 2, middle - (tall - lift) / 2
    right, bottom = left + wide, top + tall
    upper = _polygon(
        [(left, top), (left + back, top - lift), (right + back, top - lift), (right, top)],
        svg.tint(color, 0.3),
    )
    flank = _polygon(
        [(right, top), (right + back, top - lift), (right + back, bottom - lift), (right, bottom)],
        svg.tint(color, 0.75),
    )
    front = f'<path d="M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"'
    front += f' fill="{svg.tint(color, 0.5)}"/>'
    return f'<g stroke="{svg.shade(color)}" stroke-width="0.8">{front}{upper}{flank}</g>'


def _bar(center: float, middle: float, units: int, color: str, height: float) -> str:
    tall = height * (0.1 + 0.9 * min(1.0, math.log(units + 1) / math.log(4097)) * 0.82)
    return svg.rect(
        center - 5,
        middle - tall / 2,
        10.0,
        tall,
        fill=svg.tint(color, 0.5),
        stroke=svg.shade(color),
        stroke_width=0.8,
        rx=2,
    )


def _polygon(points: Sequence[tuple[float, float]], fill: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{path}" fill="{fill}"/>'


def key(roles: Sequence[str], right: float, y: float) -> list[str]:
    """The colours of ``roles`` with their names, ending at ``right``."""
    parts: list[str] = []
    for role in reversed(list(dict.fromkeys(roles))):
        right -= 7.0 * len(WORDS[role])
        parts.append(svg.text(right, y, WORDS[role], 12.5, svg.shade(COLORS[role])))
        right -= 18
        swatch = svg.rect(
            right,
            y - 11,
            13.0,
            13.0,
            fill=svg.tint(COLORS[role], 0.5),
            stroke=svg.shade(COLORS[role]),
            stroke_width=0.8,
        )
        parts.append(swatch)
        right -= 14
    return parts


def heading(name: str, rest: str, x: float, y: float) -> str:
    """A name in bold with a few words in grey after it."""
    return (
        f'<text x="{x}" y="{y}" font-size="17" font-weight="600" fill="{svg.INK}">{escape(name)}'
        f'<tspan dx="16" font-size="14" font-weight="400" fill="{svg.MUTED}">{escape(rest)}'
        "</tspan></text>"
    )
