"""Chapter 13: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn

import d2lhelpers as d2l

WIDTHS = (64, 128, 256, 512, 512)


def parameters(
    counts: Sequence[int],
    in_channels: int,
    num_classes: int,
    bias: int = 1,
    side: int = 7,
    units: int = 4096,
) -> int:
    total = 0
    for count, width in zip(counts, WIDTHS, strict=True):
        for _ in range(count):
            total += width * (9 * in_channels + bias)
            in_channels = width
    for inputs, outputs in [(512 * side**2, units), (units, units), (units, num_classes)]:
        total += outputs * (inputs + bias)
    return total


def forgets_the_first(counts: Sequence[int], in_channels: int, num_classes: int) -> int:
    """Every convolution of a block from its own channels to its own channels."""
    convolutions = sum(n * c * (9 * c + 1) for n, c in zip(counts, WIDTHS, strict=True))
    return convolutions + parameters((0, 0, 0, 0, 0), in_channels, num_classes)


def field(counts: Sequence[int], pool: int = 1, stride: int = 2) -> int:
    size, jump = 1, 1
    for count in counts:
        size += 2 * jump * count + pool * jump
        jump *= stride
    return size


def pooled_first(counts: Sequence[int]) -> int:
    """The pooling's window counted with the jump after it."""
    size, jump = 1, 1
    for count in counts:
        size += 2 * jump * count
        jump *= 2
        size += jump
    return size


def block(
    num_convs: int,
    in_channels: int,
    channels: int,
    padding: int = 1,
    between: bool = True,
    last: bool = True,
    end: tuple[nn.Module, ...] = (nn.MaxPool2d(2),),
    kernel: int = 1,
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(num_convs):
        layers += [nn.Conv2d(in_channels, channels, 3, padding=padding)]
        layers += [nn.ReLU()] * between
        in_channels = channels
    layers += [nn.Conv2d(channels, channels, kernel, padding=kernel // 2)]
    return nn.Sequential(*layers, *[nn.ReLU()] * last, *end)


def no_one_by_one(num_convs: int, in_channels: int, channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(num_convs):
        layers += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU()]
        in_channels = channels
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def as_convolution(dense: nn.Linear, channels: int, side: int, order: str = "chw") -> nn.Conv2d:
    convolution = nn.Conv2d(channels, dense.out_features, side)
    with torch.no_grad():
        weight = dense.weight.reshape(-1, channels, side, side)
        if order == "cwh":
            weight = weight.transpose(2, 3)
        if order == "hwc":
            weight = dense.weight.reshape(-1, side, side, channels).permute(0, 3, 1, 2)
        convolution.weight.copy_(weight)
        assert convolution.bias is not None
        convolution.bias.copy_(dense.bias)
    return convolution


def without_bias(dense: nn.Linear, channels: int, side: int) -> nn.Conv2d:
    convolution = as_convolution(dense, channels, side)
    convolution.bias = None
    return convolution


def empties_the_dense_layer(dense: nn.Linear, channels: int, side: int) -> nn.Conv2d:
    convolution = as_convolution(dense, channels, side)
    nn.init.zeros_(dense.weight)
    return convolution


RIGHT: dict[str, Any] = {
    "13.1": lambda k, C: (k - 1) // 2 * 9 * C * C,
    "13.2": parameters,
    "13.3": field,
    "13.4": block,
    "13.5": lambda c, k, b: c * k * k * b * b / 6,
    "13.6": as_convolution,
}

WRONG: dict[str, list[Any]] = {
    "13.1": [
        lambda k, C: k * k * C * C,  # the one large kernel
        lambda k, C: k // 3 * 9 * C * C,  # windows side by side, not overlapping
        lambda k, C: (k - 1) // 2 * 9 * C,  # one channel out
        lambda k, C: (k - 1) // 2 * (9 * C * C + C),  # with biases
        lambda k, C: 18 * C * C,
        lambda k, C: (k - 1) / 2 * 9 * C,
    ],
    "13.2": [
        lambda n, c, m: 138_357_544,
        lambda n, c, m: parameters(n, c, m, bias=0),
        lambda n, c, m: parameters(n, c, m, side=14),  # one pooling too few
        lambda n, c, m: parameters(n, 3, m),
        lambda n, c, m: parameters(n, c, 1000),
        forgets_the_first,
    ],
    "13.3": [
        lambda n: field(n, pool=0),
        lambda n: field(n, stride=1),
        pooled_first,
        lambda n: 1 + 2 * sum(n),
        lambda n: field(n) - 1,
        212,
    ],
    "13.4": [
        no_one_by_one,
        lambda n, i, o: block(n, i, o, padding=0),
        lambda n, i, o: block(n, i, o, last=False),
        lambda n, i, o: block(n, i, o, between=False),
        lambda n, i, o: block(n, i, o, end=()),
        lambda n, i, o: block(n, i, o, end=(nn.AvgPool2d(2),)),
        lambda n, i, o: block(n, i, o, end=(nn.MaxPool2d(3, 2),)),
        lambda n, i, o: block(n, i, o, kernel=3),
        lambda n, i, o: block(n, o, o),
        lambda n, i, o: block(n + 1, i, o),
        lambda n, i, o: [nn.Conv2d(i, o, 3, padding=1)],
    ],
    "13.5": [
        lambda c, k, b: c * k * k * b * b / 3,  # no ReLU
        lambda c, k, b: c * k * k * b * b / 2,  # b taken for the standard deviation
        lambda c, k, b: (c * k * k * b * b / 6) ** 0.5,
        lambda c, k, b: c * k * b * b / 6,
        lambda c, k, b: c * k * k * b / 6,
        lambda c, k, b: 1 / 6,  # right for PyTorch's default only
    ],
    "13.6": [
        lambda d, c, s: nn.Conv2d(c, d.out_features, s),  # fresh weights
        lambda d, c, s: as_convolution(d, c, s, order="cwh"),
        lambda d, c, s: as_convolution(d, c, s, order="hwc"),
        without_bias,
        empties_the_dense_layer,
        lambda d, c, s: nn.Conv2d(c, d.out_features, 1),
        lambda d, c, s: d,
    ],
}


@pytest.mark.parametrize(
    ("counts", "seen"), [((1, 1, 2, 2, 2), 150), ((2, 2, 3, 3, 3), 212), ((2, 2, 4, 4, 4), 268)]
)
def test_the_fields_that_the_chapter_prints(counts: tuple[int, ...], seen: int) -> None:
    assert field(counts) == seen


def test_answers_say_the_first_case() -> None:
    assert d2l.check("13.1", lambda k, C: k * k * C * C).message == (
        "for k=5, C=1 you said 25; the stack has 18"
    )
    assert d2l.check("13.3", lambda n: field(n, pool=0)).message == (
        "for counts=(2,) you said 5; a unit sees 6"
    )
    message = d2l.check("13.4", no_one_by_one).message
    assert "parameter tensor 3 has the shape none; expected (2, 2, 1, 1)" in message
    assert "changed" in d2l.check("13.6", empties_the_dense_layer).message
