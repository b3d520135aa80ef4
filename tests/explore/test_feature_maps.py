"""The feature maps explorer: its pictures are what the network's layers gave."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import d2lhelpers as d2l
from d2lhelpers.explore._png import DIVERGING, GREYS, colored, photograph, picture
from d2lhelpers.explore._recording import MOST_LAYERS, Recording
from d2lhelpers.explore.feature_maps import draw, render
from tests.explore.states import median_milliseconds, sample, words

SPACE = {
    "image": range(8),
    "layer": [f"features.{i}" for i in range(6)],
    "channel": ["strongest", *range(6)],
}


def images(count: int, channels: int, size: int) -> Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(0))


def lenet(**options: Any) -> nn.Module:
    d2l.set_seed(0)
    return d2l.models.create("lenet", **options)


def outputs(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What each part of ``net`` gives for ``x``, by hooks of the test's own."""
    kept: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, y, name=name: kept.update({name: y.clone()}))
        for name, module in net.named_modules()
    ]
    with torch.no_grad():
        net.eval()(x)
    for hook in hooks:
        hook.remove()
    return kept


def pictures(svg: object) -> list[np.ndarray]:
    """Every embedded picture, decoded by Pillow."""
    found = re.findall(r'href="data:image/png;base64,(.*?)"', str(svg))
    return [matplotlib.image.imread(io.BytesIO(base64.b64decode(code))) for code in found]


def three(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def test_a_thousand_states_show_what_the_layers_gave() -> None:
    net, x = lenet(), images(8, 1, 28)
    recording = Recording(net, x)
    real = [outputs(net, x[i : i + 1]) for i in range(len(x))]
    for state in sample(SPACE, 1000):
        maps = real[state["image"]][state["layer"]][0]
        drawn = draw(recording, **state)
        order = maps.std((1, 2), correction=0).argsort(descending=True).tolist()
        strongest = state["channel"] == "strongest"
        chosen = order[0] if strongest else state["channel"]
        assert f" of {len(maps)}" in words(drawn)
        assert f"one scale, from {three(maps.min().item())} to {three(maps.max().item())}" in words(
            drawn
        )
        low, high = maps[chosen].min().item(), maps[chosen].max().item()
        assert f"channel {chosen}: {three(low)} to {three(high)}, its own scale" in words(drawn)
        names = [int(n) for n in re.findall(r">channel (\d+)<", str(drawn))]
        assert names == (order[:12] if strongest else list(range(min(12, len(maps)))))
        scores = real[state["image"]][""].softmax(1)[0]
        for share, index in zip(*scores.topk(3), strict=True):
            assert f"class {index} {100 * share:.1f} %".replace(" ", "") in words(drawn).replace(
                " ", ""
            )


def test_maps_of_one_number_are_ranked_by_it_and_drawn_on_the_layers_scale() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 8))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].bias.copy_(torch.tensor([0.5, -2.0, 1.0, 0.0]))
    drawn = render(net, images(1, 1, 8))
    assert "the 4 strongest (farthest from 0) of 4 maps, 1×1 each" in words(drawn)
    assert re.findall(r">channel (\d+)<", str(drawn)) == ["1", "2", "0", "3"]
    assert "channel 1: −2 everywhere, on the layer's scale" in words(drawn)
    check(pictures(drawn)[5], torch.full((1, 1), -2.0), -2.0, 2.0)


def test_the_pixels_are_the_values() -> None:
    net, x = lenet(), images(1, 1, 28)
    for layer in ("features.0", "features.1"):  # with negative values, and without
        maps = outputs(net, x)[layer][0].double()
        decoded = pictures(render(net, x, layer=layer, channel=3))
        assert len(decoded) == 1 + 6 + 2
        assert np.abs(decoded[0][..., None] - x[0, 0, ..., None].numpy()).max() < 1 / 255
        for channel, tile in enumerate(decoded[1:7]):
            check(tile, maps[channel], maps.min().item(), maps.max().item())
        low, high = bounds(maps[3], bool((maps < 0).any()))
        check(decoded[7], maps[3], low, high)
        scale = [f">{three(low)}<", f">{three(high)}<"] + [">0<"] * (low < 0)
        assert all(mark in str(render(net, x, layer=layer, channel=3)) for mark in scale)


