"""DenseNet: dense blocks (``dense_block.py``) with transitions between them that halve.

Huang, Liu, van der Maaten and Weinberger, 2016, *Densely connected convolutional networks*.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from .common import Network, scaled
from .dense_block import DenseBlock


def transition(in_channels: int, channels: int, bias: bool) -> nn.Sequential:
    """Normalization, ReLU, 1×1 to ``channels``, 2×2 average pooling."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(in_channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(in_channels, channels, 1, bias=bias),
            pool=nn.AvgPool2d(2),
        )
    )


class DenseNet(Network):
    """A 7×7 convolution, dense blocks of ``counts`` layers with transitions that halve, a head.

    Takes images ``(N, in_channels, H, W)`` of any size from 29 and gives logits ``(N,
    num_classes)``; its tensors are named as torchvision's. The textbook form, ``textbook=True``,
    has one 3×3 convolution a layer, and biases. ``checkpoint=True`` computes each dense layer a
    second time in the backward pass instead of keeping what it joined and normalized: the same
    gradients and running statistics from a fraction of the memory. ``torch.compile`` plans its
    memory itself and takes no notice of it.

    Convolutions start from He's distribution, N(0, 2/fan_in), normalizations at scale 1 and shift
    0, biases at 0, the dense layer's weights from PyTorch's default.

    >>> import torch
    >>> net = DenseNet("densenet121", 64, 32, (6, 12, 24, 16), False, 1, 10, 0.125)
    >>> tuple(net(torch.rand(2, 1, 32, 32)).shape)
    (2, 10)
    """

    def __init__(
        self,
        name: str,
        stem: int,
        growth: int,
        counts: tuple[int, ...],
        textbook: bool,
        in_channels: int,
        num_classes: int,
        width: float,
        *,
        checkpoint: bool = False,
    ) -> None:
        # The stem makes ⌈n/4⌉ of n, and three transitions halve that rounding down: ⌈29/4⌉ = 8.
        super().__init__(name, in_channels, 224, 29)
        self.textbook = textbook
        channels, growth = scaled(stem, width), scaled(growth, width)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(in_channels, channels, 7, 2, padding=3, bias=textbook),
            norm0=nn.BatchNorm2d(channels),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, padding=1),
        )
        for i, count in enumerate(counts, 1):
            layers[f"denseblock{i}"] = DenseBlock(
                count,
                channels,
                growth,
                bottleneck=not textbook,
                bias=textbook,
                checkpoint=checkpoint,
            )
            channels += count * growth
            if i < len(counts):
                half = max(1, channels // 2)
                layers[f"transition{i}"] = transition(channels, half, textbook)
                channels = half
        layers["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(layers)
        self.head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(channels, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.classifier(self.head(self.features(images)))

    def torchvision_key(self, key: str) -> str:
        return super().torchvision_key(key) if self.textbook else key
