"""The dense block: each layer is given the outputs of all layers before it.

Huang, Liu, van der Maaten and Weinberger, 2016, *Densely connected convolutional networks*; for
``checkpoint`` Pleiss et al., 2017, *Memory-efficient implementation of DenseNets*.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute_in_backward


class DenseLayer(nn.Module):
    """The inputs joined over the channels, normalization, ReLU, 3×3: ``growth`` new channels.

    With ``bottleneck`` a normalization, ReLU and 1×1 convolution to 4 × ``growth`` channels come
    first. Takes the list of maps of one size that came before. ``checkpoint`` keeps only the result
    for the backward pass, which computes the rest a second time.

    >>> x = torch.zeros(1, 64, 8, 8)
    >>> tuple(DenseLayer(128, 32, bottleneck=True)([x, x]).shape)
    (1, 32, 8, 8)
    """

    def __init__(
        self,
        in_channels: int,
        growth: int,
        *,
        bottleneck: bool,
        bias: bool = False,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        self.bottleneck = bottleneck
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        if bottleneck:
            self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=bias)
            self.norm2 = nn.BatchNorm2d(4 * growth)
            self.relu2 = nn.ReLU()
            self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=bias)
        else:
            self.conv1 = nn.Conv2d(in_channels, growth, 3, padding=1, bias=bias)

    def compute(self, *inputs: Tensor) -> Tensor:
        x = self.conv1(self.relu1(self.norm1(torch.cat(inputs, 1))))
        return self.conv2(self.relu2(self.norm2(x))) if self.bottleneck else x

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep the running statistics from counting one batch twice."""
        norms = [m for m in self.children() if isinstance(m, nn.BatchNorm2d)]
        kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
        for norm in norms:
            norm.momentum, norm.num_batches_tracked = 0.0, None
        try:
            yield
        finally:
            for norm, (momentum, count) in zip(norms, kept, strict=True):
                norm.momentum, norm.num_batches_tracked = momentum, count

    def forward(self, inputs: list[Tensor]) -> Tensor:
        # A compiler plans itself what to keep; some update the statistics twice around this.
        if not (self.checkpoint and self.training) or torch.compiler.is_compiling():
            return self.compute(*inputs)
        return recompute_in_backward(
            self.compute,
            *inputs,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), self.still()),
        )


class DenseBlock(nn.Module):
    """``count`` dense layers: from c channels to c + ``count`` × ``growth``, the size kept."""

    def __init__(self, count: int, in_channels: int, growth: int, **options: bool) -> None:
        super().__init__()
        for i in range(count):
            layer = DenseLayer(in_channels + i * growth, growth, **options)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.children():
            maps.append(layer(maps))
        return torch.cat(maps, 1)
