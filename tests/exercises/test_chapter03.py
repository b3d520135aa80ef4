"""Chapter 03: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch

import d2lhelpers as d2l


def corr(X: torch.Tensor, K: torch.Tensor, *settings: Any) -> torch.Tensor:
    return torch.nn.functional.conv2d(X[None, None], K[None, None], None, *settings)[0, 0]


WRONG = {
    "03.1": [
        lambda n, k, s, p, d: (n + 2 * p - k) // s + 1,  # forgets the dilation
        lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1,  # padding as a total
        lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1,  # rounds up
        lambda n, k, s, p, d: n + 2 * p - d * (k - 1),  # forgets the stride
    ],
    "03.2": [
        lambda k, d: (k // 2, k // 2),
        lambda k, d: (d * (k - 1) // 2, d * (k - 1) // 2),  # uneven kernels come out one short
        lambda k, d: (d * (k - 1) - d * (k - 1) // 2, d * (k - 1) // 2),  # the wrong side first
    ],
    "03.3": [
        lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) % s,  # only the end
        lambda n, k, s, p, d: 0,
        lambda n, k, s, p, d: n % s,
    ],
    "03.4": [(1, 1), (2, 0), (2, 2), (1, 0), "2, 1", (2.0, 1.0), (0, 1), (2, 1, 1)],
    "03.5": [
        lambda layers: 1 + sum(d * (k - 1) for k, s, d in layers),  # forgets the jumps
        lambda layers: sum(k for k, s, d in layers),
        lambda layers: 1 + 2 * len(layers),
    ],
    "03.6": [
        lambda X, K, s, p, d: corr(X, K, s[::-1], p, d),
        lambda X, K, s, p, d: corr(X, K, s, p[::-1], d),
        lambda X, K, s, p, d: corr(X, K, s, p, d[::-1]),
        lambda X, K, s, p, d: corr(X, K.flip(0, 1), s, p, d),  # a true convolution
    ],
}


def test_the_worked_answers_are_right() -> None:
    def unread(n: int, k: int, s: int, p: int, d: int) -> int:
        size = (n + 2 * p - d * (k - 1) - 1) // s + 1
        return n + 2 * p - len({i * s + a * d for i in range(size) for a in range(k)})

    def field(layers: list[tuple[int, int, int]]) -> int:
        size = jump = 1
        for k, s, d in layers:
            size, jump = size + d * (k - 1) * jump, jump * s
        return size

    answers = {
        "03.1": lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s + 1,
        "03.2": lambda k, d: (d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2),
        "03.3": unread,
        "03.4": (2, 1),
        "03.5": field,
        "03.6": corr,
    }
    assert {key: d2l.check(key, answer).status for key, answer in answers.items()} == dict.fromkeys(
        answers, "right"
    )
