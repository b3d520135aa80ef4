"""The drawing primitives: well-formed, labelled, legible."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2lhelpers import svg


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", svg.SERIES)
def test_text_in_a_role_is_legible_on_white_and_on_its_tint(color: str) -> None:
    assert contrast(svg.shade(color), svg.PAPER) >= 4.5
    assert contrast(svg.shade(color), svg.tint(color, 0.18)) >= 4.5
    assert contrast(svg.INK, svg.tint(color, 0.35)) >= 4.5


def test_grey_text_is_legible() -> None:
    assert contrast(svg.MUTED, svg.PAPER) >= 4.5


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 4))
def test_number_reads_back(value: float, digits: int) -> None:
    text = svg.number(value, digits)
    if math.isnan(value):
        assert text == "nan"
    elif math.isinf(value):
        assert text == ("∞" if value > 0 else "−∞")
    else:
        read = float(text.replace("−", "-"))
        assert abs(read - value) <= 0.5000001 * 10**-digits + abs(value) * 1e-12
        assert not text.startswith("−0") or read != 0


def test_document_is_well_formed_and_named() -> None:
    label = 'a "label" with <signs> & more'
    picture = svg.document(100, 50, label, [svg.text(1, 2, "<&>"), svg.circle(1, 1, 2)])
    root = ET.fromstring(str(picture))
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == label
    assert picture.label == label
    assert picture._repr_mimebundle_() == {"image/svg+xml": str(picture), "text/plain": label}


def test_matrix_writes_every_number() -> None:
    grid = svg.matrix([[1, -2], [0.5, None]], 0, 0, 30, svg.INPUT)
    root = ET.fromstring(str(svg.document(9, 9, "x", [grid])))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["1", "−2", "0.5"]


def test_line_chart_draws_what_it_is_given() -> None:
    picture = svg.line_chart({"up": [0.0, 1.0], "gap": [1.0, math.nan]}, label="two lines")
    root = ET.fromstring(str(picture))
    lines = list(root.iter("{http://www.w3.org/2000/svg}polyline"))
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 1]
    first, last = (float(p.split(",")[1]) for p in lines[0].attrib["points"].split())
    assert first > last  # larger values stand higher


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [1.0]}, {"a": [2.0, 2.0]}])
def test_line_chart_of_little_or_nothing(series: dict[str, list[float]]) -> None:
    ET.fromstring(str(svg.line_chart(series, label="little")))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_inside_and_evenly_spaced(low: float, span: float) -> None:
    ticks = svg.ticks(low, low + span)
    assert 2 <= len(ticks) <= 7
    assert low - span * 1e-6 <= ticks[0] and ticks[-1] <= low + span * (1 + 1e-6)


def test_message_says_the_reason() -> None:
    picture = svg.message("kernel_size 7 does not fit")
    assert "kernel_size 7 does not fit" in "".join(ET.fromstring(str(picture)).itertext())
