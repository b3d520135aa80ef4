"""The pooling explorer: what it shows is what PyTorch computes."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.explore.pooling import image, render
from tests.explore.states import grids, median_milliseconds, sample, value, words

SPACE = {
    "input_size": range(1, 11),
    "mode": ("max", "avg"),
    "kernel_size": range(1, 6),
    "stride": range(1, 6),
    "padding": (0, 0, 0, 1, 1, 2, 3),
    "ceil_mode": (False, True),
    "shift": range(5),
    "step": range(144),
}


def theirs(state: dict[str, Any], shift: int) -> Tensor:
    X = image(state["input_size"], shift)[None, None]
    pool = F.max_pool2d if state["mode"] == "max" else F.avg_pool2d
    settings = [state[name] for name in ("kernel_size", "stride", "padding")]
    return pool(X, *settings, ceil_mode=state["ceil_mode"])[0, 0]


def shown(text: str) -> float:
    return -math.inf if text == "−∞" else value(text)


def test_over_a_thousand_states_agree_with_pytorch() -> None:
    drawn = refused = 0
    for state in sample(SPACE, 1600):
        try:
            Y = theirs(state, state["shift"])
        except RuntimeError:
            with pytest.raises(ValueError, match=r"does not fit|more than half"):
                render(**state)
            refused += 1
            continue
        picture = render(**state)
        text = words(picture)
        row, column = divmod(state["step"] % Y.numel(), Y.shape[1])
        (said,) = re.findall(rf"output\[{row}, {column}\] = (.*?) = (\S+) +size", text)
        terms = [shown(t) for t in re.findall(r"−?(?:∞|\d+)", said[0].partition(" / ")[0])]
        if state["mode"] == "max":
            assert max(terms) == value(said[1]) == Y[row, column].item()
        else:
            divisor = int(said[0].rpartition(" / ")[2])
            assert sum(terms) / divisor == pytest.approx(Y[row, column].item(), abs=1e-5)
            assert abs(value(said[1]) - Y[row, column].item()) <= 0.00501
        size = re.findall(r"(?:= |less 1: )(\d+)", text[text.index("size =") :].split("dropped")[0])
        assert int(size[-1]) == Y.shape[0]
        kept = theirs(state, 0) == Y
        if state["shift"]:
            assert f"tinted: {int(kept.sum())} of {Y.numel()} outputs" in text
        else:
            assert "tinted" not in text
        output = [value(t) for t in grids(picture)[-1]]
        assert torch.tensor(output) == pytest.approx(Y.flatten().numpy(), abs=0.00501)
        drawn += 1
    assert drawn > 1000 and refused > 200


def tinted(picture: str) -> tuple[int, int]:
    """How many cells of the window are orange, and how many of them also green."""
    orange = re.findall(rf'fill="{svg.KERNEL}" fill-opacity', str(picture))
    return len(orange), len(re.findall(rf'fill="{svg.OUTPUT}" fill-opacity', str(picture)))


def test_the_first_largest_of_a_window_is_marked_and_a_mean_marks_all() -> None:
    for state in sample({**SPACE, "mode": ("max",), "shift": (0,)}, 300):
        X = image(state["input_size"])[None, None].requires_grad_()
        try:
            size = theirs(state, 0).shape[0]
            picture = render(**state)
        except (RuntimeError, ValueError):
            continue
        row, column = divmod(state["step"] % size**2, size)
        pooled = F.max_pool2d(
            X, state["kernel_size"], state["stride"], state["padding"], 1, state["ceil_mode"]
        )
        pooled[0, 0, row, column].backward()
        assert X.grad is not None
        i, j = X.grad[0, 0].nonzero()[0].tolist()
        assert tinted(picture)[1] == 1
        # The grid that holds the input is the last but one; its first cell is where it starts.
        cell = re.findall(
            rf'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*'
            rf'fill="{svg.OUTPUT}" fill-opacity',
            str(picture),
        )[0]
        x, y, side = map(float, cell)
        start = re.findall(
            rf'<g stroke="{svg.INPUT}"[^>]*><rect x="([\d.]+)" y="([\d.]+)"', str(picture)
        )[0]
        assert (round((y - float(start[1])) / side), round((x - float(start[0])) / side)) == (i, j)
    orange, green = tinted(render(mode="avg", kernel_size=3))
    assert orange == green == 9


def test_maximum_padding_is_minus_infinity_and_mean_padding_zero() -> None:
    assert grids(render(input_size=2, padding=1))[0].count("−∞") == 12
    assert grids(render(input_size=2, padding=1, mode="avg"))[0] == ["0"] * 12
    # All that the first window covers is negative: a padding of 0 would win.
    assert "max(−∞, −∞, −∞, −3) = −3" in words(render(padding=1))


def test_ceil_mode_shows_what_lies_past_the_input_and_what_it_drops() -> None:
    past = words(render(input_size=5, ceil_mode=True, step=8))
    assert "max(0) = 0" in past and "dashed: 1 row and column past" in past
    mean = words(render(input_size=5, mode="avg", ceil_mode=True, step=2))
    assert "(1 + 5) / 2 = 3" in mean
    assert "dashed" not in words(render(input_size=5))
    dropped = words(render(input_size=6, stride=3, ceil_mode=True))
    assert "⌈(6 + 2·0 − 2) / 3⌉ + 1 = 3, less 1: 2" in dropped
    assert "window 2 would start at 6, past the input's end at 6" in dropped


def test_hatching_says_how_many_rows_are_never_read() -> None:
    assert "hatched: 1 row and" in words(render(input_size=5))
    assert "hatched: 2 rows and" in words(render(input_size=6, stride=3))
    assert "hatched" not in words(render(input_size=6))


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5


def test_padding_over_half_the_window_shows_the_reason() -> None:
    explorer = d2l.explore.pooling()
    explorer.controls["padding"].value = 2
    assert "padding 2 is more than half of kernel_size 2" in explorer.picture.value
    explorer.controls["kernel_size"].value = 4
    assert explorer.picture.value == render(padding=2, kernel_size=4)


def test_every_control_changes_the_picture() -> None:
    explorer = d2l.explore.pooling(input_size=5, padding=1)
    for name, setting in (
        ("mode", "avg"),
        ("stride", 3),
        ("ceil_mode", True),
        ("kernel_size", 3),
        ("padding", 0),
        ("input_size", 8),
        ("shift", 1),
        ("step", 1),
    ):
        before = explorer.picture.value
        explorer.controls[name].value = setting
        assert explorer.picture.value != before, name
        assert explorer.picture.value == render(**explorer.state)


def test_the_window_slider_ends_at_the_last_position() -> None:
    explorer = d2l.explore.pooling(input_size=5)
    assert explorer.controls["step"].max == 3
    explorer.controls["ceil_mode"].value = True
    assert explorer.controls["step"].max == 8


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"input_size": 11}, "input_size 11 is not between 1 and 10"),
        ({"shift": 5}, "shift 5 is not between 0 and 4"),
        ({"mode": "mean"}, "mode must be 'max' or 'avg', got 'mean'"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**state)
