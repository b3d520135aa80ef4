"""The activation explorer: value, slope and every number in the formulas are PyTorch's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers.explore._activations import ACTIVATIONS, power, shares
from d2lhelpers.explore.activation import REACH, SLOPE, render
from d2lhelpers.svg import INPUT, OUTPUT
from tests.explore.states import SVG, median_milliseconds, sample, value, words

PLACES = [i / 10 for i in range(-60, 61)]
SOFTMAX = "Softmax of (x, a, 0)"
THEIRS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "ReLU": lambda x, a: F.relu(x),
    "LeakyReLU": F.leaky_relu,
    "Sigmoid": lambda x, a: torch.sigmoid(x),
    "Tanh": lambda x, a: torch.tanh(x),
    # Swish with β = 1 is SiLU; for any β it is SiLU(βx)/β.
    "SiLU": lambda x, a: F.silu(a * x) / a if a else x / 2,
    "GELU": lambda x, a: F.gelu(x),
    "GELU, tanh form": lambda x, a: F.gelu(x, approximate="tanh"),
    SOFTMAX: lambda x, a: torch.stack([x, torch.full_like(x, a), torch.zeros_like(x)]).softmax(0)[
        0
    ],
}


def states(count: int) -> list[dict[str, Any]]:
    """States with a parameter that the function takes; half of the names have none."""
    drawn = sample({"function": THEIRS, "x": PLACES, "parameter": range(101)}, count)
    for state in drawn:
        entry = ACTIVATIONS[state["function"]]
        high = entry.parameter.high if entry.parameter else 1.0
        state["parameter"] = state["parameter"] / 100 * high
    return drawn


def by_pytorch(function: str, x: float, parameter: float) -> tuple[float, float]:
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    result = THEIRS[function](at, parameter)
    return result.item(), torch.autograd.grad(result, at)[0].item()


def numbers(text: str) -> list[float]:
    return [value(found) for found in re.findall(r"−?\d+(?:\.\d+)?", text)]


def test_every_function_is_compared() -> None:
    assert list(THEIRS) == list(ACTIVATIONS)


def test_a_thousand_states_agree_with_pytorchs_autograd() -> None:
    for state in states(1000):
        truth = by_pytorch(**state)
        entry = ACTIVATIONS[state["function"]]
        x, a = state["x"], state["parameter"]
        ours = entry.value(x, a), entry.slope(x, a)
        assert ours == pytest.approx(truth, rel=1e-9, abs=1e-12), state
        picture = render(**state)
        lines = [text.text or "" for text in ET.fromstring(str(picture)).iter(f"{SVG}text")]
        (first,) = [
            i for i, line in enumerate(lines) if re.match(r"(f|σ|tanh)′|p₁′|x is .* f′", line)
        ]
        said = [numbers(line)[-1] for line in (lines[first - 1], lines[first])]
        assert said == pytest.approx(truth, abs=5.1e-5), (state, lines)
        label = re.search(r"value (\S+), slope (\S+)\.$", picture.label)
        assert label and [value(text) for text in label.groups()] == said


def test_the_formulas_come_out_with_the_numbers_that_stand_in_them() -> None:
    for state in states(200):
        text = words(render(**state))
        for one in re.findall(r"= ([−\d.()·+ ]+) = (−?[\d.]+)", text):
            sum_of = [
                [value(factor.strip("() ")) for factor in term.split("·")]
                for term in one[0].split(" + ")
            ]
            total = sum(torch.tensor(factors).prod().item() for factors in sum_of)
            assert total == pytest.approx(value(one[1]), abs=1e-3), (state, one)


def test_the_points_and_the_tangent_stand_where_the_numbers_say() -> None:
    for state in states(150):
        x = state["x"]
        y, slope = by_pytorch(**state)
        root = ET.fromstring(str(render(**state)))
        low, high = ACTIVATIONS[state["function"]].y_range
        left, right = root.iter(f"{SVG}circle")
        across = 56 + (x + REACH) / (2 * REACH) * 300
        assert float(left.attrib["cx"]) == pytest.approx(across, abs=0.01)
        assert float(left.attrib["cy"]) == pytest.approx(
            50 + (high - y) / (high - low) * 210, abs=0.01
        )
        assert left.attrib["fill"] == OUTPUT and right.attrib["fill"] == SLOPE
        assert float(right.attrib["cy"]) == pytest.approx(50 + (1.2 - slope) / 1.4 * 210, abs=0.01)
        (tangent,) = [e for e in root.iter(f"{SVG}line") if "stroke-dasharray" in e.attrib]
        x1, y1, x2, y2 = (float(tangent.attrib[name]) for name in ("x1", "y1", "x2", "y2"))
        assert x1 >= 55.99 and x2 <= 356.01 and min(y1, y2) >= 49.99 and max(y1, y2) <= 260.01
        if x2 - x1 > 20:
            drawn = -(y2 - y1) / 210 * (high - low) / ((x2 - x1) / 300 * 2 * REACH)
            assert drawn == pytest.approx(slope, abs=0.01), state


def test_ten_layers_and_small_numbers() -> None:
    assert "f′(x)¹⁰ = 9.5·10⁻⁷" in words(render("Sigmoid", x=0.0))
    assert "f′(x)¹⁰ = 1" in words(render("ReLU", x=0.1))
    assert power(9.97e-6) == "1·10⁻⁵" and power(0.0) == "0" and power(0.001) == "0.001"


def test_softmax_shows_three_shares_that_pytorch_gives() -> None:
    for x, a in [(2.0, 1.0), (-6.0, 5.0), (6.0, 0.0), (0.0, 0.0)]:
        truth = torch.tensor([x, a, 0.0], dtype=torch.float64).softmax(0).tolist()
        assert shares(x, a) == pytest.approx(truth, abs=1e-12)
    assert "p₁ = 0.6652 p₂ = 0.2447 p₃" in words(render(SOFTMAX, x=2.0))
    assert "ten layers" not in words(render(SOFTMAX))


def test_what_can_not_be_drawn_is_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match=r"'relu'; it can be 'ReLU'"):
        render("relu")
    with pytest.raises(ValueError, match="from −6 to 6"):
        render(x=7.0)
    with pytest.raises(ValueError, match="slope a below 0, from 0 to 1"):
        render("LeakyReLU", parameter=2.0)


def test_the_cursor_is_blue_and_the_names_stay_inside() -> None:
    for x in (-REACH, REACH):
        root = ET.fromstring(str(render(x=x)))
        assert [e.attrib["stroke"] for e in root.iter(f"{SVG}line")].count(INPUT) == 2
        names = [e for e in root.iter(f"{SVG}text") if (e.text or "").startswith("x = ")]
        assert all(60 < float(name.attrib["x"]) < 740 for name in names)


def test_choosing_a_function_sets_its_parameter_to_its_default() -> None:
    explorer = d2l.explore.activation()
    choice, _, knob = explorer.controls.values()
    assert knob.disabled and knob.description == "no parameter"
    for name in [*ACTIVATIONS, "ReLU", "SiLU", "LeakyReLU", SOFTMAX, "Tanh"]:
        choice.value = name
        own = ACTIVATIONS[name].parameter
        assert knob.disabled is (own is None)
        assert explorer.picture.value == render(name, x=1.0)
        if own:
            assert (knob.description, knob.value, knob.max) == (own.name, own.default, own.high)
            knob.value = own.high
            assert explorer.picture.value == render(name, x=1.0, parameter=own.high)


def test_the_start_can_be_chosen() -> None:
    explorer = d2l.explore.activation("LeakyReLU", x=-2.0, parameter=0.2)
    assert explorer.state == {"function": "LeakyReLU", "x": -2.0, "parameter": 0.2}
    assert explorer.picture.value == render("LeakyReLU", x=-2.0, parameter=0.2)
    with pytest.raises(ValueError, match="it can be"):
        d2l.explore.activation("Softplus")


def test_redraw_takes_at_most_5_ms() -> None:
    assert median_milliseconds(render, states(200)) <= 5
