"""The checks of chapter 16, ResNet."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ..inspection import layer_table
from ..models import create
from ..models.resnet import Bottleneck, Residual
from ._exercise import call, describe, difference, exercise, first_wrong


@exercise(
    "16.1",
    "A basic block has two convolutions beside its projection, a bottleneck three. One convolution "
    "stands before the first stage, one dense layer after the last.",
)
def depth(answer: Any) -> str | None:
    """A function (counts, bottleneck) -> the number of layers on the main line."""

    def truth(counts: tuple[int, ...], bottleneck: bool) -> int:
        return 2 + sum(counts) * (3 if bottleneck else 2)

    cases = [
        ((2, 2, 2, 2), False),
        ((3, 4, 6, 3), False),
        ((3, 4, 6, 3), True),
        ((3, 4, 23, 3), True),
        ((3, 8, 36, 3), True),
        ((1, 1, 1, 1), False),
        ((2, 2, 2, 2), True),
    ]
    return first_wrong(answer, cases, truth, ("counts", "bottleneck"), "the paper counts")


@exercise(
    "16.2",
    "Two 3×3 convolutions and two normalizations with 2 numbers a channel. A projection is there "
    "where the stride is not 1 or the channels differ: a 1×1 convolution and its normalization.",
)
def block_parameters(answer: Any) -> str | None:
    """A function (in_channels, channels, stride) -> parameters of the basic block."""

    def truth(in_channels: int, channels: int, stride: int) -> int:
        with torch.device("meta"):
            block = Residual(in_channels, channels, stride)
        return sum(p.numel() for p in block.parameters())

    cases = [(64, 64, 1), (8, 8, 1), (64, 128, 2), (64, 64, 2), (8, 16, 1), (3, 5, 2), (16, 4, 1)]
    names = ("in_channels", "channels", "stride")
    return first_wrong(answer, cases, truth, names, "the block has")


@exercise(
    "16.3",
    "Only the first 1×1 differs: the layers after it get maps of the same size in both forms. It "
    "has one output at every place of its output map: n×n of them, or with stride 2 ⌈n/2⌉×⌈n/2⌉.",
)
def more_macs(answer: Any) -> str | None:
    """A function (in_channels, channels, n) -> MACs more with the stride on the 3×3."""

    def truth(in_channels: int, channels: int, n: int) -> int:
        macs = []
        for in_1x1 in (False, True):
            with torch.device("meta"):
                block = Bottleneck(in_channels, channels, 2, stride_in_1x1=in_1x1)
            macs.append(layer_table(block, (in_channels, n, n)).total_macs)
        return macs[0] - macs[1]

    cases = [(4, 1, 2), (256, 128, 56), (512, 256, 28), (1024, 512, 14), (8, 3, 7), (16, 5, 1)]
    return first_wrong(answer, cases, truth, ("in_channels", "channels", "n"), "the difference is")


@exercise(
    "16.4",
    "g is conv1, bn1, ReLU, conv2, bn2, with no ReLU at its end: g must be able to subtract. Then "
    "add x, or the projection of the block's input, and only then take the last ReLU.",
)
def basic(answer: Any) -> str | None:
    """A function (x, conv1, bn1, conv2, bn2, projection) -> the output of the basic block."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        for in_channels, channels, stride in [(2, 2, 1), (3, 5, 1), (4, 8, 2), (6, 6, 2)]:
            block = Residual(in_channels, channels, stride).eval()
            for layer in block.modules():
                if isinstance(layer, nn.BatchNorm2d):  # fresh, it would do nothing in evaluation
                    nn.init.uniform_(layer.weight, 0.5, 1.5)
                    nn.init.normal_(layer.bias)
            x = torch.randn(2, in_channels, 6, 6)
            given = x.clone()
            layers = (block.conv1, block.bn1, block.conv2, block.bn2, block.downsample)
            kind = "no projection" if block.downsample is None else "a projection"
            case = f"x of shape {tuple(x.shape)}, {channels} channels, stride {stride}, {kind}"
            said = call(answer, x, *layers, case=case)
            if not torch.equal(x, given):
                return f"for {case} you changed x: write x + y, not x += y"
            problem = difference(said, block(x), "the block gives")
            if problem:
                return f"for {case} {problem}"
    return None


