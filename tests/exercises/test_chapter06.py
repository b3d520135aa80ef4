"""Chapter 06: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

import d2lhelpers as d2l


def scatter(X: torch.Tensor, W: torch.Tensor, stride: int, padding: int) -> torch.Tensor:
    return F.conv_transpose2d(X[None], W, None, stride, padding)[0]


def overwrite(X: torch.Tensor, W: torch.Tensor, s: int, p: int) -> torch.Tensor:
    """Stamps that replace what is there instead of adding to it."""
    (_, h, w), (_, c_o, k_h, k_w) = X.shape, W.shape
    Y = torch.zeros(c_o, (h - 1) * s + k_h, (w - 1) * s + k_w)
    for i in range(h):
        for j in range(w):
            stamp = torch.einsum("c,coab->oab", X[:, i, j], W)
            Y[:, i * s : i * s + k_h, j * s : j * s + k_w] = stamp
    return Y[:, p : Y.shape[1] - p, p : Y.shape[2] - p]


def ruins_the_input(X: torch.Tensor, W: torch.Tensor, s: int, p: int) -> torch.Tensor:
    Y = scatter(X, W, s, p)
    W *= 0
    return Y


def counts(n: int, k: int, s: int) -> list[int]:
    found = [0] * ((n - 1) * s + k)
    for i in range(n):
        for a in range(k):
            found[i * s + a] += 1
    return found


def hat(s: int, k: int, centre: float) -> torch.Tensor:
    line = 1 - (torch.arange(k) - centre).abs() / s
    return line[:, None] * line


WRONG: dict[str, list[Any]] = {
    "06.1": [
        lambda n, k, s, p, o, d: (n - 1) * s + 2 * p + d * (k - 1) + o + 1,  # padding adds
        lambda n, k, s, p, o, d: (n - 1) * s - 2 * p + k + o,  # forgets the dilation
        lambda n, k, s, p, o, d: (n - 1) * s - p + d * (k - 1) + o + 1,  # padding as a total
        lambda n, k, s, p, o, d: n * s - 2 * p + d * (k - 1) + o,  # n stamps, n steps
        lambda n, k, s, p, o, d: (n - 1) * s - 2 * p + d * (k - 1) + 2 * o + 1,  # o on both sides
        lambda n, k, s, p, o, d: (n + 2 * p - d * (k - 1) - 1) // s + 1,  # the convolution's
    ],
    "06.2": [
        lambda n, k, s, p: n % s,
        lambda n, k, s, p: s - 1,
        lambda n, k, s, p: 0,
        lambda n, k, s, p: (n + p - k) % s,  # padding as a total
        lambda n, k, s, p: (n + 2 * p - k - 1) % s,
    ],
    "06.3": [
        lambda n, k, s: [k // s] * ((n - 1) * s + k),  # forgets the border
        lambda n, k, s: counts(n, k, s)[:-1],
        lambda n, k, s: [1] * ((n - 1) * s + k),
        lambda n, k, s: [max(1, count) for count in counts(n, k, s)],  # no holes
        lambda n, k, s: counts(n, max(k, s), s),
    ],
    "06.4": [
        (2, 2, 0),  # doubles, writes once
        (3, 2, 1),  # one short
        (4, 2, 0),  # two too many
        (6, 2, 2),  # doubles, writes nine times
        (4, 1, 1),
        (4, 2),
        (4.0, 2.0, 1.0),
        (4, 2, True),
        (400, 2, 199),
        "4, 2, 1",
    ],
    "06.5": [
        lambda s: hat(s, 2 * s, s - 0.5),  # right for even factors only
        lambda s: hat(s, 2 * s - 1, s - 1),  # right for odd factors only
        lambda s: torch.full((2 * s - s % 2,) * 2, 1 / s**2),
        lambda s: hat(s, 2 * s - s % 2, (2 * s - s % 2 - 1) / 2) / s**2,  # sums to 1
        lambda s: hat(s, 2 * s - s % 2, (2 * s - s % 2 - 1) / 2)[0],  # one line of it
    ],
    "06.6": [
        lambda X, W, s, p: scatter(X, W.flip(2, 3), s, p),
        overwrite,
        lambda X, W, s, p: scatter(X, W.transpose(2, 3), s, p),
        lambda X, W, s, p: scatter(X, W, s, 0),  # forgets to cut
        lambda X, W, s, p: scatter(X[:1], W[:1], s, p),  # the first channel alone
        lambda X, W, s, p: F.conv2d(X[None], W, None, s, p)[0],
        ruins_the_input,
    ],
}


def test_the_worked_answers_are_right() -> None:
    answers = {
        "06.1": lambda n, k, s, p, o, d: (n - 1) * s - 2 * p + d * (k - 1) + o + 1,
        "06.2": lambda n, k, s, p: (n + 2 * p - k) % s,
        "06.3": counts,
        "06.4": (4, 2, 1),
        "06.5": lambda s: hat(s, 2 * s - s % 2, (2 * s - s % 2 - 1) / 2),
        "06.6": scatter,
    }
    assert {key: d2l.check(key, answer).status for key, answer in answers.items()} == dict.fromkeys(
        answers, "right"
    )


def test_counts_are_taken_as_a_tensor_too() -> None:
    said = d2l.check("06.3", lambda n, k, s: torch.tensor(counts(n, k, s)))
    assert said.status == "right"


def test_the_answer_names_the_first_wrong_case() -> None:
    padding_adds = WRONG["06.1"][0]
    message = d2l.check("06.1", padding_adds).message
    assert message == "for n=1, k=3, s=1, p=1, o=0, d=1 you said 5; PyTorch gives 1"
