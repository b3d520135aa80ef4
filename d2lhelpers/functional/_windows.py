"""Sliding windows over the axes of a tensor, and the padding before them."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import pad

from ..arithmetic import Pair


def windows(x: Tensor, dim: int, size: int, stride: int, dilation: int) -> Tensor:
    """Return the windows along `dim` of `x` as a view with one axis more, of length `size`, at the
    end: entry [..., i, ..., a] is x[..., i * stride + a * dilation, ...].

    >>> import torch
    >>> windows(torch.arange(6), 0, size=2, stride=2, dilation=3)
    tensor([[0, 3],
            [2, 5]])
    """
    return x.unfold(dim, dilation * (size - 1) + 1, stride)[..., ::dilation]


def pad_images(x: Tensor, before: Pair, after: Pair, value: float = 0.0) -> Tensor:
    """Return `x` (..., H, W) with `before` = (above, left) and `after` = (below, right) rows and
    columns of `value` around it; `x` itself, not a copy, where there is nothing to add.

    >>> import torch
    >>> pad_images(torch.ones(1, 2), before=(1, 0), after=(0, 1))
    tensor([[0., 0., 0.],
            [1., 1., 0.]])
    """
    if not any(before) and not any(after):
        return x
    return pad(x, (before[1], after[1], before[0], after[0]), value=value)
