"""The chapters of the book and what each one needs; the map is drawn from this table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import svg


@dataclass(frozen=True)
class Chapter:
    """One chapter: its notebook is ``notebooks/{number}_{slug}.ipynb``."""

    number: str
    slug: str
    title: str
    part: int
    needs: tuple[str, ...]
    minutes: int

    @property
    def notebook(self) -> str:
        """The file's name in ``notebooks/``."""
        return f"{self.number}_{self.slug}.ipynb"


PARTS = ("Start", "Part I: the operations", "Part II: the networks", "Appendix")

CHAPTERS = (
    Chapter("00", "start_here", "Start here", 0, (), 10),
    Chapter("01", "dense_to_convolution", "From dense to convolution", 1, ("00",), 45),
    Chapter("02", "cross_correlation", "Cross-correlation", 1, ("01",), 50),
    Chapter("03", "padding_stride_dilation", "Padding, stride, dilation", 1, ("02",), 50),
    Chapter("04", "channels", "Channels and 1×1", 1, ("03",), 45),
    Chapter("05", "pooling", "Pooling", 1, ("03",), 45),
    Chapter("06", "transposed_convolution", "Transposed convolution", 1, ("04",), 45),
    Chapter("07", "activations", "Activations", 1, ("02",), 45),
    Chapter("08", "normalization", "Normalization", 1, ("04", "07"), 60),
    Chapter("09", "regularization", "Regularization", 1, ("07",), 50),
    Chapter("10", "optimizers", "Optimizers", 1, ("08", "09"), 50),
    Chapter("11", "lenet", "LeNet", 2, ("04", "05", "07"), 60),
    Chapter("12", "alexnet", "AlexNet", 2, ("08", "09", "11"), 60),
    Chapter("13", "vgg", "VGG", 2, ("12",), 50),
    Chapter("14", "nin", "NiN", 2, ("12",), 40),
    Chapter("15", "googlenet", "GoogLeNet", 2, ("13", "14"), 50),
    Chapter("16", "resnet", "ResNet", 2, ("13",), 60),
    Chapter("17", "densenet", "DenseNet", 2, ("16",), 50),
    Chapter("18", "architecture_zoo", "The zoo", 2, ("10", "15", "17"), 60),
    Chapter("19", "where_the_time_goes", "Where the time goes", 3, ("11",), 30),
)

# Parts 0 and 1 stand in the left column, the others in the right one. An arrow leaves a box in its
# lower half and enters one in its upper half, so that no two of them lie on the same line.
_WIDTH, _HEIGHT, _ROW, _HEADING = 294.0, 30.0, 40.0, 30.0
_LANE, _EDGE, _OUT, _IN = 13.0, 16.0, 21.0, 10.0
_COLORS = (svg.MUTED, svg.INPUT, svg.OUTPUT, svg.MUTED)

Pair = tuple[str, str]


def arrows(chapters: Iterable[Chapter]) -> list[Pair]:
    """Each need as (from, to), without those that follow from others.

    Where 02 needs 01, and 03 needs both, the arrow from 01 to 03 adds nothing.

    >>> table = [Chapter("01", "a", "A", 1, (), 1), Chapter("02", "b", "B", 1, ("01",), 1)]
    >>> arrows([*table, Chapter("03", "c", "C", 1, ("01", "02"), 1)])
    [('01', '02'), ('02', '03')]
    """
    before: dict[str, set[str]] = {}
    found = []
    for chapter in chapters:
        implied = {number for need in chapter.needs for number in before[need]}
        before[chapter.number] = implied | set(chapter.needs)
        found += [(need, chapter.number) for need in chapter.needs if need not in implied]
    return found


