"""The receptive field explorer: what it marks is where PyTorch's gradient is not zero."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.explore.receptive_field import PADDINGS, Layer, render, seen, sizes
from tests.explore.states import median_milliseconds, words


def states(count: int) -> list[dict[str, Any]]:
    draw = random.Random(0)
    return [
        {
            "layers": [
                (
                    draw.choice((1, 2, 2, 3, 3, 5, 7)),
                    draw.choice((1, 1, 1, 2, 3)),
                    draw.choice((1, 1, 2, 3, 4)),
                )
                for _ in range(draw.randint(1, 6))
            ],
            "unit": draw.randint(0, 5),
            "input_size": draw.randint(8, 40),
            "padding": draw.choice(PADDINGS),
        }
        for _ in range(count)
    ]


def measured(
    layers: list[Layer], unit: int, input_size: int, padding: str
) -> list[list[int]] | None:
    """Where the gradient of a unit is not zero in each layer; None where PyTorch refuses."""
    x = torch.zeros(1, 1, input_size, dtype=torch.float64, requires_grad=True)
    kept = [x]
    try:
        for k, s, d in layers:
            p = d * (k - 1) // 2 if padding != "none" else 0
            kept.append(F.conv1d(kept[-1], torch.ones(1, 1, k).double(), None, s, p, d))
        top = kept[-1][0, 0, unit]
    except (RuntimeError, IndexError):
        return None
    gradients = torch.autograd.grad(top, kept)
    return [g[0, 0].nonzero().flatten().tolist() for g in gradients]


def squares(picture: str, color: str) -> list[tuple[float, float]]:
    """The left upper corners of the units that are marked as seen."""
    paths = re.findall(rf'<path d="([^"]*)" fill="{color}" stroke="{svg.shade(color)}"', picture)
    corners = [c.split() for path in paths for c in re.findall(r"M([\d.]+ [\d.]+)h", path)]
    return [(float(x), float(y)) for x, y in corners]


def test_more_than_a_thousand_stacks_agree_with_the_gradient() -> None:
    drawn = refused = partial = 0
    for state in states(2000):
        truth = measured(**state)
        if truth is None:
            with pytest.raises(ValueError, match=r"does not fit|is not in the last layer"):
                render(**state)
            refused += 1
            continue
        rows, counts = seen(**state), sizes(state["layers"], state["input_size"], state["padding"])
        real = [[i for i in row if 0 <= i < n] for row, n in zip(rows, counts, strict=True)]
        assert real == truth
        picture = render(**state)
        text = words(str(picture))
        assert len(squares(str(picture), svg.INPUT)) == len(truth[0])
        assert len(squares(str(picture), svg.OUTPUT)) == sum(map(len, truth[1:]))
        assert f"in both directions: {len(truth[0])}×{len(truth[0])}" in text
        assert f"sees {len(truth[0])} of {state['input_size']} pixels" in picture.label
        stack = [
            (k, s, d * (k - 1) // 2 if state["padding"] != "none" else 0, d)
            for k, s, d in state["layers"]
        ]
        size = int(d2l.receptive_field(stack).size)  # type: ignore[arg-type]
        assert f" = {size} jump:" in text
        sums = re.findall(r"= 1 \+ ([\d·()−+ ]+) = ", text)[0]
        assert 1 + eval(sums.replace("·", "*").replace("−", "-")) == size
        # The formula is the reach from the first to the last; padding and gaps can only take away.
        if truth[0]:
            assert truth[0][-1] - truth[0][0] + 1 <= size
        missing = size - len(truth[0])
        counted = re.findall(r"; (\d+) (?:of the \d+ positions lie outside|inside it are)", text)
        assert sum(map(int, counted)) == missing
        partial += bool(missing)
        drawn += 1
    assert drawn > 1000 and refused > 200 and partial > 100


@pytest.mark.parametrize("layers", [[(3, 1, 1), (3, 1, 2), (2, 2, 1)], [(2, 1, 1), (2, 1, 4)]])
def test_the_square_is_the_gradient_in_two_directions(layers: list[Layer]) -> None:
    X = torch.zeros(1, 1, 16, 16, requires_grad=True)
    Y = X
    for k, s, d in layers:
        Y = F.conv2d(Y, torch.ones(1, 1, k, k), stride=s, dilation=d)
    Y[0, 0, 1, 1].backward()
    assert X.grad is not None
    picture = str(render(layers, unit=1, input_size=16))
    cell = 190 / 16
    path = re.findall(rf'<path d="(M[^"]*)" fill="{svg.INPUT}"/>', picture)[0]
    number = r"([\d.]+)"
    runs = re.findall(rf"M{number} {number}h{number}v{number}h", path)
    left = float(re.findall(r'<rect x="([\d.]+)" y="46" width="190"', picture)[0])
    found = set()
    for x, y, wide, high in (map(float, run) for run in runs):
        first = round((y - 46) / cell), round((x - left) / cell)
        rows, columns = range(round(high / cell)), range(round(wide / cell))
        found |= {(first[0] + i, first[1] + j) for i in rows for j in columns}
    assert found == {tuple(at) for at in X.grad[0, 0].nonzero().tolist()}


def test_a_unit_stands_over_the_middle_of_what_it_sees() -> None:
    picture = str(render([(3, 2, 1), (2, 2, 1)], unit=1, input_size=20))
    pixels = [x for x, _ in squares(picture, svg.INPUT)]
    (top,) = [x for x, y in squares(picture, svg.OUTPUT) if y == 40]
    assert top == pytest.approx((pixels[0] + pixels[-1]) / 2, abs=0.11)


def test_a_layer_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="layer 2: kernel_size 7 does not fit an input of 4"):
        render([(3, 1, 1), (7, 1, 1)], input_size=6)
    with pytest.raises(ValueError, match="unit 8 is not in the last layer: it has units 0 to 7"):
        render(unit=8)
    with pytest.raises(ValueError, match="layers is empty"):
        render([])
    with pytest.raises(ValueError, match="padding must be one of 'none'"):
        render(padding="same")
    for layers in ([], [(3, 1, 1)] * 7):
        with pytest.raises(ValueError, match="1 to 6 can be drawn"):
            d2l.explore.receptive_field(layers)


def test_moving_the_controls_redraws_and_keeps_the_unit_in_the_layer() -> None:
    explorer = d2l.explore.receptive_field([(3, 1, 1), (3, 1, 1)])
    assert explorer.picture.value == render([(3, 1, 1), (3, 1, 1)])
    explorer.controls["depth"].value = 3
    assert explorer.picture.value == render([(3, 1, 1)] * 3, 8)
    explorer.controls["unit"].value = explorer.controls["unit"].max
    assert explorer.picture.value == render([(3, 1, 1)] * 3, 13)
    explorer.controls["s3"].value = 2
    assert explorer.controls["unit"].max == 6
    assert explorer.picture.value == render([(3, 1, 1), (3, 1, 1), (3, 2, 1)], 6)
    explorer.controls["padding"].value = PADDINGS[1]
    assert explorer.controls["unit"].max == 9
    explorer.controls["k1"].value = 7
    explorer.controls["d1"].value = 4
    explorer.controls["padding"].value = PADDINGS[0]
    assert "layer 1: kernel_size 7" in explorer.picture.value
    explorer.controls["d1"].value = 1
    assert "layer 1:" not in explorer.picture.value


def test_only_the_boxes_of_the_layers_that_are_there_are_shown() -> None:
    explorer = d2l.explore.receptive_field()
    rows = explorer.children[1].children
    for depth in (1, 4, 6, 2):
        explorer.controls["depth"].value = depth
        assert [row.layout.display for row in rows] == ["flex"] * depth + ["none"] * (6 - depth)


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, states(200)) <= 5
