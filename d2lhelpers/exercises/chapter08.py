"""The checks of chapter 08, normalization."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._exercise import call, describe, difference, exercise, first_wrong


def _draw(*shape: int, seed: int, center: float = 0.0, spread: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return center + spread * torch.randn(shape, generator=generator)


def _tensors(said: Any, names: tuple[str, str], case: str) -> str | None:
    """Whether the reader returned two tensors."""
    if (
        isinstance(said, (tuple, list))
        and len(said) == 2
        and all(isinstance(value, Tensor) for value in said)
    ):
        return None
    return f"for {case} you returned {describe(said)}; a pair ({', '.join(names)}) is expected"


@exercise(
    "08.1",
    "Look at the cube of the chapter: count how many boxes like the orange one fill it. Which of "
    "the axes does the box not reach across?",
)
def means(answer: Any) -> str | None:
    """A function (kind, N, C, H, W, G) -> how many means are computed."""

    def truth(kind: str, n: int, c: int, h: int, w: int, g: int) -> int:
        if kind == "group":
            return torch.zeros(n, g, c // g, h, w).mean((2, 3, 4)).numel()
        over = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}[kind]
        return torch.zeros(n, c, h, w).mean(over).numel()

    cases = [
        (kind, *sizes)
        for sizes in [(8, 4, 5, 6, 2), (1, 6, 3, 3, 3), (5, 16, 7, 2, 4), (2, 3, 1, 1, 1)]
        for kind in ("batch", "layer", "instance", "group")
    ]
    return first_wrong(answer, cases, truth, ("kind", "N", "C", "H", "W", "G"), "there are")


@exercise(
    "08.2",
    "Take the mean and the biased variance over the axes 0, 2 and 3. With keepdim=True they have "
    "the shape (1, C, 1, 1) and fit X; gamma and beta have to be reshaped to it.",
)
def batch_norm_train(answer: Any) -> str | None:
    """A function (X, gamma, beta, eps) -> batch normalization of maps in training."""
    for seed, (n, c, h, w), eps in [
        (0, (4, 2, 3, 3), 1e-5),
        (1, (2, 3, 4, 5), 1e-5),
        (2, (3, 3, 3, 3), 0.5),
        (3, (2, 5, 1, 1), 1e-3),
    ]:
        X = _draw(n, c, h, w, seed=seed, center=3, spread=2)
        gamma, beta = _draw(c, seed=seed + 10), _draw(c, seed=seed + 20)
        case = f"X of shape {(n, c, h, w)}, eps={eps}"
        said = call(answer, X.clone(), gamma.clone(), beta.clone(), eps, case=case)
        truth = F.batch_norm(X, None, None, gamma, beta, training=True, eps=eps)
        problem = difference(said, truth, "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "08.3",
    "Both are weighted means of old and new, and momentum is the weight of the new. Count the "
    "numbers of a channel, N·H·W: which of the two variances divides by one less?",
)
def update(answer: Any) -> str | None:
    """A function (mean, var, X, momentum) -> the running statistics after one more batch."""
    for seed, shape, momentum in [
        (0, (2, 3, 2, 2), 0.1),
        (1, (4, 2, 3, 1), 0.1),
        (2, (2, 4, 1, 1), 0.3),
        (3, (2, 2, 2, 3), 1.0),
    ]:
        X = _draw(*shape, seed=seed, center=2, spread=3)
        mean, var = _draw(shape[1], seed=seed + 10), 1 + _draw(shape[1], seed=seed + 20).square()
        case = f"X of shape {shape}, momentum={momentum}"
        given = mean.clone(), var.clone()
        said = call(answer, *given, X.clone(), momentum, case=case)
        problem = _tensors(said, ("new_mean", "new_var"), case)
        if problem:
            return problem
        if not (torch.equal(given[0], mean) and torch.equal(given[1], var)):
            return f"for {case} your function changed its arguments: return new tensors"
        F.batch_norm(X, mean, var, training=True, momentum=momentum)
        for name, ours, truth in zip(("mean", "variance"), said, (mean, var), strict=True):
            problem = difference(ours, truth, "PyTorch keeps")
            if problem:
                return f"for {case}, the running {name}: {problem}"
    return None


@exercise(
    "08.4",
    "Write the formula of batch normalization and set y = x. It has to hold for every x, so "
    "compare what stands before x, and then what is left. Don't forget ε.",
)
def undo(answer: Any) -> str | None:
    """A function (X, eps) -> (gamma, beta) with which batch normalization returns X."""
    for seed, (n, d), eps in [(0, (4, 2), 1e-5), (1, (8, 3), 1e-5), (2, (3, 5), 0.5)]:
        X = _draw(n, d, seed=seed, center=5, spread=2)
        case = f"X of shape {(n, d)}, eps={eps}"
        said = call(answer, X.clone(), eps, case=case)
        problem = _tensors(said, ("gamma", "beta"), case)
        if problem:
            return problem
        for name, value in zip(("gamma", "beta"), said, strict=True):
            if value.shape != (d,):
                return f"for {case} your {name} has shape {tuple(value.shape)}; ({d},) is expected"
        back = F.batch_norm(X, None, None, said[0], said[1], training=True, eps=eps)
        problem = difference(back, X, "the input was")
        if problem:
            return f"for {case} with your gamma and beta, {problem}".replace("you said", "there is")
    return None


@exercise(
    "08.5",
    "The chapter does it for two groups of two: a reshape splits the axis of the channels in two,"
    " so that the channels of a group lie on an axis of their own. In which order do the two new "
    "axes stand?",
)
def group_norm(answer: Any) -> str | None:
    """A function (X, G, eps) -> group normalization without scale and shift."""
    for seed, shape, groups, eps in [
        (0, (2, 4, 3, 3), 2, 1e-5),
        (1, (2, 4, 3, 3), 4, 1e-5),
        (2, (3, 6, 2, 5), 1, 1e-5),
        (3, (2, 6, 4, 2), 2, 0.5),
        (4, (1, 12, 2, 2), 3, 1e-5),
    ]:
        scale = torch.arange(1.0, shape[1] + 1).reshape(1, -1, 1, 1)
        X = scale * _draw(*shape, seed=seed, center=1)
        case = f"X of shape {shape}, G={groups}, eps={eps}"
        said = call(answer, X.clone(), groups, eps, case=case)
        problem = difference(said, F.group_norm(X, groups, eps=eps), "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "08.6",
    "Write y = γ·(conv(x) + bias − mean)/√(var + ε) + β. The factor before conv(x) belongs to an "
    "output channel, so it multiplies all weights of that channel; what does not contain x is the"
    " new bias.",
)
def fold(answer: Any) -> str | None:
    """A function (weight, bias, mean, var, gamma, beta, eps) -> (new_weight, new_bias)."""
    for seed, (c, inside, k), eps in [
        (0, (2, 1, 1), 1e-5),
        (1, (4, 3, 3), 1e-5),
        (2, (3, 3, 3), 1e-5),
        (3, (5, 2, 2), 0.5),
    ]:
        weight = _draw(c, inside, k, k, seed=seed)
        bias, mean, gamma, beta = (_draw(c, seed=seed + 10 * i) for i in range(1, 5))
        var = 0.5 + _draw(c, seed=seed + 50).square()
        case = f"weight of shape {(c, inside, k, k)}, eps={eps}"
        given = [t.clone() for t in (weight, bias, mean, var, gamma, beta)]
        said = call(answer, *given, eps, case=case)
        problem = _tensors(said, ("new_weight", "new_bias"), case)
        if problem:
            return problem
        for name, value, shape in zip(
            ("new_weight", "new_bias"), said, (weight.shape, bias.shape), strict=True
        ):
            if value.shape != shape:
                return (
                    f"for {case} your {name} has shape {tuple(value.shape)}; "
                    f"{tuple(shape)} is expected"
                )
        X = _draw(2, inside, 5, 5, seed=seed + 60)
        truth = F.batch_norm(F.conv2d(X, weight, bias), mean, var, gamma, beta, eps=eps)
        problem = difference(F.conv2d(X, *said), truth, "convolution and normalization give")
        if problem:
            return f"for {case}, {problem}".replace("you said", "your convolution gives")
    return None


@exercise(
    "08.7",
    "PyTorch's arguments are size, alpha, beta and k. One of them is not the paper's: PyTorch "
    "takes the mean of the squares over the neighbours, the paper their sum.",
)
def lrn_arguments(answer: Any) -> str | None:
    """A function (n, k, alpha, beta) -> keyword arguments of nn.LocalResponseNorm."""
    for n, k, alpha, beta in [(5, 2.0, 1e-4, 0.75), (3, 1.0, 0.01, 0.5), (1, 4.0, 0.02, 1.0)]:
        case = f"n={n}, k={k}, alpha={alpha}, beta={beta}"
        said = call(answer, n, k, alpha, beta, case=case)
        if not isinstance(said, dict):
            return f"for {case} you returned {describe(said)}; a dictionary is expected"
        try:
            layer = nn.LocalResponseNorm(**said)
            A = _draw(2, 8, 2, 2, seed=n, spread=50)
            ours = layer(A)
        except Exception as error:  # whatever PyTorch refuses is the reader's answer
            return f"for {case} nn.LocalResponseNorm refuses your arguments: {error}"
        near = [A[:, max(0, c - n // 2) : c + (n - 1) // 2 + 1] for c in range(8)]
        sums = torch.stack([part.square().sum(1) for part in near], 1)
        problem = difference(ours, A / (k + alpha * sums) ** beta, "the paper's formula gives")
        if problem:
            return f"for {case}, {problem}".replace("you said", "your layer gives")
    return None
