"""The checks of chapter 09, regularization."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as torch_f
from torch import Tensor, nn

from ._exercise import Wrong, call, describe, difference, exercise, first_wrong


def _numbers(x: Tensor) -> str:
    return str(torch.round(x.double(), decimals=3).tolist())


def _untouched(given: Tensor, before: Tensor, case: str) -> None:
    if not torch.equal(given, before):
        raise Wrong(f"for {case} your function changed a tensor that it was given: make new ones")


@exercise(
    "09.1",
    "L1 has the absolute value, L2 the square. Neither takes a root, a mean or a half.",
)
def penalties(answer: Any) -> str | None:
    """A function (w) -> (Σ|w|, Σw²)."""
    cases = [[1.0, 0, 0, 0], [0.25] * 4, [2.0], [-3.0, 1.0], [[1.0, -2.0], [0.5, -0.5]], [0.0]]
    for values in cases:
        w, case = torch.tensor(values), f"w={values}"
        said = call(answer, w.clone(), case=case)
        if not (isinstance(said, (tuple, list)) and len(said) == 2):
            return f"for {case} you returned {describe(said)}; a pair (l1, l2) is expected"
        for name, ours, order in zip(("L1", "L2"), said, (1, 2), strict=True):
            truth = torch.linalg.vector_norm(w.double(), order).item() ** order
            problem = difference(ours, truth, f"{name} is")
            if problem:
                return f"for {case}, {name}: {problem}"
    return None


@exercise(
    "09.2",
    "What does strength·w² add to the gradient of w? And what does weight_decay add to it?",
)
def decay_for(answer: Any) -> str | None:
    """A function (strength) -> the weight_decay that gives SGD the same steps."""
    for strength in (0.5, 0.01, 0.1, 0.0, 1.0):
        case = f"strength={strength}"
        said = call(answer, strength, case=case)
        if isinstance(said, Tensor) and said.numel() == 1:
            said = said.item()
        if isinstance(said, bool) or not isinstance(said, (int, float)) or not said >= 0:
            return f"for {case} you returned {describe(said)}; a number from 0 on is expected"
        for lr in (0.1, 0.03):
            term, decayed = _from_two(lr, 0.0, strength), _from_two(lr, said, 0.0)
            if abs(term - decayed) > 1e-9:
                return (
                    f"for {case} you said {said:.6g}; a weight of 2 with gradients of 1 and "
                    f"lr={lr} is {decayed:.6g} after three steps of torch.optim.SGD with that "
                    f"weight_decay, and {term:.6g} with the term in the loss"
                )
    return None


def _from_two(lr: float, decay: float, strength: float) -> float:
    """A weight of 2 after three steps on the loss w + strength·w²."""
    w = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr, weight_decay=decay)
    for _ in range(3):
        optimizer.zero_grad()
        (w + strength * w**2).sum().backward()
        optimizer.step()
    return w.item()


@exercise(
    "09.3",
    "What is kept is divided by 1 − p, the probability to be kept. At p = 1 that is 0: answer "
    "zeros before you divide. Without training nothing is dropped and nothing divided.",
)
def dropout_with(answer: Any) -> str | None:
    """A function (h, p, u, training) -> h with what u < p says dropped."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(4,), (2, 3), (2, 1, 2, 2)]
    for training, shape, p in itertools.product((True, False), shapes, (0.5, 0.25, 0.8, 0.0, 1.0)):
        h = torch.randn(shape, generator=generator).round(decimals=2)
        u = torch.rand(shape, generator=generator).round(decimals=2).clamp(max=0.99)
        u.flatten()[0] = min(p, 0.99)  # a number that is p itself is not below p
        case = f"h={_numbers(h)}, {p=}, u={_numbers(u)}, {training=}"
        given = h.clone()
        said = call(answer, given, p, u.clone(), training, case=case)
        _untouched(given, h, case)
        truth = h.clone()
        if training:
            truth = torch.zeros_like(h) if p == 1 else torch.where(u < p, 0.0, h / (1 - p))
        problem = difference(said, truth, "expected is")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "09.4",
    "First w − lr·g. Then move each of these towards 0 by lr·strength; where that would cross 0, "
    "the weight is 0.",
)
def l1_step(answer: Any) -> str | None:
    """A function (w, g, lr, strength) -> w after a proximal step."""
    generator = torch.Generator().manual_seed(0)
    for lr, strength in itertools.product((0.1, 1.0, 0.5), (0.5, 0.0, 2.0)):
        w, g = (torch.randn(5, generator=generator).round(decimals=2) for _ in range(2))
        w[1], g[1] = 0.01, 0.0
        case = f"w={_numbers(w)}, g={_numbers(g)}, {lr=}, {strength=}"
        given = w.clone()
        said = call(answer, given, g.clone(), lr, strength, case=case)
        _untouched(given, w, case)
        problem = difference(said, torch_f.softshrink(w - lr * g, lr * strength), "expected is")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "09.5",
    "X.flip(3) mirrors every picture: the last axis is the width. torch.where chooses between two "
    "tensors, if the coins have the shape (N, 1, 1, 1).",
)
def flip_some(answer: Any) -> str | None:
    """A function (X, coins) -> X with the chosen pictures mirrored left to right."""

    def truth(X: Tensor, coins: Tensor) -> Tensor:
        rows = [x.flip(-1) if coin else x for x, coin in zip(X, coins.tolist(), strict=True)]
        return torch.stack(rows)

    generator = torch.Generator().manual_seed(0)
    coins = [[True], [False], [True, False], [False, True, True], [True, True, False, False]]
    for row in coins:
        X = torch.rand(len(row), 2, 3, 4, generator=generator)
        case = f"X of shape {tuple(X.shape)}, coins={row}"
        given = X.clone()
        said = call(answer, given, torch.tensor(row), case=case)
        _untouched(given, X, case)
        problem = difference(said, truth(X, torch.tensor(row)), "expected is")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "09.6",
    "Softmax over the classes (dim=1) for each crop, then the mean over the ten. The centre starts "
    "at row (H − size) // 2 and column (W − size) // 2.",
)
def averaged(answer: Any) -> str | None:
    """A function (net, X, size) -> mean probabilities over ten crops."""

    def truth(net: nn.Module, X: Tensor, size: int) -> Tensor:
        windows = X.unfold(2, size, 1).unfold(3, size, 1)  # (N, C, down, right, size, size)
        last_row, last_column = windows.shape[2] - 1, windows.shape[3] - 1
        places = list(itertools.product((0, last_row), (0, last_column)))
        places.append((last_row // 2, last_column // 2))
        five = [windows[:, :, row, column] for row, column in places]
        ten = five + [crop.flip(-1) for crop in five]
        return torch.stack([net(crop).softmax(dim=1) for crop in ten]).mean(dim=0)

    generator = torch.Generator().manual_seed(0)
    cases = []
    for number, (height, width), size in [(1, (4, 4), 2), (2, (8, 8), 6), (3, (7, 9), 4)]:
        with torch.random.fork_rng(devices=[]):
            dense = nn.Linear(size * size, 3)
        weight = 2 * torch.randn(3, size * size, generator=generator)
        dense.weight.data.copy_(weight)
        net = nn.Sequential(nn.Flatten(), dense).eval()
        cases.append((net, torch.rand(number, 1, height, width, generator=generator), size))
    with torch.no_grad():
        return first_wrong(answer, cases, truth, ("net", "X", "size"), "expected is")
