"""The regularization explorer: its lowest points are those that an optimisation finds."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers.explore._penalized import LOSSES, PENALTIES, loss, lowest, penalty, slope
from d2lhelpers.explore.regularization import contour, render
from tests.explore.states import median_milliseconds, sample, value, words

SPACE: dict[str, Any] = {
    "penalty": PENALTIES,
    "strength": [i / 10 for i in range(41)],
    "loss": list(LOSSES),
    "centre_1": [i / 2 for i in range(-7, 8)],
    "centre_2": [i / 2 for i in range(-4, 5)],
}
STATES = sample(SPACE, 1000)


def tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


CENTRE = tensor([(s["centre_1"], s["centre_2"]) for s in STATES])
CURVES = tensor([[(a, b), (b, d)] for a, b, d in (LOSSES[s["loss"]] for s in STATES)])
ABSOLUTE = tensor([s["strength"] * (s["penalty"] != "L2") for s in STATES])
QUADRATIC = tensor([s["strength"] * (s["penalty"] != "L1") for s in STATES])
OURS = tensor(
    [lowest(s["loss"], (s["centre_1"], s["centre_2"]), s["penalty"], s["strength"]) for s in STATES]
)


def smooth(w: Tensor) -> Tensor:
    """Loss + λΣw² of every state."""
    off = w - CENTRE
    return 0.5 * torch.einsum("ni,nij,nj->n", off, CURVES, off) + QUADRATIC * (w**2).sum(-1)


def whole(w: Tensor) -> Tensor:
    """Loss + λ·penalty of every state."""
    return smooth(w) + ABSOLUTE * w.abs().sum(-1)


def test_a_thousand_lowest_points_are_those_that_proximal_steps_in_torch_reach() -> None:
    w = torch.zeros(len(STATES), 2, dtype=torch.float64)
    rate = 1 / (2 + 2 * QUADRATIC)[:, None]  # no curvature is larger than 2 + 2λ
    for _ in range(250):
        w.requires_grad_()
        (gradient,) = torch.autograd.grad(smooth(w).sum(), w)
        moved = w.detach() - rate * gradient
        amount = rate * ABSOLUTE[:, None]
        w = moved.sign() * (moved.abs() - amount).clamp(min=0)
    torch.testing.assert_close(OURS, w, rtol=0, atol=1e-9)


def test_no_weights_nearby_or_far_have_a_lower_sum() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in (1e-3, 0.1, 2.0):
        for _ in range(20):
            away = torch.randn(OURS.shape, generator=generator, dtype=torch.float64)
            assert (whole(OURS + size * away) >= whole(OURS) - 1e-12).all()


def test_only_l1_makes_weights_exactly_zero() -> None:
    zero, moved = (OURS == 0).any(dim=-1), (CENTRE != 0).all(dim=-1)
    for name in PENALTIES:
        rows = tensor([s["penalty"] == name for s in STATES]).bool() & moved
        share = zero[rows].double().mean()
        assert share == 0 if name == "L2" else share > 0.3


def test_it_is_the_lowest_loss_at_no_larger_a_penalty() -> None:
    turn = torch.linspace(0, 2 * math.pi, 721, dtype=torch.float64)[:-1]
    for state, w in list(zip(STATES, OURS.tolist(), strict=True))[::10]:
        cost = penalty(state["penalty"], (w[0], w[1]))
        ray = torch.stack([turn.cos(), turn.sin()], dim=-1)
        one, two = ray.abs().sum(-1), (ray**2).sum(-1)
        radius = {
            "L1": cost / one,
            "L2": (cost / two).sqrt(),
            "L1 + L2": ((one**2 + 4 * two * cost).sqrt() - one) / (2 * two),
        }[state["penalty"]]
        a, b, d = LOSSES[state["loss"]]
        off = ray * radius[:, None] - tensor((state["centre_1"], state["centre_2"]))
        x, y = off.unbind(-1)
        around = 0.5 * (a * x * x + 2 * b * x * y + d * y * y)
        x, y = w[0] - state["centre_1"], w[1] - state["centre_2"]
        assert (around >= 0.5 * (a * x * x + 2 * b * x * y + d * y * y) - 1e-9).all()


def weights(x: float, y: float) -> tuple[float, float]:
    """What weights a point of the plot stands for."""
    return x / 66 - 4, 2.5 - y / 66


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("cost", [0.3, 2.0, 6.0])
def test_the_orange_line_lies_at_the_penalty(name: str, cost: float) -> None:
    path = contour(name, cost)
    numbers = r"(-?[\d.]+) (-?[\d.]+)"
    corners = [
        weights(float(a), float(b)) for a, b in re.findall(rf"[MLA ]{numbers}(?=[LAZ]|$)", path)
    ]
    assert len(corners) >= 4
    for corner in corners[:4]:
        assert penalty(name, corner) == pytest.approx(cost, rel=1e-3)
    if name != "L1":  # the middle of the first arc: its radius, and the chord it spans
        radius = float(re.findall(r"A([\d.]+)", path)[0]) / 66
        tip = max(x for x, _ in corners)
        middle = tip / 2 + (math.sqrt(radius**2 - tip**2 / 2) * -1 + radius) / math.sqrt(2)
        assert penalty(name, (middle, middle)) == pytest.approx(cost, rel=1e-3)


def test_the_blue_lines_are_contours_of_the_loss() -> None:
    for shape in LOSSES:
        picture = str(render("L1", 0.0, shape, 1.0, -0.5))
        ellipses = re.findall(
            r'<ellipse cx="(\S+)" cy="(\S+)" rx="(\S+)" ry="(\S+)" fill="none" '
            r'transform="rotate\((\S+) ',
            picture,
        )
        assert len(ellipses) == 6
        for found, level in zip(ellipses, (0.1, 0.4, 1.0, 2.0, 4.0, 7.0), strict=True):
            cx, cy, rx, ry, degrees = map(float, found)
            turn = math.radians(degrees)
            for t in (0.0, 0.7, 1.6, 3.0):
                u, v = rx * math.cos(t), ry * math.sin(t)
                x = cx + u * math.cos(turn) - v * math.sin(turn)
                y = cy + u * math.sin(turn) + v * math.cos(turn)
                assert loss(shape, (1.0, -0.5), weights(x, y)) == pytest.approx(level, rel=1e-2)


def test_the_numbers_on_screen_are_the_computed_ones() -> None:
    for state, w in list(zip(STATES, OURS.tolist(), strict=True))[::5]:
        text = words(render(**state))
        shown = re.findall(r"— w₁ = (\S+), +- - w₂ = (\S+)", text)[0]
        assert [value(part) for part in shown] == pytest.approx(w, abs=6e-4)
        one, two = re.findall(r"Σ\|w\| = .*? = (\S+).*?Σw² = .*? = (\S+)", text)[0]
        assert value(one) == pytest.approx(abs(w[0]) + abs(w[1]), abs=6e-4)
        assert value(two) == pytest.approx(w[0] ** 2 + w[1] ** 2, abs=6e-4)
        row = STATES.index(state)
        total = re.findall(r"loss \+ λ·penalty = \S+ \+ \S+ = (\S+):", text)[0]
        assert value(total) == pytest.approx(whole(OURS)[row].item(), abs=6e-4)
        pulls = [value(p) for p in re.findall(r"slope of the loss ([−\d.]+)", text)]
        centre = (state["centre_1"], state["centre_2"])
        assert pulls == pytest.approx(slope(state["loss"], centre, (w[0], w[1])), abs=6e-4)
        if state["strength"] == 0:
            assert all(abs(p) < 1e-3 for p in pulls)


def test_each_line_of_balance_says_how_the_slopes_cancel() -> None:
    text = words(render("L1 + L2", 1.0, "round", -2.5, 0.5))
    assert lowest("round", (-2.5, 0.5), "L1 + L2", 1.0) == (-0.5, 0.0)
    assert "w₁: slope of the loss 2, of λ·penalty λ·sign(w) + 2λw = −1 + 2·1·(−0.5) = −2" in text
    assert "w₂: slope of the loss −0.5, no larger in size than λ = 1: the weight stays" in text
    assert "one weight is exactly 0" in text


def test_what_the_chapter_says_can_be_seen() -> None:
    opening = (2.5, 1.0)
    for strength, zeros in ((0.9, 0), (1.0, 1), (2.4, 1), (2.5, 2)):
        assert sum(w == 0 for w in lowest("round", opening, "L1", strength)) == zeros
    assert all(w > 0 for w in lowest("round", opening, "L2", 4.0))
    assert lowest("valley", opening, "L1", 1.3)[0] == 0 < lowest("valley", opening, "L1", 1.3)[1]
    assert lowest("tilted", (2.5, 0.0), "L1", 0.5) == pytest.approx((2.0, 0.0), abs=1e-12)
    first, second = lowest("tilted", (2.5, 0.0), "L2", 0.5)
    assert second > 0.5 * first > 0


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"penalty": "L3"}, "penalty must be one of 'L1'.*got 'L3'"),
        ({"loss": "flat"}, "loss must be one of 'round'.*got 'flat'"),
        ({"strength": -0.1}, "strength is -0.1; use 0"),
        ({"strength": math.inf}, "strength is inf"),
        ({"centre_1": 5.0}, "centre_1 is 5.0; the picture shows -4.0 to 4.0"),
        ({"centre_2": math.nan}, "centre_2 is nan"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**state)


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, STATES[:200]) <= 5


def test_every_control_changes_the_picture_in_place() -> None:
    explorer = d2l.explore.regularization()
    for name, setting in (
        ("strength", 1.0),
        ("loss", "tilted"),
        ("centre_1", -2.0),
        ("centre_2", 1.5),
        ("penalty", "L2"),
    ):
        before = explorer.picture.value
        explorer.controls[name].value = setting
        assert explorer.picture.value != before
    assert explorer.picture.value == render("L2", 1.0, "tilted", -2.0, 1.5)
