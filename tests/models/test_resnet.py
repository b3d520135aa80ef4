"""ResNet: its blocks, where the stride is, and activation first."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from d2lhelpers.models import create
from d2lhelpers.models.preactivation import PreActivation
from d2lhelpers.models.resnet import Bottleneck, Residual

from .small import batch, convs, randomize_statistics


@pytest.mark.parametrize(
    "block",
    [Residual(8, 8), Bottleneck(8, 2), Residual(8, 16, stride=2), Bottleneck(8, 4, stride=2)],
    ids=["basic", "bottleneck", "basic/2", "bottleneck/2"],
)
def test_a_block_without_its_last_scale_is_its_shortcut(block: nn.Module) -> None:
    last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
    nn.init.zeros_(last.weight)
    x = torch.randn(2, 8, 6, 6).relu()
    kept = x if block.downsample is None else block.downsample(x)
    torch.testing.assert_close(block(x), kept.relu())


def test_where_the_stride_is() -> None:
    today, paper = Bottleneck(8, 4, 2), Bottleneck(8, 4, 2, stride_in_1x1=True)
    assert [m.stride[0] for m in (today.conv1, today.conv2, today.conv3)] == [1, 2, 1]
    assert [m.stride[0] for m in (paper.conv1, paper.conv2, paper.conv3)] == [2, 1, 1]
    with torch.device("meta"):
        a, b = create("resnet50"), create("resnet50", stride_in_1x1=True)
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(a)) == 3
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(b)) == 0
    with torch.device("meta"):
        c = create("resnet50", stride_in_1x1=True, preactivation=True)
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(c)) == 0


def test_preactivation_passes_its_input_on_unchanged() -> None:
    block = PreActivation(8, 2, bottleneck=True)
    nn.init.zeros_(list(block.residual)[-1].weight)
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(block(x), x)


def test_preactivation_by_its_formula() -> None:
    torch.manual_seed(0)
    block = PreActivation(6, 4, stride=2).eval()
    with torch.no_grad():
        randomize_statistics(block)
    bn1, bn2 = (m for m in block.modules() if isinstance(m, nn.BatchNorm2d))
    conv1, conv2, short = convs(block)
    x = torch.randn(2, 6, 8, 8)
    active = torch.relu(bn1(x))
    assert short.kernel_size == (1, 1) and conv1.stride == short.stride == (2, 2)
    expected = short(active) + conv2(torch.relu(bn2(conv1(active))))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_preactivation_normalizes_before_every_convolution(name: str) -> None:
    net = create(name, width=0.125, preactivation=True).eval()
    order: list[nn.Module] = []
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ReLU, nn.BatchNorm2d)):
            module.register_forward_hook(lambda m, args, y: order.append(m))
    assert net(batch(32)).shape == (2, 10)
    plain = [m for m in order if not (isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1))]
    kinds = "".join(type(m).__name__[0] for m in plain)
    if name == "resnet18":
        # The stem's C B R serves the first block; then C (B R C), B R before each, B R at the end.
        assert kinds == "CBR" + "CBRC" + "BRCBRC" * 7 + "BR"
    assert len([m for m in order if isinstance(m, nn.ReLU)]) == int(name[6:]) - 1
    assert isinstance(order[-1], nn.ReLU)
