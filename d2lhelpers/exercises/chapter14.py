"""The checks of chapter 14, NiN."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import create
from ..models.nin import NiNBlock
from ._exercise import call, describe, difference, exercise, first_wrong


@exercise(
    "14.1",
    "A convolution does c_out·c_in·k² multiply-accumulates at each place of its output. The other "
    "two layers are 1×1 convolutions from c to c maps, of the same height and width.",
)
def block_macs(answer: Any) -> str | None:
    """A function (c_in, c, k, h, w) -> MACs of a NiN block whose output is h×w."""

    def truth(c_in: int, c: int, k: int, h: int, w: int) -> int:
        with torch.device("meta"):
            block = NiNBlock(c_in, c, k)
        kernels = sum(p.numel() for p in block.parameters() if p.dim() == 4)
        return kernels * h * w

    cases = [
        *((1, 1, 1, 1, 1), (1, 2, 3, 1, 1), (3, 8, 5, 4, 4), (2, 4, 3, 5, 7)),
        *((1, 96, 11, 54, 54), (96, 256, 5, 26, 26), (384, 10, 3, 5, 5)),
    ]
    return first_wrong(answer, cases, truth, ("c_in", "c", "k", "h", "w"), "the block does")


def _map_side(n: int) -> int:
    with torch.device("meta"):
        features = create("nin", width=0.1).get_submodule("features")
        maps = features(torch.empty(1, 1, n, n))
    return int(maps.shape[-1])


@exercise(
    "14.2",
    "Four layers change the size: the 11×11 window with stride 4, then three times a 3×3 pooling "
    "with stride 2. Each is chapter 03's formula, and each division rounds down.",
)
def map_side(answer: Any) -> str | None:
    """A function (n) -> the side of the textbook NiN's class maps for an n×n image."""
    cases = [(n,) for n in (224, 67, 98, 99, 131, 256, 227, 230, 130, 321)]
    return first_wrong(answer, cases, _map_side, ("n",), "PyTorch gives")


@exercise(
    "14.3",
    "nn.Linear keeps its weight as (outputs, inputs), a convolution as (outputs, inputs, 1, 1): "
    "that is linear.weight[:, :, None, None]. Copy values under torch.no_grad(), and the bias "
    "where linear.bias is not None.",
)
def as_convolution(answer: Any) -> str | None:
    """A function (linear) -> the 1×1 convolution that applies it at each pixel."""
    for inputs, outputs, bias in [(2, 3, True), (3, 3, True), (5, 2, False), (16, 10, True)]:
        # Layers draw their first weights: the reader's own random numbers must not move.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            linear = nn.Linear(inputs, outputs, bias=bias)
            x = torch.randn(2, inputs, 3, 4)
            problem = _convolution_problem(answer, linear, x)
        if problem:
            return f"for {linear} {problem}"
    return None


def _convolution_problem(answer: Any, linear: nn.Linear, x: Tensor) -> str | None:
    before = copy.deepcopy(linear.state_dict())
    made = call(answer, linear, case=str(linear))
    if not isinstance(made, nn.Conv2d):
        return f"you returned {describe(made)}; an nn.Conv2d is expected"
    if made.kernel_size != (1, 1):
        return f"your convolution has a kernel of {made.kernel_size}; expected (1, 1)"
    if (made.bias is None) != (linear.bias is None):
        has = "has no bias" if made.bias is None else "has a bias"
        return f"your convolution {has}; the layer given differs"
    if any(not torch.equal(before[name], value) for name, value in linear.state_dict().items()):
        return "the layer that you were given has changed: leave it as it is"
    with torch.no_grad():
        said = call(made, x, case=f"a tensor of shape {tuple(x.shape)}")
        truth = linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    problem = difference(said, truth, "the layer at each pixel gives")
    return f"and X of shape {tuple(x.shape)} {problem}" if problem else None


