"""The checks of chapter 03, padding, stride and dilation."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import torch
import torch.nn.functional as F

from ._exercise import Wrong, call, describe, exercise, first_wrong

# The plainest settings first, so that the first wrong case is an easy one to think about.
_GEOMETRIES = sorted(
    (
        (n, k, s, p, d)
        for n in range(1, 13)
        for k, s, p, d in itertools.product(range(1, 6), (1, 2, 3), (0, 1, 2), (1, 2))
        if n + 2 * p >= d * (k - 1) + 1
    ),
    key=lambda case: (case[4] > 1, case[3] > 0, case[2] > 1, case[1] < 2, case[0] < 5),
)


def _torch_size(n: int, k: int, s: int, p: int, d: int) -> int:
    return F.conv1d(torch.empty(1, 1, n), torch.empty(1, 1, k), None, s, p, d).shape[-1]


@exercise(
    "03.1",
    "Find the last position where the window can still start, counted from 0 in the padded input. "
    "Then ask how many multiples of s lie between 0 and that position, both included.",
)
def output_size(answer: Any) -> str | None:
    """A function (n, k, s, p, d) -> output size."""
    return first_wrong(answer, _GEOMETRIES, _torch_size, ("n", "k", "s", "p", "d"))


@exercise(
    "03.2",
    "The window reaches over d(k − 1) + 1 elements, so d(k − 1) elements are missing in all. "
    "When that number is odd, one side gets one more than the other: PyTorch puts it at the end.",
)
def same_both_sides(answer: Any) -> str | None:
    """A function (k, d) -> (before, after), the padding that keeps every size at stride 1."""

    def truth(k: int, d: int) -> tuple[int, int]:
        # A kernel that copies the first element of its window: the zeros it finds are the padding.
        kernel = torch.zeros(1, 1, k)
        kernel[..., 0] = 1
        ramp = torch.arange(1.0, 41.0)[None, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns that uneven padding costs a copy
            copied = F.conv1d(ramp, kernel, padding="same", dilation=d)
        before = int((copied == 0).sum())
        return before, d * (k - 1) - before

    return first_wrong(
        answer, itertools.product(range(1, 8), (1, 2, 3)), truth, ("k", "d"), "PyTorch pads"
    )


def _unread(n: int, k: int, s: int, p: int, d: int) -> int:
    """Rows of the padded input with no gradient: the ones that no window reads."""
    padded = torch.zeros(1, 1, n + 2 * p, requires_grad=True)
    F.conv1d(padded, torch.ones(1, 1, k), None, s, 0, d).sum().backward()
    assert padded.grad is not None
    return int((padded.grad == 0).sum())


@exercise(
    "03.3",
    "List the rows that are read: window i reads rows i·s, i·s + d, …, i·s + d(k − 1). "
    "A Python set drops the rows that are read twice.",
)
def unread_rows(answer: Any) -> str | None:
    """A function (n, k, s, p, d) -> how many rows of the padded input no window reads."""
    return first_wrong(
        answer, _GEOMETRIES, _unread, ("n", "k", "s", "p", "d"), "the gradient is zero on"
    )


@exercise(
    "03.4",
    "Try n = 4 and n = 6 by hand. The output must grow by 1 when n grows by 2, which settles the "
    "stride; then solve ⌊(n + 2p − 4) / s⌋ + 1 = n/2 for p.",
)
def halve(answer: Any) -> str | None:
    """A pair (s, p) with which a 4×4 kernel halves every even input from 4 on."""
    if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
        return f"you gave {describe(answer)}; a pair (stride, padding) is expected"
    if not all(isinstance(value, int) for value in answer):
        return f"you gave {describe(answer)}; stride and padding are whole numbers"
    stride, padding = answer
    if stride < 1 or padding < 0:
        return f"stride {stride}, padding {padding}: PyTorch wants a stride ≥ 1, a padding ≥ 0"
    for n in range(4, 65, 2):
        size = _torch_size(n, 4, stride, padding, 1)
        if size != n // 2:
            return f"for n={n} your stride {stride} and padding {padding} give {size}, not {n // 2}"
    return None


@exercise(
    "03.5",
    "Walk through the layers with two numbers. Both start at 1: the size of the field, and the "
    "jump (how far apart two neighbouring units are in the input). Dilation stretches the kernel; "
    "the stride of a layer changes the jump only for the layers after it.",
)
def field(answer: Any) -> str | None:
    """A function (layers) -> receptive field, layers a list of (k, s, d)."""
    stacks = [
        [(3, 1, 1)],
        [(3, 1, 1), (3, 1, 1)],
        [(3, 2, 1), (3, 1, 1)],
        [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
        [(2, 2, 1), (2, 2, 1), (2, 2, 1)],
        [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)],
        [(3, 2, 2), (1, 1, 1), (3, 1, 2)],
        [(1, 3, 1), (3, 1, 1)],
    ]
    return first_wrong(
        answer, [(stack,) for stack in stacks], _gradient_field, ("layers",), "the gradient reaches"
    )


def _gradient_field(layers: list[tuple[int, int, int]]) -> int:
    """From the first to the last input element that one output unit depends on."""
    x = torch.zeros(1, 1, 128, requires_grad=True)
    y = x
    for k, s, d in layers:
        y = F.conv1d(y, torch.ones(1, 1, k), stride=s, dilation=d)
    y[..., y.shape[-1] // 2].sum().backward()
    assert x.grad is not None
    touched = x.grad[0, 0].nonzero()
    return int(touched.max() - touched.min()) + 1


@exercise(
    "03.6",
    "Pad first, with torch.nn.functional.pad. The window at output (i, j) starts at row i·s_h and "
    "column j·s_w; a slice with a step, X[top : top + reach : d], picks its dilated rows.",
)
def corr2d_full(answer: Any) -> str | None:
    """A function (X, K, stride, padding, dilation) of pairs -> 2-D cross-correlation."""
    generator = torch.Generator().manual_seed(0)
    for size, kernel, stride, padding, dilation in [
        ((5, 5), (3, 3), (1, 1), (0, 0), (1, 1)),
        ((6, 7), (3, 2), (1, 1), (1, 1), (1, 1)),
        ((8, 8), (3, 3), (2, 2), (1, 1), (1, 1)),
        ((8, 6), (5, 3), (1, 1), (2, 1), (1, 1)),
        ((9, 7), (3, 3), (2, 1), (0, 2), (1, 1)),
        ((9, 9), (3, 3), (1, 1), (2, 2), (2, 2)),
        ((10, 11), (2, 3), (3, 2), (1, 0), (1, 3)),
    ]:
        X = torch.randn(size, generator=generator)
        K = torch.randn(kernel, generator=generator)
        case = (
            f"X {size[0]}×{size[1]}, K {kernel[0]}×{kernel[1]}, "
            f"stride={stride}, padding={padding}, dilation={dilation}"
        )
        said = call(answer, X, K, stride, padding, dilation, case=case)
        truth = F.conv2d(X[None, None], K[None, None], None, stride, padding, dilation)[0, 0]
        if not isinstance(said, torch.Tensor) or said.shape != truth.shape:
            shape = tuple(said.shape) if isinstance(said, torch.Tensor) else describe(said)
            raise Wrong(f"for {case} you returned {shape}; PyTorch gives {tuple(truth.shape)}")
        gap = (said - truth).abs().max().item()
        if not gap < 1e-4:
            raise Wrong(f"for {case} your values differ from PyTorch's by up to {gap:.3g}")
    return None
