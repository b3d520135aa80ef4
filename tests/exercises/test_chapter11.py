"""Chapter 11: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import d2lhelpers as d2l


def padded(
    padding: int = 2,
    pool: type[nn.Module] = nn.AvgPool2d,
    activation: type[nn.Module] = nn.Sigmoid,
    end: tuple[nn.Module, ...] = (),
) -> nn.Sequential:
    side = (24 + 2 * padding) // 2 // 2 - 2
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=padding), activation(), pool(2)),
        *(nn.Conv2d(6, 16, 5), activation(), pool(2)),
        *(nn.Flatten(), nn.Linear(16 * side * side, 120), activation()),
        *(nn.Linear(120, 84), activation(), nn.Linear(84, 10), *end),
    )


def pool_first() -> nn.Sequential:
    """The activation after the pooling: the same weights, other outputs."""
    layers = list(padded())
    layers[1:3], layers[4:6] = layers[2:0:-1], layers[5:3:-1]
    return nn.Sequential(*layers)


def square_sum(X: Tensor) -> Tensor:
    return F.avg_pool2d(X, 2, divisor_override=1)


def subsample(X: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    a = weight[:, None, None] * square_sum(X) + bias[:, None, None]
    return 1.7159 * torch.tanh(2 / 3 * a)


def with_head(net: nn.Sequential, num_classes: int) -> nn.Sequential:
    return nn.Sequential(*net[:-1], nn.Linear(84, num_classes))


def replaced_in_place(net: nn.Sequential, num_classes: int) -> nn.Sequential:
    net[-1] = nn.Linear(84, num_classes)
    return net


def sides(n: int) -> list[int]:
    found = []
    for _ in range(2):
        n -= 4
        found.append(n)
        n //= 2
        found.append(n)
    return found


RIGHT: dict[str, Any] = {
    "11.1": lambda c, m: 6 * (25 * c + 1) + 2416 + 30840 + 10164 + 85 * m,
    "11.2": sides,
    "11.3": lambda table, k: sum(len(row) * k * k + 1 for row in table),
    "11.4": subsample,
    "11.5": lambda X, bitmaps: (X[:, None] - bitmaps).square().sum(dim=2),
    "11.6": padded(),
    "11.7": with_head,
}

WRONG: dict[str, list[Any]] = {
    "11.1": [
        lambda c, m: 44_426,  # the number of the chapter
        lambda c, m: 6 * 25 * c + 16 * 6 * 25 + 256 * 120 + 120 * 84 + 84 * m,  # no biases
        lambda c, m: 6 * (25 * c + 1) + 2416 + 48120 + 10164 + 85 * m,  # a 5×5 map, not 4×4
        lambda c, m: 6 * (25 * c + 1) + 2416 + 30840 + 10164 + 84 * m,  # the last biases
        44_426,
    ],
    "11.2": [
        lambda n: [24, 12, 8, 4],
        lambda n: [n, n // 2, n // 2 - 4, (n // 2 - 4) // 2],  # padding 2
        lambda n: [n - 4, -(-(n - 4) // 2), -(-(n - 4) // 2) - 4, -(-(-(-(n - 4) // 2) - 4) // 2)],
        lambda n: [n - 5, (n - 5) // 2, (n - 5) // 2 - 5, ((n - 5) // 2 - 5) // 2],
        lambda n: [n - 4, n - 5, n - 9, n - 10],  # pooling with stride 1
    ],
    "11.3": [
        lambda table, k: 1516,
        lambda table, k: sum(len(row) * k * k for row in table),  # no biases
        lambda table, k: sum(len(row) * (k * k + 1) for row in table),  # a bias a kernel
        lambda table, k: len(table) * (len(table[0]) * k * k + 1),  # all rows like the first
        lambda table, k: sum(len(row) * k + 1 for row in table),
    ],
    "11.4": [
        lambda X, w, b: (
            1.7159
            * torch.tanh(  # the mean instead of the sum
                2 / 3 * (w[:, None, None] * F.avg_pool2d(X, 2) + b[:, None, None])
            )
        ),
        lambda X, w, b: w[:, None, None] * square_sum(X) + b[:, None, None],  # no squashing
        lambda X, w, b: torch.tanh(w[:, None, None] * square_sum(X) + b[:, None, None]),
        lambda X, w, b: F.max_pool2d(X, 2),
        lambda X, w, b: subsample(X, w[:1], b[:1]),  # one weight for all maps
        lambda X, w, b: subsample(X, w, b).sum(),
    ],
    "11.5": [
        lambda X, B: torch.cdist(X, B),  # the root
        lambda X, B: X @ B.T,
        lambda X, B: (X[:, None] - B).square().sum(dim=2).T,
        lambda X, B: (X[:, None] - B).square().mean(dim=2),
        lambda X, B: (X[:, None] - B).square().sum(dim=1),  # over the wrong axis
    ],
    "11.6": [
        padded(padding=0),
        padded(pool=nn.MaxPool2d),
        padded(activation=nn.ReLU),
        padded(end=(nn.Softmax(dim=1),)),
        padded(end=(nn.Sigmoid(),)),
        pool_first(),
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        nn.Linear(784, 10),
        "a network",
    ],
    "11.7": [
        replaced_in_place,
        lambda net, m: nn.Sequential(*net, nn.Linear(10, m)),  # one more layer
        lambda net, m: net,
        lambda net, m: nn.Sequential(*padded()[:-1], nn.Linear(84, m)),  # fresh weights
        lambda net, m: nn.Linear(84, m),
    ],
}


@pytest.mark.parametrize("key", RIGHT)
def test_a_check_leaves_the_readers_numbers_and_network_alone(key: str) -> None:
    net = RIGHT["11.6"]
    weights = copy.deepcopy(net.state_dict())
    state = torch.get_rng_state()
    fixed = with_head(padded(), 2)
    torch.set_rng_state(state)
    answer = (lambda net, m: fixed) if key == "11.7" else RIGHT[key]
    d2l.check(key, answer)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(weights[name], value) for name, value in net.state_dict().items())


def test_answers_say_the_first_case() -> None:
    assert d2l.check("11.1", lambda c, m: 44_426).message == (
        "for in_channels=1, num_classes=2 you said 44426; the network has 43746"
    )
    assert "one 2×2 map" in d2l.check("11.4", lambda X, w, b: square_sum(X)).message
    assert "44,426" in d2l.check("11.6", padded(padding=0)).message
    assert "changed" in d2l.check("11.7", replaced_in_place).message
