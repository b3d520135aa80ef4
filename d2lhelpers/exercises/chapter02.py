"""The checks of chapter 02, cross-correlation."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ._exercise import NotTried, Wrong, call, describe, difference, exercise, first_wrong


def _numbers(answer: Any, rows: int, columns: int) -> Tensor:
    """The reader's table of numbers as a tensor; ``Wrong`` where it is no such table."""
    wanted = f"{rows} rows of {columns} numbers are expected"
    if not isinstance(answer, Tensor) and any(
        value is ... for row in _listed(answer) for value in _listed(row)
    ):
        raise NotTried
    try:
        table = torch.as_tensor(answer).detach().double().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"you gave {describe(answer)}; {wanted}") from None
    if table.shape != (rows, columns):
        raise Wrong(f"you gave a table of shape {tuple(table.shape)}; {wanted}")
    return table


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _correlated(X: Tensor, K: Tensor, padding: int = 0) -> Tensor:
    return F.conv2d(X[None, None], K[None, None], padding=padding)[0, 0]


@exercise(
    "02.1",
    "The window starts at the rows and columns 0 and 1: four places, two rows of two. At row 0, "
    "column 0 it covers 1, 0, 3, 1. Multiply each number by the weight at the same place of the "
    "kernel, as it is printed, add the four products, then add the bias once.",
)
def output_by_hand(answer: Any) -> str | None:
    """A 2×2 table of numbers."""
    X = torch.tensor([[1.0, 0, 2], [3, 1, 0], [0, 2, 1]])
    K = torch.tensor([[1.0, -1], [0, 2]])
    said, truth = _numbers(answer, 2, 2), (_correlated(X, K) + 1).double()
    for i in range(2):
        for j in range(2):
            if said[i, j] != truth[i, j]:
                window = X[i : i + 2, j : j + 2].int().tolist()
                return (
                    f"for the window {window}, at row {i}, column {j}, you said "
                    f"{said[i, j].item():g}; PyTorch gives another number"
                )
    return None


@exercise(
    "02.2",
    "Convolution is cross-correlation with a kernel whose rows and whose columns are both in "
    "reverse order: K.flip(0, 1). A transpose, or one flip alone, is not enough. The bias is added "
    "once to each output.",
)
def convolve2d_bias(answer: Any) -> str | None:
    """A function (X, K, b) -> true 2-D convolution plus b."""
    generator = torch.Generator().manual_seed(0)
    for size, kernel, b in [
        ((3, 3), (1, 1), 0.0),
        ((1, 4), (1, 2), 0.0),
        ((4, 1), (2, 1), 0.0),
        ((4, 4), (2, 2), 0.0),
        ((4, 4), (2, 2), 1.5),
        ((5, 5), (3, 3), -2.0),
        ((6, 4), (2, 3), 0.5),
        ((4, 7), (4, 2), 1.0),
        ((3, 3), (3, 3), 3.0),
    ]:
        X = torch.randint(-5, 6, size, generator=generator).float()
        K = torch.randint(1, 10, kernel, generator=generator).float()
        case = f"X {size[0]}×{size[1]}, K {K.int().tolist()}, b={b:g}"
        before = X.clone(), K.clone()
        said = call(answer, X, K, b, case=case)
        if not (X.equal(before[0]) and K.equal(before[1])):
            return f"for {case} your function changed X or K: work on a copy"
        problem = difference(said, _correlated(X, K.flip(0, 1)) + b, "convolution gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "02.3",
    "With padding 1, the middle weight K[1][1] lies on the pixel at the output's own place. Which "
    "weight lies on the pixel one row up and one column to the left? That is where the output must "
    "take its value from.",
)
def moving_kernel(answer: Any) -> str | None:
    """A 3×3 table: the kernel that moves a picture right and down by one."""
    kernel = _numbers(answer, 3, 3).float()
    X = torch.zeros(5, 5)
    X[1, 2] = 1
    moved = _correlated(X, kernel, padding=1)
    if moved.count_nonzero() != 1:
        return (
            "a picture with a single 1, at row 1, column 2, comes out with "
            f"{int(moved.count_nonzero())} numbers that are not 0; there should be one"
        )
    row, column = divmod(int(moved.abs().argmax()), 5)
    if (row, column) != (2, 3) or moved[row, column] != 1:
        return (
            f"a single 1 at row 1, column 2 comes out as {moved[row, column].item():g} at row "
            f"{row}, column {column}; it should be 1 at row 2, column 3"
        )
    return None


