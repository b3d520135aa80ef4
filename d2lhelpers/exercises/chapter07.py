"""The checks of chapter 07, activations."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ._exercise import call, describe, difference, exercise, first_wrong


@exercise(
    "07.1",
    "SiLU is a product, x·σ(x). The slope of a product u·v is u′·v + u·v′, and the slope of σ is "
    "σ·(1 − σ).",
)
def silu_slope(answer: Any) -> str | None:
    """A function (x) -> the slope of SiLU at each number of the tensor x."""
    generator = torch.Generator().manual_seed(0)
    for x in [
        *(torch.tensor([value]) for value in (0.0, 1.0, -1.0, 2.0, -3.0, 100.0, -100.0)),
        torch.randn(5, generator=generator),
        3 * torch.randn(2, 3, 4, generator=generator),
    ]:
        at = x.clone().requires_grad_()
        truth = torch.autograd.grad(F.silu(at).sum(), at)[0]
        case = f"x={x.tolist()}" if len(x) == 1 else f"x of shape {tuple(x.shape)}"
        problem = difference(call(answer, x.clone(), case=case), truth, "autograd gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "07.2",
    "Go from left to right. Each ReLU changes the slope of the sum by its weight, at its shift. "
    "The slope has to be 0, then 1, then −1, then 0: where does it change, and by how much?",
)
def triangle(answer: Any) -> str | None:
    """Three pairs (weight, shift) whose ReLUs add up to a triangle from 0 to 2."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 3:
        return f"you gave {describe(answer)}; a list of three pairs (weight, shift) is expected"
    for pair in answer:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            return f"one of the three is {describe(pair)}; a pair (weight, shift) is expected"
        if not all(isinstance(v, (int, float)) and math.isfinite(v) for v in pair):
            return f"one of the pairs is {describe(pair)}; weight and shift are numbers"
    for x in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 0.25, 1.75):
        at = torch.tensor(x, dtype=torch.float64)
        said = sum(float(weight) * F.relu(at - float(shift)).item() for weight, shift in answer)
        truth = max(0.0, 1 - abs(x - 1))
        if abs(said - truth) > 1e-6:
            return f"at x={x:g} your sum is {said:g}; the triangle has {truth:g}"
    return None


@exercise(
    "07.3",
    "Subtract the largest number of the same row before you apply exp: z.max(dim=1, keepdim=True) "
    "has them in .values. A number taken over the whole tensor is not enough.",
)
def stable_softmax(answer: Any) -> str | None:
    """A function (z) -> the softmax of each row of z."""
    generator = torch.Generator().manual_seed(1)
    for z in [
        torch.tensor([[2.0, 1.0, 0.0]]),
        torch.tensor([[0.0, 0.0], [1.0, -1.0]]),
        torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0]]),
        3 * torch.randn(4, 10, generator=generator),
        torch.tensor([[1000.0, 999.0]]),
        torch.tensor([[10_000.0, 9_999.0], [-10_000.0, -9_998.0]]),
    ]:
        case = f"z={z.tolist()}" if z.numel() < 10 else f"z of shape {tuple(z.shape)}"
        given = z.clone()
        said = call(answer, given, case=case)
        problem = difference(said, z.softmax(dim=1), "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
        if not torch.equal(given, z):
            return f"for {case} you changed z itself: work on a new tensor"
    return None


def _probabilities(shape: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, shape[1], (shape[0],), generator=generator)
    return (2 * torch.randn(shape, generator=generator)).softmax(dim=1), labels


@exercise(
    "07.4",
    "Pick the probability of the right class in each row: p[torch.arange(len(y)), y]. Then the "
    "natural logarithm, a minus, and the mean over the rows.",
)
def loss_from_probabilities(answer: Any) -> str | None:
    """A function (p, y) -> the mean cross-entropy of probabilities."""
    shirt = torch.tensor([[0.665, 0.245, 0.09]])
    cases = [
        (shirt, torch.tensor([0])),
        (shirt, torch.tensor([2])),
        (torch.full((1, 10), 0.1), torch.tensor([4])),
        (torch.tensor([[0.5, 0.5], [0.25, 0.75]]), torch.tensor([0, 0])),
        _probabilities((3, 4), seed=2),
        _probabilities((64, 10), seed=3),
    ]
    for p, y in cases:
        # Adding what cross_entropy's own softmax takes away: ln p are logits of p.
        truth = F.cross_entropy(p.log(), y).item()
        case = f"p={[[round(v, 3) for v in row] for row in p.tolist()]}, y={y.tolist()}"
        if len(y) > 2:
            case = f"p of shape {tuple(p.shape)}"
        said = call(answer, p.clone(), y.clone(), case=case)
        if isinstance(said, Tensor) and said.numel() != 1:
            return f"for {case} you returned shape {tuple(said.shape)}; one number is expected"
        problem = difference(said, truth, "the mean of −ln p is")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "07.5",
    "A perfect answer has one 1 and k − 1 zeros. Write down its softmax: e¹ above, e¹ and k − 1 "
    "times e⁰ below.",
)
def smallest_loss(answer: Any) -> str | None:
    """A function (k) -> the loss of a perfect answer after a second softmax."""

    def truth(k: int) -> float:
        return F.cross_entropy(torch.eye(k, dtype=torch.float64)[:1], torch.tensor([0])).item()

    cases = [(k,) for k in (10, 2, 3, 100, 1000)]
    return first_wrong(answer, cases, truth, ("k",), "PyTorch gives")


