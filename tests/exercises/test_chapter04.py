"""Chapter 04: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l


def size(n: int, k: int, s: int, p: int) -> int:
    return (n + 2 * p - k) // s + 1


def grouped(X: Tensor, K: Tensor, groups: int) -> Tensor:
    each, rows = K.shape[1], len(K) // groups
    maps = []
    for o in range(len(K)):
        first = o // rows * each
        maps.append(d2l.corr2d_multi_in(X[first : first + each], K[o]))
    return torch.stack(maps)


def interleaved(X: Tensor, K: Tensor, groups: int) -> Tensor:
    """Group g reads input maps g, g + groups, ... instead of neighbours."""
    rows = len(K) // groups
    return torch.stack([d2l.corr2d_multi_in(X[o // rows :: groups], K[o]) for o in range(len(K))])


def widest(c_i: int, c_o: int, k: int) -> int:
    return (k * k * c_i * c_o - 1) // (c_i + k * k * c_o)


WRONG = {
    "04.1": [
        lambda c_i, c_o, k_h, k_w, groups, bias: c_o * (c_i * k_h * k_w + bias),  # no groups
        lambda c_i, c_o, k_h, k_w, groups, bias: c_o * (c_i // groups * k_h * k_w + 1),
        lambda c_i, c_o, k_h, k_w, groups, bias: c_o * c_i // groups * (k_h * k_w + bias),
        lambda c_i, c_o, k_h, k_w, groups, bias: c_i * (c_o // groups * k_h * k_w + bias),
        lambda c_i, c_o, k_h, k_w, groups, bias: c_o * (k_h * k_w + bias),  # one slice a map
    ],
    "04.2": [
        lambda n, c_i, c_o, k, s, p, groups: c_o * c_i // groups * k * k * n * n,  # input size
        lambda n, c_i, c_o, k, s, p, groups: c_o * c_i * k * k * size(n, k, s, p) ** 2,
        lambda n, c_i, c_o, k, s, p, groups: (
            c_o * (c_i // groups * k * k + 1) * size(n, k, s, p) ** 2  # counts the bias
        ),
        lambda n, c_i, c_o, k, s, p, groups: c_o * c_i // groups * k * k * size(n, k, s, p),
        lambda n, c_i, c_o, k, s, p, groups: c_o * (c_i // groups) * k * k,  # the weights only
    ],
    "04.3": [
        torch.tensor([[1.0, 1, 1], [1, 0, -1]]).reshape(2, 3, 1, 1),  # the sum, not the mean
        torch.tensor([[1 / 3] * 3, [-1, 0, 1]]).reshape(2, 3, 1, 1),  # blue minus red
        torch.tensor([[1 / 3] * 3, [1, 0, -1]]),  # a matrix
        torch.tensor([[1 / 3, 1], [1 / 3, 0], [1 / 3, -1]]).reshape(3, 2, 1, 1),
        torch.tensor([[1 / 3, 1], [1 / 3, 0], [1 / 3, -1]]).reshape(2, 3, 1, 1),
        torch.tensor([[0, 0, 0], [1, 0, -1]]).reshape(2, 3, 1, 1),
        [[1 / 3] * 3, [1, 0, -1]],
    ],
    "04.4": [
        lambda X, K, groups: d2l.corr2d_multi_in_out(X, K),  # no groups
        interleaved,
        lambda X, K, groups: grouped(X, K, groups) / K.shape[1],  # the mean, not the sum
        lambda X, K, groups: grouped(X, K.flip(2, 3), groups),  # a true convolution
        lambda X, K, groups: grouped(X, K, groups).flip(0),
        lambda X, K, groups: grouped(X, K, groups)[None],
    ],
    "04.5": [
        lambda W, K: K * W.sum(),
        lambda W, K: torch.einsum("omab,mc->ocab", K, W[:, :, 0, 0]) / len(W),
        lambda W, K: torch.einsum("omab,mc->coab", K, W[:, :, 0, 0]),
        lambda W, K: torch.einsum("omab,mc->ocab", K.flip(2, 3), W[:, :, 0, 0]),
        lambda W, K: W,
    ],
    "04.6": [
        lambda c_i, c_o, k: k * k * c_i * c_o // (c_i + k * k * c_o),  # counts a draw
        lambda c_i, c_o, k: c_i - 1,  # fewer maps than before
        lambda c_i, c_o, k: (k * k * c_i * c_o - 1) // (k * k * c_o),  # the 1×1 for nothing
        lambda c_i, c_o, k: round(k * k * c_i * c_o / (c_i + k * k * c_o)),
        lambda c_i, c_o, k: k * k * c_i * c_o / (c_i + k * k * c_o),
    ],
}


def test_the_worked_answers_are_right() -> None:
    answers: dict[str, Any] = {
        "04.1": lambda c_i, c_o, k_h, k_w, groups, bias: c_o * (c_i // groups * k_h * k_w + bias),
        "04.2": lambda n, c_i, c_o, k, s, p, groups: (
            c_o * (c_i // groups) * k * k * size(n, k, s, p) ** 2
        ),
        "04.3": torch.tensor([[1 / 3] * 3, [1, 0, -1]]).reshape(2, 3, 1, 1),
        "04.4": grouped,
        "04.5": lambda W, K: torch.einsum("omab,mc->ocab", K, W[:, :, 0, 0]),
        "04.6": widest,
    }
    assert {key: d2l.check(key, answer).status for key, answer in answers.items()} == dict.fromkeys(
        answers, "right"
    )


def test_other_ways_to_the_same_answer_are_right() -> None:
    weight = torch.nn.Parameter(torch.tensor([[1 / 3] * 3, [1, 0, -1]]).reshape(2, 3, 1, 1))
    assert d2l.check("04.3", weight).status == "right"
    library = d2l.check("04.4", lambda X, K, groups: F.conv2d(X, K, groups=groups))
    assert library.status == "right"


def test_the_message_names_a_pixel() -> None:
    swapped = torch.tensor([[1 / 3] * 3, [-1, 0, 1]]).reshape(2, 3, 1, 1)
    assert "pure red" in d2l.check("04.3", swapped).message
