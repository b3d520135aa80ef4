"""The connections explorer: the matrices are PyTorch's layers, and the counts are the weights."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import d2lhelpers as d2l
from d2lhelpers.explore.connections import KINDS, counts, operands, render
from d2lhelpers.svg import Picture
from tests.explore.states import SVG, grids, median_milliseconds, sample, value, words

SPACE: dict[str, Iterable[Any]] = {
    "kind": KINDS,
    "input_size": range(2, 9),
    "kernel_size": range(1, 6),
    "unit": range(8),
}
STATES = [dict(zip(SPACE, values, strict=True)) for values in itertools.product(*SPACE.values())]
FITTING = [state for state in STATES if state["kernel_size"] <= state["input_size"]]


def lines(picture: Picture, group: str) -> list[tuple[str, int]]:
    """The colour of each connection in one group, and the height at which it ends."""
    groups = [g for g in ET.fromstring(str(picture)).iter(f"{SVG}g") if g.get("class") == group]
    return [(path.attrib["stroke"], int(path.attrib["d"].split()[-1])) for path in groups[0]]


def truth(kind: str, n: int, k: int) -> torch.Tensor:
    """The outputs by PyTorch: a dense layer, windows with weights of their own, a convolution."""
    x, matrix = operands(kind, n, k)
    if kind == "dense":
        return F.linear(x, matrix)
    own = torch.stack([matrix[i, i : i + k] for i in range(n - k + 1)])
    if kind == "local":
        return (x.unfold(0, k, 1) * own).sum(dim=1)
    return F.conv1d(x[None, None], own[:1, None])[0, 0]


def test_the_outputs_are_pytorchs_in_every_state() -> None:
    assert len(FITTING) == 3 * 8 * 29
    for state in FITTING:
        kind, n, k = state["kind"], state["input_size"], state["kernel_size"]
        x, matrix = operands(kind, n, k)
        y = truth(kind, n, k)
        torch.testing.assert_close(matrix @ x, y)
        picture = render(**state)
        weights, column, output = grids(picture)
        shown = torch.tensor([value(text) for text in weights]).reshape(matrix.shape)
        torch.testing.assert_close(shown, matrix)
        assert [value(text) for text in column] == x.tolist()
        assert [value(text) for text in output] == pytest.approx(y.tolist(), abs=1e-4)
        unit = state["unit"] % len(y)
        (terms, total) = re.findall(rf"y\[{unit}\] = (.*?) = (\S+?) *outputs", words(picture))[0]
        pairs = [term.split("·") for term in terms.split(" + ")]
        summed = sum(value(a) * value(b.strip("()")) for a, b in pairs)
        assert len(pairs) == (n if kind == "dense" else k)
        assert summed == pytest.approx(value(total), abs=1e-4)
        assert value(total) == pytest.approx(y[unit].item(), abs=1e-4)


def test_the_counts_are_the_weights_that_differ_and_their_formulas_stand_there() -> None:
    for kind, n, k in itertools.product(KINDS, range(2, 9), range(1, 6)):
        if k > n:
            continue
        _, matrix = operands(kind, n, k)
        held = counts(n, k)
        assert held[kind] == len(matrix[matrix != 0].unique())
        text, m = words(render(kind, n, k)), n - k + 1
        assert f"dense n·m = {n}·{m} = {held['dense']}" in text
        assert f"local k·m = {k}·{m} = {held['local']}" in text
        assert f"shared k = {held['shared']}" in text
        assert f"outputs m = n − k + 1 = {n} − {k} + 1 = {m}" in text
        assert f"connections: {int((matrix != 0).sum())}" in text


def test_equal_weights_have_equal_colours_and_others_different_ones() -> None:
    for state in FITTING:
        picture = render(**state)
        n, k = state["input_size"], state["kernel_size"]
        lit, others = lines(picture, "lit"), lines(picture, "others")
        _, matrix = operands(state["kind"], n, k)
        assert len(lit + others) == int((matrix != 0).sum())
        assert len({color for color, _ in lit + others}) == counts(n, k)[state["kind"]]
        ends = sorted({end for _, end in lit + others})
        assert [end for _, end in lit] == [ends[state["unit"] % len(ends)]] * len(lit)
        assert len(lit) == (n if state["kind"] == "dense" else k)


def test_each_kind_keeps_a_part_of_the_one_before() -> None:
    for n, k in itertools.product(range(2, 9), range(1, 6)):
        if k <= n:
            dense, local, shared = (operands(kind, n, k)[1] for kind in KINDS)
            assert torch.equal(local[local != 0], dense[local != 0])
            assert torch.equal(shared[0], local[0])


def test_what_can_not_be_drawn_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"'sparse'.*'dense', 'local', 'shared'"):
        render("sparse")
    with pytest.raises(ValueError, match="at most 8"):
        render(input_size=9)
    with pytest.raises(ValueError, match="does not fit"):
        render(input_size=2, kernel_size=3)


def test_the_largest_picture_lies_on_its_card() -> None:
    root = ET.fromstring(str(render("dense", input_size=8, kernel_size=1)))
    wide, high = (float(root.attrib[side]) for side in ("width", "height"))
    for shape in root.iter(f"{SVG}rect"):
        assert float(shape.attrib["x"]) + float(shape.attrib["width"]) <= wide
        assert float(shape.attrib["y"]) + float(shape.attrib["height"]) <= high


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5


def test_the_controls_move_the_picture() -> None:
    explorer = d2l.explore.connections()
    assert explorer.picture.value == render()
    explorer.controls["kind"].value = "dense"
    explorer.controls["unit"].value = 2
    assert explorer.picture.value == render("dense", unit=2)
    explorer.controls["input_size"].value = 3
    assert explorer.controls["unit"].max == 0
    assert explorer.picture.value == render("dense", input_size=3)


def test_a_kernel_that_does_not_fit_shows_the_reason() -> None:
    explorer = d2l.explore.connections(input_size=4)
    explorer.controls["kernel_size"].value = 5
    assert "does not fit" in explorer.picture.value
    explorer.controls["kernel_size"].value = 2
    assert explorer.picture.value == render(input_size=4, kernel_size=2)
