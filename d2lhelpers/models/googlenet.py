"""GoogLeNet: nine Inception blocks, each of four paths that are joined over the channels.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich, 2014, *Going deeper
with convolutions*, table 1.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .common import Network, kaiming, scaled

# Channels: 1×1 | 1×1 then 3×3 | 1×1 then 5×5 | pooling then 1×1.
PATHS: dict[str, tuple[int, tuple[int, int], tuple[int, int], int]] = {
    "3a": (64, (96, 128), (16, 32), 32),
    "3b": (128, (128, 192), (32, 96), 64),
    "4a": (192, (96, 208), (16, 48), 64),
    "4b": (160, (112, 224), (24, 64), 64),
    "4c": (128, (128, 256), (24, 64), 64),
    "4d": (112, (144, 288), (32, 64), 64),
    "4e": (256, (160, 320), (32, 128), 128),
    "5a": (256, (160, 320), (32, 128), 128),
    "5b": (384, (192, 384), (48, 128), 128),
}


def conv(in_channels: int, channels: int, size: int, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (at stride 1), and its ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, size, stride, padding=size // 2), nn.ReLU()
    )


class Inception(nn.Module):
    """Four paths side by side: c1, c2[1], c3[1] and c4 channels of the same height and width.

    >>> block = Inception(192, 64, (96, 128), (16, 32), 32)
    >>> tuple(block(torch.zeros(1, 192, 28, 28)).shape)
    (1, 256, 28, 28)
    """

    def __init__(
        self, in_channels: int, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int
    ) -> None:
        super().__init__()
        self.path1 = conv(in_channels, c1, 1)
        self.path2 = nn.Sequential(conv(in_channels, c2[0], 1), conv(*c2, 3))
        self.path3 = nn.Sequential(conv(in_channels, c3[0], 1), conv(*c3, 5))
        self.path4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv(in_channels, c4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.path1(x), self.path2(x), self.path3(x), self.path4(x)), 1)


class GoogLeNet(Network):
    """Two convolution stages, nine Inception blocks, a global average and one dense layer.

    Takes images ``(N, in_channels, H, W)`` of any size and gives logits ``(N, num_classes)``:
    6,998,552 parameters for 3 channels and 1,000 classes. No batch normalization, as in the paper;
    of the paper's network, textbooks leave out the two local response normalizations and the
    dropout before the dense layer, and so does this one.

    ``aux=True`` adds the two auxiliary classifiers, after blocks 4a and 4d. In training mode the
    output is then ``(logits, aux1, aux2)``, which ``loss`` and ``predict`` take as it is; their
    5×5 pooling needs images of at least 65. In evaluation mode they do not run.

    Weights start from He's distribution, N(0, 2/fan_in), for there is no normalization to mend
    the signal's size on its way through 22 layers.

    >>> net = GoogLeNet(1, 10, 0.125, aux=True)
    >>> [tuple(output.shape) for output in net(torch.rand(2, 1, 65, 65))]
    [(2, 10), (2, 10), (2, 10)]
    """

    def __init__(
        self, in_channels: int, num_classes: int, width: float, *, aux: bool = False
    ) -> None:
        # Every stride divides n to ⌈n/2⌉, so even one pixel passes; an auxiliary classifier pools
        # windows of 5 from maps of ⌈n/16⌉.
        super().__init__("googlenet", in_channels, 224, 65 if aux else 1)
        channels = [scaled(64, width), scaled(64, width), scaled(192, width)]
        self.stem = nn.Sequential(
            conv(in_channels, channels[0], 7, stride=2),
            nn.MaxPool2d(3, 2, padding=1),
            conv(channels[0], channels[1], 1),
            conv(channels[1], channels[2], 3),
            nn.MaxPool2d(3, 2, padding=1),
        )
        wide = channels[2]
        self.aux = nn.ModuleDict()
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        for name, (n1, n2, n3, n4) in PATHS.items():
            c1, c4 = scaled(n1, width), scaled(n4, width)
            c2, c3 = ((scaled(a, width), scaled(b, width)) for a, b in (n2, n3))
            blocks[name] = Inception(wide, c1, c2, c3, c4)
            wide = c1 + c2[1] + c3[1] + c4
            if name in ("3b", "4e"):
                blocks[f"pool{name[0]}"] = nn.MaxPool2d(3, 2, padding=1)
            if aux and name in ("4a", "4d"):
                self.aux[name] = nn.Sequential(
                    nn.AvgPool2d(5, 3),
                    # The identity at 224; lets images of other sizes reach the dense layers.
                    nn.AdaptiveAvgPool2d(4),
                    conv(wide, scaled(128, width), 1),
                    nn.Flatten(),
                    nn.Linear(scaled(128, width) * 16, scaled(1024, width)),
                    nn.ReLU(),
                    nn.Dropout(0.7),
                    nn.Linear(scaled(1024, width), num_classes),
                )
        self.blocks = nn.Sequential(blocks)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, num_classes)
        )
        kaiming(self)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        self.check(images)
        x, sides = self.stem(images), []
        for name, block in self.blocks.named_children():
            x = block(x)
            if self.training and name in self.aux:
                sides.append(self.aux[name](x))
        logits = self.classifier(x)
        return (logits, *sides) if sides else logits

    def predict(self, outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
        """The class of each row: that of the largest logit of the main classifier."""
        return (outputs[0] if isinstance(outputs, tuple) else outputs).argmax(1)

    def loss(self, outputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Cross-entropy, to which each auxiliary classifier adds 0.3 of its own (section 5)."""
        if isinstance(outputs, Tensor):
            return cross_entropy(outputs, targets)
        main, *sides = (cross_entropy(logits, targets) for logits in outputs)
        return main + 0.3 * torch.stack(sides).sum()