def chapter_map(chapters: Sequence[Chapter] = CHAPTERS) -> svg.Picture:
    """The book as a graph: a box a chapter, an arrow from each chapter to those that need it.

    An arrow runs straight down to the next chapter, else in a lane beside the boxes: one line a
    chapter, that branches to each chapter it leads to. A need that follows from another one is not
    drawn; the label names them all.

    >>> chapter_map().label[:38]
    'Map of the book. 00 Start here. 01 Fro'
    """
    right = {chapter.number: chapter.part >= 2 for chapter in chapters}
    color = {chapter.number: _COLORS[chapter.part] for chapter in chapters}
    columns = [[number for number in right if right[number] == side] for side in (False, True)]
    following = {pair for column in columns for pair in zip(column, column[1:], strict=False)}
    tops, headings, bottom = _rows(chapters)
    drawn = arrows(chapters)
    far = [pair for pair in drawn if pair not in following]
    # The lanes left of the first column, between the two, right of the second.
    lanes = [
        _lanes([(a, b) for a, b in far if (right[a], right[b]) == ends], tops)
        for ends in ((False, False), (False, True), (True, True))
    ]
    room = [_EDGE + _LANE * (max(lane.values(), default=-1) + 1) for lane in lanes]
    left = (room[0], room[0] + _WIDTH + max(room[1], 40.0))

    parts = [
        svg.text(left[part >= 2] + 2, y, PARTS[part], 13.5, svg.MUTED, font_weight="600")
        for part, y in headings.items()
    ]
    for a, b in drawn:
        if (a, b) in following:
            x = left[right[a]] + _WIDTH - 24
            parts.append(svg.arrow(x, tops[a] + _HEIGHT, x, tops[b], color[a]))
            continue
        side = right[a] + right[b]
        x = left[0] if side == 0 else left[right[a]] + _WIDTH
        end = left[1] if side == 1 else x
        lane = x + (-1 if side == 0 else 1) * (_EDGE + _LANE * lanes[side][a])
        parts.append(_route(x, tops[a] + _OUT, lane, end, tops[b] + _IN, color[a]))
    parts += [
        _box(chapter, left[right[chapter.number]], tops[chapter.number]) for chapter in chapters
    ]
    words = ". ".join(
        f"{chapter.number} {chapter.title}"
        + (f" needs {' and '.join(chapter.needs)}" if chapter.needs else "")
        for chapter in chapters
    )
    width = left[1] + _WIDTH + room[2]
    return svg.document(width, bottom, f"Map of the book. {words}.", parts)


def _rows(chapters: Sequence[Chapter]) -> tuple[dict[str, float], dict[int, float], float]:
    """The upper edge of each chapter's box, the baseline of each part's name, and the height."""
    tops: dict[str, float] = {}
    headings: dict[int, float] = {}
    start, lowest = 12.0, 0.0
    for part in range(len(PARTS)):
        if part == 2:  # beside part 1, not below it
            start = headings[1] - 18
        headings[part] = start + 18
        y = start + _HEADING
        for chapter in chapters:
            if chapter.part == part:
                tops[chapter.number] = y
                y += _ROW
        start, lowest = y, max(lowest, y)
    return tops, headings, lowest + 4


def _lanes(pairs: Sequence[Pair], tops: dict[str, float]) -> dict[str, int]:
    """A lane for each chapter that leads somewhere; short lines lie next to the boxes."""
    spans: dict[str, tuple[float, float]] = {}
    for a, b in pairs:
        low, high = spans.get(a, (tops[a], tops[a]))
        spans[a] = (min(low, tops[b]), max(high, tops[b]))
    lanes: dict[str, int] = {}
    for a, (low, high) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        taken = {lane for b, lane in lanes.items() if spans[b][0] <= high and low <= spans[b][1]}
        lanes[a] = next(lane for lane in range(len(spans)) if lane not in taken)
    return lanes


def _route(x: float, y: float, lane: float, end: float, target: float, color: str) -> str:
    """From a box's edge into the lane, along it, and out of it to another box's edge."""
    down = 5 if target > y else -5
    out, back = (5 if lane > x else -5), (5 if end > lane else -5)
    path = (
        f"M{x:.1f} {y:.1f}H{lane - out:.1f}Q{lane:.1f} {y:.1f} {lane:.1f} {y + down:.1f}"
        f"V{target - down:.1f}Q{lane:.1f} {target:.1f} {lane + back:.1f} {target:.1f}"
    )
    curve = f"<path{svg.attributes(d=path, fill='none', stroke=color, stroke_width=1.5)}/>"
    return curve + svg.arrow(lane + back, target, end, target, color)


def _box(chapter: Chapter, x: float, top: float) -> str:
    color, base = _COLORS[chapter.part], top + _HEIGHT / 2 + 4.5
    return (
        svg.rect(x, top, _WIDTH, _HEIGHT, rx=6, fill=svg.tint(color, 0.12), stroke=color)
        + svg.text(x + 10, base, chapter.number, 12.5, svg.shade(color), font_weight="600")
        + svg.text(x + 34, base, chapter.title, 13, svg.INK, font_weight="600")
        + svg.text(x + _WIDTH - 10, base, f"{chapter.minutes} min", 12, svg.MUTED, "end")
    )
