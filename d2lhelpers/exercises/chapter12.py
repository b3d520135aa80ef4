"""The checks of chapter 12, AlexNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ._exercise import call, difference, exercise, first_wrong

Layer = tuple[int, int, int]


def _sides(n: int, padding: int) -> list[int]:
    x = torch.empty(1, 1, n, n, device="meta")
    x = F.conv2d(x, torch.empty(1, 1, 11, 11, device="meta"), stride=4, padding=padding)
    found = [x.shape[-1]]
    for _ in range(3):
        x = F.max_pool2d(x, 3, 2)
        found.append(x.shape[-1])
    return found


@exercise(
    "12.1",
    "⌊(n + 2·padding − 11)/4⌋ + 1 for the convolution, then three times ⌊(side − 3)/2⌋ + 1. The "
    "other convolutions keep the side.",
)
def sides(answer: Any) -> str | None:
    """A function (n, padding) -> the sides after the first convolution and the poolings."""
    cases = [(224, 0), (227, 0), (224, 2), (67, 0), (96, 1), (256, 3), (128, 0), (225, 2), (231, 5)]
    return first_wrong(answer, cases, _sides, ("n", "padding"), "PyTorch gives")


def _share_saved(macs: Sequence[int], groups: Sequence[int]) -> float:
    # Through fractions of whole numbers, for the order of the sums not to matter.
    return 1 - sum(work / g for work, g in zip(macs, groups, strict=True)) / sum(macs)


@exercise(
    "12.2",
    "A layer with g groups does 1/g of its work. Add up the work of all layers before and after, "
    "and compare the two sums: layers without groups count in both.",
)
def share_saved(answer: Any) -> str | None:
    """A function (macs, groups) -> the share of all MACs that the groups save."""
    cases = [
        ([100], [2]),
        ([100, 100], [1, 2]),
        ([100, 300], [1, 3]),
        ([120, 60, 20], [1, 1, 1]),
        ([105, 448, 150, 224, 150, 38, 17, 4], [1, 2, 1, 2, 2, 1, 1, 1]),
        ([10, 20, 70], [2, 4, 7]),
    ]
    return first_wrong(answer, cases, _share_saved, ("macs", "groups"), "the share is")


def _reaches(layers: Sequence[Layer], o: int) -> list[int]:
    seen = {o}
    for c_i, c_o, groups in reversed(layers):
        own, read = c_o // groups, c_i // groups
        seen = {i for unit in seen for i in range(unit // own * read, (unit // own + 1) * read)}
    return sorted(seen)


@exercise(
    "12.3",
    "Go backwards from the last layer. An output map lies in group o // (c_o/groups), and reads "
    "the c_i/groups input maps of that group: each of them is an output map of the layer before.",
)
def reaches(answer: Any) -> str | None:
    """A function (layers, o) -> the numbers of the input maps on which output map o depends."""
    cases: list[tuple[list[Layer], int]] = [
        ([(4, 6, 1)], 0),
        ([(4, 6, 2)], 2),
        ([(4, 6, 2)], 3),
        ([(6, 3, 3)], 1),
        ([(4, 4, 2), (4, 4, 2)], 3),
        ([(4, 8, 2), (8, 4, 1)], 0),
        ([(4, 8, 1), (8, 4, 2)], 0),
        ([(8, 8, 4), (8, 8, 2)], 5),
        ([(8, 4, 2), (4, 4, 4)], 2),
        ([(12, 32, 2), (32, 48, 2), (48, 48, 2), (48, 32, 2)], 20),
    ]
    return first_wrong(answer, cases, _reaches, ("layers", "o"), "it depends on")


@exercise(
    "12.4",
    "Start from zeros of the shape (2·c_o, 2·c_i, k, k): a zero weight does not see. Then two "
    "blocks are copied in, one for the first maps of both axes, one for the last.",
)
def one_weight(answer: Any) -> str | None:
    """A function (first, second) -> the weight of the ordinary layer that does both."""
    generator = torch.Generator().manual_seed(0)
    for c_o, c_i, k in [(1, 1, 1), (1, 2, 1), (2, 1, 3), (3, 2, 3), (4, 4, 5)]:
        pair = [torch.randn(c_o, c_i, k, k, generator=generator) for _ in range(2)]
        case = f"two weights of shape {(c_o, c_i, k, k)}"
        before = [weight.clone() for weight in pair]
        said = call(answer, *pair, case=case)
        if not all(map(torch.equal, pair, before)):
            return (
                f"for {case} the tensors that you were given have changed: leave them as they are"
            )
        truth = torch.zeros(2 * c_o, 2 * c_i, k, k)
        truth[:c_o, :c_i], truth[c_o:, c_i:] = before
        problem = difference(said, truth, "the layer's weight has")
        if problem:
            return f"for {case} {problem}"
    return None


def _losses_gradient(weights: Tensor, X: Tensor, y: Tensor) -> Tensor:
    loss = F.mse_loss(X @ weights, y)
    return torch.autograd.grad(loss, weights)[0]


@exercise(
    "12.5",
    "The mean loss of a share times its number of images is the sum of its losses. Sums can be "
    "added; divide by the number of images of the whole batch.",
)
def combined(answer: Any) -> str | None:
    """A function (gradients, sizes) -> the gradient of the mean loss over the whole batch."""
    generator = torch.Generator().manual_seed(1)
    for sizes in ([4, 4], [1, 3], [16, 48], [5], [2, 3, 5], [1, 1, 1, 13]):
        total = sum(sizes)
        X, y = torch.randn(total, 3, generator=generator), torch.randn(total, generator=generator)
        weights = torch.randn(3, generator=generator, requires_grad=True)
        shares = zip(X.split(sizes), y.split(sizes), strict=True)
        gradients = [_losses_gradient(weights, *share) for share in shares]
        before = [gradient.clone() for gradient in gradients]
        case = f"sizes={sizes}"
        said = call(answer, gradients, list(sizes), case=case)
        if len(gradients) != len(before) or not all(map(torch.equal, gradients, before)):
            return (
                f"for {case} the gradients that you were given have changed: leave them as they are"
            )
        problem = difference(said, _losses_gradient(weights, X, y), "the whole batch gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "12.6",
    "With a batch of n images model parallelism sends 2·numbers·n. Data parallelism sends fewer as "
    "soon as parameters < 2·numbers·n; where the two are equal it does not yet.",
)
def smallest_batch(answer: Any) -> str | None:
    """A function (parameters, numbers) -> the smallest batch with fewer numbers to send."""
    cases = [
        (60_965_224, 30_336),
        (100, 10),
        (101, 10),
        (99, 10),
        (10, 10),
        (20, 10),
        (100_000, 1),
        (11_689_512, 25_088),
    ]

    def truth(parameters: int, numbers: int) -> int:
        batch = 1
        while 2 * numbers * batch <= parameters:
            batch += 1
        return batch

    return first_wrong(answer, cases, truth, ("parameters", "numbers"), "the smallest is")
