"""The kernel explorer: its sums, its pictures and its words are what PyTorch computes."""

from __future__ import annotations

import base64
import functools
import io
import random
import re
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.explore._filtering import OWN, PRESETS, Weights, filtered, grey_levels, shown
from d2lhelpers.explore.kernel import render
from tests.explore.states import SVG, grids, median_milliseconds, value, words


def states(count: int, places: int = 1) -> list[dict[str, Any]]:
    """Random kernels, every third a preset, each at some random places."""
    draw = random.Random(0)
    found = []
    for index in range(count):
        if index % 3:
            weights = tuple(tuple(draw.randint(-9, 9) for _ in range(3)) for _ in range(3))
            kernel: tuple[Weights, int] = (weights, draw.randint(1, 16))
        else:
            kernel = draw.choice(list(PRESETS.values()))
        for _ in range(places):
            place = {"row": draw.randint(0, 237), "column": draw.randint(0, 202)}
            found.append({"weights": kernel[0], "divisor": kernel[1], **place})
    return found


@functools.cache
def truth(weights: Weights, divisor: int) -> torch.Tensor:
    kernel = torch.tensor(weights, dtype=torch.float64) / divisor
    return F.conv2d(grey_levels().double()[None, None], kernel[None, None])[0, 0]


def test_a_thousand_states_agree_with_pytorch() -> None:
    for index, state in enumerate(states(100, places=10)):
        weights, divisor = state["weights"], state["divisor"]
        expected = truth(weights, divisor)
        if index % 10 == 0:
            output = filtered(weights, divisor).double()
            torch.testing.assert_close(output, expected, atol=1e-3, rtol=1e-5)
        picture = render(**state)
        # The photographs are looked at below; here they would only be slow to parse.
        drawing = re.sub(r'href="data:[^"]*"', "", str(picture))
        window, kernel = grids(drawing)
        row, column = state["row"], state["column"]
        pixels = grey_levels()[row : row + 3, column : column + 3].flatten().tolist()
        assert [value(text) for text in window] == pixels
        assert [value(text) for text in kernel] == [w for line in weights for w in line]
        texts = [t.text or "" for t in ET.fromstring(drawing).iter(f"{SVG}text")]
        products = [t for t in texts if "·" in t and "%" not in t]
        terms = [term.strip("+ ").split("·") for t in products for term in t.split(" + ")]
        total = sum(value(a) * value(b.strip("()")) for a, b in terms)
        assert len(terms) == 9
        (result,) = [t for t in texts if t.startswith("= ")]
        assert value(re.findall(r"= (\S+?)(?:;|$)", result)[0]) == total
        said = value(result.rpartition("= ")[2])
        assert said == pytest.approx(expected[row, column].item(), abs=0.0051)
        assert f"the sum is {svg.number(said)}." in picture.label


def decoded(address: str) -> np.ndarray:
    """An embedded picture by Pillow, red, green and blue from 0 to 255."""
    code = base64.b64decode(address.partition(",")[2])
    return np.rint(255 * matplotlib.image.imread(io.BytesIO(code))[..., :3]).astype(int)


def test_the_sign_of_an_output_is_the_colour_that_is_drawn() -> None:
    for name in ("Sobel, vertical edges", "Sobel, horizontal edges", "Laplacian"):
        output = truth(*PRESETS[name]).numpy()
        view = shown(*PRESETS[name])
        reach = value(view.ends[2])
        red, _, blue = np.moveaxis(decoded(view.address), 2, 0)
        assert (blue[output < -reach / 50] > red[output < -reach / 50]).all()
        assert (red[output > reach / 50] > blue[output > reach / 50]).all()
        assert (decoded(view.address)[output == 0] == 255).all()
        beyond = 100 * (abs(output) > reach).mean()
        assert f"{beyond:.1f} % beyond the ends" in view.note
        assert f"from {svg.number(output.min(), 0)} to {svg.number(output.max(), 0)}" in view.note


