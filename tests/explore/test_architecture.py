"""The architecture explorer: every number in it is PyTorch's, for every registered network."""

from __future__ import annotations

import functools
import math
import random
import re
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import d2lhelpers as d2l
from d2lhelpers import svg
from d2lhelpers.explore._measured import TASKS, measured
from d2lhelpers.explore.architecture import render
from tests.explore.states import median_milliseconds, words

NAMES = d2l.models.names()
# Two sizes where a network is quick to measure, one for the deep ones.
SIZES = {
    "lenet": (28, 31),
    "lenet5": (32, 35),
    "alexnet": (67, 224),
    "alexnet2012": (63, 227),
    "nin": (67, 100),
    "vgg11": (32, 70),
    "googlenet": (33,),
    "resnet18": (1, 45),
    "densenet": (29,),
}
STATES = [(name, size) for name in NAMES for size in SIZES.get(name, (32,))]
WIDTH, TASK = 0.125, TASKS[1]


@dataclass
class Real:
    """What a real network, with weights, did with a real image."""

    shapes: dict[str, tuple[int, ...]]
    macs: dict[str, int]
    parameters: dict[str, int]
    total_macs: int
    total_parameters: int


def run(name: str, size: int) -> Real:
    options = {"image_size": size} if name.startswith("alexnet") else {}
    net = d2l.models.create(name, width=WIDTH, **options).eval()
    shapes: dict[str, tuple[int, ...]] = {}

    def note(path: str, module: nn.Module, args: Any, output: Tensor) -> None:
        shapes[path] = tuple(output.shape)

    for path, module in net.named_modules():
        module.register_forward_hook(functools.partial(note, path))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.rand(1, 1, size, size))
    root = type(net).__name__
    macs = {
        path.removeprefix(f"{root}."): sum(flops.values()) // 2
        for path, flops in counter.get_flop_counts().items()
    }
    parameters = {
        path: sum(p.numel() for p in module.parameters()) for path, module in net.named_modules()
    }
    return Real(shapes, macs, parameters, counter.get_total_flops() // 2, parameters[""])


def value(expression: str) -> float:
    """The value of a formula as the picture writes it."""
    plain = expression.translate(str.maketrans("·×−", "**-")).replace(",", "")
    return eval(plain.replace("⌊", "math.floor(").replace("⌋", ")"), {"math": math})


def said(picture: str, what: str) -> str:
    """What stands after ``what:`` in the picture."""
    texts = [t.split(": ", 1) for t in re.split(r"(?=<text)", str(picture))]
    found = [re.sub(r"<[^>]*>", "", ": ".join(t)) for t in texts]
    (line,) = [t for t in found if t.startswith(f"{what}: ")]
    return line.removeprefix(f"{what}: ")


def number(text: str) -> int:
    return 0 if text == "none" else int(text.replace(",", "").removesuffix(" no bias"))


@pytest.mark.parametrize(("name", "size"), STATES)
def test_every_number_is_what_pytorch_gives(name: str, size: int) -> None:
    real = run(name, size)
    network = measured(name, size, WIDTH, TASK)
    rows = network.table.rows
    ran = {p: m for p, m in network.net.named_modules() if p in real.shapes}
    leaves = [p for p, m in ran.items() if not list(m.children())]
    assert set(leaves) <= {row.name for row in rows}
    draw = random.Random(0)
    indices = draw.sample(range(len(rows)), min(60, len(rows)))
    for index in indices:
        row = rows[index]
        picture = render(name, size, WIDTH, TASK, index + 1)
        shape = "×".join(map(str, real.shapes[row.name][1:]))
        assert f": {row.name}, {row.type}, {shape}, " in picture.label
        own = real.parameters[row.name] if row.name in leaves else row.parameters
        assert f"{own:,} parameters, {real.macs.get(row.name, 0):,} MACs" in picture.label
        for what, true in (("parameters", own), ("MACs", real.macs.get(row.name, 0))):
            *_, left, right = [None, *said(picture, what).replace(", no bias", "").split(" = ")]
            assert number(right) == true
            assert left is None or value(left) == true
        if "map: " in words(picture):
            _, left, right = said(picture, "map").split(" = ")
            assert value(left) == int(right) == real.shapes[row.name][-1]
    assert f"{real.total_parameters:,} parameters · {real.total_macs:,} MACs" in words(picture)


def test_the_networks_together_were_seen_in_a_thousand_states() -> None:
    counts = [min(60, len(measured(n, s, WIDTH, TASK).table.rows)) for n, s in STATES]
    assert set(NAMES) == {name for name, _ in STATES}
    assert sum(counts) > 1000


@pytest.mark.parametrize(("name", "size"), STATES)
def test_every_layer_stands_in_one_block_and_the_shares_are_of_the_whole(
    name: str, size: int
) -> None:
    network = measured(name, size, WIDTH, TASK)
    covered = [i for stage in network.stages for i in range(stage.first, stage.last)]
    assert covered == list(range(len(network.table.rows)))
    assert sum(s.parameters for s in network.stages) == network.table.total_parameters
    assert sum(s.macs for s in network.stages) == network.table.total_macs
    picture = render(name, size, WIDTH, TASK, len(covered) // 2)
    for values in ([s.parameters for s in network.stages], [s.macs for s in network.stages]):
        for share in (v / sum(values) for v in values):
            if share >= 0.01:
                assert f">{100 * share:.0f} %<" in str(picture)


@pytest.mark.parametrize("name", ["lenet", "lenet5"])
def test_the_receptive_field_is_where_the_gradient_is(name: str) -> None:
    size = d2l.models.info(name).image_size
    # A mean has a gradient at all that it sees, a maximum at one place.
    options = {"pool": "avg"} if name == "lenet" else {}
    net = d2l.models.create(name, **options).double().eval()
    kept: dict[str, Tensor] = {}
    for path, module in net.named_modules():
        module.register_forward_hook(lambda _, __, y, path=path: kept.update({path: y}))
    d2l.set_seed(0)
    x = torch.rand(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    net(x)
    for index, row in enumerate(measured(name, size, 1.0, TASKS[0]).table.rows):
        y = kept[row.name]
        unit = y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum() if y.dim() == 4 else y.sum()
        (gradient,) = torch.autograd.grad(unit, x, retain_graph=True)
        touched = gradient[0, 0].ne(0)
        field = (int(touched.any(1).sum()), int(touched.any(0).sum()))
        picture = render(name, layer=index + 1)
        if y.dim() == 4:
            assert f"{field[0]}×{field[1]} px" in words(picture)
            assert f"sees {field[0]}×{field[1]} pixels" in picture.label
        else:
            assert field == (size, size)


def test_the_square_on_the_input_is_to_scale() -> None:
    for index in (0, 2, 12, 20):
        network = measured("vgg16", 224, 1.0, TASKS[0])
        seen = network.table.rows[index].receptive_field
        assert seen is not None
        picture = str(render("vgg16", layer=index + 1))
        (shown,) = re.findall(r'width="([\d.]+)" height="[\d.]+"[^>]*fill-opacity="0.3"', picture)
        assert float(shown) == pytest.approx(108 * seen[0] / 224, abs=0.01)


@pytest.mark.parametrize("name", ["lenet", "lenet5", "alexnet", "alexnet2012", "nin", "vgg11"])
def test_an_image_too_small_shows_the_network_s_own_words(name: str) -> None:
    least = d2l.models.create(name, 3, width=0.05).min_size
    channels = d2l.models.info(name).in_channels
    explorer = d2l.explore.architecture(name=name)
    explorer.controls["input_size"].value = least - 1
    assert f"{name} needs images of at least {least}×{least}" in explorer.picture.value
    assert f"got {least - 1}×{least - 1}" in explorer.picture.value
    explorer.controls["input_size"].value = least
    assert f"for images of {channels}×{least}×{least}, " in explorer.picture.value


def test_dense_layers_that_fit_one_size_say_so_and_others_are_built_anew() -> None:
    with pytest.raises(ValueError, match="built for images of\n? ?28×28; got 40×40"):
        render("lenet", 40)
    assert "96×96" in render("alexnet", 96).label
    (dense,) = [r for r in measured("alexnet", 96, 1.0, TASK).table.rows if "r.1" in r.name]
    assert dense.parameters == 4096 * (256 * 1 * 1 + 1)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"name": "resnet20"}, "nearest is 'resnet50'"),
        ({"layer": 0}, "layer must be at least 1, the first; got 0"),
        ({"input_size": 0}, "input_size must be a whole number of at least 1; got 0"),
        ({"input_size": 28.0}, "input_size must be a whole number of at least 1; got 28.0"),
        ({"task": "CIFAR"}, "task must be one of 'as published', 'Fashion-MNIST'; got 'CIFAR'"),
        ({"width": -1.0}, "width must be above 0"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**state)


def test_redraw_takes_at_most_5_ms() -> None:
    draw = random.Random(1)
    states = [
        {"name": n, "input_size": s, "width": WIDTH, "task": TASK, "layer": draw.randint(1, 600)}
        for n, s in draw.choices(STATES, k=200)
    ]
    for state in states:
        render(**state)
    assert median_milliseconds(render, states) <= 5


def test_another_network_brings_its_own_size_and_layers() -> None:
    explorer = d2l.explore.architecture(name="lenet", layer=12)
    assert explorer.controls["layer"].max == 12
    explorer.controls["name"].value = "vgg11"
    state = explorer.state
    assert (state["input_size"], state["layer"]) == (224, 1)
    assert explorer.controls["layer"].max == 30
    assert explorer.picture.value == render("vgg11")
    explorer.controls["name"].value = "lenet5"
    assert explorer.picture.value == render("lenet5")
    assert (explorer.controls["input_size"].min, explorer.controls["input_size"].max) == (28, 39)


def test_the_reader_is_told_before_a_network_is_measured() -> None:
    explorer = d2l.explore.architecture(name="lenet")
    shown: list[str] = []
    explorer.picture.observe(lambda change: shown.append(change["new"]), names="value")
    explorer.controls["name"].value = "vgg13"
    assert "measuring the layers of vgg13" in shown[0]
    assert shown[-1] == render("vgg13")
    # The note is as large as the picture, so that nothing on the page moves.
    assert [re.findall(r'viewBox="(.*?)"', p) for p in (shown[0], shown[-1])] == [
        ["0 0 960 520"]
    ] * 2


def test_every_control_changes_the_picture() -> None:
    explorer = d2l.explore.architecture(name="vgg11")
    for name, setting in (
        ("layer", 3),
        ("input_size", 64),
        ("width", 0.25),
        ("task", TASKS[1]),
        ("name", "lenet"),
    ):
        before = explorer.picture.value
        explorer.controls[name].value = setting
        assert explorer.picture.value != before
    assert svg.INPUT in explorer.picture.value
