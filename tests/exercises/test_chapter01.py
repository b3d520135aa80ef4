"""Chapter 01: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import d2lhelpers as d2l


def band(w: Tensor, n: int) -> Tensor:
    """The matrix of a convolution of n inputs with the kernel w."""
    W = torch.zeros(n - len(w) + 1, n)
    for i in range(len(W)):
        W[i, i : i + len(w)] = w
    return W


def circulant(w: Tensor, n: int) -> Tensor:
    row = torch.cat([w, torch.zeros(n - len(w))])
    return torch.stack([row.roll(i) for i in range(n)])


def constant_diagonals(W: Tensor) -> bool:
    return bool((W[1:, 1:] == W[:-1, :-1]).all())


def is_band(W: Tensor) -> bool:
    m, n = W.shape
    return torch.equal(W, band(W[0, : n - m + 1], n))


def right_zeros(W: Tensor) -> bool:
    m, n = W.shape
    return bool((W[band(torch.ones(n - m + 1), n) == 0] == 0).all())


WRONG: dict[str, list[Any]] = {
    "01.1": [
        lambda n, k: (n * n, k * n, k),  # as many outputs as inputs
        lambda n, k: (n * (n - k + 1), k, k * (n - k + 1)),  # local and shared swapped
        lambda n, k: (n * (n - k + 1) + n - k + 1, k * (n - k + 1), k + 1),  # biases counted
        lambda n, k: (n * (n - k), k * (n - k), k),  # one output too few
    ],
    "01.2": [
        lambda h, w, k: (  # no biases
            h * w * (h - k + 1) * (w - k + 1),
            h * w * (h - k + 1) * (w - k + 1),
            k * k,
            k * k * (h - k + 1) * (w - k + 1),
        ),
        lambda h, w, k: (  # a convolution's MACs as if each weight were used once
            (h * w + 1) * (h - k + 1) * (w - k + 1),
            h * w * (h - k + 1) * (w - k + 1),
            k * k + 1,
            k * k,
        ),
        lambda h, w, k: (  # a bias for each output of the convolution
            (h * w + 1) * (h - k + 1) * (w - k + 1),
            h * w * (h - k + 1) * (w - k + 1),
            k * k + (h - k + 1) * (w - k + 1),
            k * k * (h - k + 1) * (w - k + 1),
        ),
        lambda h, w, k: (  # the output as large as the input
            (h * w + 1) * h * w,
            h * w * h * w,
            k * k + 1,
            k * k * h * w,
        ),
    ],
    "01.3": [
        lambda w, n: band(w.flip(0), n),  # a true convolution
        lambda w, n: band(w, n).T,
        circulant,
        lambda w, n: band(w, n).roll(1, 1),
        lambda w, n: w,
    ],
    "01.4": [
        constant_diagonals,  # forgets locality
        right_zeros,  # forgets sharing
        lambda W: is_band(W) and bool((W[0, : W.shape[1] - len(W) + 1] != 0).all()),
        lambda W: len(W[W != 0].unique()) <= W.shape[1] - len(W) + 1,  # counts distinct weights
        lambda W: True,
        lambda W: W,
    ],
    "01.5": [
        lambda n, k, s: n - s,  # forgets that the output is smaller
        lambda n, k, s: n - k + 1,
        lambda n, k, s: n - k + 1 - s,  # below 0 once everything has moved out
        lambda n, k, s: max(n - k - s, 0),
        lambda n, k, s: max(n - k + 1 - s - (k - 1), 0),  # a border that is not there
    ],
    "01.6": [
        lambda W, order: W,
        lambda W, order: W[:, order.argsort()],  # the way back
        lambda W, order: W.flip(1),
        lambda W, order: W[:, order].T,
        lambda W, order: W[order],  # rows for columns
    ],
}


def test_the_worked_answers_are_right() -> None:
    def costs(h: int, w: int, k: int) -> tuple[int, int, int, int]:
        outputs = (h - k + 1) * (w - k + 1)
        return (h * w + 1) * outputs, h * w * outputs, k * k + 1, k * k * outputs

    answers = {
        "01.1": lambda n, k: (n * (n - k + 1), k * (n - k + 1), k),
        "01.2": costs,
        "01.3": band,
        "01.4": is_band,
        "01.5": lambda n, k, s: max(n - k + 1 - s, 0),
        "01.6": lambda W, order: W[:, order],
    }
    assert {key: d2l.check(key, answer).status for key, answer in answers.items()} == dict.fromkeys(
        answers, "right"
    )
