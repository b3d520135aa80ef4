"""AlexNet, in the form that textbooks teach and as published.

Krizhevsky, Sutskever and Hinton, 2012, *ImageNet classification with deep convolutional neural
networks*.
"""

from __future__ import annotations

from torch import Tensor, nn

from .common import Network, kaiming, map_size, same_map, scaled, smallest


def head(maps: int, side: int, units: int, num_classes: int) -> nn.Sequential:
    """Two dense layers of ``units`` with half of their outputs dropped, then the classes."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(maps * side**2, units),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(units, units),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(units, num_classes),
    )


class _AlexNet(Network):
    """Five convolutions, ``features``, and three dense layers built for ``image_size``."""

    has_image_size = True

    def __init__(
        self,
        name: str,
        in_channels: int,
        num_classes: int,
        image_size: int,
        features: nn.Sequential,
        maps: int,
        units: int,
    ) -> None:
        accepts = same_map(features, image_size, name)
        super().__init__(name, in_channels, image_size, smallest(features), accepts)
        self.features = features
        self.classifier = head(maps, map_size(features, image_size), units, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.classifier(self.features(images))


class AlexNet(_AlexNet):
    """The textbook's single tower: the first layer 11×11, stride 4, without padding.

    Takes images ``(N, in_channels, image_size, image_size)``, of which 224 makes maps of 54, 26, 12
    and 5: 6,400 features into the dense layers, and gives logits ``(N, num_classes)``. Weights
    start from He's distribution, N(0, 2/fan_in). Raises ``ValueError`` where ``image_size`` is
    below 67.

    >>> import torch
    >>> net = AlexNet(1, 10, 0.125, image_size=96)
    >>> tuple(net(torch.rand(2, 1, 96, 96)).shape)
    (2, 10)
    """

    def __init__(
        self, in_channels: int, num_classes: int, width: float, *, image_size: int = 224
    ) -> None:
        c1, c2, c3, c4, c5, units = (scaled(n, width) for n in (96, 256, 384, 384, 256, 4096))
        features = nn.Sequential(
            nn.Conv2d(in_channels, c1, 11, stride=4),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(c1, c2, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(c2, c3, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c3, c4, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c4, c5, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        super().__init__("alexnet", in_channels, num_classes, image_size, features, c5, units)
        kaiming(self)


class AlexNet2012(_AlexNet):
    """As published: two groups in layers 2, 4 and 5, local response normalization after 1 and 2.

    Takes images ``(N, in_channels, image_size, image_size)`` and gives logits: 60,965,224
    parameters for 3 channels and 1,000 classes. The paper's 224 gives its maps of 55 only with a
    padding of 2, which this network has (227 fits as well). Its α = 1e-4 multiplies the sum over
    the n = 5 maps, which PyTorch divides by n: hence 5e-4. Raises ``ValueError`` where
    ``image_size`` is below 63.

    Weights start from He's distribution, N(0, 2/fan_in), and biases at 0. The paper's own start,
    N(0, 0.01²) with biases of 1 in some layers, sits still for the first epochs.

    >>> net = AlexNet2012(3, 1000, 0.125, image_size=63)
    >>> [layer.groups for layer in net.features if isinstance(layer, nn.Conv2d)]
    [1, 2, 1, 2, 2]
    """

    def __init__(
        self, in_channels: int, num_classes: int, width: float, *, image_size: int = 224
    ) -> None:
        c1, c2, c3, c4, c5 = (scaled(n, width, 2) for n in (96, 256, 384, 384, 256))
        features = nn.Sequential(
            nn.Conv2d(in_channels, c1, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(c1, c2, 5, padding=2, groups=2),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(c2, c3, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c3, c4, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.Conv2d(c4, c5, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        units = scaled(4096, width)
        super().__init__("alexnet2012", in_channels, num_classes, image_size, features, c5, units)
        kaiming(self)
