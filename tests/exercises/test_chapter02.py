"""Chapter 02: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l


def corr(X: Tensor, K: Tensor) -> Tensor:
    return F.conv2d(X[None, None], K[None, None])[0, 0]


def unsharp(alpha: float) -> Tensor:
    kernel = torch.full((3, 3), -alpha / 9)
    kernel[1, 1] += 1 + alpha
    return kernel


def changed(X: Tensor, K: Tensor, b: float) -> Tensor:
    X += 0.0  # in place, and no harm yet
    X *= 2
    return corr(X / 2, K.flip(0, 1)) + b


def learned(
    correlate: Callable[[Tensor, Tensor], Tensor] = corr, lr: float = 0.1, steps: int = 200
) -> Callable[[Tensor, Tensor, tuple[int, int]], Tensor]:
    def learn(X: Tensor, Y: Tensor, shape: tuple[int, int]) -> Tensor:
        K = torch.zeros(shape, requires_grad=True)
        for _ in range(steps):
            loss = ((correlate(X, K) - Y) ** 2).mean()
            (gradient,) = torch.autograd.grad(loss, K)
            K = (K - lr * gradient).detach().requires_grad_()
        return K

    return learn


RIGHT: dict[str, Any] = {
    "02.1": [[4, -1], [7, 4]],
    "02.2": lambda X, K, b: corr(X, K.flip(0, 1)) + b,
    "02.3": [[1, 0, 0], [0, 0, 0], [0, 0, 0]],
    "02.4": unsharp,
    "02.5": lambda n, k: math.ceil((n - 1) / (k - 1)),
    "02.6": learned(),
}

WRONG: dict[str, list[Any]] = {
    "02.1": [
        [[3, -2], [6, 3]],  # no bias
        [[2, 1], [6, 2]],  # the kernel turned
        [[7, 2], [10, 7]],  # the bias once a weight
        [[4, 7], [-1, 4]],  # transposed
        [[4, -1, 1], [7, 4, 1], [1, 1, 1]],  # as large as the input
        [4, -1, 7, 4],
        "4, -1",
    ],
    "02.2": [
        lambda X, K, b: corr(X, K) + b,
        lambda X, K, b: corr(X, K.flip(0)) + b,
        lambda X, K, b: corr(X, K.flip(1)) + b,
        lambda X, K, b: corr(X, K.T) + b,
        lambda X, K, b: corr(X, K.flip(0, 1)),
        lambda X, K, b: corr(X, K.flip(0, 1)) + b * K.numel(),
        lambda X, K, b: F.conv2d(X[None, None], K.flip(0, 1)[None, None], padding=1)[0, 0] + b,
        changed,
    ],
    "02.3": [
        [[0, 0, 0], [0, 0, 0], [0, 0, 1]],  # left and up: the kernel of a convolution
        [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [1, 0, 0], [0, 0, 0]],  # right only
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[2, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[1, 0], [0, 0]],
    ],
    "02.4": [
        lambda alpha: (1 + alpha) * torch.eye(3) - alpha / 9,  # eye is a diagonal
        lambda alpha: unsharp(-alpha),  # blurs
        lambda alpha: unsharp(alpha) - torch.tensor([[0, 0, 0], [0, 1.0, 0], [0, 0, 0]]),
        lambda alpha: torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        lambda alpha: torch.tensor(  # the middle left out of the mean
            [[-alpha / 8] * 3, [-alpha / 8, 1 + alpha, -alpha / 8], [-alpha / 8] * 3]
        ),
        lambda alpha: unsharp(alpha).tolist(),
    ],
    "02.5": [
        lambda n, k: n // k,
        lambda n, k: math.ceil(n / k),
        lambda n, k: (n - 1) // (k - 1),  # rounds down
        lambda n, k: math.ceil(n / (k - 1)),
        lambda n, k: math.ceil(math.log(n, k)),  # as if windows did not overlap
        lambda n, k: n - k + 1,
    ],
    "02.6": [
        learned(lambda X, K: corr(X, K.flip(0, 1))),
        learned(steps=3),
        learned(lr=-0.01, steps=20),
        lambda X, Y, shape: torch.zeros(shape),
        lambda X, Y, shape: learned()(X, Y, shape).T,
        lambda X, Y, shape: learned()(X, Y, shape).flatten(),
    ],
}


def test_other_forms_of_a_right_answer_are_taken() -> None:
    assert d2l.check("02.1", torch.tensor(RIGHT["02.1"])).status == "right"
    assert d2l.check("02.1", ((4.0, -1.0), (7.0, 4.0))).status == "right"
    assert d2l.check("02.3", torch.tensor(RIGHT["02.3"]).float()).status == "right"

    def solved(X: Tensor, Y: Tensor, shape: tuple[int, int]) -> Tensor:
        windows = F.unfold(X[None, None], shape)[0].T
        return torch.linalg.lstsq(windows, Y.flatten()[:, None]).solution.reshape(shape)

    assert d2l.check("02.6", solved).status == "right"


def test_a_table_with_a_gap_is_not_tried() -> None:
    assert d2l.check("02.1", [[4, ...], [..., ...]]).status == "not tried yet"


def test_answers_say_the_first_case() -> None:
    assert d2l.check("02.1", [[4, -1], [6, 4]]).message == (
        "for the window [[3, 1], [0, 2]], at row 1, column 0, you said 6; "
        "PyTorch gives another number"
    )
    assert "at row 0, column 1; it should be 1 at row 2, column 3" in (
        d2l.check("02.3", [[0, 0, 0], [0, 0, 0], [0, 0, 1]]).message
    )
    assert d2l.check("02.5", lambda n, k: n // k).message == (
        "for n=2, k=3 you said 0; the gradient says 1"
    )
    assert "changed X or K" in d2l.check("02.2", changed).message
    assert "sum to 0" in d2l.check("02.4", WRONG["02.4"][2]).message
