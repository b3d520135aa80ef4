"""What ``layer_table`` leaves as it was, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from d2lhelpers.inspection import layer_table
from d2lhelpers.models import create

from .nets import Module


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
