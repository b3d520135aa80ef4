"""The residual block of 2016, with normalization and activation before each convolution.

He, Zhang, Ren and Sun, 2016, *Identity mappings in deep residual networks*, figure 1(b).
"""

from __future__ import annotations

from torch import Tensor, nn


def conv(in_channels: int, channels: int, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias (a normalization takes its place), padded by half its kernel."""
    return nn.Conv2d(in_channels, channels, size, stride, padding=size // 2, bias=False)


class PreActivation(nn.Module):
    """x + g(x) with nothing after the sum, so that x passes all blocks of a stage unchanged.

    g is two 3×3 convolutions, or with ``bottleneck`` 1×1, 3×3 and 1×1, each after a normalization
    and a ReLU. Where the shape changes, the 1×1 projection takes the activated x, as in the
    authors' code. ``first`` marks the network's first block, whose x is activated already.

    >>> import torch
    >>> tuple(PreActivation(64, 128, stride=2)(torch.zeros(1, 64, 56, 56)).shape)
    (1, 128, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        bottleneck: bool = False,
        stride_in_1x1: bool = False,
        first: bool = False,
    ) -> None:
        super().__init__()
        out = 4 * channels if bottleneck else channels
        self.activate = (
            nn.Sequential() if first else nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())
        )
        if bottleneck:
            strides = (stride, 1) if stride_in_1x1 else (1, stride)
            convs = [
                conv(in_channels, channels, 1, strides[0]),
                conv(channels, channels, 3, strides[1]),
                conv(channels, out, 1),
            ]
        else:
            convs = [conv(in_channels, channels, 3, stride), conv(channels, channels, 3)]
        layers: list[nn.Module] = [convs[0]]
        for layer in convs[1:]:
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), layer]
        self.residual = nn.Sequential(*layers)
        changes = stride != 1 or in_channels != out
        self.downsample = conv(in_channels, out, 1, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = self.activate(x)
        kept = x if self.downsample is None else self.downsample(active)
        return kept + self.residual(active)
