"""The checks of chapter 05, pooling."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ._exercise import call, describe, difference, exercise, first_wrong

# The plainest settings first, so that the first wrong case is an easy one to think about.
_GEOMETRIES = sorted(
    (
        (n, k, s, p, up)
        for n in range(1, 11)
        for k, s, up in itertools.product(range(1, 5), range(1, 5), (False, True))
        for p in range(k // 2 + 1)
        if n + 2 * p >= k
    ),
    key=lambda case: (case[4], case[3] > 0, case[1] != case[2], case[1] < 2, case[0] < 4),
)


def _changed(given: Tensor, before: Tensor, case: str) -> str | None:
    same = torch.equal(given, before)
    return None if same else f"for {case} your function changed the tensor that it was given"


@exercise(
    "05.1",
    "The smallest of some numbers is the largest of their negatives, with the sign turned back: "
    "min(3, 5) = −max(−3, −5).",
)
def min_pool(answer: Any) -> str | None:
    """A function (X, k) -> the minimum of each k×k window, stride k."""
    generator = torch.Generator().manual_seed(0)
    for shape, k in [((1, 1, 2, 2), 2), ((1, 1, 4, 4), 2), ((2, 3, 7, 9), 3), ((1, 2, 5, 5), 1)]:
        X = torch.randint(-9, 10, shape, generator=generator).float()
        case = f"X of shape {shape}, k={k}"
        if X.numel() == 4:
            case = f"X=[[{X[0, 0].tolist()}]], k={k}"
        given = X.clone()
        said = call(answer, given, k, case=case)
        truth = X.unfold(2, k, k).unfold(3, k, k).amin(dim=(-2, -1))
        problem = difference(said, truth, "the minima have")
        if problem:
            return f"for {case} {problem}"
        if changed := _changed(given, X, case):
            return changed
    return None


def _torch_size(n: int, k: int, s: int, p: int, ceil_mode: bool) -> int:
    return F.max_pool1d(torch.empty(1, 1, n), k, s, p, ceil_mode=ceil_mode).shape[-1]


@exercise(
    "05.2",
    "Round (n + 2p − k)/s down or up, and add 1. When you round up, look where the last window "
    "starts, counted from the first element of the padding: at n + p or later it is dropped.",
)
def pool_size(answer: Any) -> str | None:
    """A function (n, k, s, p, ceil_mode) -> output size."""
    return first_wrong(answer, _GEOMETRIES, _torch_size, ("n", "k", "s", "p", "ceil_mode"))


@exercise(
    "05.3",
    "Put p zeros on each side, with F.pad(x, (p, p)). Do the same to a row of ones: the sum of its "
    "window says how many real values the window holds. With include=True the divisor is k.",
)
def avg_row(answer: Any) -> str | None:
    """A function (x, k, s, p, include) -> the mean of each window of a row."""
    generator = torch.Generator().manual_seed(1)
    for n, k, s, p, include in [
        *((4, 2, 2, 0, True), (5, 2, 2, 0, False), (6, 3, 1, 0, True)),
        *((4, 3, 1, 1, True), (4, 3, 1, 1, False), (5, 2, 2, 1, False), (5, 2, 2, 1, True)),
        *((7, 4, 2, 2, False), (7, 4, 3, 2, True), (3, 5, 1, 2, False), (9, 1, 3, 0, True)),
    ]:
        x = torch.randint(-9, 10, (n,), generator=generator).float()
        case = f"x={[int(value) for value in x]}, k={k}, s={s}, p={p}, include={include}"
        given = x.clone()
        said = call(answer, given, k, s, p, include, case=case)
        truth = F.avg_pool1d(x[None, None], k, s, p, count_include_pad=include)[0, 0]
        if problem := difference(said, truth, "PyTorch gives"):
            return f"for {case} {problem}"
        if changed := _changed(given, x, case):
            return changed
    return None


@exercise(
    "05.4",
    "Start from zeros like X. For each window take X[i*k:i*k+k, j*k:j*k+k].argmax(): it is the "
    "place of the first largest value, counted row by row; divmod(place, k) is its row and column.",
)
def max_pool_backward(answer: Any) -> str | None:
    """A function (X, k, G) -> the gradient of the pooled map, carried back to X."""
    generator = torch.Generator().manual_seed(2)
    plain = torch.tensor([[1.0, 2.0], [5.0, 3.0]])
    tie = torch.tensor([[0.0, 4.0], [4.0, 1.0]])
    cases: list[tuple[Tensor, int]] = [(plain, 2), (tie, 2), (torch.zeros(2, 2), 2)]
    for shape, k in [((4, 4), 2), ((6, 9), 3), ((4, 6), 1), ((8, 4), 4)]:
        cases.append((torch.randint(-5, 6, shape, generator=generator).float(), k))
    for X, k in cases:
        leaf = X.clone().requires_grad_()
        pooled = F.max_pool2d(leaf[None], k)[0]
        G = torch.randint(1, 9, pooled.shape, generator=generator).float()
        pooled.backward(G)
        assert leaf.grad is not None
        case = f"X of shape {tuple(X.shape)}, k={k}"
        if X.numel() == 4:
            case = f"X={X.tolist()}, k={k}, G={G.tolist()}"
        given = X.clone()
        said = call(answer, given, k, G.clone(), case=case)
        if problem := difference(said, leaf.grad, "PyTorch gives"):
            return f"for {case} {problem}"
        if changed := _changed(given, X, case):
            return changed
    return None


@exercise(
    "05.5",
    "The strides multiply. A window of k adds k − 1 steps to the first layer's window, and a step "
    "is as long as the product of all strides before it, as for the receptive field in chapter 03.",
)
def one_pool(answer: Any) -> str | None:
    """A function (pools) -> (window, stride) of the one max pooling that does the same."""
    x = torch.randperm(97, generator=torch.Generator().manual_seed(3)).float()[None, None]
    for pools in [
        [(2, 2)],
        [(2, 1), (2, 1)],
        [(3, 1), (3, 1), (3, 1)],
        [(2, 2), (2, 2)],
        [(3, 2), (3, 2)],
        [(2, 2), (3, 1)],
        [(3, 1), (2, 2), (2, 1)],
        [(3, 3), (2, 1), (3, 2)],
    ]:
        case = f"pools={pools}"
        said = call(answer, list(pools), case=case)
        if not (isinstance(said, (tuple, list)) and len(said) == 2):
            return f"for {case} you returned {describe(said)}; a pair (window, stride) is expected"
        window, stride = said
        if not all(type(value) is int and value >= 1 for value in said):
            return f"for {case} you said {describe(said)}; both are whole numbers of at least 1"
        truth = x
        for k, s in pools:
            truth = F.max_pool1d(truth, k, s)
        size = (x.shape[-1] - window) // stride + 1 if window <= x.shape[-1] else 0
        if size != truth.shape[-1]:
            return (
                f"for {case} you said {describe(said)}: on a row of {x.shape[-1]} that has {size} "
                f"outputs; the layers have {truth.shape[-1]}"
            )
        wrong = (F.max_pool1d(x, window, stride) != truth).sum().item()
        if wrong:
            return (
                f"for {case} you said {describe(said)}: on a row of {x.shape[-1]} that gives other "
                f"numbers at {wrong} of {size} outputs"
            )
    return None


@exercise(
    "05.6",
    "Output i of o takes the rows from i·n // o up to, not including, −(−(i + 1)·n // o): the "
    "start is rounded down, the end up. Height and width each have their own windows.",
)
def adaptive_max(answer: Any) -> str | None:
    """A function (X, size) -> adaptive max pooling of X to that size."""
    generator = torch.Generator().manual_seed(4)
    for shape, size in [
        *(((1, 1, 4, 4), (2, 2)), ((2, 3, 6, 4), (3, 2)), ((1, 2, 5, 5), (1, 1))),
        *(((1, 1, 7, 7), (3, 3)), ((2, 2, 7, 5), (4, 3)), ((1, 1, 3, 3), (5, 5))),
        *(((1, 2, 10, 8), (7, 3)),),
    ]:
        X = torch.randn(shape, generator=generator)
        case = f"X of shape {shape}, size={size}"
        given = X.clone()
        said = call(answer, given, size, case=case)
        if problem := difference(said, F.adaptive_max_pool2d(X, size), "PyTorch gives"):
            return f"for {case} {problem}"
        if changed := _changed(given, X, case):
            return changed
    return None
