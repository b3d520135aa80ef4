"""Which rows there are, and what they say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.inspection import LayerTable, Row, layer_table
from d2lhelpers.models import create

from .nets import Module, published


def test_one_row_a_stage() -> None:
    net, shape = published("resnet50")
    full, table = layer_table(net, shape), layer_table(net, shape, depth=1)
    kinds = [row.name for row in table.rows]
    stages = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    assert kinds == [*stages, "last", "avgpool", "flatten", "fc"]
    assert table.total_macs == full.total_macs
    assert table.total_parameters == full.total_parameters
    assert table.rows[5].output_shape == (1, 512, 28, 28)
    assert table.rows[5].type == "Sequential"
    assert (
        table.rows[5].receptive_field
        == full.rows[[r.name for r in full.rows].index("layer3.0.conv1") - 1].receptive_field
    )
    blocks = layer_table(net, shape, depth=2)
    assert sum(row.name.startswith("layer") for row in blocks.rows) == 3 + 4 + 6 + 3
    assert {row.type for row in blocks.rows if "layer" in row.name} == {"Bottleneck"}


def test_a_list_of_layers_is_one_row() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.last(x)

    layers = nn.ModuleList([nn.Conv2d(1, 2, 3), nn.Conv2d(2, 4, 3)])
    net = Module(forward, layers=layers, last=nn.Conv2d(4, 1, 1))
    table = layer_table(net, (1, 9, 9), depth=1)
    assert [(r.name, r.type, r.output_shape, r.parameters) for r in table.rows] == [
        ("layers", "ModuleList", (1, 4, 5, 5), 20 + 76),
        ("last", "Conv2d", (1, 1, 5, 5), 5),
    ]


def test_a_shared_layer_runs_twice_and_counts_once() -> None:
    net = Module(
        lambda self, x: self.tied(self.conv(self.conv(x))),
        conv=nn.Conv2d(3, 3, 3),
        tied=nn.Conv2d(3, 3, 3),
    )
    net.tied.weight = net.conv.weight
    table = layer_table(net, (3, 9, 9))
    assert [(r.name, r.output_shape, r.parameters) for r in table.rows] == [
        ("conv", (1, 3, 7, 7), 84),
        ("conv", (1, 3, 5, 5), 0),
        ("tied", (1, 3, 3, 3), 3),
    ]
    assert [r.macs for r in table.rows] == [81 * 49, 81 * 25, 81 * 9]
    assert [r.receptive_field for r in table.rows] == [(3, 3), (5, 5), (7, 7)]
    assert table.total_parameters == sum(p.numel() for p in net.parameters())
    assert [r.name for r in layer_table(net, (3, 9, 9), depth=1).rows] == ["conv", "conv", "tied"]


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 1, 3, 3))
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"maps": self.act(functional.conv2d(x, self.weight))}


def test_what_a_block_computes_itself_has_a_row() -> None:
    table = layer_table(nn.Sequential(Functional()), (1, 6, 6))
    assert table.rows == [
        Row("0.act", "ReLU", (1, 2, 4, 4), 0, 0, (3, 3), table.rows[0].jump),
        Row("0", "Functional", (1, 2, 4, 4), 18, 288, (3, 3), table.rows[0].jump),
    ]
    assert layer_table(Functional(), (1, 6, 6)).rows[-1].name == "(net)"


def test_layers_that_do_not_run_are_listed_last() -> None:
    net = create("googlenet", width=0.1, aux=True)
    table = layer_table(net, (1, 96, 96))
    idle = [row for row in table.rows if row.output_shape is None]
    assert table.rows[-len(idle) :] == idle
    assert all(row.name.startswith("aux.") and row.macs == 0 for row in idle)
    assert sum(row.parameters for row in idle) == sum(p.numel() for p in net.aux.parameters())
    assert "not run" in str(table)
    short = layer_table(net, (1, 96, 96), depth=1)
    assert [row.name for row in short.rows if row.output_shape is None] == ["aux"]
    assert short.total_parameters == sum(p.numel() for p in net.parameters())


def test_lazy_layers_are_shown_and_stay_lazy() -> None:
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    table = layer_table(net, (1, 6, 6))
    assert [row.type for row in table.rows] == ["Conv2d", "BatchNorm2d", "Flatten", "Linear"]
    assert [row.parameters for row in table.rows] == [40, 8, 0, 130]
    assert isinstance(net[0], nn.LazyConv2d) and net[0].has_uninitialized_params()
    assert layer_table(net, (3, 6, 6)).rows[0].parameters == 4 * 28
    assert net(torch.zeros(1, 2, 6, 6)).shape == (1, 2)


def test_parametrized_layers_are_one_row() -> None:
    conv = torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 3))
    table = layer_table(nn.Sequential(conv), (2, 5, 5))
    assert [(r.name, r.parameters, r.macs) for r in table.rows] == [("0", 3 + 3 + 54, 54 * 9)]


class Cells(HTMLParser):
    """Reads a table back."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[list[str]] = []
        self.caption = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag == "tr":
            self.lines.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] == "caption":
            self.caption += data
        else:
            self.lines[-1].append(data)


def test_the_html_table() -> None:
    table = layer_table(create("lenet"), (1, 28, 28))
    html, page = table._repr_html_(), Cells()
    page.feed(html)
    assert not page.open
    assert page.caption.startswith("lenet: 44,426 parameters, 281,640 multiply-accumulates")
    head = ["layer", "type", "output shape", "parameters", "MACs", "receptive field", "jump"]
    assert page.lines[0] == head
    first = ["features.0", "Conv2d", "(1, 6, 24, 24)", "156", "86,400", "5", "1"]
    assert page.lines[1] == first
    assert page.lines[-1][-2:] == ["whole input", "–"]
    assert len(page.lines) == 1 + len(table.rows)
    scopes = [attrs.get("scope") for tag, attrs in page.tags if tag == "th"]
    assert scopes == ["col"] * 7 + ["row"] * len(table.rows)
    styles = [attrs["style"] for tag, attrs in page.tags if tag == "td"]
    assert styles[:6] == ["text-align:left"] * 2 + ["text-align:right"] * 4
    # Legible in a light and in a dark theme: no colour of its own.
    assert not re.search(r"color|background|#[0-9a-f]{3}", html)


def test_html_escapes_names() -> None:
    net = nn.Sequential()
    net.add_module("<b>&", nn.ReLU())
    assert "<b>" not in layer_table(net, (4,))._repr_html_()


def test_the_plain_table() -> None:
    table = layer_table(
        nn.Sequential(nn.Conv2d(1, 2, (3, 1)), nn.Upsample(scale_factor=4)), (1, 9, 9)
    )
    assert repr(table) == str(table)
    lines = str(table).splitlines()
    assert lines[1].split() == [
        "layer",
        "type",
        "output",
        "shape",
        "parameters",
        "MACs",
        "receptive",
        "field",
        "jump",
    ]
    assert lines[2].split()[-4:] == ["8", "378", "3×1", "1"]
    assert lines[3].split()[-1] == "0.25"
    assert len({len(line) for line in lines[2:]}) == 1
    empty = LayerTable("nothing", (1,), [], 0)
    assert empty.total_macs == 0 and "nothing" in str(empty)