def test_what_a_screen_can_t_show_is_marked_and_counted() -> None:
    for kernel in (PRESETS["sharpen"], PRESETS["emboss"], (PRESETS["blur: mean"][0], 4)):
        output = truth(*kernel).numpy()
        view = shown(*kernel)
        colors = decoded(view.address)
        grey = (colors[..., 0] == colors[..., 1]) & (colors[..., 1] == colors[..., 2])
        assert ((output < 0) == (~grey & (colors[..., 2] > colors[..., 0]))).all()
        assert ((output > 255) == (~grey & (colors[..., 0] > colors[..., 2]))).all()
        inside = grey & (output >= 0)
        assert abs(colors[..., 0][inside] - output[inside]).max() <= 1.1
        for mask, said in ((output < 0, "below 0, blue"), (output > 255, "above 255, orange")):
            assert (f"{100 * mask.mean():.1f} % {said}" in view.note) == mask.any()


def test_an_identity_is_the_photograph_and_a_kernel_of_zeros_is_white() -> None:
    same = PRESETS["identity"]
    assert abs(decoded(shown(*same).address)[..., 0] - truth(*same).numpy()).max() <= 1.1
    nothing = shown(((0, 0, 0),) * 3, 1)
    assert (decoded(nothing.address) == 255).all()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Sobel, vertical edges", "sum to 0: where the picture is one even grey, the output is 0"),
        ("sharpen", "sum to 1: where the picture is one even grey, it keeps its level"),
    ],
)
def test_the_sum_of_the_weights_is_explained(name: str, said: str) -> None:
    assert said in words(str(render(*PRESETS[name])))


def test_a_preset_brings_its_weights_and_a_weight_makes_the_kernel_your_own() -> None:
    explorer = d2l.explore.kernel()
    drawings: list[str] = []
    explorer.picture.observe(lambda change: drawings.append(change["new"]), names="value")
    for name in ("blur: Gaussian", "emboss", "identity"):
        explorer.controls["preset"].value = name
        weights, divisor = PRESETS[name]
        boxes = [explorer.controls[f"w{i}{j}"].value for i in range(3) for j in range(3)]
        assert boxes == [w for line in weights for w in line]
        assert explorer.controls["divisor"].value == divisor
        assert explorer.picture.value == render(weights, divisor)
    assert len(drawings) == 3, "half a preset was shown"
    explorer.controls["w11"].value = 2
    assert explorer.controls["preset"].value == OWN
    assert explorer.picture.value == render(((0, 0, 0), (0, 2, 0), (0, 0, 0)), 1)
    explorer.controls["divisor"].value = 2
    assert explorer.picture.value == render(((0, 0, 0), (0, 2, 0), (0, 0, 0)), 2)
    explorer.controls["preset"].value = "blur: mean"
    explorer.controls["divisor"].value = 4
    assert explorer.controls["preset"].value == OWN
    assert explorer.picture.value == render(((1, 1, 1),) * 3, 4)


def test_every_control_at_both_ends() -> None:
    for preset in ("sharpen", "Laplacian"):
        explorer = d2l.explore.kernel(preset)
        for name in ("row", "column", "divisor", "w00", "w22"):
            control = explorer.controls[name]
            for end in (control.min, control.max):
                control.value = end
                assert "at row" in explorer.picture.value.lower(), (preset, name)
                assert control.description


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"row": 238}, "row 238, column 130 is not in the output, which has rows 0 to 237"),
        ({"column": -1}, "column -1 is not in the output"),
        ({"divisor": 0}, "divisor must be at least 1; got 0"),
        ({"weights": ((1, 2), (3, 4))}, "three rows of three numbers"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**state)
    with pytest.raises(ValueError, match="there is no preset 'edge'"):
        d2l.explore.kernel("edge")


def test_redraw_takes_at_most_20_ms() -> None:
    render()
    fresh = [s for s in states(300) if s["weights"] not in dict(PRESETS.values())]
    assert median_milliseconds(render, fresh[-80:]) <= 20
