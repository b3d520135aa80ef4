"""Chapter 05: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l


def pool_size(n: int, k: int, s: int, p: int, ceil_mode: bool) -> int:
    size = (n + 2 * p - k + (s - 1 if ceil_mode else 0)) // s + 1
    return size - 1 if (size - 1) * s >= n + p else size


def avg_row(x: Tensor, k: int, s: int, p: int, include: bool) -> Tensor:
    counts = F.pad(torch.ones_like(x), (p, p), value=float(include)).unfold(0, k, s).sum(dim=1)
    return F.pad(x, (p, p)).unfold(0, k, s).sum(dim=1) / counts


def backward(choose: Callable[[Tensor], Tensor]) -> Callable[[Tensor, int, Tensor], Tensor]:
    """The way back through pooling; ``choose`` says what share each value of a window gets."""

    def answer(X: Tensor, k: int, G: Tensor) -> Tensor:
        gradient = torch.zeros_like(X)
        for i in range(G.shape[0]):
            for j in range(G.shape[1]):
                here = (slice(i * k, i * k + k), slice(j * k, j * k + k))
                gradient[here] = G[i, j] * choose(X[here].flatten()).reshape(k, k)
        return gradient

    return answer


def first(window: Tensor) -> Tensor:
    share = torch.zeros_like(window)
    share[(window == window.max()).nonzero()[0]] = 1
    return share


def last(window: Tensor) -> Tensor:
    return first(window.flip(0)).flip(0)


def one_pool(pools: list[tuple[int, int]]) -> tuple[int, int]:
    window, stride = 1, 1
    for k, s in pools:
        window, stride = window + (k - 1) * stride, stride * s
    return window, stride


def adaptive(ends: Callable[[int, int, int], tuple[int, int]]) -> Callable[..., Tensor]:
    """Adaptive max pooling with windows from ``ends(i, n, o)``."""

    def answer(X: Tensor, size: tuple[int, int]) -> Tensor:
        rows = [ends(i, X.shape[2], size[0]) for i in range(size[0])]
        columns = [ends(j, X.shape[3], size[1]) for j in range(size[1])]
        return torch.stack(
            [
                torch.stack([X[:, :, a:b, c:d].amax(dim=(2, 3)) for c, d in columns], dim=-1)
                for a, b in rows
            ],
            dim=-2,
        )

    return answer


def negate_in_place(X: Tensor, k: int) -> Tensor:
    return -F.max_pool2d(X.neg_(), k)


def write_into_x(X: Tensor, k: int, G: Tensor) -> Tensor:
    return X.copy_(backward(first)(X, k, G)).clone()


RIGHT: dict[str, Any] = {
    "05.1": lambda X, k: -F.max_pool2d(-X, k),
    "05.2": pool_size,
    "05.3": avg_row,
    "05.4": backward(first),
    "05.5": one_pool,
    "05.6": adaptive(lambda i, n, o: (i * n // o, -(-(i + 1) * n // o))),
}

WRONG: dict[str, list[Any]] = {
    "05.1": [
        lambda X, k: F.max_pool2d(X, k),
        lambda X, k: -F.max_pool2d(X, k),  # turns the sign once
        lambda X, k: F.max_pool2d(-X, k),
        lambda X, k: -F.max_pool2d(-X, k, stride=1),
        lambda X, k: F.avg_pool2d(X, k),
        lambda X, k: -F.max_pool2d(-X, 2),
        negate_in_place,
    ],
    "05.2": [
        lambda n, k, s, p, up: (n + 2 * p - k) // s + 1,  # forgets ceil_mode
        lambda n, k, s, p, up: (n + 2 * p - k + (s - 1 if up else 0)) // s + 1,  # keeps the last
        lambda n, k, s, p, up: round((n + 2 * p - k) / s) + 1,
        lambda n, k, s, p, up: (math.ceil if up else math.floor)((n + p - k) / s) + 1,
        lambda n, k, s, p, up: math.ceil(n / s) if up else n // s,
        # drops a window that starts at the input's end, but counts from the input
        lambda n, k, s, p, up: min((n + 2 * p - k + (s - 1) * up) // s + 1, -(-n // s)),
    ],
    "05.3": [
        lambda x, k, s, p, include: avg_row(x, k, s, p, True),
        lambda x, k, s, p, include: avg_row(x, k, s, p, False),
        lambda x, k, s, p, include: avg_row(x, k, s, p, not include),
        lambda x, k, s, p, include: avg_row(x, k, k, p, include),  # the default stride
        lambda x, k, s, p, include: F.pad(x, (p, p)).unfold(0, k, s).sum(dim=1),
        lambda x, k, s, p, include: F.pad(x, (p, p)).unfold(0, k, s).amax(dim=1),
        lambda x, k, s, p, include: avg_row(x, k, s, p, include).tolist(),
    ],
    "05.4": [
        backward(last),
        backward(lambda window: (window == window.max()).float()),  # every one of equal maxima
        backward(lambda w: (w == w.max()).float() / (w == w.max()).sum()),  # shared among them
        backward(lambda window: torch.full_like(window, 1 / len(window))),  # that of a mean
        lambda X, k, G: backward(first)(X, k, torch.ones_like(G)),  # forgets G
        lambda X, k, G: G,
        write_into_x,
    ],
    "05.5": [
        lambda pools: (sum(k for k, s in pools), math.prod(s for k, s in pools)),
        lambda pools: (math.prod(k for k, s in pools), math.prod(s for k, s in pools)),
        lambda pools: (1 + sum(k - 1 for k, s in pools), math.prod(s for k, s in pools)),
        lambda pools: (one_pool(pools)[0], pools[-1][1]),  # the last stride alone
        lambda pools: (one_pool(pools[::-1])[0], one_pool(pools)[1]),  # the wrong end first
        lambda pools: pools[0],
        lambda pools: one_pool(pools)[0],
        lambda pools: (float(one_pool(pools)[0]), one_pool(pools)[1]),
        lambda pools: (0, 1),
    ],
    "05.6": [
        adaptive(lambda i, n, o: (i * (n // o), max((i + 1) * (n // o), i * (n // o) + 1))),
        adaptive(
            lambda i, n, o: (i * n // o, max((i + 1) * n // o, i * n // o + 1))
        ),  # floor twice
        adaptive(lambda i, n, o: (i * n // o, -(-(i + 1) * n // o) + 1)),  # the end included
        lambda X, size: F.adaptive_avg_pool2d(X, size),
        lambda X, size: F.adaptive_max_pool2d(X, size[::-1]),
        lambda X, size: F.interpolate(X, size),
        lambda X, size: X.zero_() + F.adaptive_max_pool2d(X, 1),
    ],
}


def test_answers_say_the_first_case() -> None:
    said = d2l.check("05.2", lambda n, k, s, p, up: (n + 2 * p - k) // s + 1).message
    assert said.startswith("for n=") and "ceil_mode=True you said" in said and "PyTorch" in said
    tie = d2l.check("05.4", backward(last)).message
    assert "X=[[0.0, 4.0], [4.0, 1.0]]" in tie
    assert "changed the tensor" in d2l.check("05.1", negate_in_place).message
    assert "changed the tensor" in d2l.check("05.4", write_into_x).message
    stack = d2l.check("05.5", lambda pools: (sum(k for k, s in pools), 1)).message
    assert stack.startswith("for pools=[(2, 2)] you said (2, 1)")