def test_a_map_of_one_sign_keeps_the_colours_of_its_layer() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        net[0].bias.zero_()
    positive = pictures(render(net, images(1, 1, 8), channel=0))[3]
    assert (positive[..., 0] > positive[..., 2]).any() and (
        positive[..., 0] >= positive[..., 2]
    ).all()


def bounds(values: Tensor, signed: bool) -> tuple[float, float]:
    reach = values.abs().max().item()
    return (-reach, reach) if signed else (values.min().item(), values.max().item())


def check(tile: np.ndarray, values: Tensor, low: float, high: float) -> None:
    """A tile's colours are the palette's for the values."""
    assert tile.shape[:2] == values.shape
    numbers = values.numpy()
    if low < 0:
        reach = max(high, -low)
        dark = np.where(numbers[..., None] < 0, [0x00, 0x4B, 0x76], [0xA8, 0x4A, 0x00]) / 255
        amount = np.abs(numbers)[..., None] / reach
    else:
        dark, amount = np.full(3, 0x14 / 255), ((numbers - low) / (high - low))[..., None]
    assert np.abs(tile[..., :3] - (1 - amount * (1 - dark))).max() < 0.012


def test_zero_is_white_and_the_signs_differ() -> None:
    assert DIVERGING[3 * 128 : 3 * 129] == GREYS[:3] == b"\xff\xff\xff"
    assert len(DIVERGING) == len(GREYS) == 3 * 256
    (negative, zero, positive) = pictures(f'href="{colored(np.array([[-1.0, 0, 1]]), -1, 1)}"')[0][
        0
    ]
    assert negative[2] > negative[0] and positive[0] > positive[2]
    assert zero[:3].tolist() == [1, 1, 1]
    (flat,) = pictures(f'href="{colored(np.zeros((2, 2)), 0, 0)}"')
    assert (flat[..., :3] == 1).all()


def test_photographs_keep_their_colours() -> None:
    red = torch.zeros(3, 4, 5)
    red[0] = 1
    (decoded,) = pictures(f'href="{photograph(red)}"')
    assert decoded.shape[:2] == (4, 5) and decoded[0, 0, :3].tolist() == [1, 0, 0]
    (spread,) = pictures(f'href="{photograph(torch.tensor([[[-1.0, 1.0]]]))}"')
    assert spread.reshape(2, -1)[:, 0].tolist() == [0, 1]
    wide = np.arange(6, dtype=np.uint8).reshape(2, 3)
    (grey,) = pictures(f'href="{picture(wide)}"')
    assert (np.rint(255 * grey) == wide).all()


@pytest.mark.parametrize("name", d2l.models.names())
def test_every_network_at_its_smallest_size(name: str) -> None:
    d2l.set_seed(0)
    probe = d2l.models.create(name, width=0.05)
    options = {"image_size": probe.min_size} if probe.has_image_size else {}
    net = d2l.models.create(name, width=0.05, **options).train()
    size = max(probe.min_size, 8)
    x = images(2, 1, size)
    list(net.modules())[-1].eval()
    modes = [module.training for module in net.modules()]
    state = {key: value.clone() for key, value in net.state_dict().items()}
    recording = Recording(net, x)
    assert 2 <= len(recording.layers) <= MOST_LAYERS
    for layer in (recording.layers[0], recording.layers[-1]):
        drawn = draw(recording, 1, layer, "strongest")
        assert f"Layer {layer} " in drawn.label
    assert [module.training for module in net.modules()] == modes
    assert not any(module._forward_hooks for module in net.modules())
    for key, value in net.state_dict().items():
        assert torch.equal(value, state[key])
    assert all(parameter.grad is None for parameter in net.parameters())
    kept = outputs(net, x[1:])
    maps = kept[recording.layers[-1]][0]
    assert recording.maps(1, recording.layers[-1]).highs == maps.flatten(1).amax(1).tolist()
    scores = kept[""]
    answer = scores.argmin(1) if name == "lenet5" else scores.argmax(1)
    assert recording.answer(1)[0][0] == f"class {answer.item()}"


