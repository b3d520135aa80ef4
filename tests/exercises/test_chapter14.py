"""Chapter 14: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import d2lhelpers as d2l


def pooled(n: int) -> int:
    return (n - 3) // 2 + 1


def map_side(n: int) -> int:
    return pooled(pooled(pooled((n - 11) // 4 + 1)))


def as_convolution(linear: nn.Linear) -> nn.Conv2d:
    has_bias = linear.bias is not None
    layer = nn.Conv2d(linear.in_features, linear.out_features, 1, bias=has_bias)
    with torch.no_grad():
        layer.weight.copy_(linear.weight[:, :, None, None])
        if layer.bias is not None:
            layer.bias.copy_(linear.bias)
    return layer


def without_values(linear: nn.Linear) -> nn.Conv2d:
    return nn.Conv2d(linear.in_features, linear.out_features, 1, bias=linear.bias is not None)


def without_bias(linear: nn.Linear) -> nn.Conv2d:
    layer = nn.Conv2d(linear.in_features, linear.out_features, 1, bias=False)
    layer.weight.data = linear.weight.data[:, :, None, None]
    return layer


def always_a_bias(linear: nn.Linear) -> nn.Conv2d:
    layer = nn.Conv2d(linear.in_features, linear.out_features, 1)
    layer.weight.data = linear.weight.data[:, :, None, None]
    if layer.bias is not None and linear.bias is not None:
        layer.bias.data = linear.bias.data
    return layer


def three_by_three(linear: nn.Linear) -> nn.Conv2d:
    return nn.Conv2d(linear.in_features, linear.out_features, 3, padding=1)


def emptied(linear: nn.Linear) -> nn.Conv2d:
    layer = as_convolution(linear)
    linear.weight.data = torch.zeros_like(linear.weight)
    return layer


def peaks(M: Tensor) -> Tensor:
    place = M.flatten(2).argmax(dim=2)
    return torch.stack([place // M.shape[3], place % M.shape[3]], dim=2)


def maps_of(features: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("nkhw,ck->nchw", features, weight)


def size_free(features: nn.Module, channels: int, num_classes: int, *between: nn.Module) -> Any:
    last = nn.Conv2d(channels, num_classes, 1)
    return nn.Sequential(features, last, *between, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Summed(nn.Module):
    """The sum of each map in the place of its mean."""

    def __init__(self, features: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.maps = nn.Sequential(features, nn.Conv2d(channels, num_classes, 1))

    def forward(self, X: Tensor) -> Tensor:
        total: Tensor = self.maps(X).sum(dim=(2, 3))
        return total


RIGHT: dict[str, Any] = {
    "14.1": lambda c_in, c, k, h, w: (c * c_in * k * k + 2 * c * c) * h * w,
    "14.2": map_side,
    "14.3": as_convolution,
    "14.4": peaks,
    "14.5": maps_of,
    "14.6": size_free,
}

WRONG: dict[str, list[Any]] = {
    "14.1": [
        lambda c_in, c, k, h, w: c * c_in * k * k * h * w,  # the first layer alone
        lambda c_in, c, k, h, w: c * c_in * k * k + 2 * c * c,  # the weights
        lambda c_in, c, k, h, w: (c * c_in * k * k + c * c) * h * w,  # one 1×1 layer
        lambda c_in, c, k, h, w: (c * c_in * k * k + 2 * c * c_in) * h * w,  # 1×1 from c_in
        lambda c_in, c, k, h, w: (c * (c_in * k * k + 1) + 2 * c * (c + 1)) * h * w,  # biases
        lambda c_in, c, k, h, w: (c * c_in * k * k + 2 * c * c) * h * h,
        33_872_256,
    ],
    "14.2": [
        lambda n: 5,
        lambda n: n // 32,
        lambda n: (n - 11) // 4 // 2 // 2 // 2,
        lambda n: pooled(pooled((n - 11) // 4 + 1)),  # one pooling forgotten
        lambda n: pooled(pooled(pooled((n - 11) // 4))),  # the first place of the window
        lambda n: ((((n - 11) // 4 + 1) // 2) // 2) // 2,  # 2×2 pooling
    ],
    "14.3": [
        without_values,
        without_bias,
        always_a_bias,
        three_by_three,
        emptied,
        lambda linear: linear,
        lambda linear: nn.Conv2d(linear.out_features, linear.in_features, 1),
    ],
    "14.4": [
        lambda M: M.flatten(2).argmax(dim=2),  # a number for a place
        lambda M: peaks(M).flip(2),  # column and row
        lambda M: peaks(-M),  # the lowest
        lambda M: peaks(M.abs()),
        lambda M: torch.stack([M.amax(3).argmax(2), M.amax(3).argmax(2)], dim=2),
        lambda M: M.amax(dim=(2, 3)),
    ],
    "14.5": [
        lambda features, weight: features.mean(dim=(2, 3)) @ weight.T,  # the logits
        lambda features, weight: maps_of(features, weight).relu(),
        lambda features, weight: maps_of(features, weight).transpose(2, 3),
        lambda features, weight: maps_of(features, weight) / features[0, 0].numel(),
        lambda features, weight: maps_of(features, weight.softmax(dim=1)),
        lambda features, weight: features,
    ],
    "14.6": [
        lambda features, c, m: size_free(features, c, m, nn.ReLU()),
        lambda features, c, m: size_free(nn.Conv2d(1, c, 3), c, m),  # other features
        lambda features, c, m: nn.Sequential(features, nn.Flatten(), nn.Linear(c * 9, m)),
        lambda features, c, m: nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        lambda features, c, m: nn.Sequential(*size_free(features, c, m)[:-1]),  # (N, m, 1, 1)
        lambda features, c, m: nn.Sequential(*size_free(features, c, m), nn.Softmax(dim=1)),
        lambda features, c, m: nn.Sequential(
            features, nn.Conv2d(c, m, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        ),
        lambda features, c, m: nn.Sequential(
            features, nn.Conv2d(c, m, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()
        ),
        Summed,
        lambda features, c, m: features,
        lambda features, c, m: 10,
    ],
}


def test_other_ways_to_the_same_answer_are_right() -> None:
    def mean_first(features: nn.Module, channels: int, num_classes: int) -> nn.Module:
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return nn.Sequential(features, pool, nn.Linear(channels, num_classes))

    assert d2l.check("14.6", mean_first).status == "right"
    by_product = lambda features, weight: F.conv2d(features, weight[..., None, None])  # noqa: E731
    assert d2l.check("14.5", by_product).status == "right"


def test_answers_say_the_first_case() -> None:
    assert d2l.check("14.2", lambda n: 5).message == "for n=67 you said 5; PyTorch gives 1"
    assert "kernel of (3, 3)" in d2l.check("14.3", three_by_three).message
    assert "has changed" in d2l.check("14.3", emptied).message
    assert "others" in d2l.check("14.6", WRONG["14.6"][1]).message
    assert "the single map" in d2l.check("14.4", lambda M: peaks(M).flip(2)).message
