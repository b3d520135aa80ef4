"""LeNet-5 as published, down to its bitmaps, and that it learns."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, linear, pad

from d2lhelpers.data import fashion_mnist
from d2lhelpers.models import create
from d2lhelpers.models.digits import bitmaps
from d2lhelpers.models.lenet5 import J, LeNet5, SparseConv2d, connections

from .small import batch

# Table I of the paper, a line for each map of S2, a column for each of C3.
TABLE_I = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""


def lenet5() -> LeNet5:
    net = create("lenet5")
    assert isinstance(net, LeNet5)
    return net


def test_parameters_of_every_layer() -> None:
    net = lenet5()
    counts = {
        name: sum(p.numel() for p in layer.parameters())
        for name, layer in net.features.named_children()
        if "squash" not in name
    }
    expected = {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert counts == expected
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == 60_000
    assert sum(p.numel() for p in net.distances.parameters()) == 0


def test_the_connections_are_table_i() -> None:
    lines = TABLE_I.split()
    columns = [tuple(m for m in range(6) if lines[m][column] == "X") for column in range(16)]
    assert connections(6, 16) == columns
    assert sum(map(len, columns)) == 60


def test_c3_sees_only_its_connections() -> None:
    torch.manual_seed(0)
    layer = lenet5().features.c3
    assert isinstance(layer, SparseConv2d)
    x = torch.randn(2, 6, 14, 14)
    y = layer(x)
    assert y.shape == (2, 16, 10, 10)
    weights = {}
    for conv, first in zip(layer.convs, (0, 6, 15), strict=True):
        for i in range(conv.out_channels):
            weights[first + i] = (conv.weight[i : i + 1], conv.bias[i : i + 1])
    for i, sources in enumerate(connections(6, 16)):
        torch.testing.assert_close(y[:, i : i + 1], conv2d(x[:, list(sources)], *weights[i]))


def test_the_whole_network_by_the_papers_formulas() -> None:
    torch.manual_seed(0)
    net = lenet5()
    parts = dict(net.features.named_children())

    def squash(a: torch.Tensor) -> torch.Tensor:
        return 1.7159 * torch.tanh(2 * a / 3)

    def subsample(x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        return squash(4 * avg_pool2d(x, 2) * layer.weight + layer.bias)

    x = batch(32)
    x = squash(conv2d(x, parts["c1"].weight, parts["c1"].bias))
    x = subsample(x, parts["s2"])
    x = subsample(squash(parts["c3"](x)), parts["s4"])
    x = squash(conv2d(x, parts["c5"].weight, parts["c5"].bias))
    assert x.shape == (2, 120, 1, 1)
    x = squash(linear(x.flatten(1), parts["f6"][1].weight, parts["f6"][1].bias))
    y = torch.stack([((x - drawn.flatten()) ** 2).sum(1) for drawn in bitmaps()], 1)
    torch.testing.assert_close(net(batch(32)), y)


def test_the_first_weights_lie_in_the_papers_range() -> None:
    torch.manual_seed(0)
    net = lenet5()
    for name, fan_in in (("c1", 25), ("s2", 4), ("c5", 400), ("f6", 120)):
        for parameter in getattr(net.features, name).parameters():
            assert parameter.abs().max() <= 2.4 / fan_in
    weight = net.features.c5.weight
    assert weight.std().item() == pytest.approx(2.4 / 400 / 3**0.5, rel=0.05)
    for conv in net.features.c3.convs:
        assert conv.weight.abs().max() <= 2.4 / conv.weight[0].numel()


def test_the_bitmaps_are_ten_different_digits() -> None:
    drawn = bitmaps()
    assert drawn.shape == (10, 12, 7)
    assert set(drawn.unique().tolist()) == {-1.0, 1.0}
    apart = [int((a != b).sum()) for a, b in itertools.combinations(drawn, 2)]
    assert min(apart) >= 8
    assert torch.equal(create("lenet5", num_classes=3).distances.bitmaps, drawn[:3].flatten(1))


def test_loss_and_predict() -> None:
    net = lenet5()
    y = torch.tensor([[3.0, 1.0, 20.0], [0.5, 40.0, 7.0]])
    targets = torch.tensor([1, 2])
    assert net.predict(y).tolist() == [1, 0]
    rubbish = torch.exp(torch.tensor(-J))
    expected = sum(
        y[p, t] + torch.log(rubbish + torch.exp(-y[p]).sum()) for p, t in enumerate(targets)
    )
    torch.testing.assert_close(net.loss(y, targets), expected / 2)
    far = torch.full((1, 3), 500.0)
    assert net.loss(far, targets[:1]).isfinite()


@pytest.mark.parametrize("width", [0.2, 0.5, 1.0, 3.0])
def test_other_widths_leave_no_map_without_connections(width: float) -> None:
    net = create("lenet5", width=width)
    c3 = net.features.c3
    seen = set(c3.sources.tolist())
    assert seen == set(range(net.features.c1.out_channels))
    assert net(batch(32)).shape == (2, 10)


def test_it_learns_real_clothes() -> None:
    torch.manual_seed(0)
    files = fashion_mnist.read_mini()
    images, labels, test_images, test_labels = (
        pad(values[:, None].float() / 255, (2, 2, 2, 2)) if values.dim() == 3 else values.long()
        for values in files.values()
    )
    net = lenet5()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(2):
        for chosen in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            net.loss(net(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    with torch.no_grad():
        accuracy = (net.predict(net(test_images)) == test_labels).float().mean().item()
    assert accuracy > 0.74