def test_large_maps_are_averaged() -> None:
    net, x = nn.Sequential(nn.Conv2d(3, 2, 3, padding=1)), images(1, 3, 224)
    recording = Recording(net, x)
    maps = outputs(net, x)["0"][0]
    torch.testing.assert_close(
        torch.from_numpy(recording.maps(0, "0").large), nn.functional.avg_pool2d(maps, 2)
    )
    assert [p.shape[:2] for p in pictures(draw(recording, 0, "0"))] == [
        *[(112, 112), (56, 56), (56, 56), (112, 112)],
        (1, 256),
    ]


def test_a_layer_that_works_in_place_does_not_change_what_was_seen() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    recording = Recording(net, images(1, 1, 8))
    assert min(recording.maps(0, "0").lows) < 0 <= min(recording.maps(0, "1").lows)


def test_hooks_go_and_modes_return_where_the_network_fails() -> None:
    net = lenet().train()
    with pytest.raises(ValueError, match="lenet needs images of at least 28×28; got 20×20"):
        d2l.explore.feature_maps(net, images(1, 1, 20))
    assert all(module.training for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize(
    ("net", "x", "options", "message"),
    [
        (
            lenet(),
            torch.rand(1, 28, 28),
            {},
            r"images must be a tensor \(N, C, H, W\).*\(1, 28, 28",
        ),
        (lenet(), [1], {}, "got list"),
        (lenet(), torch.rand(2, 1, 28, 28), {"titles": ["one"]}, "each of the 2 images; got 1"),
        (nn.Flatten(), torch.rand(1, 1, 4, 4), {}, "no layer of this Flatten gives maps"),
        (lenet(), torch.rand(1, 1, 28, 28), {"image": 1}, "image must be from 0 to 0; got 1"),
        (lenet(), torch.rand(1, 1, 28, 28), {"layer": "fc"}, "there is no layer 'fc' with maps"),
        (lenet(), torch.rand(1, 1, 28, 28), {"channel": 6}, "has channels 0 to 5; got 6"),
        (lenet(), torch.rand(1, 1, 28, 28), {"channel": "best"}, "a number or 'strongest'"),
    ],
)
def test_what_can_t_be_shown_is_refused_in_words(
    net: nn.Module, x: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        render(net, x, **options)


def test_redraw_takes_at_most_5_ms() -> None:
    recording = Recording(lenet(), images(8, 1, 28))
    states = sample(SPACE, 200)
    for state in states:
        draw(recording, **state)
    assert median_milliseconds(lambda **state: draw(recording, **state), states) <= 5


def test_a_layer_runs_once_for_each_picture() -> None:
    net = lenet()
    runs: list[int] = []
    explorer = d2l.explore.feature_maps(net, images(2, 1, 28))
    net.features.register_forward_hook(lambda *_: runs.append(1))
    for channel in (1, 2, 3, "strongest"):
        explorer.controls["channel"].value = channel
    assert not runs
    explorer.controls["layer"].value = "features.3"
    assert len(runs) == 1
    explorer.controls["layer"].value = "features.0"
    assert len(runs) == 1


def test_moving_the_controls_redraws_the_picture() -> None:
    net, x, titles = lenet(), images(2, 1, 28), ["first", "second"]
    classes = [f"kind {i}" for i in range(10)]
    explorer = d2l.explore.feature_maps(net, x, titles, classes)
    assert explorer.picture.value == render(net, x, titles, classes)
    explorer.controls["image"].value = 1
    assert explorer.picture.value == render(net, x, titles, classes, image=1)
    assert "second" in explorer.picture.value and "kind " in explorer.picture.value
    explorer.controls["layer"].value = "features.3"
    assert len(explorer.controls["channel"].options) == 17
    explorer.controls["channel"].value = 15
    expected = render(net, x, titles, classes, image=1, layer="features.3", channel=15)
    assert explorer.picture.value == expected
    # Channel 15 is gone with its layer.
    explorer.controls["layer"].value = "features.0"
    assert explorer.controls["channel"].value == "strongest"
    assert explorer.picture.value == render(net, x, titles, classes, image=1)
