"""Drawn figures: made from the real sizes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from torch import Tensor, nn

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.diagrams import stages
from tests.explore.states import grids, value

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "d"), list(product((5, 8), (1, 3), (1, 2, 3), (0, 1), (1, 2)))
)
def test_windows_draws_one_line_for_each_output(n: int, k: int, s: int, p: int, d: int) -> None:
    picture = d2l.diagrams.windows(n, k, stride=s, padding=p, dilation=d)
    size = d2l.conv_output_size(n, k, s, p, d)
    text = list(ET.fromstring(str(picture)).itertext())
    lines = [line for line in text if line.startswith("output ")]
    assert lines == [f"output {i}: start {i * s}" for i in range(size)]
    bars = picture.count(f'fill="{svg.KERNEL}"')
    assert bars == size * k
    read = {i * s + a * d for i in range(size) for a in range(k)}
    assert picture.count('fill="url(#hatch)"') == n + 2 * p - len(read)


def test_windows_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        d2l.diagrams.windows(3, 5)


def published(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """The network of the paper, without memory for its weights, and its image's shape."""
    entry = d2l.models.info(name)
    with torch.device("meta"):
        net = d2l.models.create(name, entry.in_channels, entry.num_classes)
    return net, (entry.in_channels, entry.image_size, entry.image_size)


def lines(picture: object, size: float) -> list[tuple[float, float, str, float]]:
    """(left end, right end, words, font size) of each centred text, as DejaVu Sans, a wide font,
    draws it, ordered from left to right; ``size`` is its row."""
    found = []
    for text in ET.fromstring(str(picture)).iter(f"{SVG}text"):
        if text.get("text-anchor") != "middle" or float(text.get("y", 0)) != size or not text.text:
            continue
        font = float(text.get("font-size", 0))
        box = TextPath((0, 0), text.text, font, prop=FontProperties("DejaVu Sans")).get_extents()
        middle = float(text.get("x", 0))
        found.append((middle - box.width / 2, middle + box.width / 2, text.text, font))
    return sorted(found)


NETWORKS = (
    "lenet",
    "lenet5",
    "alexnet2012",
    "nin",
    "vgg16",
    "googlenet",
    "resnet50",
    "densenet121",
)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_draws_each_block_with_the_shape_that_it_gives(name: str) -> None:
    net, shape = published(name)
    kept: dict[str, tuple[int, ...]] = {}

    def note(path: str, output: Tensor) -> None:
        kept[path] = tuple(output.shape[1:])

    picture = d2l.diagrams.network(net, shape)
    for path, module in net.named_modules():
        module.register_forward_hook(lambda _, __, y, path=path: note(path, y))
    with torch.no_grad():
        net.eval()(torch.empty(1, *shape, device="meta"))
    table = d2l.layer_table(net, shape)
    blocks = stages(net, table.rows, {path: (1, *s) for path, s in kept.items()})
    for block in blocks:
        assert block.shape == kept[block.name]
    drawn = picture.label.split(": ", 1)[1].removesuffix(".").split(", ")
    assert [words.split()[-1] for words in drawn[1:]] == [
        "×".join(map(str, block.shape)) for block in blocks
    ]
    assert f"{table.total_parameters:,} parameters, {table.total_macs:,}" in str(picture)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_is_legible_and_fits_a_slide(name: str) -> None:
    picture = d2l.diagrams.network(*published(name))
    root = ET.fromstring(str(picture))
    assert float(root.get("width", 0)) <= 960 and float(root.get("height", 0)) <= 360
    rows = {float(t.get("y", 0)) for t in root.iter(f"{SVG}text") if t.get("text-anchor")}
    assert len(rows) == 4
    for row in rows:
        found = lines(picture, row)
        assert found[0][0] >= 0 and found[-1][1] <= 960
        for (_, right, before, font), (left, _, after, _) in zip(found, found[1:], strict=False):
            assert right + 4 < left, (before, after)
            assert font >= 10.5


def colors(picture: object) -> list[str]:
    """The fill of each block's front or bar, from left to right."""
    text = str(picture)
    fronts = re.findall(r'<path d="M[^"]*Z" fill="(#\w+)"', text)
    bars = re.findall(r'width="10" height="[\d.]+" fill="(#\w+)"', text)
    return fronts + bars


def test_colours_say_what_a_block_does() -> None:
    picture = d2l.diagrams.network(*published("lenet5"))
    blue, orange, grey, green, violet = (
        svg.tint(color, 0.5) for color in (svg.INPUT, svg.KERNEL, "#8C8C8C", svg.OUTPUT, "#8A4F7D")
    )
    assert colors(picture) == [blue, orange, grey, orange, grey, orange, green, violet]
    for words in ("kernel", "pooling", "dense", "other"):
        assert f">{words}</text>" in str(picture)
    assert ">other</text>" not in str(d2l.diagrams.network(*published("lenet")))


def test_slabs_follow_the_maps_and_the_channels() -> None:
    net = nn.Sequential(nn.Conv2d(4, 16, 1), nn.AvgPool2d(4), nn.Conv2d(16, 64, 1))
    picture = str(d2l.diagrams.network(net, (4, 64, 64)))
    fronts = re.findall(r'd="M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H', picture)
    tall = [float(bottom) - float(top) for _, top, _, bottom in fronts]
    wide = [float(right) - float(left) for left, _, right, _ in fronts]
    # By the square root: a quarter of the side is half of the height above the least height.
    assert tall[0] == tall[1] > tall[2] == tall[3]
    least = 2 * tall[2] - tall[0]
    assert tall[2] - least == pytest.approx((tall[0] - least) / 2, abs=0.2)
    assert wide[0] < wide[1] == wide[2] < wide[3]
    assert wide[3] - wide[1] == pytest.approx(2 * (wide[1] - wide[0]), abs=0.3)


