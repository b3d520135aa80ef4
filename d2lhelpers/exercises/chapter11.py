"""The checks of chapter 11, LeNet."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import create
from ..models.lenet5 import TABLE
from ._exercise import call, describe, difference, exercise, first_wrong


@exercise(
    "11.1",
    "A convolution holds c_o(c_i·k_h·k_w + 1) numbers, a dense layer outputs·(inputs + 1). The "
    "image's channels appear in the first layer only, the classes in the last one only.",
)
def parameters(answer: Any) -> str | None:
    """A function (in_channels, num_classes) -> parameters of the textbook LeNet."""

    def truth(in_channels: int, num_classes: int) -> int:
        with torch.device("meta"):
            net = create("lenet", in_channels, num_classes)
        return sum(p.numel() for p in net.parameters())

    cases = [(1, 10), (1, 2), (3, 10), (3, 100), (2, 7), (4, 1)]
    names = ("in_channels", "num_classes")
    return first_wrong(answer, cases, truth, names, "the network has")


def _sides(n: int) -> list[int]:
    x = torch.empty(1, 1, n, n, device="meta")
    sides = []
    for kernel in (5, 5):
        x = F.conv2d(x, torch.empty(1, 1, kernel, kernel, device="meta"))
        sides.append(x.shape[-1])
        x = F.max_pool2d(x, 2)
        sides.append(x.shape[-1])
    return sides


@exercise(
    "11.2",
    "Chapter 03's formula, four times, each time with the side that the layer before it left. A "
    "2×2 pooling layer has stride 2, and the division rounds down.",
)
def sides(answer: Any) -> str | None:
    """A function (n) -> the four sides after the two convolutions and the two pooling layers."""
    cases = [(n,) for n in (28, 32, 64, 20, 16, 224, 29, 31, 33, 47)]
    return first_wrong(answer, cases, _sides, ("n",), "PyTorch gives")


@exercise(
    "11.3",
    "Take one output map at a time: it has one k×k kernel for each input map in its row of the "
    "table, and one bias.",
)
def sparse_parameters(answer: Any) -> str | None:
    """A function (table, k) -> weights and biases of a convolution with connection table."""

    def truth(table: list[tuple[int, ...]], k: int) -> int:
        maps = [nn.Conv2d(len(row), 1, k, device="meta") for row in table]
        return sum(p.numel() for layer in maps for p in layer.parameters())

    cases = [
        ([(0,)], 1),
        ([(0, 1, 2)], 5),
        ([(0, 1), (1, 2), (0, 2)], 3),
        ([(0,), (0, 1), (0, 1, 2, 3)], 3),
        ([tuple(range(6))] * 16, 5),
        (list(TABLE), 5),
    ]
    return first_wrong(answer, cases, truth, ("table", "k"), "the layer has")


@exercise(
    "11.4",
    "F.avg_pool2d gives the mean of a window; the sum of 2×2 numbers is four times as large. A "
    "weight for each map has the shape (C,): weight[:, None, None] lines it up with (N, C, H, W).",
)
def subsample(answer: Any) -> str | None:
    """A function (X, weight, bias) -> LeNet-5's subsampling with its squashing function."""
    generator = torch.Generator().manual_seed(0)
    for shape in [(1, 1, 2, 2), (1, 1, 4, 4), (2, 1, 6, 4), (1, 3, 4, 6), (3, 6, 8, 8)]:
        X = torch.randn(shape, generator=generator)
        weight = torch.randn(shape[1], generator=generator)
        bias = torch.randn(shape[1], generator=generator)
        windows = X.unfold(2, 2, 2).unfold(3, 2, 2).sum(dim=(-2, -1))
        truth = 1.7159 * torch.tanh(2 / 3 * (weight[:, None, None] * windows + bias[:, None, None]))
        case = f"X of shape {shape}"
        if shape == (1, 1, 2, 2):
            case = (
                f"X={[round(value, 2) for value in X.flatten().tolist()]} as one 2×2 map, "
                f"weight={weight.item():.2f}, bias={bias.item():.2f}"
            )
        said = call(answer, X, weight, bias, case=case)
        problem = difference(said, truth, "the layer gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "11.5",
    "X[:, None, :] has shape (N, 1, 84), so X[:, None, :] − bitmaps has shape (N, K, 84): every "
    "row minus every bitmap. Square it, then sum over the right axis.",
)
def distances(answer: Any) -> str | None:
    """A function (X, bitmaps) -> the squared distance of every row to every bitmap."""
    generator = torch.Generator().manual_seed(1)
    for rows, classes, units in [(1, 1, 2), (1, 2, 3), (3, 2, 4), (4, 10, 84), (10, 10, 84)]:
        X = torch.randn(rows, units, generator=generator)
        signs = torch.randint(0, 2, (classes, units), generator=generator) * 2.0 - 1
        truth = (X[:, None] - signs).square().sum(dim=2)
        case = f"X of shape {tuple(X.shape)} and bitmaps of shape {tuple(signs.shape)}"
        if rows == classes == 1:
            row = ", ".join(f"{value:.2f}" for value in X[0].tolist())
            case = f"X=[[{row}]], bitmaps={signs.tolist()}"
        said = call(answer, X, signs, case=case)
        problem = difference(said, truth, "the squared distance is")
        if problem:
            return f"for {case} {problem}"
    return None


