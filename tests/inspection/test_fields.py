"""Receptive fields, held to the formula of stacks and to gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.arithmetic import receptive_field
from d2lhelpers.inspection import layer_table
from d2lhelpers.models import create
from d2lhelpers.models.googlenet import Inception
from d2lhelpers.models.resnet import Bottleneck, Residual

from .nets import Module


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
    "shifted": (lambda x: x[..., 2:] + x[..., :-2], (3, 5), (1, 1)),
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
