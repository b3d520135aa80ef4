"""Chapter 16: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import copy
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

import d2lhelpers as d2l


def parameters(c_in: int, c: int, stride: int) -> int:
    projection = c_in * c + 2 * c if stride != 1 or c_in != c else 0
    return 9 * c_in * c + 9 * c * c + 4 * c + projection


def more(c_in: int, c: int, n: int) -> int:
    return c_in * c * (n * n - ((n + 1) // 2) ** 2)


def basic(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    y = bn2(conv2(F.relu(bn1(conv1(x)))))
    return F.relu(y + (x if projection is None else projection(x)))


def early_relu(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    y = F.relu(bn2(conv2(F.relu(bn1(conv1(x))))))
    return y + (x if projection is None else projection(x))


def no_last_relu(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    y = bn2(conv2(F.relu(bn1(conv1(x)))))
    return y + (x if projection is None else projection(x))


def plain(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    return F.relu(bn2(conv2(F.relu(bn1(conv1(x))))))


def no_projection(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    return F.relu(bn2(conv2(F.relu(bn1(conv1(x))))) + x)


def in_place(x: Tensor, conv1: Any, bn1: Any, conv2: Any, bn2: Any, projection: Any) -> Tensor:
    y = bn2(conv2(F.relu(bn1(conv1(x)))))
    x += y
    return F.relu(x)


def zeroed(net: Any, *ends: str) -> Any:
    for name, layer in net.named_modules():
        if isinstance(layer, nn.BatchNorm2d) and name.endswith(ends):
            nn.init.zeros_(layer.weight)
    return net


def start(net: Any) -> Any:
    for block in net.modules():
        if hasattr(block, "conv2"):
            nn.init.zeros_((block.bn3 if hasattr(block, "bn3") else block.bn2).weight)
    return net


def shift_zeroed(net: Any) -> Any:
    for block in net.modules():
        if hasattr(block, "conv2"):
            nn.init.ones_((block.bn3 if hasattr(block, "bn3") else block.bn2).bias)
    return start(net)


def without_bias(conv: Any, bn: Any, sign: float = -1, **other: Any) -> Any:
    shape = (conv.in_channels, conv.out_channels, conv.kernel_size)
    options = {"stride": conv.stride, "padding": conv.padding, "bias": False, **other}
    new = nn.Conv2d(*shape, **options)
    new.weight = conv.weight
    norm = copy.deepcopy(bn)
    norm.running_mean += sign * conv.bias.detach()
    return nn.Sequential(new, norm)


def fresh_norm(conv: Any, bn: Any) -> Any:
    net = without_bias(conv, bn)
    state = net[1].state_dict()
    net[1] = nn.BatchNorm2d(bn.num_features)  # eps as by default, not as in bn
    net[1].load_state_dict(state)
    return net


def bias_dropped_in_place(conv: Any, bn: Any) -> Any:
    bn.running_mean -= conv.bias
    conv.bias = None
    return nn.Sequential(conv, bn)


RIGHT: dict[str, Any] = {
    "16.1": lambda counts, bottleneck: 2 + (2 + bottleneck) * sum(counts),
    "16.2": parameters,
    "16.3": more,
    "16.4": basic,
    "16.5": start,
    "16.6": without_bias,
}

WRONG: dict[str, list[Any]] = {
    "16.1": [
        lambda counts, bottleneck: 2 + 2 * sum(counts),
        lambda counts, bottleneck: (2 + bottleneck) * sum(counts),  # first and last forgotten
        lambda counts, bottleneck: 5 + (2 + bottleneck) * sum(counts),  # projections counted
        lambda counts, bottleneck: 2 + sum(counts),  # blocks, not layers
        lambda counts, bottleneck: 18,
    ],
    "16.2": [
        lambda i, c, s: 9 * i * c + 9 * c * c + 4 * c,  # no projection
        lambda i, c, s: 9 * i * c + 9 * c * c + 4 * c + i * c + 2 * c,  # always one
        lambda i, c, s: parameters(i, c, 2 if i != c else 1),  # stride alone needs one too
        lambda i, c, s: parameters(i, c, s) + 2 * c,  # biases kept
        lambda i, c, s: 18 * c * c + 4 * c + (parameters(i, c, s) - parameters(i, i, 1)),
        lambda i, c, s: parameters(i, c, s) - 2 * c,
    ],
    "16.3": [
        lambda i, c, n: i * c * (n * n - (n // 2) ** 2),  # odd sides round up, not down
        lambda i, c, n: 3 * i * c * n * n // 4,
        lambda i, c, n: i * c * n * n,
        lambda i, c, n: -more(i, c, n),
        lambda i, c, n: more(i, c, n) * 9,
        lambda i, c, n: 0,
    ],
    "16.4": [early_relu, no_last_relu, plain, no_projection, in_place],
    "16.5": [
        lambda net: zeroed(net, "bn2"),  # a bottleneck ends in bn3
        lambda net: zeroed(net, "bn2", "bn3"),
        lambda net: zeroed(net, "bn1", "bn2", "bn3", "downsample.1"),
        lambda net: net,
        shift_zeroed,
        lambda net: "done",
    ],
    "16.6": [
        lambda conv, bn: nn.Sequential(conv, bn),  # the bias is still there
        lambda conv, bn: without_bias(conv, bn, sign=0),  # dropped
        lambda conv, bn: without_bias(conv, bn, sign=1),
        lambda conv, bn: without_bias(conv, bn, stride=1),
        lambda conv, bn: without_bias(conv, bn, padding=0),
        fresh_norm,
        bias_dropped_in_place,
        lambda conv, bn: without_bias(conv, bn)[0],
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("16.3", lambda i, c, n: 0).message == (
        "for in_channels=4, channels=1, n=2 you said 0; the difference is 12"
    )
    assert "layer1.0.bn2.weight must be 0" in d2l.check("16.5", lambda net: net).message
    assert "layer1.0.bn2.weight has changed" in (
        d2l.check("16.5", lambda net: zeroed(net, "bn2", "bn3")).message
    )
    assert "write x + y" in d2l.check("16.4", in_place).message
    assert "has a bias" in d2l.check("16.6", lambda conv, bn: nn.Sequential(conv, bn)).message
    assert "changed conv or bn" in d2l.check("16.6", bias_dropped_in_place).message
