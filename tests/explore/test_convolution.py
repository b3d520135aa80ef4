"""The convolution explorer: what it shows is what PyTorch computes."""

from __future__ import annotations

import re

import pytest
import torch.nn.functional as F

import d2lhelpers as d2l
from d2lhelpers.explore.convolution import operands, render
from tests.explore.states import grids, median_milliseconds, sample, value, words

SPACE = {
    "input_size": range(1, 11),
    "kernel_size": range(1, 6),
    "stride": range(1, 5),
    "padding": range(4),
    "dilation": range(1, 4),
    "step": range(144),
}


def test_a_thousand_states_agree_with_pytorch() -> None:
    drawn = refused = 0
    for state in sample(SPACE, 1000):
        X, K = operands(state["input_size"], state["kernel_size"])
        settings = (state["stride"], state["padding"], state["dilation"])
        try:
            Y = F.conv2d(X[None, None], K[None, None], None, *settings)[0, 0]
        except RuntimeError:
            with pytest.raises(ValueError, match="does not fit"):
                render(**state)
            refused += 1
            continue
        picture = render(**state)
        *_, kernel, output = grids(picture)
        assert [value(text) for text in kernel] == K.flatten().tolist()
        assert [value(text) for text in output] == Y.flatten().tolist()
        row, column = divmod(state["step"] % Y.numel(), Y.shape[1])
        text = words(picture)
        (said,) = re.findall(rf"output\[{row}, {column}\] = (.*?) = (\S+) +(?:size)", text)
        terms = [part.strip("() ").split("·") for part in said[0].split(" + ")]
        total = sum(value(a) * value(b.strip("()")) for a, b in terms)
        assert len(terms) == K.numel()
        assert total == value(said[1]) == Y[row, column].item()
        assert f"+ 1 = {Y.shape[0]}" in text
        drawn += 1
    assert drawn > 500 and refused > 100


def test_hatching_says_how_many_rows_are_never_read() -> None:
    assert "hatched: 1 row and" in words(render(input_size=8, stride=2))
    assert "hatched: 2 rows and" in words(render(input_size=5, kernel_size=1, stride=2))
    assert "hatched" not in words(render(input_size=7, stride=2))


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5


def test_moving_a_control_redraws_the_picture_in_place() -> None:
    explorer = d2l.explore.convolution()
    before = explorer.picture.value
    explorer.controls["stride"].value = 2
    assert explorer.picture.value != before
    assert explorer.picture.value == render(stride=2)


def test_every_control_at_both_ends() -> None:
    for name in ("input_size", "kernel_size", "stride", "padding", "dilation", "step"):
        explorer = d2l.explore.convolution()
        control = explorer.controls[name]
        for end in (control.min, control.max):
            control.value = end
            assert 'role="img"' in explorer.picture.value
            assert control.description


def test_a_window_that_does_not_fit_shows_the_reason() -> None:
    explorer = d2l.explore.convolution(input_size=3)
    explorer.controls["kernel_size"].value = 5
    assert "does not fit" in explorer.picture.value
    explorer.controls["kernel_size"].value = 3
    assert explorer.picture.value == render(input_size=3)


def test_the_window_slider_ends_at_the_last_position() -> None:
    explorer = d2l.explore.convolution(input_size=5, stride=2)
    assert explorer.controls["step"].max == 3
    explorer.controls["stride"].value = 1
    assert explorer.controls["step"].max == 8


def test_the_output_carries_a_still_picture_beside_the_widget() -> None:
    explorer = d2l.explore.convolution(stride=2)
    bundle = explorer._repr_mimebundle_()
    assert bundle["image/svg+xml"] == render(stride=2)
    assert bundle["text/plain"] == render(stride=2).label
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
