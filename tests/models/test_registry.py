"""Names, counts, options and papers of the networks."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from d2lhelpers import models

# The table of the book: parameters of the published form.
PUBLISHED = {
    "lenet": 44_426,
    "lenet5": 60_000,
    "alexnet2012": 60_965_224,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 6_998_552,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "densenet121": 7_978_856,
    "densenet161": 28_681_000,
    "densenet169": 14_149_480,
    "densenet201": 20_013_928,
}


def on_meta(name: str, *args: Any, **options: Any) -> models.Network:
    with torch.device("meta"):
        return models.create(name, *args, **options)


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_published_form(name: str) -> None:
    channels, classes = (1, 10) if "lenet" in name[:5] else (3, 1000)
    assert count(on_meta(name, channels, classes)) == PUBLISHED[name]
    assert models.info(name).exact_parameters == PUBLISHED[name]


def test_googlenet_at_one_channel_and_ten_classes() -> None:
    assert count(on_meta("googlenet")) == 5_977_530


def conv(c_in: int, c_out: int, k: int) -> int:
    return c_out * (c_in * k * k + 1)


@pytest.mark.parametrize(("channels", "classes"), [(1, 10), (3, 1000)])
def test_textbook_forms_by_their_formulas(channels: int, classes: int) -> None:
    alexnet = (
        conv(channels, 96, 11)
        + conv(96, 256, 5)
        + conv(256, 384, 3)
        + conv(384, 384, 3)
        + conv(384, 256, 3)
        + 4096 * (6400 + 1)
        + 4096 * (4096 + 1)
        + classes * (4096 + 1)
    )
    assert count(on_meta("alexnet", channels, classes)) == alexnet
    sizes = ((channels, 96, 11), (96, 256, 5), (256, 384, 3), (384, classes, 3))
    nin = sum(conv(a, b, k) + 2 * conv(b, b, 1) for a, b, k in sizes)
    assert count(on_meta("nin", channels, classes)) == nin
    densenet, c = conv(channels, 64, 7) + 2 * 64, 64
    for block in range(4):
        for _ in range(4):
            densenet += 2 * c + conv(c, 32, 3)
            c += 32
        if block < 3:
            densenet += 2 * c + conv(c, c // 2, 1)
            c //= 2
    densenet += 2 * c + classes * (c + 1)
    assert count(on_meta("densenet", channels, classes)) == densenet


def test_names_are_in_historical_order() -> None:
    years = [models.info(name).year for name in models.names()]
    assert years == sorted(years)
    assert len(set(models.names())) == 20
    assert models.names()[0] == "lenet" and models.names()[-1] == "densenet201"


@pytest.mark.parametrize("name", models.names())
def test_every_entry_names_its_paper(name: str) -> None:
    entry = models.info(name)
    assert entry.name == name
    assert re.fullmatch(r"[^\d]+, \d{4}, [A-Z].+", entry.paper)
    assert bool(entry.protocol) == (entry.top1 is not None or entry.top5 is not None)
    numbers = re.findall(r"\d+$", name)
    if name.startswith(("vgg", "resnet", "densenet")) and numbers:
        assert entry.depth == int(numbers[0])
    net = on_meta(name, entry.in_channels, entry.num_classes)
    assert (net.name, net.in_channels, net.image_size) == (
        name,
        entry.in_channels,
        entry.image_size,
    )
    if entry.paper_parameters is not None:
        assert count(net) == pytest.approx(entry.paper_parameters, rel=0.03)


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("resnet20", "resnet"), ("LeNet", "lenet"), ("vgg-16", "vgg16"), ("alexnet2021", "alexnet")],
)
def test_an_unknown_name_suggests_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"{wrong!r}.*nearest is '{nearest}"):
        models.create(wrong)
    with pytest.raises(ValueError, match="names"):
        models.info("transformer")


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("lenet", {"actvation": "relu"}, "'actvation'.*activation, pool, batch_norm"),
        ("nin", {"aux": True}, "'aux'.*has none"),
        ("vgg16", {"image_size": "64"}, "image_size must be a whole number.*'64'"),
        ("googlenet", {"aux": "yes"}, "aux must be a bool.*'yes'"),
        ("resnet18", {"width": "half"}, "width must be a number.*'half'"),
        ("resnet18", {"width": True}, "width must be a number"),
        ("resnet18", {"num_classes": 10.0}, "num_classes must be a whole number.*10.0"),
        ("resnet18", {"in_channels": True}, "in_channels must be a whole number"),
    ],
)
def test_wrong_types_and_options(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        models.create(name, **options)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("resnet18", {"width": 0}, "width must be above 0; got 0"),
        ("resnet18", {"width": -0.5}, "width must be above 0; got -0.5"),
        ("resnet18", {"width": float("nan")}, "width must be above 0; got nan"),
        ("resnet18", {"width": float("inf")}, "width must be above 0; got inf"),
        ("resnet18", {"num_classes": 0}, "num_classes must be at least 1; got 0"),
        ("resnet18", {"in_channels": -1}, "in_channels must be at least 1; got -1"),
        ("lenet", {"activation": "gelu"}, "activation.*'sigmoid', 'tanh', 'relu'; got 'gelu'"),
        ("lenet", {"pool": "mean"}, "pool.*'max', 'avg'; got 'mean'"),
        ("lenet5", {"num_classes": 11}, "num_classes=11"),
        ("alexnet", {"image_size": 66}, "image_size 66 is too small: alexnet needs at least 67"),
        ("alexnet2012", {"image_size": 62}, "alexnet2012 needs at least 63"),
        ("vgg13", {"image_size": 31}, "image_size 31 is too small: vgg13 needs at least 32"),
    ],
)
def test_wrong_values(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        models.create(name, **options)


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("width", [0.001, 0.3, 2])
def test_width_scales_every_network(name: str, width: float) -> None:
    net, full = on_meta(name, width=width), on_meta(name)
    size = net.image_size
    output = net.eval()(torch.empty(2, 1, size, size, device="meta"))
    assert output.shape == (2, 10)
    assert (count(net) - count(full)) * (width - 1) > 0


@pytest.mark.parametrize(
    ("name", "width", "channels"),
    [
        ("lenet", 0.5, [3, 8]),
        ("vgg11", 0.25, [16, 32, 64, 64, 128, 128, 128, 128]),
        ("alexnet2012", 0.1, [10, 26, 38, 38, 26]),  # even, for the two groups
        ("nin", 0.5, [48, 48, 48, 128, 128, 128, 192, 192, 192, 10, 10, 10]),
        ("googlenet", 0.25, [16, 16, 48, 16, 24, 32, 4, 8, 8]),
        ("resnet18", 0.5, [32, 32, 32, 32, 32, 64, 64, 64, 64, 64]),
        ("resnet50", 0.001, [1, 1, 1, 4, 4]),
        ("densenet121", 0.5, [32, 64, 16, 64, 16]),
    ],
)
def test_width_multiplies_the_channels(name: str, width: float, channels: list[int]) -> None:
    convs = [m for m in on_meta(name, width=width).modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in convs][: len(channels)] == channels


def test_width_one_is_the_default() -> None:
    a, b = on_meta("googlenet").state_dict(), on_meta("googlenet", width=1).state_dict()
    assert [v.shape for v in a.values()] == [v.shape for v in b.values()]


def test_options_reach_the_network() -> None:
    assert count(on_meta("lenet", batch_norm=True)) == 44_426 + 2 * (6 + 16 + 120 + 84)
    assert any(isinstance(m, nn.AvgPool2d) for m in on_meta("lenet", pool="avg").modules())
    assert any(isinstance(m, nn.ReLU) for m in on_meta("lenet", activation="relu").modules())
    batch_norm = on_meta("vgg11", 3, 1000, batch_norm=True)
    assert count(batch_norm) == PUBLISHED["vgg11"] + 2 * (64 + 128 + 2 * 256 + 4 * 512)
    assert count(on_meta("vgg11", 3, 1000, image_size=64)) < PUBLISHED["vgg11"] / 3


def test_the_table_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "d2lhelpers.models"], capture_output=True, text=True, check=True
    )
    lines = {line.split()[0]: line for line in reversed(done.stdout.splitlines()) if line}
    assert set(models.names()) <= set(lines)
    for name, parameters in PUBLISHED.items():
        # Measured and known stand side by side, and agree.
        assert lines[name].count(f"{parameters:,}") == (3 if name == "lenet5" else 2)
    assert re.search(r"vgg19 +2014 +19 \(19\) +32 .* 144 million +19\.63 +–$", lines["vgg19"])
    assert re.search(r"resnet50 .* 4\.09 +3\.8$", lines["resnet50"])
    assert "3.86 (resnet50), 7.57 (resnet101), 11.28 (resnet152)" in done.stdout
    assert not done.stderr