@exercise(
    "07.6",
    "A ReLU lets a number through when it is above 0; exactly 0 stays 0. Ask of each channel "
    "whether all of its numbers are at most 0: over images, rows and columns, that is axes 0, 2 "
    "and 3.",
)
def dead_maps(answer: Any) -> str | None:
    """A function (Z) -> how many of its channels a ReLU sets to 0 everywhere."""
    for Z, case in _feature_maps():
        truth = int((F.relu(Z).amax(dim=(0, 2, 3)) == 0).sum())
        problem = difference(call(answer, Z.clone(), case=case), truth, "ReLU leaves nothing of")
        if problem:
            return f"for {case} {problem} {'map' if truth == 1 else 'maps'}"
    return None


def _feature_maps() -> list[tuple[Tensor, str]]:
    """Two images with one map each, then larger ones, and what a sentence calls them."""
    one = torch.tensor([[[[-1.0, -2.0]]], [[[-3.0, 0.0]]]])
    other = torch.tensor([[[[-1.0, -2.0]]], [[[-3.0, 0.5]]]])
    generator = torch.Generator().manual_seed(4)
    large = torch.randn(6, 5, 4, 3, generator=generator)
    large[:, 1] = -large[:, 1].abs()
    large[:, 3] = 0
    large[:5, 4] = -1
    wide = -torch.rand(2, 7, 3, 3, generator=generator)
    wide[1, 2, 2, 2] = 0.1
    return [
        (one, "one map in two images, Z=[[[[−1, −2]]], [[[−3, 0]]]],"),
        (other, "one map in two images, Z=[[[[−1, −2]]], [[[−3, 0.5]]]],"),
        (large, "Z of shape (6, 5, 4, 3)"),
        (wide, "Z of shape (2, 7, 3, 3)"),
    ]


@exercise(
    "07.7",
    "Weight K1[a, b] and weight K2[i, j] meet at place (i + a, j + b): add their product there. "
    "How large must the sum be to have a place for each such pair?",
)
def one_kernel(answer: Any) -> str | None:
    """A function (K1, K2) -> the one kernel that does what both do, K1 first."""
    generator = torch.Generator().manual_seed(5)
    pairs = [
        (torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, -1.0]])),
        (torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])),
        (torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0, -1.0]])),
    ]
    for first, second in [((3, 3), (3, 3)), ((2, 2), (3, 3)), ((1, 4), (3, 2)), ((5, 3), (2, 2))]:
        pairs.append(
            (torch.randn(first, generator=generator), torch.randn(second, generator=generator))
        )
    for K1, K2 in pairs:
        case = f"K1={K1.tolist()}, K2={K2.tolist()}"
        if K1.numel() > 2:
            case = f"K1 of shape {tuple(K1.shape)}, K2 of shape {tuple(K2.shape)}"
        said = call(answer, K1.clone(), K2.clone(), case=case)
        problem = difference(said, _merged(K1, K2), "the kernel that does both is")
        if problem:
            return f"for {case} {problem}"
    return None


def _merged(K1: Tensor, K2: Tensor) -> Tensor:
    """The kernel that does both, read off an image with a single 1."""
    size = [a + b - 1 for a, b in zip(K1.shape, K2.shape, strict=True)]
    image = torch.zeros(1, 1, *(2 * n - 1 for n in size))
    image[0, 0, size[0] - 1, size[1] - 1] = 1
    both = F.conv2d(F.conv2d(image, K1[None, None]), K2[None, None])
    # The output at (i, j) is the weight that reads the 1 from there: backwards, both ways.
    return both[0, 0].flip(0, 1)
