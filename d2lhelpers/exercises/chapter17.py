"""The checks of chapter 17, DenseNet."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.dense_block import DenseBlock
from ._exercise import call, difference, exercise, first_wrong


@exercise(
    "17.1",
    "Go from block to block with one number: a block of L layers adds L·k to it, a transition "
    "halves it and rounds down. There is one transition less than there are blocks.",
)
def last_channels(answer: Any) -> str | None:
    """A function (c, k, counts) -> channels after the last block."""

    def truth(c: int, k: int, counts: tuple[int, ...]) -> int:
        # The same sum from its other end: what the blocks add, halved once a later transition.
        for i, count in enumerate(counts):
            c = (c // 2 if i else c) + count * k
        return c

    cases = [
        (64, 32, (4, 4, 4, 4)),
        (64, 32, (6, 12, 24, 16)),
        (96, 48, (6, 12, 36, 24)),
        (16, 12, (3,)),
        (7, 3, (1, 2)),
        (24, 5, (2, 1, 3)),
        (9, 1, (1, 1, 1, 1, 1)),
    ]
    return first_wrong(answer, cases, truth, ("c", "k", "counts"), "it has")


@exercise(
    "17.2",
    "Layer i, counted from 0, reads c + i·k channels. Its normalization learns two numbers for "
    "each of them; its convolution has 9 weights for each pair of an input and an output map, and "
    "a bias for each output map.",
)
def block_parameters(answer: Any) -> str | None:
    """A function (c, k, L) -> parameters of a dense block of plain layers."""

    def truth(c: int, k: int, L: int) -> int:
        with torch.device("meta"):
            block = DenseBlock(L, c, k, bottleneck=False, bias=True)
        return sum(p.numel() for p in block.parameters())

    cases = [(64, 32, 1), (64, 32, 4), (96, 32, 4), (16, 12, 3), (3, 5, 2), (10, 1, 7), (1, 8, 5)]
    return first_wrong(answer, cases, truth, ("c", "k", "L"), "the block has")


@exercise(
    "17.3",
    "Keep one tensor that grows: after each layer it becomes torch.cat([all so far, new], dim=1). "
    "The layer gets all so far, not only what the layer before it made.",
)
def dense_forward(answer: Any) -> str | None:
    """A function (X, layers) -> the maps of the input and of every layer, joined."""
    generator = torch.Generator().manual_seed(3)
    for channels, growths, size in [(2, (1,), 2), (3, (2, 2), 4), (1, (1, 3, 2), 3), (4, (), 3)]:
        X = torch.randn(2, channels, size, size, generator=generator)
        read, kernels = channels, []
        for growth in growths:
            kernels.append(torch.randn(growth, read, 3, 3, generator=generator) / read)
            read += growth
        layers = [_layer(kernel) for kernel in kernels]
        truth = X
        for layer in layers:
            truth = torch.cat([truth, layer(truth)], dim=1)
        made = ", ".join(f"{growth} new" for growth in growths) or "none"
        case = f"X of shape {tuple(X.shape)} and {len(layers)} layers ({made})"
        before = X.clone()
        said = call(answer, X, list(layers), case=case)
        if not torch.equal(X, before):
            return f"for {case} your function has changed X: make a new tensor"
        problem = difference(said, truth, "the block gives")
        if problem:
            return f"for {case} {problem}"
    return None


def _layer(kernel: Tensor) -> Any:
    def layer(maps: Tensor) -> Tensor:
        if maps.shape[1] != kernel.shape[1]:
            raise ValueError(
                f"this layer reads {kernel.shape[1]} maps, all that came before it; it was given "
                f"{maps.shape[1]}"
            )
        return F.relu(F.conv2d(maps, kernel, padding=1))

    return layer


@exercise(
    "17.4",
    "Without checkpointing, layer i keeps what it has joined, c + i·k maps, and the same number "
    "again after the ReLU. With checkpointing only what some layer reads is kept, once: the last "
    "layer's own maps are read by no layer of the block.",
)
def kept_maps(answer: Any) -> str | None:
    """A function (c, k, L, checkpointed) -> maps kept for the backward pass."""
    cases = [
        (c, k, L, checkpointed)
        for c, k, L in [(16, 12, 1), (16, 12, 4), (64, 32, 4), (5, 3, 2), (1, 7, 6), (64, 32, 24)]
        for checkpointed in (False, True)
    ]

    def truth(c: int, k: int, L: int, checkpointed: bool) -> int:
        read = [c + i * k for i in range(L)]
        return read[-1] if checkpointed else 2 * sum(read)

    return first_wrong(answer, cases, truth, ("c", "k", "L", "checkpointed"), "it keeps")


@exercise(
    "17.5",
    "weight.split(channels, dim=1), with the channels of each source, cuts the weight into one "
    "kernel a source. Convolve each source with its own and add the results.",
)
def conv_of_joined(answer: Any) -> str | None:
    """A function (maps, weight) -> the 3×3 convolution of the joined maps."""
    generator = torch.Generator().manual_seed(5)
    for widths, out in [((1,), 1), ((1, 2), 1), ((2, 2, 2), 3), ((3, 1, 2), 4), ((1, 4), 2)]:
        maps = [torch.randn(2, width, 5, 4, generator=generator) for width in widths]
        weight = torch.randn(out, sum(widths), 3, 3, generator=generator)
        truth = F.conv2d(torch.cat(maps, dim=1), weight, padding=1)
        case = f"maps of {', '.join(map(str, widths))} channels and weight {tuple(weight.shape)}"
        said = call(answer, list(maps), weight, case=case)
        problem = difference(said, truth, "the convolution gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "17.6",
    "weight.abs().split(widths, dim=1) gives a part for each source; take the mean of each, not "
    "its sum. sorted(range(n), key=…) orders numbers by what the key says of each.",
)
def least_used(answer: Any) -> str | None:
    """A function (weight, widths) -> the sources by mean |w|, the smallest first."""
    generator = torch.Generator().manual_seed(6)
    sizes = [
        ((2, 2), (2.0, 1.0)),
        ((8, 1, 1), (0.5, 3.0, 1.0)),
        ((4, 2, 2, 2), (1.0, 4.0, 0.25, 2.0)),
        ((1, 6, 2), (1.0, 0.5, 2.0)),
        ((3,), (1.0,)),
    ]
    for widths, scales in sizes:
        parts = [
            nn.functional.normalize(torch.randn(3, width, 9, generator=generator), dim=2)
            * scale
            * torch.randint(0, 2, (3, width, 1), generator=generator).mul(2).sub(1)
            for width, scale in zip(widths, scales, strict=True)
        ]
        weight = torch.cat(parts, dim=1).reshape(3, sum(widths), 3, 3)
        truth = sorted(range(len(widths)), key=lambda source: scales[source])
        case = f"weight of shape {tuple(weight.shape)}, widths={list(widths)}"
        said = call(answer, weight.clone(), list(widths), case=case)
        if isinstance(said, Tensor):
            said = said.tolist()
        problem = difference(said, truth, "the order is")
        if problem:
            return f"for {case} {problem}"
    return None