def _padded() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid()),
        *(nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)),
    )


@exercise(
    "11.6",
    "Work out the sides first: 28 → 28 → 14 → 10 → 5, so 16·5·5 numbers enter the first dense "
    "layer. Each convolution is followed by a sigmoid and then by average pooling; no activation "
    "follows the last layer.",
)
def padded_lenet(answer: Any) -> str | None:
    """A network: LeNet with padding 2 in its first layer, and average pooling."""
    if not isinstance(answer, nn.Module):
        return f"you gave {describe(answer)}; a network, an nn.Module, is expected"
    # A copy, for the check writes weights of its own into it.
    theirs = copy.deepcopy(answer).cpu().eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(2)
        truth, X = _padded(), torch.rand(4, 1, 28, 28)
        said = call(theirs, X, case="images of shape (4, 1, 28, 28)")
        if not isinstance(said, Tensor) or said.shape != (4, 10):
            shape = tuple(said.shape) if isinstance(said, Tensor) else describe(said)
            return f"for images of shape (4, 1, 28, 28) you return {shape}; expected (4, 10)"
        own, wanted = list(theirs.parameters()), list(truth.parameters())
        counts = [sum(p.numel() for p in each) for each in (own, wanted)]
        if counts[0] != counts[1]:
            return f"your network has {counts[0]:,} parameters; {counts[1]:,} are expected"
        for number, (p, q) in enumerate(zip(own, wanted, strict=False), start=1):
            if p.shape != q.shape:
                shape = tuple(p.shape)
                return f"parameter tensor {number} has shape {shape}, not {tuple(q.shape)}"
            # Larger than at the start, so that no activation is close to a straight line.
            q.copy_(torch.randn(q.shape) * (0.5 if q.dim() > 1 else 0.1))
            p.copy_(q)
        gap = (theirs(X) - truth(X)).abs().max().item()
    if gap < 1e-3:
        return None
    return (
        "with the same weights in both, your outputs differ from the expected ones by up to "
        f"{gap:.2g}: compare what stands between the layers that have weights, and after the last"
    )


@exercise(
    "11.7",
    "A Sequential can be sliced: net[:-1] is all of it but the last layer, with the same weights. "
    "net[-1].in_features says how wide the new layer's input is.",
)
def with_head(answer: Any) -> str | None:
    """A function (net, num_classes) -> the same network with another last layer."""
    for classes in (10, 2, 5, 100):
        # Layers draw their first weights: the reader's own random numbers must not move.
        with torch.random.fork_rng(devices=[]):
            net = _padded()
            problem = _head_problem(answer, net, classes)
        if problem:
            return f"for a LeNet and num_classes={classes} {problem}"
    return None


def _head_problem(answer: Any, net: nn.Sequential, classes: int) -> str | None:
    before = [p.detach().clone() for p in net.parameters()]
    changed = call(answer, net, classes, case=f"a LeNet and num_classes={classes}")
    if not isinstance(changed, nn.Module):
        return f"you returned {describe(changed)}; a network is expected"
    if [p.shape for p in net.parameters()] != [p.shape for p in before]:
        return "the network that you were given has changed: leave it as it is"
    said = call(changed, torch.rand(3, 1, 28, 28), case="three images in your new network")
    if not isinstance(said, Tensor) or said.shape != (3, classes):
        shape = tuple(said.shape) if isinstance(said, Tensor) else describe(said)
        return f"three images give {shape}; expected (3, {classes})"
    kept = list(changed.parameters())
    if len(kept) != len(before):
        return (
            f"your network has {len(kept)} parameter tensors, the one given {len(before)}: "
            "replace the last layer, don't add one"
        )
    for number, (old, new) in enumerate(zip(before[:-2], kept[:-2], strict=True), start=1):
        if not torch.equal(old, new):
            return f"parameter tensor {number} is not the one it was: keep the trained weights"
    return None
