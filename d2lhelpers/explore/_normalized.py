"""The small batch of the normalization explorer, and what each normalization makes of it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch import Tensor

from .. import functional
from ._cube import Block

IMAGES, CHANNELS, PIXELS = 3, 4, 4
MOMENTUM, EPS = 0.1, 1e-5
KINDS = ("batch", "layer", "instance", "group")
WHOLE = Block(range(IMAGES), range(CHANNELS), range(PIXELS))


def example() -> Tensor:
    """The batch that the picture shows, (N, C, H·W) = (3, 4, 4): small whole numbers.

    >>> example()[0]
    tensor([[ 0.,  1.,  4.,  3.],
            [ 4.,  5.,  8.,  7.],
            [ 8.,  9.,  6., 11.],
            [12., 13., 10.,  9.]])
    """
    n, c, p = (torch.arange(size) for size in (IMAGES, CHANNELS, PIXELS))
    n, c = n[:, None, None], c[:, None]
    noise = (5 * n + 7 * c + 3 * p + 2 * n * c + 4 * p * p + n * p * c) % 6
    return (noise * (1 + n) + 3 * c - 2 * n).float()


def shared(kind: str, groups: int, image: int, channel: int) -> Block:
    """The numbers that share one mean and one variance with those of this image and channel.

    Raises ``ValueError`` for another kind, or ``groups`` that do not divide the channels.

    >>> shared("batch", 2, image=1, channel=2).channels, shared("group", 2, 1, 2).channels
    (range(2, 3), range(2, 4))
    """
    check("kind", kind, KINDS)
    if kind == "group" and (groups < 1 or CHANNELS % groups):
        raise ValueError(
            f"groups {groups} does not divide the {CHANNELS} channels: use 1, 2 or {CHANNELS}"
        )
    width = {"layer": CHANNELS, "group": CHANNELS // max(groups, 1)}.get(kind, 1)
    first = channel // width * width
    images = WHOLE.images if kind == "batch" else range(image, image + 1)
    return Block(images, range(first, first + width), WHOLE.pixels)


@functools.lru_cache(maxsize=128)
def running(batches: int) -> tuple[Tensor, Tensor]:
    """Running mean and variance of each channel after this batch was seen so many times."""
    mean, var = torch.zeros(CHANNELS), torch.ones(CHANNELS)
    for _ in range(batches):
        functional.batch_norm(example(), mean, var, training=True, momentum=MOMENTUM, eps=EPS)
    return mean, var


def normalized(
    kind: str, groups: int, mode: str, batches: int, gamma: float, beta: float
) -> Tensor:
    """The batch after normalization, with the same γ and β for each channel: (3, 4, 4)."""
    x = example()
    scale, shift = (torch.full((CHANNELS,), float(value)) for value in (gamma, beta))
    if kind == "batch":
        mean, var = (statistic.clone() for statistic in running(batches))
        training = mode == "train"
        return functional.batch_norm(x, mean, var, scale, shift, training, MOMENTUM, EPS)
    if kind == "layer":
        weight, bias = (t[:, None].expand(CHANNELS, PIXELS) for t in (scale, shift))
        return functional.layer_norm(x, (CHANNELS, PIXELS), weight, bias, EPS)
    if kind == "instance":
        return functional.instance_norm(x, weight=scale, bias=shift, eps=EPS)
    return functional.group_norm(x, groups, scale, shift, EPS)


def check(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a value that is not among those allowed, in words."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}; got {value!r}")
