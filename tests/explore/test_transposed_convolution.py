"""The transposed convolution explorer: what it shows is what PyTorch computes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import d2lhelpers as d2l
from d2lhelpers.explore.convolution import operands
from d2lhelpers.explore.transposed_convolution import render
from tests.explore.states import grids, median_milliseconds, sample, value, words

SPACE: dict[str, Iterable[Any]] = {
    "input_size": range(1, 6),
    "kernel_size": range(1, 6),
    "stride": range(1, 4),
    "padding": range(3),
    "output_padding": range(3),
    "step": range(50),
}


def test_a_thousand_states_agree_with_pytorch() -> None:
    drawn = refused = cut_away = 0
    for state in sample(SPACE, 1750):
        X, K = operands(state["input_size"], state["kernel_size"])
        settings = (state["stride"], state["padding"], state["output_padding"])
        last = state["step"] % X.numel()
        so_far = torch.where(torch.arange(X.numel()).reshape(X.shape) <= last, X, 0)
        try:
            Y, written, all_written = (
                F.conv_transpose2d(x[None, None], w[None, None], None, *settings)[0, 0]
                for x, w in [
                    (so_far, K),
                    (
                        (torch.arange(X.numel()).reshape(X.shape) <= last).float(),
                        torch.ones_like(K),
                    ),
                    (torch.ones_like(X), torch.ones_like(K)),
                ]
            )
        except RuntimeError:
            with pytest.raises(ValueError, match="use (padding|output_padding) <= "):
                render(**state)
            refused += 1
            continue
        if not Y.numel():  # PyTorch makes an empty output of some settings; the book refuses all
            with pytest.raises(ValueError, match="which leaves 0"):
                render(**state)
            refused += 1
            continue
        picture = render(**state)
        image, kernel, output, counts = grids(picture)
        assert [value(text) for text in image] == X.flatten().tolist()
        assert [value(text) for text in kernel] == K.flatten().tolist()
        assert [value(text) for text in output] == Y.flatten().tolist()
        assert [value(text) for text in counts] == all_written.flatten().tolist()
        text = words(picture)
        assert f"+ 1 = {len(Y)}" in text
        said = re.search(r"output\[(\d+), (\d+)\], (\d+) of (\d+) terms: (.*?) = (\S+)", text)
        if said is None:
            assert "whole stamp lies in what the padding cuts off" in text
            cut_away += 1
        else:
            at = int(said[1]), int(said[2])
            assert int(said[3]) == written[at] and int(said[4]) == all_written[at]
            assert value(said[6]) == Y[at]
            if "…" not in said[5]:
                terms = [part.split("·") for part in said[5].split(" + ")]
                assert sum(value(a) * value(b.strip("()")) for a, b in terms) == Y[at]
                assert len(terms) == written[at]
        drawn += 1
    assert drawn >= 1000 and refused > 100 and cut_away > 5


@pytest.mark.parametrize("kernel_size", range(1, 6))
@pytest.mark.parametrize("stride", range(1, 4))
def test_the_sentence_on_the_counts_holds_away_from_the_border(
    kernel_size: int, stride: int
) -> None:
    n = 20
    counts = F.conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, kernel_size), stride=stride)
    inner = counts[0, 0, 5:-5].int().tolist()
    truth = sorted({a * b for a in inner for b in inner})
    text = words(render(kernel_size=kernel_size, stride=stride))
    divides = len(truth) == 1
    assert (f"s = {stride} divides k = {kernel_size}" in text) == divides
    tail = text.split("away from the border")[1].split("times")[0]
    tail = tail.split("=")[-1] if divides else tail
    assert [int(number) for number in re.findall(r"\d+", tail)] == truth


def test_the_cut_is_hatched_and_named() -> None:
    assert "hatched: cut off" not in words(render())
    assert "hatched: cut off" in words(render(padding=1))
    # Cut one line less at the end: only the first row and column are gone.
    assert "output 6×6, hatched" in words(render(padding=1, output_padding=1))


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5


def test_a_refused_setting_shows_the_reason_and_goes_away_again() -> None:
    explorer = d2l.explore.transposed_convolution()
    explorer.controls["output_padding"].value = 2
    assert "output_padding 2 must be smaller than" in explorer.picture.value
    explorer.controls["output_padding"].value = 0
    assert explorer.picture.value == render()
    explorer = d2l.explore.transposed_convolution(input_size=1, padding=2)
    assert "padding 2 on each side takes 4 off" in explorer.picture.value


def test_moving_a_control_redraws_the_picture() -> None:
    explorer = d2l.explore.transposed_convolution()
    explorer.controls["kernel_size"].value = 4
    explorer.controls["step"].value = 8
    assert explorer.picture.value == render(kernel_size=4, step=8)


def test_the_element_slider_ends_at_the_last_element() -> None:
    explorer = d2l.explore.transposed_convolution(input_size=4, step=15)
    assert explorer.controls["step"].max == 15
    explorer.controls["input_size"].value = 2
    assert explorer.controls["step"].max == 3
    assert explorer.picture.value == render(input_size=2, step=3)
