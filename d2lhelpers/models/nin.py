"""Network in network: 1×1 convolutions as a dense layer at each pixel, and no dense head.

Lin, Chen and Yan, 2013, *Network in network*.
"""

from __future__ import annotations

from torch import Tensor, nn

from .common import Network, kaiming, scaled, smallest


class NiNBlock(nn.Sequential):
    """A convolution and two 1×1 convolutions, each with a ReLU.

    >>> block = NiNBlock(96, 256, kernel_size=5, padding=2)
    >>> [tuple(p.shape) for p in block.parameters() if p.dim() == 4]
    [(256, 96, 5, 5), (256, 256, 1, 1), (256, 256, 1, 1)]
    """

    def __init__(
        self, in_channels: int, channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(
            nn.Conv2d(in_channels, channels, kernel_size, stride, padding),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
            nn.ReLU(),
        )


class NiN(Network):
    """Four blocks of 96, 256, 384 and ``num_classes`` maps, then the mean of each class's map.

    The form that textbooks teach, with AlexNet's window sizes. Takes images ``(N, in_channels, H,
    W)`` of any size from 67 and gives logits ``(N, num_classes)``, none of them negative, since the
    last block ends in a ReLU. Weights start from He's distribution, N(0, 2/fan_in), biases at 0;
    but the last block's 3×3 has biases of 1 and its 1×1 convolutions are the identity, so that the
    map of every class starts alive: one that its ReLU holds at 0 for all images never learns.

    >>> import torch
    >>> tuple(NiN(1, 10, 0.25)(torch.rand(2, 1, 67, 67)).shape)
    (2, 10)
    """

    def __init__(self, in_channels: int, num_classes: int, width: float) -> None:
        c1, c2, c3 = (scaled(n, width) for n in (96, 256, 384))
        features = nn.Sequential(
            NiNBlock(in_channels, c1, 11, stride=4),
            nn.MaxPool2d(3, 2),
            NiNBlock(c1, c2, 5, padding=2),
            nn.MaxPool2d(3, 2),
            NiNBlock(c2, c3, 3, padding=1),
            nn.MaxPool2d(3, 2),
            nn.Dropout(0.5),
            NiNBlock(c3, num_classes, 3, padding=1),
        )
        super().__init__("nin", in_channels, 224, smallest(features))
        self.features = features
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        kaiming(self)
        first, *pointwise = (m for m in features[-1].modules() if isinstance(m, nn.Conv2d))
        if first.bias is not None:
            nn.init.ones_(first.bias)
        for layer in pointwise:
            nn.init.dirac_(layer.weight)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.classifier(self.features(images))