@exercise(
    "14.4",
    "M.flatten(2).argmax(dim=2) counts places row by row. With W places in a row, the row is that "
    "number // W and the column that number % W; torch.stack(…, dim=2) joins the two.",
)
def peaks(answer: Any) -> str | None:
    """A function (M) -> row and column of the highest value of each map, (N, C, 2)."""
    generator = torch.Generator().manual_seed(4)
    for shape in [(1, 1, 2, 2), (1, 1, 2, 3), (1, 3, 4, 4), (2, 3, 5, 4), (4, 10, 7, 7)]:
        number, channels, height, width = shape
        # Whole numbers in random order, some below 0: no value comes twice in a map.
        orders = [torch.randperm(height * width, generator=generator) for _ in range(12 * 4)]
        stacked = torch.stack(orders[: number * channels]).view(shape)
        maps = stacked.float() - height * width
        truth = torch.zeros(number, channels, 2, dtype=torch.int64)
        for n in range(number):
            for c in range(channels):
                truth[n, c] = (maps[n, c] == maps[n, c].max()).nonzero()[0]
        case = f"M of shape {shape}"
        if number == channels == 1:
            case = f"the single map {maps[0, 0].tolist()}"
        said = call(answer, maps.clone(), case=case)
        problem = difference(said, truth, "the peak is at")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "14.5",
    "The mean and the dense layer may change places: apply the layer's weights at each pixel, as a "
    "1×1 convolution does, and don't average.",
)
def class_activation_maps(answer: Any) -> str | None:
    """A function (features, weight) -> the map of each class before the average."""
    generator = torch.Generator().manual_seed(5)
    for number, channels, classes, side in [(1, 1, 1, 2), (1, 2, 3, 2), (2, 4, 3, 5), (3, 8, 8, 7)]:
        features = torch.randn(number, channels, side, side + 1, generator=generator)
        weight = torch.randn(classes, channels, generator=generator)
        truth = F.conv2d(features, weight[:, :, None, None])
        case = f"features of shape {tuple(features.shape)} and weight of {tuple(weight.shape)}"
        said = call(answer, features.clone(), weight.clone(), case=case)
        problem = difference(said, truth, "the map is")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "14.6",
    "Four parts, one after the other. Only the second has weights of its own, and nothing may "
    "depend on the height or the width. The third leaves (N, num_classes, 1, 1).",
)
def with_class_maps(answer: Any) -> str | None:
    """A function (features, channels, num_classes) -> features, a map a class, its mean."""
    for channels, classes in [(4, 10), (6, 3), (5, 5), (1, 2)]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(6)
            problem = _size_free_problem(answer, channels, classes)
        if problem:
            return f"for channels={channels}, num_classes={classes} {problem}"
    return None


def _size_free_problem(answer: Any, channels: int, classes: int) -> str | None:
    features = nn.Sequential(nn.Conv2d(1, channels, 3), nn.ReLU(), nn.MaxPool2d(2))
    case = f"features with {channels} maps and num_classes={classes}"
    made = call(answer, features, channels, classes, case=case)
    if not isinstance(made, nn.Module):
        return f"you returned {describe(made)}; an nn.Module is expected"
    own = {id(p) for p in features.parameters()}
    if not own <= {id(p) for p in made.parameters()}:
        return "your network does not hold the features that it was given, but others"
    added = [p for p in made.parameters() if id(p) not in own]
    count, wanted = sum(p.numel() for p in added), classes * (channels + 1)
    if count != wanted:
        return f"you add {count} parameters; a 1×1 convolution with its bias has {wanted}"
    matrix = next((p for p in added if p.dim() > 1), None)
    bias = next((p for p in added if p.dim() == 1), None)
    if matrix is None or bias is None or len(added) != 2:
        return "you add other tensors than one weight and one bias"
    made.eval()
    for height, width in [(8, 8), (13, 13), (9, 20)]:
        images = torch.randn(3, 1, height, width)
        with torch.no_grad():
            said = call(made, images, case=f"images of {height}×{width} in your network")
            truth = features(images).mean(dim=(2, 3)) @ matrix.flatten(1).T + bias
        problem = difference(said, truth, "the mean of each class's map is")
        if problem:
            return f"and images of {height}×{width} {problem}"
    return None
