"""The checks of chapter 04, channels and 1×1 convolutions."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arithmetic import conv_macs
from ._exercise import call, describe, difference, exercise, first_wrong

# The plainest settings first, so that the first wrong case is an easy one to think about.
_LAYERS = sorted(
    (
        (c_i, c_o, k_h, k_w, groups, bias)
        for c_i, c_o, k_h, k_w, groups, bias in itertools.product(
            (1, 3, 4, 6), (1, 2, 6), (3, 1, 5), (3, 1, 2), (1, 2, 3), (True, False)
        )
        if c_i % groups == 0 and c_o % groups == 0
    ),
    key=lambda case: (case[4] > 1, not case[5], case[2] != case[3]),
)


@exercise(
    "04.1",
    "How many input maps does one output map read when there are groups? It has one k_h×k_w kernel "
    "for each of them, and one bias in all. Then count the output maps.",
)
def parameters(answer: Any) -> str | None:
    """A function (c_i, c_o, k_h, k_w, groups, bias) -> number of parameters."""

    def truth(c_i: int, c_o: int, k_h: int, k_w: int, groups: int, bias: bool) -> int:
        layer = nn.Conv2d(c_i, c_o, (k_h, k_w), groups=groups, bias=bias, device="meta")
        return sum(parameter.numel() for parameter in layer.parameters())

    names = ("c_i", "c_o", "k_h", "k_w", "groups", "bias")
    return first_wrong(answer, _LAYERS, truth, names, "PyTorch's layer has")


@exercise(
    "04.2",
    "Each weight is used once for each number of one output map, and the output map's size comes "
    "from chapter 03's formula. The input's size enters only there.",
)
def macs(answer: Any) -> str | None:
    """A function (n, c_i, c_o, k, s, p, groups) -> multiply-accumulates for one n×n image."""

    def truth(n: int, c_i: int, c_o: int, k: int, s: int, p: int, groups: int) -> int:
        layer = nn.Conv2d(c_i, c_o, k, s, p, groups=groups, device="meta")
        out = layer(torch.empty(1, c_i, n, n, device="meta"))
        return layer.weight.numel() * out.shape[-2] * out.shape[-1]

    cases = [
        (8, 1, 1, 3, 1, 0, 1),
        (8, 3, 4, 3, 1, 0, 1),
        (8, 3, 4, 3, 1, 1, 1),
        (9, 4, 6, 3, 2, 1, 1),
        (28, 192, 32, 5, 1, 2, 1),
        (14, 8, 8, 1, 1, 0, 1),
        (8, 4, 6, 3, 1, 1, 2),
        (10, 6, 6, 5, 3, 2, 6),
    ]
    names = ("n", "c_i", "c_o", "k", "s", "p", "groups")
    return first_wrong(answer, cases, truth, names, "counted:")


@exercise(
    "04.3",
    "The weight has the shape (c_o, c_i, 1, 1): two output maps, three input maps. Row o holds the "
    "factors of red, green and blue for output map o.",
)
def colours(answer: Any) -> str | None:
    """A weight (2, 3, 1, 1): map 0 the mean of red, green, blue; map 1 red minus blue."""
    if not isinstance(answer, Tensor):
        return f"you gave {describe(answer)}; a tensor is expected"
    if answer.shape != (2, 3, 1, 1):
        return f"your weight has shape {tuple(answer.shape)}; 3 maps in and 2 maps out need another"
    if not answer.is_floating_point():
        return f"your weight is {answer.dtype}; a layer's weight is made of floats"
    pixels = {
        "red (1, 0, 0)": (1.0, 0.0, 0.0),
        "green (0, 1, 0)": (0.0, 1.0, 0.0),
        "blue (0, 0, 1)": (0.0, 0.0, 1.0),
    }
    for name, pixel in pixels.items():
        red, _, blue = pixel
        said = F.conv2d(torch.tensor(pixel).reshape(1, 3, 1, 1), answer.detach().float()).flatten()
        problem = difference(said, torch.tensor([sum(pixel) / 3, red - blue]), "asked for:")
        if problem:
            return f"for a pixel of pure {name}, {problem} (index 0: the mean, 1: red − blue)"
    return None


@exercise(
    "04.4",
    "Output map o belongs to group o // (c_o // groups). That group reads c_i // groups input maps "
    "in a row; K has kernels for these only. Stack the output maps in their order.",
)
def grouped(answer: Any) -> str | None:
    """A function (X, K, groups) -> the output maps (c_o, h, w)."""
    generator = torch.Generator().manual_seed(0)
    for c_i, c_o, kernel, groups in [
        (1, 1, (3, 3), 1),
        (2, 3, (3, 3), 1),
        (3, 2, (1, 1), 1),
        (4, 4, (3, 3), 2),
        (4, 8, (3, 2), 2),
        (6, 3, (2, 3), 3),
        (3, 3, (3, 3), 3),
        (3, 6, (3, 3), 3),
    ]:
        X = torch.randn(c_i, 6, 5, generator=generator)
        K = torch.randn(c_o, c_i // groups, *kernel, generator=generator)
        case = f"X {tuple(X.shape)}, K {tuple(K.shape)}, groups={groups}"
        said = call(answer, X.clone(), K.clone(), groups, case=case)
        problem = difference(said, F.conv2d(X[None], K, groups=groups)[0], "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "04.5",
    "Write both sums out. Output map o is the sum over m of K[o, m] on map m, and map m is the sum "
    "over c of W[m, c] times input map c. Exchange the two sums and collect what multiplies c.",
)
def fused(answer: Any) -> str | None:
    """A function (W, K) -> the one kernel that does a 1×1 with W and then a k×k with K."""
    generator = torch.Generator().manual_seed(0)
    for c_i, m, c_o, k in [(1, 1, 1, 3), (1, 2, 1, 1), (3, 1, 1, 3), (2, 2, 2, 3), (5, 3, 4, 2)]:
        W = torch.randn(m, c_i, 1, 1, generator=generator)
        K = torch.randn(c_o, m, k, k, generator=generator)
        X = torch.randn(1, c_i, 6, 6, generator=generator)
        case = f"W {tuple(W.shape)}, K {tuple(K.shape)}"
        said = call(answer, W.clone(), K.clone(), case=case)
        if not isinstance(said, Tensor):
            return f"for {case} you returned {describe(said)}; a tensor is expected"
        if said.shape != (c_o, c_i, k, k):
            return f"for {case} your kernel has shape {tuple(said.shape)}, not {(c_o, c_i, k, k)}"
        problem = difference(F.conv2d(X, said.float()), F.conv2d(F.conv2d(X, W), K), "the two give")
        if problem:
            return f"for {case}, a random input, your one layer differs: {problem}"
    return None


@exercise(
    "04.6",
    "Two layers cost m·c_i + k·k·m·c_o for each output number of a map, one layer k·k·c_i·c_o; the "
    "size is the same everywhere. Solve for m, and take care where the two are equal.",
)
def widest_bottleneck(answer: Any) -> str | None:
    """A function (c_i, c_o, k) -> the largest m with which the bottleneck does fewer MACs."""

    def truth(c_i: int, c_o: int, k: int) -> int:
        direct = conv_macs(c_i, c_o, k, 1)
        width = 0
        while conv_macs(c_i, width + 1, 1, 1) + conv_macs(width + 1, c_o, k, 1) < direct:
            width += 1
        return width

    cases = [
        (192, 32, 5),
        (256, 256, 3),
        (64, 64, 3),
        (16, 128, 5),
        (18, 2, 3),  # 9 channels cost exactly as much
        (8, 8, 2),
        (3, 64, 3),
        (64, 64, 1),
        (1, 4, 3),
    ]
    return first_wrong(answer, cases, truth, ("c_i", "c_o", "k"), "counted:")
