"""Chapter 07: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l


def in_place(z: Tensor) -> Tensor:
    z -= z.max(dim=1, keepdim=True).values
    return z.exp() / z.exp().sum(dim=1, keepdim=True)


def global_maximum(z: Tensor) -> Tensor:
    z = (z - z.max()).exp()
    return z / z.sum(dim=1, keepdim=True)


def right(p: Tensor, y: Tensor) -> Tensor:
    return p[torch.arange(len(y)), y]


def both(K1: Tensor, K2: Tensor) -> Tensor:
    K = torch.zeros(K1.shape[0] + K2.shape[0] - 1, K1.shape[1] + K2.shape[1] - 1)
    for i in range(K2.shape[0]):
        for j in range(K2.shape[1]):
            K[i : i + K1.shape[0], j : j + K1.shape[1]] += K2[i, j] * K1
    return K


WRONG = {
    "07.1": [
        lambda x: x * torch.sigmoid(x),  # SiLU itself
        torch.sigmoid,  # forgets that the switch moves too
        lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)),  # the sigmoid's slope
        lambda x: x * torch.sigmoid(x) * (1 - torch.sigmoid(x)),  # half of the product rule
        lambda x: torch.sigmoid(x) + torch.sigmoid(x) * (1 - torch.sigmoid(x)),
        lambda x: 0.5,
    ],
    "07.2": [
        [(1, 0), (-1, 1), (1, 2)],  # flat from 1 to 2
        [(1, 0), (-2, 1), (-1, 2)],
        [(1, 0), (-2, 1)],
        [(1, 0), (-2, -1), (1, -2)],  # the shift's sign
        [(0, 1), (1, -2), (2, 1)],  # (shift, weight)
        "three ReLUs",
        [1, -2, 1],
        [(1, 0), (-2, 1), ("1", 2)],
    ],
    "07.3": [
        lambda z: z.exp() / z.exp().sum(dim=1, keepdim=True),  # overflows
        lambda z: z.softmax(dim=0),
        lambda z: z / z.sum(dim=1, keepdim=True),
        lambda z: z.exp() / z.exp().sum(),
        global_maximum,  # 0/0 in a row far below the largest
        in_place,
        lambda z: z.log_softmax(dim=1),
    ],
    "07.4": [
        F.cross_entropy,  # a softmax too many
        lambda p, y: -right(p, y).log().sum(),
        lambda p, y: -right(p, y).log(),
        lambda p, y: right(p, y).log().mean(),
        lambda p, y: -right(p, y).mean().log(),
        lambda p, y: -right(p, y).log10().mean(),
        lambda p, y: 1 - right(p, y).mean(),
        lambda p, y: -p.log().mean(),
    ],
    "07.5": [
        lambda k: 0.0,
        lambda k: math.log(k),
        lambda k: -math.log(math.e / (math.e + k)),
        lambda k: -math.log(1 / (1 + math.exp(k - 1))),
        lambda k: 1.461,
        lambda k: math.e / (math.e + k - 1),
    ],
    "07.6": [
        lambda Z: int((Z < 0).all(dim=3).all(dim=2).all(dim=0).sum()),  # misses exact zeros
        lambda Z: int((Z <= 0).flatten(2).all(dim=2).any(dim=0).sum()),  # dead in one image
        lambda Z: int((Z.mean(dim=(0, 2, 3)) <= 0).sum()),
        lambda Z: int((Z <= 0).sum()),
        lambda Z: int((Z <= 0).flatten(1).all(dim=1).sum()),  # images instead of maps
    ],
    "07.7": [
        lambda K1, K2: K1 * K2 if K1.shape == K2.shape else K1,
        lambda K1, K2: K1 @ K2 if K1.shape[1] == K2.shape[0] else K1,
        lambda K1, K2: both(K1, K2.flip(0, 1)),
        lambda K1, K2: both(K1, K2).flip(0, 1),
        lambda K1, K2: F.conv2d(K1[None, None], K2[None, None], padding=[n - 1 for n in K2.shape])[
            0, 0
        ],  # slides without turning K2 round
        lambda K1, K2: both(K1, K2).T,
    ],
}


def test_a_sentence_names_the_case_and_both_numbers() -> None:
    assert d2l.check("07.1", torch.sigmoid).message == (
        "for x=[1.0] at index (0,) you said 0.7311; autograd gives 0.9277"
    )
    assert d2l.check("07.2", WRONG["07.2"][0]).message == (
        "at x=1.5 your sum is 1; the triangle has 0.5"
    )
    assert "the mean of −ln p is 0.40" in d2l.check("07.4", F.cross_entropy).message
    assert "you changed z itself" in d2l.check("07.3", in_place).message
    assert "nan" in d2l.check("07.3", global_maximum).message


def test_the_worked_answers_are_right() -> None:
    def silu_slope(x: Tensor) -> Tensor:
        s = torch.sigmoid(x)
        return s + x * s * (1 - s)

    def softmax(z: Tensor) -> Tensor:
        z = (z - z.max(dim=1, keepdim=True).values).exp()
        return z / z.sum(dim=1, keepdim=True)

    answers = {
        "07.1": silu_slope,
        "07.2": [(1, 2), (1, 0), (-2, 1)],
        "07.3": softmax,
        "07.4": lambda p, y: -right(p, y).log().mean(),
        "07.5": lambda k: math.log(math.e + k - 1) - 1,
        "07.6": lambda Z: (Z.amax(dim=(0, 2, 3)) <= 0).sum(),
        "07.7": both,
    }
    assert {key: d2l.check(key, answer).status for key, answer in answers.items()} == dict.fromkeys(
        answers, "right"
    )


def test_a_number_may_be_given_as_python_has_it() -> None:
    assert d2l.check("07.4", lambda p, y: -right(p, y).log().mean().item()).status == "right"
    assert d2l.check("07.6", lambda Z: int((Z.amax((0, 2, 3)) <= 0).sum())).status == "right"
