"""Parameters, MACs and depth, held to PyTorch, to formulas and to the papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from d2lhelpers.inspection import layer_table
from d2lhelpers.models import create, info, names

from .nets import Module, published


@pytest.mark.parametrize("name", names())
def test_totals_of_every_network(name: str) -> None:
    net, shape = published(name)
    table = layer_table(net, shape)
    assert table.total_parameters == sum(p.numel() for p in net.parameters())
    with FlopCounterMode(display=False) as counter:
        net.eval()(torch.empty(1, *shape, device="meta"))
    assert 2 * table.total_macs == counter.get_total_flops()
    # LeNet-5's paper counts two subsampling layers and the distances as well.
    assert table.depth == (4 if name == "lenet5" else info(name).depth)
    assert table.rows[-1].output_shape == (1, info(name).num_classes)
    assert table.title == name


GMACS = {
    "vgg11": 7.61,
    "vgg13": 11.31,
    "vgg16": 15.47,
    "vgg19": 19.63,
    "resnet18": 1.81,
    "resnet34": 3.66,
    "resnet50": 4.09,
    "resnet101": 7.80,
    "resnet152": 11.51,
}


@pytest.mark.parametrize("name", GMACS)
def test_gmacs_at_224(name: str) -> None:
    assert round(layer_table(*published(name)).total_macs / 1e9, 2) == GMACS[name]


@pytest.mark.parametrize(("name", "gmacs"), [("resnet50", 3.86), ("resnet101", 7.57)])
def test_gmacs_with_the_stride_of_the_paper(name: str, gmacs: float) -> None:
    with torch.device("meta"):
        net = create(name, 3, 1000, stride_in_1x1=True)
    assert round(layer_table(net, (3, 224, 224)).total_macs / 1e9, 2) == gmacs


def test_every_row_of_lenet_by_hand() -> None:
    rows = layer_table(create("lenet"), (1, 28, 28)).rows
    got = [(r.name, r.type, r.output_shape, r.parameters, r.macs) for r in rows]
    assert got == [
        ("features.0", "Conv2d", (1, 6, 24, 24), 156, 6 * 25 * 576),
        ("features.1", "Sigmoid", (1, 6, 24, 24), 0, 0),
        ("features.2", "MaxPool2d", (1, 6, 12, 12), 0, 0),
        ("features.3", "Conv2d", (1, 16, 8, 8), 2416, 16 * 6 * 25 * 64),
        ("features.4", "Sigmoid", (1, 16, 8, 8), 0, 0),
        ("features.5", "MaxPool2d", (1, 16, 4, 4), 0, 0),
        ("classifier.0", "Flatten", (1, 256), 0, 0),
        ("classifier.1", "Linear", (1, 120), 30_840, 256 * 120),
        ("classifier.2", "Sigmoid", (1, 120), 0, 0),
        ("classifier.3", "Linear", (1, 84), 10_164, 120 * 84),
        ("classifier.4", "Sigmoid", (1, 84), 0, 0),
        ("classifier.5", "Linear", (1, 10), 850, 840),
    ]
    fields = [(r.receptive_field, r.jump) for r in rows]
    assert fields[:6] == [
        ((k, k), (j, j)) for k, j in ((5, 1), (5, 1), (6, 2), (14, 2), (14, 2), (16, 4))
    ]
    assert fields[7:] == [((28, 28), (0, 0))] * 5


def test_the_cost_of_groups_batches_and_transposed_convolutions() -> None:
    grouped = layer_table(nn.Conv2d(8, 16, (3, 5), stride=2, groups=4, bias=False), (2, 8, 9, 9))
    assert grouped.rows[0].parameters == 16 * 2 * 15
    assert grouped.rows[0].macs == 2 * 16 * 2 * 15 * (4 * 3)
    assert grouped.rows[0].output_shape == (2, 16, 4, 3)
    back = layer_table(nn.ConvTranspose2d(4, 6, 3, stride=2), (4, 5, 5))
    assert back.total_macs == 4 * 6 * 9 * 25


@pytest.mark.parametrize("shape", [(7,), (4, 7)])
def test_networks_of_dense_layers(shape: tuple[int, ...]) -> None:
    table = layer_table(nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 2)), shape)
    batch = shape[0] if len(shape) == 2 else 1
    assert table.total_macs == batch * (35 + 10)
    assert table.rows[-1].output_shape == (batch, 2)
    assert table.rows[0].receptive_field is None and table.depth == 2
    assert "receptive" not in str(table)


def test_depth_counts_layers_with_weights_on_the_longest_path() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.conv2(self.conv1(x)) @ x + self.short(x)  # a product without weights

    parts = {name: nn.Conv2d(2, 2, 1) for name in ("conv", "conv1", "conv2", "short")}
    assert layer_table(Module(forward, **parts), (2, 5, 5)).depth == 3
