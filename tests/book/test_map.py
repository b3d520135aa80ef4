"""The map of the book shows every chapter and what it needs, and no arrow crosses a word."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest

from d2lhelpers import book
from d2lhelpers.book import Chapter

SVG = "{http://www.w3.org/2000/svg}"


def whole_book() -> list[Chapter]:
    """Nineteen chapters as the book will have them, with long titles and many needs."""
    needs = ["", "00", "01", "02", "03", "03", "03 04", "02", "04 07", "07", "07"]
    needs += ["04 05 07", "08 09 11", "12", "04 12", "13 14", "08 13", "16", "10 11 12 15 16 17"]
    return [
        Chapter(f"{i:02d}", "slug", "From dense to convolution", part, tuple(need.split()), 50)
        for i, need in enumerate(needs)
        for part in [0 if i == 0 else 1 if i <= 10 else 2]
    ]


TABLES = pytest.mark.parametrize("chapters", [book.CHAPTERS, whole_book()], ids=["now", "whole"])


def implied(chapters: Sequence[Chapter], start: str, goal: str) -> int:
    """In how many ways ``goal`` can be reached from ``start`` along needs."""
    needs = {chapter.number: chapter.needs for chapter in chapters}
    return sum(1 if need == start else implied(chapters, start, need) for need in needs[goal])


@TABLES
def test_map_names_every_chapter_and_draws_every_need(chapters: Sequence[Chapter]) -> None:
    picture = book.chapter_map(chapters)
    text = list(ET.fromstring(str(picture)).itertext())
    for chapter in chapters:
        assert chapter.title in text and f"{chapter.minutes} min" in text
        assert f"{chapter.number} {chapter.title}" in picture.label
        assert not chapter.needs or f"needs {' and '.join(chapter.needs)}" in picture.label
    assert picture.count("<polygon") == len(book.arrows(chapters))


@TABLES
def test_an_arrow_is_left_out_only_where_others_lead_there(chapters: Sequence[Chapter]) -> None:
    drawn = book.arrows(chapters)
    for chapter in chapters:
        for need in chapter.needs:
            ways = implied(chapters, need, chapter.number)
            assert ((need, chapter.number) in drawn) == (ways == 1)


def lines(picture: str) -> list[tuple[float, float, float, float]]:
    """The straight pieces of all arrows as (left, top, right, bottom)."""
    found = []
    root = ET.fromstring(picture)
    for line in root.iter(f"{SVG}line"):
        found.append(tuple(float(line.attrib[key]) for key in ("x1", "y1", "x2", "y2")))
    for path in root.iter(f"{SVG}path"):
        if "fill" not in path.attrib:  # the hatching's pattern
            continue
        x, y, lane, _, target, after = (
            float(number)
            for number in re.fullmatch(
                r"M([\d.]+) ([\d.]+)H[\d.]+Q([\d.]+) [\d. ]+V([\d.]+)Q[\d.]+ ([\d.]+) ([\d.]+) .*",
                path.attrib["d"],
            ).groups()  # type: ignore[union-attr]
        )
        found += [(x, y, lane, y), (lane, y, lane, target), (lane, target, after, target)]
    return [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in found]


def boxes(picture: str) -> list[tuple[float, float, float, float]]:
    """Every chapter's box, and every text with room for a wide font."""
    root = ET.fromstring(picture)
    found = []
    for rect in root.findall(f"{SVG}rect")[1:]:  # the first is the card
        x, y, width, height = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        found.append((x, y, x + width, y + height))
    for text in root.iter(f"{SVG}text"):
        x, y, size = (float(text.attrib[key]) for key in ("x", "y", "font-size"))
        width = 0.62 * size * len(text.text or "")
        start = x - width if text.attrib.get("text-anchor") == "end" else x
        found.append((start, y - size, start + width, y + 2))
    return found


@TABLES
def test_no_arrow_crosses_a_box_or_a_word(chapters: Sequence[Chapter]) -> None:
    picture = str(book.chapter_map(chapters))
    pieces, words = lines(picture), boxes(picture)
    assert len(pieces) >= len(book.arrows(chapters))
    for a, b, c, d in pieces:
        for left, top, right, bottom in words:
            assert not (a < right - 0.5 and c > left + 0.5 and b < bottom - 0.5 and d > top + 0.5)


@TABLES
def test_words_of_a_box_do_not_touch(chapters: Sequence[Chapter]) -> None:
    words = boxes(str(book.chapter_map(chapters)))[len(chapters) :]
    for i, (a, b, c, d) in enumerate(words):
        for left, top, right, bottom in words[:i]:
            assert not (a < right and c > left and b < bottom and d > top)


@TABLES
def test_two_arrows_share_a_piece_only_where_they_start_or_end_together(
    chapters: Sequence[Chapter],
) -> None:
    picture = str(book.chapter_map(chapters))
    lanes: dict[float, list[tuple[float, float]]] = {}
    paths = [path for path in ET.fromstring(picture).iter(f"{SVG}path") if "fill" in path.attrib]
    sources = [tuple(re.findall(r"[\d.]+", path.attrib["d"])[:2]) for path in paths]
    vertical = [piece for piece in lines(picture) if piece[0] == piece[2]][-len(paths) :]
    for (x, low, _, high), source in zip(vertical, sources, strict=True):
        for other, (low2, high2) in lanes.get(x, []):  # type: ignore[misc]
            assert other == source or high2 <= low or high <= low2
        lanes.setdefault(x, []).append((source, (low, high)))  # type: ignore[arg-type]
