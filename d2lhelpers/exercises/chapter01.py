"""The checks of chapter 01, from dense to convolution."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._exercise import call, difference, exercise, first_wrong

_FITTING = [(n, k) for n, k in itertools.product(range(3, 11), range(2, 6)) if k <= n]


def _numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _jacobian(layer: Any, size: int) -> Tensor:
    """How each output of ``layer`` changes with each of its ``size`` inputs, (outputs, size)."""
    jacobian: Tensor = torch.autograd.functional.jacobian(layer, torch.zeros(size))
    return jacobian


def _three_counts(n: int, k: int) -> tuple[int, int, int]:
    matrix = _jacobian(lambda x: F.conv1d(x[None, None], torch.ones(1, 1, k))[0, 0], n)
    return matrix.numel(), int(matrix.sum()), nn.Conv1d(1, 1, k, bias=False).weight.numel()


@exercise(
    "01.1",
    "There are m = n − k + 1 outputs. Dense: each of them has a weight for each input. Local: each "
    "has a weight for each input in its window. Shared: all of them use the same ones.",
)
def three_counts(answer: Any) -> str | None:
    """A function (n, k) -> the numbers of weights (dense, local, shared) of a row of n inputs."""
    return first_wrong(answer, _FITTING, _three_counts, ("n", "k"), "the layers have")


def _costs(h: int, w: int, k: int) -> tuple[int, int, int, int]:
    conv = nn.Conv2d(1, 1, k)
    rows, columns = conv(torch.zeros(1, 1, h, w)).shape[-2:]
    dense = nn.Linear(h * w, rows * columns)
    held = [sum(p.numel() for p in layer.parameters()) for layer in (dense, conv)]
    return held[0], dense.weight.numel(), held[1], conv.weight.numel() * rows * columns


@exercise(
    "01.2",
    "The output has (h − k + 1)(w − k + 1) values. A multiplication happens once for each pair of "
    "an output and an input that it reads. A dense layer has a bias for each output; a "
    "convolution has one for its whole map.",
)
def costs(answer: Any) -> str | None:
    """A function (h, w, k) -> (dense parameters, dense MACs, conv parameters, conv MACs)."""
    cases = [(5, 5, 3), (4, 6, 3), (6, 4, 1), (8, 8, 5), (7, 9, 2), (28, 28, 5), (12, 30, 4)]
    return first_wrong(answer, cases, _costs, ("h", "w", "k"), "PyTorch's layers have")


@exercise(
    "01.3",
    "Row i holds the kernel's weights in columns i, i + 1, …, i + k − 1, in the kernel's order. "
    "All its other columns are zero.",
)
def matrix_of(answer: Any) -> str | None:
    """A function (w, n) -> the (n − k + 1, n) matrix of the convolution of n inputs with w."""
    for n, k in _FITTING:
        w = _numbers(k, seed=10 * n + k)
        truth = _jacobian(lambda x, w=w: F.conv1d(x[None, None], w[None, None])[0, 0], n)
        case = f"a kernel of {k} weights and n={n}"
        problem = difference(call(answer, w.clone(), n, case=case), truth, "the layer's matrix has")
        if problem:
            return f"for {case} {problem}"
    return None


def _matrices() -> Iterator[tuple[str, Tensor, bool]]:
    """Matrices with what is said of each, and whether they are those of a convolution."""
    for n, k in [(5, 3), (4, 2), (6, 1), (3, 3), (8, 4)]:
        w = _numbers(k, seed=n)
        good = _jacobian(lambda x, w=w: F.conv1d(x[None, None], w[None, None])[0, 0], n)
        m = n - k + 1
        shape = f"{m}×{n}"
        yield f"the {shape} matrix of a convolution with {k} weights", good, True
        if m == 1:
            continue
        outside = good.clone()
        outside[-1, 0] += 1
        if k < n:
            yield f"that {shape} matrix with one weight outside the windows", outside, False
        other = good.clone()
        other[-1, -1] += 1
        yield f"that {shape} matrix with one weight inside the last window changed", other, False
        yield f"that {shape} matrix with its rows in reverse order", good.flip(0), False
        yield f"that {shape} matrix with the rows below the first one zero", _first(good), False
    scale = torch.arange(1.0, 4.0)[:, None]
    row = _jacobian(lambda x: F.conv1d(x[None, None], torch.ones(1, 1, 3))[0, 0], 5)
    yield (
        "a 3×5 matrix with the right zeros, whose rows are 1, 2 and 3 times the first",
        (row * scale),
        False,
    )
    yield "a 3×5 matrix with constant diagonals, not zero outside the windows", _wrapped(), False
    hole = _jacobian(lambda x: F.conv1d(x[None, None], torch.tensor([[[1.0, 0.0, 2.0]]]))[0, 0], 6)
    yield "the 4×6 matrix of a convolution with the weights 1, 0, 2", hole, True


def _first(matrix: Tensor) -> Tensor:
    only = torch.zeros_like(matrix)
    only[0] = matrix[0]
    return only


def _wrapped() -> Tensor:
    """Each row is the one above it, shifted by one with what falls off put in front; 5 weights."""
    row = torch.tensor([2.0, -1.0, 3.0, 0.5, 1.0])
    return torch.stack([row.roll(i) for i in range(3)])


@exercise(
    "01.4",
    "An m×n matrix leaves k = n − m + 1 columns for a window. Read the kernel off the first row, "
    "build the matrix that it should give, and compare.",
)
def is_convolution(answer: Any) -> str | None:
    """A function (W) -> whether the (m, n) matrix is that of a convolution with n − m + 1 taps."""
    for name, matrix, truth in _matrices():
        said = call(answer, matrix.clone(), case=name)
        if isinstance(said, Tensor) and said.numel() == 1:
            said = said.item()
        if not isinstance(said, bool):
            return f"for {name} you returned {said!r}; True or False is expected"
        if said is not truth:
            return f"for {name} you said {said}"
    return None


def _rows_that_agree(n: int, k: int, s: int) -> int:
    """Rows of the output that are the old ones shifted, when fresh rows come in at the top."""
    X, fresh, K = _numbers(n, n), _numbers(s, n, seed=1), _numbers(k, k, seed=2)
    before = F.conv2d(X[None, None], K[None, None])[0, 0]
    after = F.conv2d(torch.cat([fresh, X])[None, None, :n], K[None, None])[0, 0]
    rows = len(before)
    return sum(i >= s and torch.allclose(after[i], before[i - s], atol=1e-5) for i in range(rows))


@exercise(
    "01.5",
    "The output has n − k + 1 rows. An output row that has an old counterpart s rows higher up "
    "agrees with it. Which rows have none? Mind an image that moves out of sight altogether.",
)
def rows_that_agree(answer: Any) -> str | None:
    """A function (n, k, s) -> output rows that equal the old ones, s rows further down."""
    cases = [(n, k, s) for n, k in ((6, 3), (8, 3), (5, 1), (9, 4)) for s in range(1, n)]
    return first_wrong(answer, cases, _rows_that_agree, ("n", "k", "s"), "the outputs agree in")


@exercise(
    "01.6",
    "Input number j of the shuffled image is pixel order[j] of the image. Which weight does that "
    "pixel need? Write the sum of one output for both images and compare it term by term.",
)
def follow(answer: Any) -> str | None:
    """A function (W, order) -> weights that give on x[order] what W gives on x."""
    for m, n in [(2, 3), (3, 5), (4, 4), (6, 12), (1, 7)]:
        generator = torch.Generator().manual_seed(n)
        order = torch.randperm(n, generator=generator)
        while torch.equal(order, order.argsort()):  # one that is not its own inverse
            order = torch.randperm(n, generator=generator)
        W, x = _numbers(m, n), _numbers(n, seed=m)
        case = f"W {m}×{n}, order={order.tolist()}"
        said = call(answer, W.clone(), order.clone(), case=case)
        if not isinstance(said, Tensor) or said.shape != W.shape:
            shape = tuple(said.shape) if isinstance(said, Tensor) else repr(said)
            return f"for {case} you returned {shape}; a tensor of shape {(m, n)} is expected"
        problem = difference(F.linear(x[order], said), F.linear(x, W), "the layer before gives")
        if problem:
            return f"for {case}, on a shuffled input, {problem}"
    return None