def test_a_long_plain_network_is_drawn_by_the_sizes_of_its_maps() -> None:
    layers: list[nn.Module] = []
    for channels in (8, 16, 32):
        for _ in range(9):
            layers += [nn.LazyConv2d(channels, 3, padding=1), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    net = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10))
    net(torch.zeros(1, 1, 32, 32))
    drawn = d2l.diagrams.network(net, (1, 32, 32)).label.split(", ")
    assert drawn == [
        "Sequential: input 1×32×32",
        "9 blocks 9 convs 8×32×32",
        "10 blocks 9 convs 16×16×16",
        "10 blocks 9 convs 32×8×8",
        "pool max 2×2 32×4×4",
        "dense 10.",
    ]


class Own(nn.Module):
    """A network as readers write them: layers, a block and a shortcut of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        for layer in self.body:
            x = x + layer(x).relu()
        return self.head((self.scale * x).mean((2, 3)))


def test_any_network_is_drawn_and_left_as_it_was() -> None:
    net = Own().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    picture = d2l.diagrams.network(net, (1, 8, 8))
    assert "stem 3×3 4×8×8" in picture.label and "head dense 3" in picture.label
    assert "body 2 convs 4×8×8" in picture.label
    assert net.training and not any(m._forward_hooks for m in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_refused_image_raises_the_network_s_own_words() -> None:
    with pytest.raises(ValueError, match="lenet needs images of at least 28×28; got 20×20"):
        d2l.diagrams.network(d2l.models.create("lenet"), (1, 20, 20))


def outlines(picture: object) -> list[tuple[float, float, float, float]]:
    """(x, y, width, height) of the outlined windows, in the order in which they are drawn."""
    return [
        tuple(float(rect.get(key, 0)) for key in ("x", "y", "width", "height"))  # type: ignore[misc]
        for rect in ET.fromstring(str(picture)).iter(f"{SVG}rect")
        if rect.get("stroke-width") == "3"
    ]


@pytest.mark.parametrize(
    ("c_i", "c_o", "image", "kernel"),
    [
        (2, 2, (3, 3), (2, 2)),
        (1, 3, (2, 4), (1, 3)),
        (3, 6, (3, 2), (1, 2)),
        (1, 1, (2, 2), (2, 2)),
    ],
)
def test_im2col_draws_pytorch_s_matrices(
    c_i: int, c_o: int, image: tuple[int, int], kernel: tuple[int, int]
) -> None:
    X = (torch.arange(c_i * image[0] * image[1]) * 5 % 7).reshape(c_i, *image).float()
    K = (torch.arange(c_o * c_i * kernel[0] * kernel[1]) * 3 % 5 - 2).reshape(c_o, c_i, *kernel)
    K = K.float()
    picture = d2l.diagrams.im2col(X, K)
    *maps, rows, columns, made = [[value(text) for text in grid] for grid in grids(picture)]
    assert maps == X.flatten(1).tolist()
    assert rows == K.flatten().tolist()
    assert columns == F.unfold(X[None], kernel).flatten().tolist()
    assert made == F.conv2d(X[None], K).flatten().tolist()

    # The outlined column holds the numbers of the outlined window, and makes the outlined outputs.
    *windows, column, outputs = outlines(picture)
    assert len(windows) == c_i
    cell = column[2]
    assert all(window[2:] == (kernel[1] * cell, kernel[0] * cell) for window in windows)
    assert column[3] == c_i * kernel[0] * kernel[1] * cell and outputs[2:] == (cell, c_o * cell)
    corners = [
        (
            min(float(text.get("x", 0)) for text in cells.iter(f"{SVG}text")) - cell / 2,
            min(float(text.get("y", 0)) for text in cells.iter(f"{SVG}text"))
            - cell / 2
            - 0.35 * float(cells.get("font-size", 0)),
        )
        for cells in ET.fromstring(str(picture)).iter(f"{SVG}g")
        if cells.get("class") == "cells"
    ]
    places = (image[0] - kernel[0] + 1) * (image[1] - kernel[1] + 1)
    picked = min(1, places - 1)
    i, j = divmod(picked, image[1] - kernel[1] + 1)
    inside = [(j * cell, i * cell)] * c_i + [(picked * cell, 0)] * 2
    for (x, y, *_), corner, shift in zip(
        [*windows, column, outputs], [*corners[:c_i], *corners[-2:]], inside, strict=True
    ):
        assert (x, y) == pytest.approx((corner[0] + shift[0], corner[1] + shift[1]), abs=0.2)
    assert all(b[1] - a[1] > image[0] * cell for a, b in zip(windows, windows[1:], strict=False))

    root = ET.fromstring(str(picture))
    for x, y, width, height in outlines(picture):
        assert x >= 0 and y >= 20 and x + width <= float(root.get("width", 0))
        assert y + height <= float(root.get("height", 0))


def test_im2col_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="is for 3 input maps, X has 2"):
        d2l.diagrams.im2col(torch.ones(2, 4, 4), torch.ones(1, 3, 2, 2))
    with pytest.raises(ValueError, match="kernel_size 5 does not fit"):
        d2l.diagrams.im2col(torch.ones(1, 4, 4), torch.ones(1, 1, 5, 2))
