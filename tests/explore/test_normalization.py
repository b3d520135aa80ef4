"""The normalization explorer: its numbers are PyTorch's, and it outlines what shares a mean."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.explore._normalized import example, shared
from d2lhelpers.explore.normalization import cubes, render
from tests.explore.states import grids, median_milliseconds, sample, value, words

SPACE = {
    "kind": ["batch", "layer", "instance", "group"],
    "groups": [1, 2, 4],
    "mode": ["train", "eval"],
    "batches": range(41),
    "image": range(3),
    "channel": range(4),
    "pixel": range(4),
    "gamma": [i / 2 for i in range(-4, 5)],
    "beta": [i / 2 for i in range(-4, 5)],
}


def by_pytorch(state: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """What PyTorch makes of the batch, and a trained layer's running statistics."""
    x = example()
    scale, shift = torch.full((4,), state["gamma"]), torch.full((4,), state["beta"])
    layer = torch.nn.BatchNorm1d(4)
    with torch.no_grad():
        for _ in range(state["batches"]):
            layer(x)
        mean, var = layer.running_mean, layer.running_var
        assert mean is not None and var is not None
        layer.weight.copy_(scale)
        layer.bias.copy_(shift)
        kept = mean.clone(), var.clone()
        layer.train(state["mode"] == "train")
        if state["kind"] == "batch":
            y = layer(x)
        elif state["kind"] == "layer":
            y = F.layer_norm(x, (4, 4)) * state["gamma"] + state["beta"]
        elif state["kind"] == "instance":
            y = F.instance_norm(x, weight=scale, bias=shift)
        else:
            y = F.group_norm(x, state["groups"], scale, shift)
    return y, *kept


def test_a_thousand_states_agree_with_pytorch() -> None:
    for state in sample(SPACE, 1000):
        picture = render(**state)
        y, mean, var = by_pytorch(state)
        x = example()
        picked = state["image"], state["channel"], state["pixel"]
        shown = [value(text) for grid in grids(picture) for text in grid]
        assert shown[:48] == x.flatten().tolist()
        assert torch.tensor(shown[48:]) == pytest.approx(y.flatten(), abs=0.00501)
        text = words(picture)
        (left, said) = re.findall(r"\+ β = (.*) = (\S+) after:", text)[0]
        assert value(said) == pytest.approx(y[picked].item(), abs=0.00501)
        factor, minus, m, v, eps, plus = re.fullmatch(
            r"\(?([−\d.]+)\)?·\(([−\d.]+) − \(?([−\d.]+)\)?\)/√\(([\d.]+) \+ ([\d.]+)\) "
            r"\+ \(?([−\d.]+)\)?",
            left,
        ).groups()  # type: ignore[union-attr]
        assert (value(factor), value(plus)) == (state["gamma"], state["beta"])
        assert (value(minus), value(eps)) == (x[picked].item(), 1e-5)
        numbers = x[_box(state)]
        if state["kind"] == "batch":
            c = state["channel"]
            (running,) = re.findall(r"running mean (\S+) variance (\S+) after", text)
            assert value(running[0]) == pytest.approx(mean[c].item(), abs=0.00501)
            assert value(running[1]) == pytest.approx(var[c].item(), abs=0.00501)
            if state["mode"] == "eval":
                assert (m, v) == running
            assert f"towards {svg.number(numbers.mean())} and {svg.number(numbers.var())};" in text
        else:
            assert "train and eval give the same" in text
        if state["kind"] != "batch" or state["mode"] == "train":
            assert value(m) == pytest.approx(numbers.mean().item(), abs=0.00501)
            assert value(v) == pytest.approx(numbers.var(correction=0).item(), abs=0.00501)
        (end,) = re.findall(r"have mean (\S+) and variance (\S+)$", text)
        assert value(end[0]) == pytest.approx(y[_box(state)].mean().item(), abs=0.00501)
        spread = y[_box(state)].var(correction=0).item()
        assert value(end[1]) == pytest.approx(spread, abs=0.00501)


