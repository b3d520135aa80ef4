"""Dropout."""

from __future__ import annotations

import torch
from torch import Tensor


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Return x with each value set to 0 with probability p and the others divided by 1 - p.

    `x` of any shape gives the same shape; each value keeps its expectation. Without `training` the
    result is `x` itself. Raises ValueError for a p outside 0 to 1 and, in training, a dtype that is
    not floating.
    Source: Srivastava et al., 2014, Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting; documentation of `torch.nn.Dropout`.

    >>> y = dropout(torch.ones(1000), p=0.2)
    >>> sorted(set(y.tolist()))
    [0.0, 1.25]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a probability from 0 to 1, got {p}")
    if not training or p == 0:
        return x
    if not x.is_floating_point():
        raise ValueError(f"x must have a floating dtype, got {x.dtype}: convert it with x.float()")
    kept = torch.empty_like(x).bernoulli_(1 - p)
    # Nothing is kept at p = 1, and 0 / 0 would be no number.
    return x * kept if p == 1 else x * (kept / (1 - p))
