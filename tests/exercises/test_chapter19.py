"""Chapter 19: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

import d2lhelpers as d2l


def overall(shares: list[float], factors: list[float]) -> float:
    saved = sum(s * (1 - 1 / k) for s, k in zip(shares, factors, strict=True))
    return 1 / (1 - saved)


def normalized(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (images.movedim(3, 1) / 255 - mean[:, None, None]) / std[:, None, None]


def mean_loss(losses: list[Tensor], sizes: list[int]) -> Tensor:
    return torch.stack(losses) @ (torch.tensor(sizes) / sum(sizes))


RIGHT: dict[str, Any] = {
    "19.1": overall,
    "19.2": lambda p, c, w: p + c if w == 0 else max(c, p / w),
    "19.3": normalized,
    "19.4": mean_loss,
}

WRONG: dict[str, list[Any]] = {
    "19.1": [
        lambda s, k: prod(k),  # as if each part were the whole
        lambda s, k: sum(a * b for a, b in zip(s, k, strict=True)) + 1 - sum(s),  # mean of factors
        lambda s, k: 1 / sum(a / b for a, b in zip(s, k, strict=True)) if s else 1,  # no rest
        lambda s, k: prod(1 / (1 - a + a / b) for a, b in zip(s, k, strict=True)),  # one by one
    ],
    "19.2": [
        lambda p, c, w: p + c,  # nothing at once
        lambda p, c, w: max(p / w, c),  # 0 workers divides by zero
        lambda p, c, w: (p + c) / (w + 1),  # as if the workers computed too
        lambda p, c, w: p / w + c if w else p + c,  # the loop still waits
        lambda p, c, w: max(p, c) if w else p + c,  # one worker only
    ],
    "19.3": [
        lambda x, m, s: ((x / 255 - m) / s).reshape(len(x), 3, *x.shape[1:3]),  # mixes pixels
        lambda x, m, s: (x / 255 - m) / s,  # channels last
        lambda x, m, s: (x.movedim(3, 1) - m[:, None, None]) / s[:, None, None],  # bytes
        lambda x, m, s: (x.permute(0, 3, 2, 1) / 255 - m[:, None, None]) / s[:, None, None],
        lambda x, m, s: normalized(x, m, s).double(),
    ],
    "19.4": [
        lambda losses, sizes: torch.stack(losses).mean(),  # the last batch counts too much
        lambda losses, sizes: sum(a * n for a, n in zip(losses, sizes, strict=True)),
        lambda losses, sizes: torch.tensor(
            sum(a.item() * n for a, n in zip(losses, sizes, strict=True)) / sum(sizes)
        ),
        lambda losses, sizes: mean_loss(losses, sizes).item(),
    ],
}


def test_a_loss_that_is_read_on_the_way_is_named() -> None:
    verdict = d2l.check("19.4", WRONG["19.4"][2])
    assert "reads a number" in verdict.message


def test_the_right_sum_in_plain_python_is_accepted() -> None:
    def plain(losses: list[Tensor], sizes: list[int]) -> Any:
        return sum(a * n for a, n in zip(losses, sizes, strict=True)) / sum(sizes)

    assert d2l.check("19.4", plain).status == "right"
