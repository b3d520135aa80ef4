"""The checks of chapter 06, transposed convolution."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as F

from ._exercise import call, describe, difference, exercise, first_wrong


def _simplest_first(case: tuple[int, ...]) -> tuple[int, ...]:
    return (sum(case[2:]), *case)


def _torch_size(n: int, k: int, s: int, p: int, o: int, d: int) -> int:
    ones = torch.ones(1, 1, n), torch.ones(1, 1, k)
    return F.conv_transpose1d(*ones, None, s, p, o, 1, d).shape[-1]


@exercise(
    "06.1",
    "Where does the last stamp start, and over how many elements does a stamp of k weights that "
    "lie d apart reach? Then ask what padding takes from both sides, and what o gives back at one.",
)
def output_size(answer: Any) -> str | None:
    """A function (n, k, s, p, o, d) -> output size."""
    cases = [
        (n, k, s, p, o, d)
        for n, k, s, p, o, d in itertools.product(
            range(1, 7), range(1, 6), (1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2)
        )
        if o < max(s, d) and (n - 1) * s + d * (k - 1) + o + 1 > 2 * p
    ]
    cases.sort(key=_simplest_first)
    return first_wrong(answer, cases, _torch_size, ("n", "k", "s", "p", "o", "d"))


def _needed_output_padding(n: int, k: int, s: int, p: int) -> int:
    m = F.conv1d(torch.ones(1, 1, n), torch.ones(1, 1, k), None, s, p).shape[-1]
    # Without padding first: a cut may leave nothing of the plain way back.
    return n + 2 * p - _torch_size(m, k, s, 0, 0, 1)


@exercise(
    "06.2",
    "The convolution rounds (n + 2p − k) / s down. What the rounding drops is what is missing on "
    "the way back.",
)
def output_padding(answer: Any) -> str | None:
    """A function (n, k, s, p) -> the output padding that leads back to n."""
    cases = [
        (n, k, s, p)
        for n, k, s, p in itertools.product(range(1, 13), range(1, 6), (1, 2, 3, 4), (0, 1, 2))
        if n + 2 * p >= k
    ]
    cases.sort(key=_simplest_first)
    return first_wrong(
        answer, cases, _needed_output_padding, ("n", "k", "s", "p"), "the way back lacks"
    )


@exercise(
    "06.3",
    "Make a list of (n − 1)·s + k zeros. Stamp i covers the elements i·s to i·s + k − 1: add 1 to "
    "each of them.",
)
def times_written(answer: Any) -> str | None:
    """A function (n, k, s) -> how many stamps cover each output element of a row."""

    def truth(n: int, k: int, s: int) -> list[int]:
        counts = F.conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, k), stride=s)
        return [int(count) for count in counts.flatten().tolist()]

    cases = sorted(itertools.product(range(1, 6), range(1, 6), (1, 2, 3, 4)), key=_simplest_first)
    for n, k, s in cases:
        case = f"n={n}, k={k}, s={s}"
        said = call(answer, n, k, s, case=case)
        if isinstance(said, torch.Tensor):
            said = said.tolist()
        problem = difference(said, truth(n, k, s), "PyTorch adds up")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "06.4",
    "Doubling every n settles the stride: one more input element, two more output elements. In one "
    "direction, how many stamps must overlap so that two directions make 4? Then solve "
    "(n − 1)·s − 2p + k = 2n for p.",
)
def doubling(answer: Any) -> str | None:
    """A triple (k, s, p) that doubles every size and writes each inner pixel four times."""
    if not (isinstance(answer, (tuple, list)) and len(answer) == 3):
        return f"you gave {describe(answer)}; a triple (kernel_size, stride, padding) is expected"
    if not all(type(value) is int for value in answer):
        return f"you gave {describe(answer)}; all three are whole numbers"
    k, s, p = answer
    if k < 1 or s < 1 or p < 0:
        return f"you gave {describe(answer)}; a kernel and a stride are ≥ 1, a padding is ≥ 0"
    if max(answer) > 64:
        return f"you gave {describe(answer)}; no setting above 64 can double a 2×2 map"
    for n in range(2, 17):
        size = (n - 1) * s - 2 * p + k
        if size != 2 * n:
            return f"for {n}×{n} your {describe(answer)} gives {size}×{size}, not {2 * n}×{2 * n}"
    ones = torch.ones(1, 1, 16, 16), torch.ones(1, 1, k, k)
    inner = F.conv_transpose2d(*ones, None, s, p)[0, 0, 8:-8, 8:-8]
    found = sorted({int(count) for count in inner.flatten().tolist()})
    if found != [4]:
        times = ", ".join(map(str, found))
        return f"with {describe(answer)} the pixels away from the border are written {times} times"
    return None


def _bilinear(s: int) -> torch.Tensor:
    """What PyTorch's bilinear resizing by ``s`` makes of a single 1 amid zeros."""
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[..., 2, 2] = 1
    large = F.interpolate(impulse, scale_factor=s, mode="bilinear")[0, 0]
    lines = large.sum(1).nonzero().flatten()
    return large[lines[0] : lines[-1] + 1, lines[0] : lines[-1] + 1]


@exercise(
    "06.5",
    "The centre lies at (k − 1)/2. A weight is 1 − distance/s, where distance is how far it lies "
    "from the centre; the kernel is the product of one such line by rows and by columns.",
)
def bilinear(answer: Any) -> str | None:
    """A function (s) -> the bilinear kernel for factor s."""
    cases = [(s,) for s in (2, 4, 3, 1, 5, 6, 8)]
    return first_wrong(answer, cases, _bilinear, ("s",), "a single 1, enlarged by PyTorch, gives")


@exercise(
    "06.6",
    "Fill the whole canvas, (c_o, (H − 1)·s + k_h, (W − 1)·s + k_w), then cut. The stamp of input "
    "pixel (i, j) is the sum over the input channels c of X[c, i, j] · W[c].",
)
def channels(answer: Any) -> str | None:
    """A function (X, W, stride, padding) -> transposed convolution with channels."""
    generator = torch.Generator().manual_seed(0)
    for size, weight, stride, padding in [
        ((1, 2, 2), (1, 1, 2, 2), 1, 0),
        ((1, 3, 3), (1, 1, 3, 3), 2, 0),
        ((1, 3, 4), (1, 2, 3, 2), 2, 0),
        ((2, 3, 3), (2, 2, 3, 3), 1, 1),
        ((2, 3, 3), (2, 3, 3, 3), 2, 1),
        ((3, 4, 3), (3, 2, 4, 4), 2, 1),
        ((2, 4, 5), (2, 3, 2, 3), 3, 0),
        ((2, 5, 4), (2, 1, 5, 4), 2, 2),
    ]:
        X = torch.randn(size, generator=generator)
        W = torch.randn(weight, generator=generator)
        case = f"X of shape {size}, W of shape {weight}, stride={stride}, padding={padding}"
        kept = X.clone(), W.clone()
        said = call(answer, X, W, stride, padding, case=case)
        if not (torch.equal(X, kept[0]) and torch.equal(W, kept[1])):
            return f"for {case} your function changed X or W; work on a tensor of your own"
        truth = F.conv_transpose2d(X[None], W, None, stride, padding)[0]
        problem = difference(said, truth, "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
    return None
