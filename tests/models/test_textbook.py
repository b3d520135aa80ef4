"""With equal weights our networks compute what their plain layer-by-layer definition says.

Each definition is written out here with its own numbers and PyTorch's functions. It takes the
network's tensors one after the other, and checks the shape of each.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from d2lhelpers.models import create

from .small import batch, randomize_statistics


class Plain:
    """Layers with the tensors of a state, taken in order."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.tensors = iter(state.values())

    def take(self, *shape: int) -> Tensor:
        tensor = next(self.tensors)
        assert tuple(tensor.shape) == shape
        return tensor

    def conv(self, x: Tensor, out: int, k: int, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = self.take(out, x.shape[1], k, k), self.take(out)
        return functional.conv2d(x, weight, bias, stride, padding)

    def relu_conv(self, x: Tensor, out: int, k: int, stride: int = 1, padding: int = 0) -> Tensor:
        return torch.relu(self.conv(x, out, k, stride, padding))

    def dense(self, x: Tensor, out: int) -> Tensor:
        return functional.linear(x, self.take(out, x.shape[1]), self.take(out))

    def norm(self, x: Tensor) -> Tensor:
        c = x.shape[1]
        scale, shift, mean, var = (self.take(c) for _ in range(4))
        assert next(self.tensors).dim() == 0  # the counter of batches
        shape = (1, c, 1, 1)
        x = (x - mean.reshape(shape)) / torch.sqrt(var.reshape(shape) + 1e-5)
        return x * scale.reshape(shape) + shift.reshape(shape)

    def done(self) -> bool:
        return next(self.tensors, None) is None


def lenet(p: Plain, x: Tensor) -> Tensor:
    x = functional.max_pool2d(torch.sigmoid(p.conv(x, 6, 5)), 2)
    assert x.shape[1:] == (6, 12, 12)
    x = functional.max_pool2d(torch.sigmoid(p.conv(x, 16, 5)), 2)
    x = x.reshape(len(x), 256)
    x = torch.sigmoid(p.dense(x, 120))
    x = torch.sigmoid(p.dense(x, 84))
    return p.dense(x, 10)


def alexnet(p: Plain, x: Tensor) -> Tensor:
    x = p.relu_conv(x, 96, 11, stride=4)
    assert x.shape[2] == 54
    x = functional.max_pool2d(x, 3, 2)
    assert x.shape[2] == 26
    x = functional.max_pool2d(p.relu_conv(x, 256, 5, padding=2), 3, 2)
    assert x.shape[2] == 12
    x = p.relu_conv(x, 384, 3, padding=1)
    x = p.relu_conv(x, 384, 3, padding=1)
    x = functional.max_pool2d(p.relu_conv(x, 256, 3, padding=1), 3, 2)
    x = x.reshape(len(x), 6400)
    x = torch.relu(p.dense(x, 4096))
    x = torch.relu(p.dense(x, 4096))
    return p.dense(x, 10)


def vgg11(p: Plain, x: Tensor) -> Tensor:
    for num_convs, channels in ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)):
        for _ in range(num_convs):
            x = p.relu_conv(x, channels, 3, padding=1)
        x = functional.max_pool2d(x, 2, 2)
    x = x.reshape(len(x), 512 * 7 * 7)
    x = torch.relu(p.dense(x, 4096))
    x = torch.relu(p.dense(x, 4096))
    return p.dense(x, 10)


def nin(p: Plain, x: Tensor) -> Tensor:
    for channels, k, stride, padding in ((96, 11, 4, 0), (256, 5, 1, 2), (384, 3, 1, 1)):
        x = p.relu_conv(x, channels, k, stride, padding)
        x = p.relu_conv(p.relu_conv(x, channels, 1), channels, 1)
        x = functional.max_pool2d(x, 3, 2)
    x = p.relu_conv(x, 10, 3, padding=1)
    x = p.relu_conv(p.relu_conv(x, 10, 1), 10, 1)
    return x.mean((2, 3))


def inception(
    p: Plain, x: Tensor, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int
) -> Tensor:
    one = p.relu_conv(x, c1, 1)
    two = p.relu_conv(p.relu_conv(x, c2[0], 1), c2[1], 3, padding=1)
    three = p.relu_conv(p.relu_conv(x, c3[0], 1), c3[1], 5, padding=2)
    four = p.relu_conv(functional.max_pool2d(x, 3, 1, padding=1), c4, 1)
    return torch.cat((one, two, three, four), 1)


def googlenet(p: Plain, x: Tensor) -> Tensor:
    x = functional.max_pool2d(p.relu_conv(x, 64, 7, stride=2, padding=3), 3, 2, padding=1)
    x = p.relu_conv(p.relu_conv(x, 64, 1), 192, 3, padding=1)
    x = functional.max_pool2d(x, 3, 2, padding=1)
    x = inception(p, x, 64, (96, 128), (16, 32), 32)
    assert x.shape[1] == 256
    x = inception(p, x, 128, (128, 192), (32, 96), 64)
    assert x.shape[1] == 480
    x = functional.max_pool2d(x, 3, 2, padding=1)
    x = inception(p, x, 192, (96, 208), (16, 48), 64)
    x = inception(p, x, 160, (112, 224), (24, 64), 64)
    x = inception(p, x, 128, (128, 256), (24, 64), 64)
    assert x.shape[1] == 512
    x = inception(p, x, 112, (144, 288), (32, 64), 64)
    assert x.shape[1] == 528
    x = inception(p, x, 256, (160, 320), (32, 128), 128)
    x = functional.max_pool2d(x, 3, 2, padding=1)
    x = inception(p, x, 256, (160, 320), (32, 128), 128)
    assert x.shape[1] == 832
    x = inception(p, x, 384, (192, 384), (48, 128), 128)
    return p.dense(x.mean((2, 3)), 10)


def densenet(p: Plain, x: Tensor) -> Tensor:
    x = torch.relu(p.norm(p.conv(x, 64, 7, stride=2, padding=3)))
    x = functional.max_pool2d(x, 3, 2, padding=1)
    for block in range(4):
        for _ in range(4):
            y = p.conv(torch.relu(p.norm(x)), 32, 3, padding=1)
            x = torch.cat((x, y), 1)
        if block < 3:
            x = p.conv(torch.relu(p.norm(x)), x.shape[1] // 2, 1)
            x = functional.avg_pool2d(x, 2)
    x = torch.relu(p.norm(x)).mean((2, 3))
    return p.dense(x, 10)


@pytest.mark.parametrize(
    ("definition", "side"),
    [(lenet, 28), (alexnet, 224), (vgg11, 224), (nin, 224), (googlenet, 96), (densenet, 96)],
)
def test_the_plain_definition_gives_the_same(
    definition: Callable[[Plain, Tensor], Tensor], side: int
) -> None:
    torch.manual_seed(1)
    net = create(definition.__name__).eval()
    images = batch(side, 1 if side == 224 else 2)
    with torch.no_grad():
        randomize_statistics(net)
        for name, parameter in net.named_parameters():
            if name.endswith("bias"):
                parameter.uniform_(-0.1, 0.1)
        plain = Plain(net.state_dict())
        expected, got = definition(plain, images), net(images)
    assert plain.done()
    assert expected.std() > 1e-3
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