@exercise(
    "02.4",
    "Write each part as a kernel: X itself is a 1 in the middle and eight zeros, its blurred form "
    "is nine weights of 1/9. Kernels add like numbers, so combine the two as the formula says. "
    "What do the weights sum to?",
)
def unsharp_kernel(answer: Any) -> str | None:
    """A function alpha -> the 3×3 kernel of X + alpha (X − mean)."""
    X = torch.randn(7, 8, generator=torch.Generator().manual_seed(1))
    inner = X[1:-1, 1:-1]
    mean = F.avg_pool2d(X[None], 3, stride=1)[0]
    for alpha in (0.0, 1.0, 0.5, 2.0, 9.0):
        case = f"alpha={alpha:g}"
        said = call(answer, alpha, case=case)
        if not isinstance(said, Tensor) or said.shape != (3, 3):
            shape = f"shape {tuple(said.shape)}" if isinstance(said, Tensor) else describe(said)
            return f"for {case} you returned {shape}; a tensor of shape (3, 3) is expected"
        total = float(said.detach().double().sum())
        if not abs(total - 1) < 1e-4:
            return (
                f"for {case} your weights sum to {total:.4g}: an even area changes its grey, and "
                "the formula leaves it as it is"
            )
        truth = inner + alpha * (inner - mean)
        problem = difference(_correlated(X, said.detach().float()), truth, "the formula gives")
        if problem:
            return f"for {case}, on a random picture, {problem}"
    return None


def _layers(n: int, k: int) -> int:
    """Stack layers until the gradient of a unit reaches n pixels."""
    count = 0
    while True:
        x = torch.zeros(1, 1, count * (k - 1) + 1, requires_grad=True)
        y = x
        for _ in range(count):
            # A mean, so that nothing overflows in a deep stack.
            y = F.conv1d(y, torch.full((1, 1, k), 1 / k))
        (gradient,) = torch.autograd.grad(y.sum(), x)
        if int(gradient.count_nonzero()) >= n:
            return count
        count += 1


@exercise(
    "02.5",
    "After L layers a unit sees 1 + L(k − 1) pixels. Ask for which L this is n or more for the "
    "first time; mind the case where the division by k − 1 leaves a rest.",
)
def layers_needed(answer: Any) -> str | None:
    """A function (n, k) -> the fewest layers that see n pixels."""
    cases = [(n, k) for k in (3, 2, 5, 7) for n in (1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 28)]
    return first_wrong(answer, cases, _layers, ("n", "k"), "the gradient says")


@exercise(
    "02.6",
    "Start from zeros, with requires_grad. In each step compute F.conv2d of X with the kernel, the "
    "mean of the squared differences from Y, its gradient, and subtract 0.1 times the gradient. "
    "Check that you correlate: the kernel must not be turned.",
)
def learn_kernel(answer: Any) -> str | None:
    """A function (X, Y, shape) -> the kernel that made Y of X."""
    generator = torch.Generator().manual_seed(2)
    for shape, size in [((1, 2), 16), ((2, 2), 16), ((3, 3), 20), ((2, 3), 20), ((5, 1), 20)]:
        X = 2.0 * torch.randint(0, 2, (size, size + 4), generator=generator) - 1
        K = torch.randn(shape, generator=generator)
        Y = _correlated(X, K)
        case = f"X {size}×{size + 4}, shape={shape}"
        said = call(answer, X.clone(), Y.clone(), shape, case=case)
        if not isinstance(said, Tensor) or said.shape != shape:
            given = f"shape {tuple(said.shape)}" if isinstance(said, Tensor) else describe(said)
            return f"for {case} you returned {given}; a tensor of shape {shape} is expected"
        gap = float((said.detach() - K).abs().max())
        if not gap < 0.05:
            error = float(((_correlated(X, said.detach().float()) - Y) ** 2).mean())
            return (
                f"for {case} a weight is off by {gap:.2f}, and the outputs of your kernel differ "
                f"from Y by {error:.2g} in the mean square"
            )
    return None
