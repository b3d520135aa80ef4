"""The few drawing primitives that the explorers and the drawn figures share.

Everything here returns a string of SVG. One colour a role, everywhere in the book (Okabe and Ito's
palette, safe for colour-blind readers): the input is blue, the kernel orange, the output green.
A picture carries its own light background, so it reads the same in light and dark themes.
"""

from __future__ import annotations

from ._chart import line_chart, ticks
from ._shapes import (
    FONT,
    INK,
    INPUT,
    KERNEL,
    MUTED,
    OUTPUT,
    PAPER,
    RULE,
    SERIES,
    Picture,
    arrow,
    attributes,
    circle,
    document,
    grid_lines,
    hatched,
    line,
    matrix,
    message,
    number,
    outline,
    polyline,
    rect,
    shade,
    text,
    tint,
)

__all__ = [
    "FONT",
    "INK",
    "INPUT",
    "KERNEL",
    "MUTED",
    "OUTPUT",
    "PAPER",
    "RULE",
    "SERIES",
    "Picture",
    "arrow",
    "attributes",
    "circle",
    "document",
    "grid_lines",
    "hatched",
    "line",
    "line_chart",
    "matrix",
    "message",
    "number",
    "outline",
    "polyline",
    "rect",
    "shade",
    "text",
    "ticks",
    "tint",
]
