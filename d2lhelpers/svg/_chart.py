"""Lines over a common axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ._shapes import (
    INK,
    MUTED,
    SERIES,
    Picture,
    circle,
    document,
    line,
    number,
    polyline,
    shade,
    text,
)


def line_chart(
    series: Mapping[str, Sequence[float]],
    *,
    label: str,
    x: Sequence[float] | None = None,
    x_label: str = "epoch",
    y_label: str = "",
    width: float = 460,
    height: float = 260,
    y_range: tuple[float, float] | None = None,
) -> Picture:
    """Lines over a common axis, each named at its right end.

    ``x`` defaults to 1, 2, 3, …; points that are not finite are left out. ``y_range`` fixes the
    vertical axis (else it spans the data).
    """
    longest = max((len(values) for values in series.values()), default=0)
    xs = list(x) if x is not None else [float(i + 1) for i in range(longest)]
    finite = [v for values in series.values() for v in values if math.isfinite(v)]
    low, high = y_range or (min(finite, default=0.0), max(finite, default=1.0))
    if high == low:
        low, high = low - 0.5, high + 0.5
    left, right, top, bottom = 52.0, 12.0 + 7.4 * max(map(len, series), default=0), 16.0, 40.0
    x_low, x_high = (xs[0], xs[-1]) if len(xs) > 1 else (0.0, 2.0)

    def across(value: float) -> float:
        return left + (value - x_low) / (x_high - x_low) * (width - left - right)

    def down(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - top - bottom)

    parts = []
    for tick in ticks(low, high):
        parts.append(line(left, down(tick), width - right, down(tick)))
        parts.append(text(left - 6, down(tick) + 4, number(tick, 3), 12, MUTED, "end"))
    for tick in ticks(x_low, x_high, whole=all(float(v).is_integer() for v in xs)):
        parts.append(text(across(tick), height - bottom + 17, number(tick), 12, MUTED, "middle"))
    middle = (left + width - right) / 2
    parts.append(text(middle, height - 6, x_label, 12, INK, "middle"))
    if y_label:
        turn = f"rotate(-90 13 {(top + height - bottom) / 2:.0f})"
        centre = (top + height - bottom) / 2
        parts.append(text(13, centre, y_label, 12, INK, "middle", transform=turn))
    names = []
    for color, (name, values) in zip(_cycle(len(series)), series.items(), strict=True):
        points = [
            (across(a), down(b)) for a, b in zip(xs, values, strict=False) if math.isfinite(b)
        ]
        if not points:
            continue
        parts.append(polyline(points, stroke=color, stroke_width=2.2, stroke_linejoin="round"))
        parts.append(circle(*points[-1], 3, fill=color))
        names.append([points[-1][1], points[-1][0], name, color])
    for at, x_end, name, color in _spread(names):
        parts.append(text(x_end + 7, at + 4, name, 12.5, shade(color), font_weight="600"))
    return document(width, height, label, parts)


def ticks(low: float, high: float, count: int = 5, whole: bool = False) -> list[float]:
    """About ``count`` round numbers from ``low`` to ``high``.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    if whole:
        step = max(1.0, float(round(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _cycle(count: int) -> list[str]:
    return [SERIES[i % len(SERIES)] for i in range(count)]


def _spread(names: list[list], gap: float = 15) -> list[list]:
    """Move names that would overlap apart, keeping their order."""
    ordered = sorted(names, key=lambda item: item[0])
    for before, after in pairwise(ordered):
        after[0] = max(after[0], before[0] + gap)
    return ordered
