"""``layer_table``: shapes, counts and fields held to PyTorch, to formulas and to gradients."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from d2lhelpers.arithmetic import receptive_field
from d2lhelpers.inspection import LayerTable, Row, layer_table
from d2lhelpers.models import create, info, names
from d2lhelpers.models.googlenet import Inception
from d2lhelpers.models.resnet import Bottleneck, Residual


class Module(nn.Module):
    """A module with a given forward, and given parts."""

    def __init__(self, forward: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


def published(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    entry = info(name)
    with torch.device("meta"):
        net = create(name, entry.in_channels, entry.num_classes)
    return net, (entry.in_channels, entry.image_size, entry.image_size)


# --- parameters, MACs, depth


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


# --- receptive fields


def measured_field(net: nn.Module, channels: int, side: int) -> tuple[int, int]:
    """The pixels on which the middle unit's value depends, by its gradient."""
    net = copy.deepcopy(net).double()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1.0)
    x = torch.rand(1, channels, side, side, dtype=torch.float64, requires_grad=True)
    y = net(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    assert x.grad is not None
    used = x.grad[0].abs().amax(0) > 0
    rows, columns = used.any(1).nonzero(), used.any(0).nonzero()
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def softly(net: nn.Module) -> nn.Module:
    """Average in place of maximum, so that every pixel of a window has a gradient."""
    for name, part in net.named_children():
        if isinstance(part, nn.MaxPool2d):
            setattr(net, name, nn.AvgPool2d(part.kernel_size, part.stride, part.padding))
        elif isinstance(part, nn.BatchNorm2d):
            setattr(net, name, nn.Identity())
        else:
            softly(part)
    return net


kernels = st.integers(1, 4)
stacks = st.lists(
    st.tuples(
        st.tuples(kernels, kernels),
        st.tuples(st.integers(1, 3), st.integers(1, 3)),
        st.integers(0, 2),
        st.integers(1, 2),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(stacks)
@settings(max_examples=60)
def test_stacks_by_the_formula(stack: list[Any]) -> None:
    layers: list[nn.Module] = []
    sizes: list[Any] = []
    for kernel, stride, padding, dilation, pool in stack:
        if pool:
            padding = min(padding, min(kernel) // 2)
            layers.append(nn.MaxPool2d(kernel, stride, padding, dilation))
        else:
            layers.append(nn.Conv2d(1, 1, kernel, stride, padding, dilation))
        sizes.append((kernel, stride, padding, dilation))
        layers.append(nn.ReLU(inplace=True))
    row = layer_table(nn.Sequential(*layers), (1, 400, 400)).rows[-1]
    expected = receptive_field(sizes)
    assert row.receptive_field == expected.size
    assert row.jump == expected.jump


@pytest.mark.parametrize(
    ("net", "channels"),
    [
        (Inception(4, 2, (2, 3), (2, 3), 2), 4),
        (nn.Sequential(nn.MaxPool2d(3, 2, 1), Inception(4, 2, (2, 3), (2, 3), 2)), 4),
        (nn.Sequential(Residual(4, 8, 2), Residual(8, 8)), 4),
        (nn.Sequential(Bottleneck(4, 2, 2), Bottleneck(8, 2)), 4),
        (Bottleneck(4, 2, 2, stride_in_1x1=True), 4),
        (create("resnet18", width=0.1, preactivation=True).layer2, 6),
        (create("densenet", width=0.1).features[:6], 1),
        (nn.Sequential(nn.Conv2d(1, 2, (5, 3), (2, 1)), nn.Conv2d(2, 2, 3, dilation=3)), 1),
        (nn.Sequential(nn.LocalResponseNorm(5), nn.Conv2d(6, 2, 3)), 6),
    ],
)
def test_joined_paths_by_gradients(net: nn.Module, channels: int) -> None:
    net = softly(copy.deepcopy(net)).eval()
    table = layer_table(nn.Sequential(net), (channels, 160, 160), depth=1)
    assert table.rows[0].receptive_field == measured_field(net, channels, 160)


def test_paths_that_are_not_centred_on_each_other() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        left = functional.pad(self.conv(x), (2, 0, 0, 0))
        return left + functional.pad(self.conv(x), (0, 2, 0, 0))

    net = Module(forward, conv=nn.Conv2d(1, 1, (1, 3)))
    table = layer_table(nn.Sequential(net), (1, 40, 40), depth=1)
    assert table.rows[0].receptive_field == (1, 5)
    assert measured_field(net, 1, 40) == (1, 5)


def forward_only(forward: Callable[[Tensor], Tensor]) -> nn.Module:
    return Module(lambda self, x: forward(self.conv(x)), conv=nn.Conv2d(1, 4, 3, padding=1))


OPERATIONS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, int], tuple[float, float]]] = {
    "slice": (lambda x: x[:, :, 1:, ::2], (3, 3), (1, 2)),
    "transposed": (lambda x: x.transpose(2, 3), (3, 3), (1, 1)),
    "permuted": (
        lambda x: x.permute(0, 2, 3, 1) @ torch.ones(4, 5, device=x.device),
        (3, 3),
        (1, 1),
    ),
    "flat and back": (lambda x: x.flatten(2).reshape(x.shape) + 1, (3, 3), (1, 1)),
    "nearest": (lambda x: functional.interpolate(x, scale_factor=2), (3, 3), (0.5, 0.5)),
    "bilinear": (
        lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear"),
        (4, 4),
        (0.5, 0.5),
    ),
    "shuffle": (lambda x: functional.pixel_shuffle(x, 2), (3, 3), (0.5, 0.5)),
    "reflect": (lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect"), (3, 3), (1, 1)),
    "adaptive": (lambda x: functional.adaptive_avg_pool2d(x, 4), (7, 7), (5, 5)),
    "windows": (lambda x: x.unfold(2, 3, 2).amax(-1), (5, 3), (2, 1)),
    "stacked": (lambda x: torch.stack((x, x), 1).sum(1), (3, 3), (1, 1)),
    "channels averaged": (lambda x: x.mean(1, keepdim=True), (3, 3), (1, 1)),
    "channels dropped": (lambda x: x.amax(1), (3, 3), (1, 1)),
    "one row": (lambda x: x[:, :, 3], (3, 3), (1, 1)),
    "softmax of channels": (lambda x: x.softmax(1), (3, 3), (1, 1)),
    "global average": (lambda x: x.mean((2, 3)), (20, 20), (0, 0)),
    "row average": (lambda x: x.mean(3), (3, 20), (1, 0)),
    "gate": (lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(), (20, 20), (0, 0)),
    "softmax of places": (lambda x: x.flatten(2).softmax(2).reshape(x.shape), (20, 20), (0, 0)),
    "attention": (
        lambda x: functional.scaled_dot_product_attention(x, x, x),
        (20, 20),
        (0, 0),
    ),
    "dense": (lambda x: x.flatten(1) @ torch.ones(1600, 3, device=x.device), (20, 20), (0, 0)),
    "dense over rows": (lambda x: x @ torch.ones(20, 3, device=x.device), (3, 20), (1, 0)),
}


@pytest.mark.parametrize("case", OPERATIONS)
def test_operations_between_layers(case: str) -> None:
    forward, size, jump = OPERATIONS[case]
    table = layer_table(nn.Sequential(forward_only(forward)), (1, 20, 20), depth=1)
    assert (table.rows[0].receptive_field, table.rows[0].jump) == (size, jump)


def test_transposed_convolutions_by_gradients() -> None:
    for kernel, stride, padding in ((3, 1, 1), (4, 2, 1), (3, 2, 0), (5, 3, 1)):
        net = nn.Sequential(
            nn.Conv2d(1, 2, 3, stride=2), nn.ConvTranspose2d(2, 1, kernel, stride, padding)
        )
        row = layer_table(net, (1, 61, 61)).rows[-1]
        assert row.jump is not None and row.jump[0] * stride == 2
        side = row.output_shape[2] if row.output_shape else 0
        assert row.receptive_field == (max(field_at(net, 61, side // 2 + i) for i in range(6)),) * 2


def field_at(net: nn.Module, side: int, unit: int) -> int:
    net = copy.deepcopy(net).double()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1.0)
    x = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    net(x)[0, 0, unit, unit].backward()
    assert x.grad is not None
    used = x.grad[0, 0].abs().amax(1).nonzero()
    return int(used[-1] - used[0] + 1)


# --- rows and depth


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


# --- what must not happen


def snapshot(net: nn.Module) -> list[Any]:
    return [
        [m.training for m in net.modules()],
        {k: v.clone() for k, v in net.state_dict().items()},
        [None if p.grad is None else p.grad.clone() for p in net.parameters()],
        [p.data_ptr() for p in net.parameters()],
        [dict(m._forward_hooks) | dict(m._forward_pre_hooks) for m in net.modules()],
    ]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


class NeedsNumbers(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        assert torch.rand(1).item() < 2
        return x if x.sum().item() >= 0 else -x


@pytest.mark.parametrize("numbers", [False, True])
def test_the_network_is_left_as_it_was(numbers: bool) -> None:
    conv, norm, dropout = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()
    net = nn.Sequential(conv, norm, dropout, NeedsNumbers() if numbers else nn.ReLU())
    dropout.eval()
    net(torch.rand(2, 1, 8, 8)).sum().backward()
    watched: list[Any] = []
    conv.register_forward_hook(lambda m, args, y: watched.append(y))
    norm.register_forward_pre_hook(lambda m, args: None)
    before, random = snapshot(net), torch.get_rng_state()
    table = layer_table(net, (1, 8, 8))
    assert same(before, snapshot(net))
    assert torch.equal(random, torch.get_rng_state())
    assert not watched
    assert [row.output_shape for row in table.rows] == [(1, 2, 6, 6)] * 4
    assert [row.receptive_field for row in table.rows] == [(3, 3)] * 4
    net(torch.rand(2, 1, 8, 8))
    assert len(watched) == 1


def test_hooks_of_objects_that_can_not_be_copied() -> None:
    class Viewer:
        def __deepcopy__(self, memo: Any) -> Any:
            raise RuntimeError("a widget")

        def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
            raise RuntimeError("must not run")

    net = nn.Sequential(nn.Linear(2, 2))
    net[0].register_forward_hook(Viewer())
    assert layer_table(net, (2,)).total_macs == 4


def test_no_real_data_is_run_where_meta_tensors_do() -> None:
    devices: list[str] = []

    def forward(self: Any, x: Tensor) -> Tensor:
        devices.append(f"{x.device.type} {self.conv.weight.device.type}")
        return self.conv(x)

    layer_table(Module(forward, conv=nn.Conv2d(1, 1, 1)), (1, 4, 4))
    assert devices == ["meta meta"]


def test_plain_tensors_and_other_dtypes() -> None:
    net = Module(lambda self, x: self.conv(x) * self.scale, conv=nn.Conv2d(1, 2, 1).double())
    net.scale = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).double() * net.conv.weight.sum()
    assert layer_table(net, (1, 4, 4)).rows[0].output_shape == (1, 2, 4, 4)
    assert layer_table(nn.Flatten(), (1, 4, 4)).rows[0].output_shape == (1, 16)


def test_a_compiled_network_is_looked_into() -> None:
    net = create("lenet")
    compiled = torch.compile(net, backend="eager")
    assert layer_table(compiled, (1, 28, 28)).rows == layer_table(net, (1, 28, 28)).rows


def test_the_networks_own_error_comes_through() -> None:
    with pytest.raises(ValueError, match="alexnet needs images of at least 67×67; got 28×28"):
        layer_table(create("alexnet", width=0.05), (1, 28, 28))
    with pytest.raises(RuntimeError, match="channels"):
        layer_table(nn.Sequential(nn.Conv2d(3, 1, 1)), (1, 4, 4))


@pytest.mark.parametrize(
    ("shape", "depth", "error", "words"),
    [
        (28, None, TypeError, r"input_shape must be a tuple like \(1, 28, 28\); got 28"),
        ((), None, ValueError, r"got \(\)"),
        ((1, 0, 28), None, ValueError, r"at least 1.*got \(1, 0, 28\)"),
        ((1, 28.0, 28), None, ValueError, "whole numbers"),
        ((1, 28, 28), 0, ValueError, "depth must be at least 1; got 0"),
        ((1, 28, 28), 1.5, TypeError, "depth must be a whole number or None; got 1.5"),
    ],
)
def test_wrong_arguments(shape: Any, depth: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        layer_table(create("lenet"), shape, depth)


# --- how it looks


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
