"""Shapes, text, grids of numbers, and the card that holds them."""

from __future__ import annotations

import math
from collections import UserString
from collections.abc import Sequence
from html import escape, unescape

INPUT, KERNEL, OUTPUT = "#0072B2", "#D55E00", "#009E73"
INK, MUTED, RULE, PAPER = "#1A1A1A", "#595959", "#C9CED3", "#FFFFFF"
SERIES = (INPUT, KERNEL, OUTPUT, "#8A4F7D", "#7A6A00", "#333333")
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def tint(color: str, amount: float) -> str:
    """Mix ``color`` with white: 0 is white, 1 the colour itself.

    >>> tint("#000000", 0.5)
    '#808080'
    """
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - amount * (255 - part)):02X}" for part in parts)


def shade(color: str) -> str:
    """The darker form of a role's colour: text in it has a contrast of at least 4.5:1 on white.

    >>> shade(OUTPUT)
    '#006F50'
    """
    return "#" + "".join(f"{round(0.7 * int(color[i : i + 2], 16)):02X}" for i in (1, 3, 5))


def number(value: float, digits: int = 2) -> str:
    """A number as short as it can be: no trailing zeros, a true minus sign.

    >>> number(-3.0), number(0.25), number(1 / 3)
    ('−3', '0.25', '0.33')
    """
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "nan")
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def attributes(**values: object) -> str:
    """Attributes as SVG writes them: ``stroke_width=2`` becomes ``stroke-width="2"``."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for name, value in values.items()
        if value is not None
    )


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def rect(x: float, y: float, width: float, height: float, **style: object) -> str:
    """A rectangle with its upper left corner at (x, y)."""
    return f"<rect{attributes(x=x, y=y, width=width, height=height, **style)}/>"


def circle(x: float, y: float, radius: float, **style: object) -> str:
    """A circle around (x, y)."""
    return f"<circle{attributes(cx=x, cy=y, r=radius, **style)}/>"


def line(x1: float, y1: float, x2: float, y2: float, **style: object) -> str:
    """A straight line; grey unless ``stroke`` says otherwise."""
    return f"<line{attributes(x1=x1, y1=y1, x2=x2, y2=y2, **{'stroke': RULE, **style})}/>"


def polyline(points: Sequence[tuple[float, float]], **style: object) -> str:
    """Connected straight lines through the points."""
    path = " ".join(f"{_short(float(x))},{_short(float(y))}" for x, y in points)
    return f'<polyline points="{path}"{attributes(**{"fill": "none", "stroke": INK, **style})}/>'


def arrow(
    x1: float, y1: float, x2: float, y2: float, color: str = MUTED, width: float = 1.5
) -> str:
    """A line from (x1, y1) with a head at (x2, y2)."""
    angle = math.atan2(y2 - y1, x2 - x1)
    size = 4 + 2 * width
    head = [(float(x2), float(y2))]
    for turn in (0.4, -0.4):
        head.append((x2 - size * math.cos(angle + turn), y2 - size * math.sin(angle + turn)))
    points = " ".join(f"{_short(x)},{_short(y)}" for x, y in head)
    end = (x2 - 0.7 * size * math.cos(angle), y2 - 0.7 * size * math.sin(angle))
    shaft = line(x1, y1, float(end[0]), float(end[1]), stroke=color, stroke_width=width)
    return f'{shaft}<polygon points="{points}" fill="{color}"/>'


def text(
    x: float,
    y: float,
    content: str,
    size: float = 13,
    color: str = INK,
    anchor: str = "start",
    **style: object,
) -> str:
    """Text whose baseline starts at (x, y); ``anchor`` is start, middle or end."""
    place = attributes(x=x, y=y, font_size=size, fill=color)
    middle = attributes(text_anchor=None if anchor == "start" else anchor, **style)
    return f"<text{place}{middle}>{escape(content)}</text>"


def matrix(
    values: Sequence[Sequence[float | str | None]],
    x: float,
    y: float,
    cell: float,
    color: str,
    *,
    digits: int = 2,
    strength: float = 0.18,
    letter: float = 0.46,
) -> str:
    """A grid of numbers with its upper left corner at (x, y), tinted in its role's colour.

    ``None`` leaves a cell empty; a string is written as it is. ``letter`` is the numbers' size as a
    share of the cell, up to 15 pixels; long numbers are smaller.
    """
    rows, columns = len(values), len(values[0]) if values else 0
    words = [[_cell_text(value, digits) for value in row] for row in values]
    longest = max((len(word) for row in words for word in row), default=1)
    size = min(15.0, cell * letter, cell * 1.5 / max(longest, 1))
    fill = tint(color, strength) if strength else "none"
    parts = [rect(x, y, columns * cell, rows * cell, fill=fill, stroke="none")]
    for i in range(rows):
        for j in range(columns):
            if values[i][j] is None:
                parts.append(rect(x + j * cell, y + i * cell, cell, cell, fill=PAPER))
    parts.append(grid_lines(rows, columns, x, y, cell))
    for i, row in enumerate(words):
        down = f"{y + (i + 0.5) * cell + size * 0.35:.1f}"
        for j, word in enumerate(row):
            if word:
                across = x + (j + 0.5) * cell
                parts.append(f'<text x="{across:.1f}" y="{down}">{escape(word)}</text>')
    group = attributes(
        stroke=color, stroke_width=0.8, font_size=size, text_anchor="middle", class_="cells"
    )
    return f"<g{group}>{''.join(parts)}</g>"


def grid_lines(rows: int, columns: int, x: float, y: float, cell: float, **style: object) -> str:
    """The lines of a grid of ``rows`` × ``columns`` cells, as one path."""
    right, bottom = x + columns * cell, y + rows * cell
    across = [f"M{x:.1f} {y + i * cell:.1f}H{right:.1f}" for i in range(rows + 1)]
    down = [f"M{x + j * cell:.1f} {y:.1f}V{bottom:.1f}" for j in range(columns + 1)]
    return f'<path d="{"".join(across + down)}"{attributes(fill="none", **style)}/>'


def hatched(x: float, y: float, width: float, height: float) -> str:
    """A faded, hatched area: what no window reads."""
    fade = rect(x, y, width, height, fill=PAPER, fill_opacity=0.6)
    return fade + rect(x, y, width, height, fill="url(#hatch)", stroke=MUTED)


def _cell_text(value: float | str | None, digits: int) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else number(value, digits)


def outline(
    row: float,
    column: float,
    height: float,
    width: float,
    x: float,
    y: float,
    cell: float,
    color: str,
) -> str:
    """The outline of an active window of ``height`` × ``width`` cells in a grid at (x, y)."""
    place = (x + column * cell, y + row * cell, width * cell, height * cell)
    return rect(*place, fill="none", stroke=color, stroke_width=3.0, rx=2)


class Picture(UserString):
    """A string of SVG that a notebook shows as the picture it is."""

    # Not a subclass of str: IPython would print the whole string beside the picture.

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": str(self), "text/plain": self.label}

    @property
    def label(self) -> str:
        """What the picture shows, in words."""
        return unescape(self.partition("<title>")[2].partition("</title>")[0])


def document(width: float, height: float, label: str, parts: Sequence[str]) -> Picture:
    """A whole picture: a light card of the given size; ``label`` says in words what it shows.

    >>> document(10, 10, "an empty card", []).label
    'an empty card'
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {_short(width)} {_short(height)}" width="{_short(width)}" '
        f'height="{_short(height)}" font-family="{FONT}" style="max-width:100%;height:auto">'
        f"<title>{escape(label)}</title>"
        f"<style>.cells text{{fill:{INK};stroke:none}}</style>"
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<path d="M0 0V6" stroke="{MUTED}" stroke-width="1.6"/></pattern></defs>'
    )
    card = rect(0, 0, width, height, fill=PAPER, rx=6)
    return Picture(head + card + "".join(parts) + "</svg>")


def message(label: str, width: float = 640) -> Picture:
    """A picture that is only a sentence: why a setting can't be drawn."""
    words, lines = label.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > width / 8.2:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    height = 34 + 22 * len(lines)
    parts = [rect(0, 0, 6, height, fill=KERNEL, rx=2)]
    parts += [text(24, 34 + 22 * i, content, 15) for i, content in enumerate(lines)]
    return document(width, height, label, parts)
