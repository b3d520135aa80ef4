"""ResNet: blocks that add what they compute to what they were given.

He, Zhang, Ren and Sun, 2015, *Deep residual learning for image recognition*. The form of 2016, with
activation first, takes its block from ``preactivation.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from .common import Network, scaled
from .preactivation import PreActivation, conv


def projection(in_channels: int, channels: int, stride: int) -> nn.Sequential | None:
    """A normalized 1×1 convolution where the block changes the shape; ``None``, for the identity,
    elsewhere."""
    if stride == 1 and in_channels == channels:
        return None
    return nn.Sequential(conv(in_channels, channels, 1, stride), nn.BatchNorm2d(channels))


class Residual(nn.Module):
    """The basic block: relu(x + g(x)), where g is 3×3, normalization, ReLU, 3×3, normalization.

    >>> import torch
    >>> tuple(Residual(64, 128, stride=2)(torch.zeros(1, 64, 56, 56)).shape)
    (1, 128, 28, 28)
    """

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, channels, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = conv(channels, channels, 3)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = projection(in_channels, channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu2(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """relu(x + g(x)), where g is 1×1 down to ``channels``, 3×3, and 1×1 up to four times as many.

    The stride is on the 3×3, as in today's code; ``stride_in_1x1`` puts it on the first 1×1, as in
    the paper, which costs fewer multiplications and reads one pixel in four.

    >>> import torch
    >>> tuple(Bottleneck(256, 128, stride=2)(torch.zeros(1, 256, 56, 56)).shape)
    (1, 512, 28, 28)
    """

    expansion = 4

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, stride_in_1x1: bool = False
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1 = conv(in_channels, channels, 1, first)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = conv(channels, channels, 3, second)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()
        self.conv3 = conv(channels, 4 * channels, 1)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = projection(in_channels, 4 * channels, stride)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu3(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(Network):
    """A 7×7 convolution, four stages of ``counts`` blocks, a global average, one dense layer.

    Takes images ``(N, in_channels, H, W)`` of any size and gives logits ``(N, num_classes)``; its
    tensors are named as torchvision's. ``stride_in_1x1`` is for bottlenecks (basic blocks have no
    1×1 before their stride, and stay as they are); ``preactivation`` gives the network of 2016.

    Convolutions start from He's distribution by fan-out, N(0, 2/fan_out), normalizations at scale
    1 and shift 0, the dense layer from PyTorch's default.

    >>> import torch
    >>> net = ResNet("resnet18", Residual, (2, 2, 2, 2), 1, 10, 0.125)
    >>> tuple(net(torch.rand(2, 1, 64, 64)).shape)
    (2, 10)
    """

    def __init__(
        self,
        name: str,
        block: type[Residual] | type[Bottleneck],
        counts: tuple[int, int, int, int],
        in_channels: int,
        num_classes: int,
        width: float,
        *,
        stride_in_1x1: bool = False,
        preactivation: bool = False,
    ) -> None:
        # Every stride divides n to ⌈n/2⌉, so even one pixel passes.
        super().__init__(name, in_channels, 224, 1)
        stride_in_1x1 = stride_in_1x1 and block is Bottleneck
        self.as_torchvision = not (stride_in_1x1 or preactivation)
        make: Callable[..., nn.Module] = block
        if preactivation:
            make = partial(PreActivation, bottleneck=block is Bottleneck)
        if stride_in_1x1:
            make = partial(make, stride_in_1x1=True)
        channels = scaled(64, width)
        self.conv1 = nn.Conv2d(in_channels, channels, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        stages: list[nn.Module] = []
        for stage, count in enumerate(counts):
            narrow, blocks = scaled(64 * 2**stage, width), []
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                # The stem has activated its input already.
                first = {"first": True} if preactivation and stage == 0 and i == 0 else {}
                blocks.append(make(channels, narrow, stride, **first))
                channels = narrow * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        last: list[nn.Module] = [nn.BatchNorm2d(channels), nn.ReLU()] if preactivation else []
        self.last = nn.Sequential(*last)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(channels, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.flatten(self.avgpool(self.last(x))))

    def torchvision_key(self, key: str) -> str:
        return key if self.as_torchvision else super().torchvision_key(key)