def _box(state: dict[str, Any]) -> tuple[slice, slice]:
    block = shared(state["kind"], state["groups"], state["image"], state["channel"])
    return tuple(slice(r.start, r.stop) for r in (block.images, block.channels))  # type: ignore[return-value]


@pytest.mark.parametrize("kind", SPACE["kind"])
@pytest.mark.parametrize("groups", SPACE["groups"])
def test_the_outlined_numbers_are_those_that_move_the_picked_ones_mean(
    kind: str, groups: int
) -> None:
    state = {"kind": kind, "groups": groups, "image": 1, "channel": 2, "pixel": 3}
    x = example().requires_grad_()
    layers = {
        "batch": lambda: F.batch_norm(x, None, None, training=True),
        "layer": lambda: F.layer_norm(x, (4, 4)),
        "instance": lambda: F.instance_norm(x),
        "group": lambda: F.group_norm(x, groups),
    }
    layers[kind]()[1, 2, 3].backward()
    touched = torch.zeros(3, 4, 4, dtype=torch.bool)
    touched[_box(state)] = True
    assert x.grad is not None
    assert torch.equal(x.grad.ne(0), touched)
    block = shared(kind, groups, 1, 2)
    wide = rf'<rect x="[\d.]+" y="[\d.]+" width="152" height="{38 * len(block.channels)}"'
    drawn = re.findall(wide + f'[^>]*stroke="{svg.KERNEL}"', str(render(**state)))
    assert len(drawn) == 2 * len(block.images)
    assert f"one mean for {block.size} numbers" in words(render(**state))


def test_every_set_has_a_spread() -> None:
    for kind in SPACE["kind"]:
        for groups in SPACE["groups"]:
            for image in range(3):
                for channel in range(4):
                    state = {"kind": kind, "groups": groups, "image": image, "channel": channel}
                    assert example()[_box(state)].var() > 0.5


def test_training_mode_matters_for_batch_normalization_alone() -> None:
    for kind in SPACE["kind"]:
        train, evaluation = (render(kind, mode=mode) for mode in ("train", "eval"))
        assert (grids(train) == grids(evaluation)) is (kind != "batch")


def test_what_cannot_be_drawn_is_said_in_words() -> None:
    explorer = d2l.explore.normalization()
    explorer.controls["kind"].value = "group"
    explorer.controls["groups"].value = 3
    assert "groups 3 does not divide the 4 channels" in explorer.picture.value
    explorer.controls["groups"].value = 4
    assert explorer.picture.value == render("group", 4)
    for state, message in [
        ({"kind": "weight"}, "kind must be one of 'batch', 'layer', 'instance', 'group'"),
        ({"mode": "test"}, "mode must be one of 'train', 'eval'; got 'test'"),
        ({"image": 3}, "image n 3 is outside the batch: use 0 to 2"),
        ({"channel": -1}, "channel c -1 is outside the batch: use 0 to 3"),
        ({"batches": -1}, "batches -1: how many were seen is 0 or more"),
    ]:
        with pytest.raises(ValueError, match=message):
            render(**state)


def test_every_control_changes_the_picture() -> None:
    moves = [
        ("mode", "eval"),
        ("batches", 0),
        ("image", 0),
        ("channel", 3),
        ("pixel", 0),
        ("gamma", -1.0),
        ("beta", 1.5),
        ("kind", "group"),
        ("groups", 1),
    ]
    explorer = d2l.explore.normalization()
    assert set(explorer.controls) == {name for name, _ in moves}
    for name, setting in moves:
        before = explorer.picture.value
        explorer.controls[name].value = setting
        assert explorer.picture.value != before
        assert explorer.picture.value == render(**explorer.state)


def test_whole_numbers_are_scales_and_shifts_too() -> None:
    for kind in SPACE["kind"]:
        assert str(render(kind, gamma=2, beta=1)) == str(render(kind, gamma=2.0, beta=1.0))


def test_the_four_cubes_say_over_what_the_mean_is() -> None:
    text = words(cubes())
    for over in ("N·H·W", "C·H·W", "H·W", "C/2·H·W"):
        assert f"mean over {over} " in f"{text} "
    assert 'role="img"' in str(cubes())


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5
