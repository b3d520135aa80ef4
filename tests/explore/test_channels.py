"""The channels explorer: its maps and counts are those of PyTorch's layer."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import d2lhelpers as d2l
from d2lhelpers.explore.channels import operands, render
from tests.explore.states import SVG, grids, median_milliseconds, sample, value, words

SPACE = {
    "in_channels": range(1, 7),
    "out_channels": range(1, 7),
    "kernel_size": range(1, 4),
    "groups": range(1, 7),
}
KEYS = ("in_channels", "out_channels", "kernel_size", "groups")
ALL = [dict(zip(KEYS, state, strict=True)) for state in itertools.product(*SPACE.values())]


def layer(state: dict[str, Any]) -> nn.Conv2d | None:
    """PyTorch's layer for a state, or None where it refuses."""
    inside, out, kernel, groups = (state[key] for key in KEYS)
    try:
        return nn.Conv2d(inside, out, kernel, groups=groups)
    except ValueError:
        return None


def test_every_state_and_every_map_agrees_with_pytorch() -> None:
    drawn = refused = 0
    for state in ALL:
        theirs = layer(state)
        if theirs is None:
            with pytest.raises(ValueError, match=r"groups \d does not divide (in|out)_channels"):
                render(**state)
            refused += 1
            continue
        X, W, b = operands(**state)
        assert W.shape == theirs.weight.shape and b.shape == theirs.bias.shape
        Y = F.conv2d(X[None], W, b, groups=state["groups"])[0]
        inside, each = state["in_channels"], W.shape[1]
        for o in {0, len(Y) // 2, len(Y) - 1}:
            picture = render(**state, output_map=o)
            # Input maps, the picked map's kernels, its bias, the picked map.
            shown = [[value(text) for text in grid] for grid in grids(picture)]
            assert shown[:inside] == X.flatten(1).tolist()
            assert shown[inside : inside + each] == W[o].flatten(1).tolist()
            assert shown[inside + each :] == [[b[o].item()], Y[o].flatten().tolist()]
            text = words(picture)
            parameters = sum(p.numel() for p in theirs.parameters())
            assert re.search(rf"parameters = .* = {parameters:,} ", text + " ")
            assert f" = {W.numel() * Y[0].numel():,} " in text + " "
            assert f"{parameters} parameters, {W.numel() * Y[0].numel()} MACs" in picture.label
            (said,) = re.findall(rf"map {o}, row 0, column 0: (.*?)  \(the last", text)
            *terms, total = (value(part.strip("()")) for part in re.split(r" \+ | = ", said))
            assert len(terms) == each + 1 and sum(terms) == total == Y[o, 0, 0].item()
            drawn += 1
    assert drawn > 300 and refused > 300


def test_the_faded_input_maps_are_those_without_a_gradient() -> None:
    for state in ALL:
        if layer(state) is None:
            continue
        X, W, b = operands(**state)
        o = len(W) - 1
        X.requires_grad_()
        Y = F.conv2d(X[None], torch.ones_like(W), b, groups=state["groups"])
        (gradient,) = torch.autograd.grad(Y[0, o].sum(), X)
        picture = render(**state, output_map=o)
        faded = [
            int(group.find(f"{SVG}text").text)  # type: ignore[union-attr, arg-type]
            for group in ET.fromstring(str(picture)).iter(f"{SVG}g")
            if group.get("class") == "unread"
        ]
        assert faded == (gradient.abs().sum((1, 2)) == 0).nonzero().flatten().tolist()


def test_more_groups_only_take_kernels_away() -> None:
    full = operands(6, 6, 3)[1]
    for groups, each in ((2, 3), (3, 2), (6, 1)):
        kept = operands(6, 6, 3, groups)[1]
        for o in range(6):
            first = o // each * each
            assert torch.equal(kept[o], full[o, first : first + each])


def test_the_maps_differ_from_each_other() -> None:
    X, W, _ = operands(6, 6, 3)
    assert len(X.flatten(1).unique(dim=0)) == 6
    assert len(W.flatten(1).unique(dim=0)) == 6


def test_what_this_number_of_groups_means() -> None:
    assert "each output map reads every input map" in words(render(4, 4, groups=1))
    assert "each output map reads 2 of the 4 input maps" in words(render(4, 4, groups=2))
    assert "depthwise" in words(render(4, 4, groups=4))
    assert "depthwise" not in words(render(1, 1, groups=1))


def test_a_map_that_is_not_there_is_refused() -> None:
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match=f"output_map {wrong} is not there.*0 to 1"):
            render(out_channels=2, output_map=wrong)


def test_redraw_takes_at_most_5_ms() -> None:
    render()
    assert median_milliseconds(render, [s for s in sample(SPACE, 400) if layer(s)]) <= 5


def test_moving_the_controls_redraws_the_picture() -> None:
    explorer = d2l.explore.channels()
    assert explorer.picture.value == render()
    explorer.controls["in_channels"].value = 4
    explorer.controls["groups"].value = 2
    assert explorer.picture.value == render(in_channels=4, groups=2)
    explorer.controls["output_map"].value = 1
    assert explorer.picture.value == render(in_channels=4, groups=2, output_map=1)
    # The picked map goes where the layer has fewer.
    explorer.controls["groups"].value = 1
    explorer.controls["out_channels"].value = 1
    assert explorer.controls["output_map"].value == 0
    assert explorer.picture.value == render(in_channels=4, out_channels=1)


def test_groups_that_do_not_divide_show_the_reason() -> None:
    explorer = d2l.explore.channels(in_channels=4, out_channels=4)
    explorer.controls["groups"].value = 3
    assert "groups 3 does not divide in_channels 4" in explorer.drawn.label
    explorer.controls["in_channels"].value = 6
    assert "groups 3 does not divide out_channels 4" in explorer.drawn.label
    explorer.controls["out_channels"].value = 6
    assert explorer.picture.value == render(6, 6, groups=3)