def _last(block: nn.Module) -> nn.Module:
    return block.get_submodule("bn3" if isinstance(block, Bottleneck) else "bn2")


@exercise(
    "16.5",
    "Walk through net.modules(). A basic block, two convolutions, ends its residual in bn2, a "
    "bottleneck in bn3: hasattr(block, 'bn3') tells them apart. nn.init.zeros_ sets a scale to 0.",
)
def start_as_identity(answer: Any) -> str | None:
    """A function (net) -> net with scale 0 in the last normalization of every residual."""
    for name in ("resnet18", "resnet50"):
        with torch.random.fork_rng(devices=[]):
            net = create(name, width=0.0625)
        wanted = copy.deepcopy(net)
        for block in wanted.modules():
            if isinstance(block, (Residual, Bottleneck)):
                weight = _last(block).get_parameter("weight")
                nn.init.zeros_(weight)
        case = f'net = create("{name}", width=0.0625)'
        said = call(answer, net, case=case)
        if not isinstance(said, nn.Module):
            return f"for {case} you returned {describe(said)}; the network is expected"
        theirs, truth = said.state_dict(), wanted.state_dict()
        if theirs.keys() != truth.keys():
            return f"for {case} you returned a network with other layers; change scales only"
        for key, value in truth.items():
            if theirs[key].shape != value.shape or not torch.equal(theirs[key], value):
                left = "must be 0" if key.endswith("weight") and not value.any() else "has changed"
                return f"for {case} the tensor {key} {left}"
    return None


@exercise(
    "16.6",
    "In evaluation mode bn subtracts running_mean: (conv(x) + b) − m is conv(x) − (m − b). Copy "
    "weight, bias, running_var and eps of bn, and give conv's size, stride and padding to the new "
    "convolution.",
)
def without_bias(answer: Any) -> str | None:
    """A function (conv, bn) -> a Sequential that computes the same with no bias in conv."""
    shapes = [
        (2, 3, 3, 1, 1, 1e-5),
        (4, 2, 1, 2, 0, 1e-5),
        (3, 5, 5, 2, 2, 0.1),
        (1, 4, 3, 1, 0, 1.0),
    ]
    for c_in, c_out, size, stride, padding, eps in shapes:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(3)
            conv = nn.Conv2d(c_in, c_out, size, stride, padding)
            bn = nn.BatchNorm2d(c_out, eps=eps).eval()
            for tensor in (conv.bias, bn.weight, bn.bias, bn.running_mean):
                assert tensor is not None
                nn.init.normal_(tensor)
            assert bn.running_var is not None
            nn.init.uniform_(bn.running_var, 0.5, 2)
            x = torch.randn(2, c_in, 7, 7)
            truth = bn(conv(x))
            case = f"conv = {conv} and bn = BatchNorm2d({c_out}, eps={eps})"
            before = [v.clone() for v in (*conv.state_dict().values(), *bn.state_dict().values())]
            said = call(answer, conv, bn, case=case)
            after = [*conv.state_dict().values(), *bn.state_dict().values()]
            same = len(after) == len(before) and all(map(torch.equal, before, after))
            if not same:
                return f"for {case} you changed conv or bn: copy what you need"
            problem = _biasless(said, x, truth)
        if problem:
            return f"for {case} {problem}"
    return None


def _biasless(said: Any, x: Tensor, truth: Tensor) -> str | None:
    if not isinstance(said, nn.Sequential):
        return f"you returned {describe(said)}; an nn.Sequential is expected"
    kinds = [type(layer) for layer in said]
    if kinds != [nn.Conv2d, nn.BatchNorm2d]:
        names = ", ".join(kind.__name__ for kind in kinds)
        return f"your layers are {names}; expected Conv2d, BatchNorm2d"
    if said[0].bias is not None:
        return "your convolution has a bias"
    # A copy in evaluation mode: fresh layers start in training mode, and that is no mistake here.
    output = call(copy.deepcopy(said).eval(), x, case=f"x of shape {tuple(x.shape)}")
    return difference(output, truth, "bn(conv(x)) is")
