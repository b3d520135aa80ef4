"""The checks of chapter 13, VGG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..arithmetic import receptive_field
from ..models.vgg import VGG
from ._exercise import call, describe, difference, exercise, first_wrong


@exercise(
    "13.1",
    "A stack of L layers of 3×3 sees 1 + 2L pixels in a row: solve this for L. Each layer has a "
    "3×3 kernel for each pair of an input and an output channel.",
)
def stack_weights(answer: Any) -> str | None:
    """A function (k, C) -> weights of the stack of 3×3 layers that sees k×k."""

    def truth(k: int, C: int) -> int:
        layers = next(n for n in range(k) if receptive_field([(3, 1, 1, 1)] * n).size == k)
        convolution = nn.Conv2d(C, C, 3, bias=False, device="meta")
        return layers * convolution.weight.numel()

    cases = [(5, 1), (7, 1), (3, 1), (5, 64), (7, 256), (9, 3), (11, 96), (15, 2)]
    return first_wrong(answer, cases, truth, ("k", "C"), "the stack has")


@exercise(
    "13.2",
    "Go through the blocks: the first convolution of a block reads the channels of the block "
    "before, the others their own. After five poolings 224 has become 7, so 512·7·7 numbers enter "
    "the first dense layer.",
)
def parameters(answer: Any) -> str | None:
    """A function (counts, in_channels, num_classes) -> parameters of a VGG at 224×224."""

    def truth(counts: tuple[int, ...], in_channels: int, num_classes: int) -> int:
        with torch.device("meta"):
            net = VGG("vgg", counts, in_channels, num_classes, 1.0)
        return sum(p.numel() for p in net.parameters())

    cases = [
        ((1, 1, 1, 1, 1), 1, 10),
        ((1, 1, 2, 2, 2), 3, 1000),
        ((2, 2, 2, 2, 2), 1, 10),
        ((2, 2, 3, 3, 3), 3, 1000),
        ((2, 2, 4, 4, 4), 4, 2),
        ((3, 1, 2, 1, 4), 2, 7),
    ]
    names = ("counts", "in_channels", "num_classes")
    return first_wrong(answer, cases, truth, names, "the network has")


@exercise(
    "13.3",
    "Keep two numbers: the field, 1 at the start, and the jump, 1 at the start. A layer with a "
    "k×k window adds (k − 1)·jump to the field; then its stride multiplies the jump. Pooling is "
    "such a layer too.",
)
def field(answer: Any) -> str | None:
    """A function (counts) -> what a unit sees after the last pooling layer."""

    def truth(counts: Sequence[int]) -> int:
        layers = [layer for n in counts for layer in [(3, 1, 1, 1)] * n + [(2, 2, 0, 1)]]
        size = receptive_field(layers).size
        assert isinstance(size, int)
        return size

    cases = [
        ((2,),),
        ((1,),),
        ((1, 1),),
        ((2, 2),),
        ((1, 3, 2),),
        ((1, 1, 2, 2, 2),),
        ((2, 2, 3, 3, 3),),
        ((2, 2, 4, 4, 4),),
    ]
    return first_wrong(answer, cases, truth, ("counts",), "a unit sees")


def _block_c(num_convs: int, in_channels: int, channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(num_convs):
        source = channels if number else in_channels
        layers += [nn.Conv2d(source, channels, 3, padding=1), nn.ReLU()]
    layers += [nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


@exercise(
    "13.4",
    "Begin with the chapter's vgg_block. A 3×3 convolution keeps the size with padding 1, a 1×1 "
    "convolution with padding 0. A ReLU stands after each of them, the last one included, and "
    "the pooling comes once, at the end.",
)
def block_c(answer: Any) -> str | None:
    """A function (num_convs, in_channels, channels) -> a block with a 1×1 convolution."""
    for arguments in [(1, 1, 2), (1, 3, 4), (2, 3, 8), (2, 8, 8), (3, 4, 6)]:
        # Layers draw their first weights: the reader's own random numbers must not move.
        with torch.random.fork_rng(devices=[]):
            problem = _block_problem(answer, arguments)
        if problem:
            return f"for num_convs, in_channels, channels = {arguments} {problem}"
    return None


def _block_problem(answer: Any, arguments: tuple[int, int, int]) -> str | None:
    torch.manual_seed(0)
    case = f"num_convs, in_channels, channels = {arguments}"
    theirs, truth = call(answer, *arguments, case=case), _block_c(*arguments)
    if not isinstance(theirs, nn.Module):
        return f"you returned {describe(theirs)}; an nn.Sequential is expected"
    own, wanted = list(theirs.parameters()), list(truth.parameters())
    shapes = [[tuple(p.shape) for p in each] for each in (own, wanted)]
    if shapes[0] != shapes[1]:
        number = next(
            (i for i, (p, q) in enumerate(zip(*shapes, strict=False)) if p != q),
            min(map(len, shapes)),
        )
        said, right = (str(each[number]) if number < len(each) else "none" for each in shapes)
        return f"your parameter tensor {number + 1} has the shape {said}; expected {right}"
    with torch.no_grad():
        for p, q in zip(own, wanted, strict=True):
            p.copy_(q)
        X = torch.randn(2, arguments[1], 8, 8)
        problem = difference(call(theirs, X, case=f"{case} and 8×8 images"), truth(X), "expected")
    if problem:
        return f"and images of 8×8, with the same weights in both, {problem}"
    layers = [layer for layer in theirs.modules() if not list(layer.children())]
    if not isinstance(theirs, nn.Sequential) or len(layers) != len(truth):
        return f"your block has {len(layers)} layers; {len(truth)} in an nn.Sequential are expected"
    return None


@exercise(
    "13.5",
    "An even draw between −b and b has the variance b²/3. A unit of the layer has k·k inputs from "
    "each channel. Then multiply by what ReLU leaves of the mean square.",
)
def factor(answer: Any) -> str | None:
    """A function (in_channels, k, b) -> the factor of the mean square through layer and ReLU."""

    def truth(in_channels: int, k: int, b: float) -> float:
        weight = nn.Conv2d(in_channels, 1, k, bias=False, device="meta").weight
        return weight.numel() * (b * b / 3) / 2

    cases = [(1, 1, 1.0), (1, 3, 1.0), (2, 1, 0.5), (64, 3, 1 / 24), (64, 3, 0.1), (512, 3, 0.01)]
    return first_wrong(answer, cases, truth, ("in_channels", "k", "b"), "the factor is")


@exercise(
    "13.6",
    "One unit of the dense layer becomes one output channel, whose kernel covers the whole map. "
    "nn.Flatten puts one map after the other, each row by row: dense.weight.reshape(…) brings "
    "them back. The biases stay.",
)
def as_convolution(answer: Any) -> str | None:
    """A function (dense, channels, side) -> the same layer as an nn.Conv2d."""
    for channels, side, units in [(1, 1, 1), (1, 2, 1), (2, 2, 3), (3, 1, 4), (4, 7, 5)]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            dense = nn.Linear(channels * side**2, units)
            maps = torch.randn(2, channels, side, side)
            problem = _convolution_problem(answer, dense, maps)
        if problem:
            return f"for {channels} maps of {side}×{side} and {units} units {problem}"
    return None


def _convolution_problem(answer: Any, dense: nn.Linear, maps: Tensor) -> str | None:
    channels, side = maps.shape[1:3]
    before = [p.detach().clone() for p in dense.parameters()]
    case = f"a dense layer on {channels} maps of {side}×{side}"
    made = call(answer, dense, channels, side, case=case)
    if not isinstance(made, nn.Conv2d):
        return f"you returned {describe(made)}; an nn.Conv2d is expected"
    if [p.shape for p in dense.parameters()] != [p.shape for p in before] or not all(
        torch.equal(p, q) for p, q in zip(dense.parameters(), before, strict=True)
    ):
        return "the dense layer that you were given has changed: leave it as it is"
    with torch.no_grad():
        said = call(made, maps, case=f"{case}, in your convolution")
        return difference(said, dense(maps.flatten(1))[:, :, None, None], "the dense layer gives")
