"""VGG: blocks of 3×3 convolutions, as deep as one can afford.

Simonyan and Zisserman, 2014, *Very deep convolutional networks for large-scale image recognition*,
configurations A, B, D and E.
"""

from __future__ import annotations

from torch import Tensor, nn

from .common import Network, kaiming, scaled, smallest


class VGGBlock(nn.Sequential):
    """``num_convs`` 3×3 convolutions with ReLU, each size kept, then 2×2 max pooling.

    >>> [type(layer).__name__ for layer in VGGBlock(1, 3, 64)]
    ['Conv2d', 'ReLU', 'MaxPool2d']
    """

    def __init__(
        self, num_convs: int, in_channels: int, channels: int, batch_norm: bool = False
    ) -> None:
        layers: list[nn.Module] = []
        for _ in range(num_convs):
            layers.append(nn.Conv2d(in_channels, channels, 3, padding=1))
            layers += [nn.BatchNorm2d(channels), nn.ReLU()] if batch_norm else [nn.ReLU()]
            in_channels = channels
        super().__init__(*layers, nn.MaxPool2d(2))


class VGG(Network):
    """Five blocks of ``counts`` convolutions with 64, 128, 256, 512 and 512 maps, and a dense head.

    Takes images ``(N, in_channels, H, W)`` and gives logits ``(N, num_classes)``. The dense layers
    are built for the map that ``image_size`` makes, 7×7 for the paper's 224. Images of other sizes
    from 32 up are averaged or repeated to that map (torchvision does the same), so that official
    weights load and any size runs; a smaller ``image_size`` saves most of the parameters.
    ``batch_norm`` puts a batch normalization before each ReLU of the blocks.

    Weights start from He's distribution, N(0, 2/fan_in), which keeps the signal's size through
    sixteen layers; the paper grew its deep networks from trained shallow ones instead. Raises
    ``ValueError`` where ``image_size`` is below 32.

    >>> import torch
    >>> net = VGG("vgg11", (1, 1, 2, 2, 2), 1, 10, 0.125, image_size=64)
    >>> tuple(net(torch.rand(2, 1, 64, 64)).shape), net.classifier[1].in_features
    ((2, 10), 256)
    """

    def __init__(
        self,
        name: str,
        counts: tuple[int, ...],
        in_channels: int,
        num_classes: int,
        width: float,
        *,
        batch_norm: bool = False,
        image_size: int = 224,
    ) -> None:
        if image_size < 32:
            raise ValueError(f"image_size {image_size} is too small: {name} needs at least 32")
        channels = [scaled(n, width) for n in (64, 128, 256, 512, 512)]
        features = nn.Sequential(
            *(
                VGGBlock(count, c_in, c_out, batch_norm)
                for count, c_in, c_out in zip(
                    counts, [in_channels, *channels], channels, strict=False
                )
            )
        )
        super().__init__(name, in_channels, image_size, smallest(features))
        side, units = image_size // 32, scaled(4096, width)
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(side)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels[-1] * side**2, units),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(units, num_classes),
        )
        kaiming(self)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.classifier(self.avgpool(self.features(images)))

    def torchvision_key(self, key: str) -> str:
        """torchvision numbers the layers of all blocks in one row, and has no Flatten."""
        part, rest = key.split(".", 1)
        if part == "classifier":
            number, kind = rest.split(".")
            return f"classifier.{int(number) - 1}.{kind}"
        block, number, kind = rest.split(".")
        before = sum(len(list(b.children())) for b in list(self.features)[: int(block)])
        return f"features.{before + int(number)}.{kind}"
