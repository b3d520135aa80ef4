"""Maximum and average pooling, one axis after the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..arithmetic import Size, as_pair, pool_output_size
from ._windows import pad_images, windows


def pool2d(
    x: Tensor,
    kernel_size: Size,
    mode: str = "max",
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the maximum (`mode="max"`) or the mean (`mode="avg"`) of each window of each channel.

    `x` (N, C, H, W) or (C, H, W) gives the same with `arithmetic.pool_output_size` for H and W;
    `stride=None` means a stride equal to `kernel_size`. The maximum is over x alone: padding counts
    as minus infinity, and the first of equal values takes the gradient. The mean divides by the
    positions that lie in the input or its padding, or with `count_include_pad=False` in the input;
    positions that `ceil_mode` adds past the padding never count. It has no dilation.

    Raises ValueError for an unknown mode, a rank, dtype or empty axis that does not fit, and where
    PyTorch refuses a size. Source: documentation of `torch.nn.functional.max_pool2d` and
    `avg_pool2d`.

    >>> x = torch.arange(9.0).reshape(1, 3, 3)
    >>> pool2d(x, 2, stride=1), pool2d(x, 2, "avg", stride=1)
    (tensor([[[4., 5.],
             [7., 8.]]]), tensor([[[2., 3.],
             [5., 6.]]]))
    """
    if mode not in ("max", "avg"):
        raise ValueError(f"mode must be 'max' or 'avg', got {mode!r}")
    if x.dim() not in (3, 4) or 0 in x.shape[-3:]:
        raise ValueError(
            f"x must be (N, C, H, W) or (C, H, W) with nothing empty but N, got shape "
            f"{tuple(x.shape)}"
        )
    is_real = not x.is_complex() and x.dtype != torch.bool
    if not x.is_floating_point() and not (mode == "max" and is_real):
        raise ValueError(f"mode {mode!r} does not take {x.dtype}; convert first, as with x.float()")
    kernel, dilations = as_pair("kernel_size", kernel_size), as_pair("dilation", dilation)
    strides = kernel if stride is None else as_pair("stride", stride)
    before = as_pair("padding", padding)
    image = (x.shape[-2], x.shape[-1])
    output = pool_output_size(image, kernel, strides, before, dilations, ceil_mode)
    if mode == "avg" and dilations != (1, 1):
        raise ValueError(f"mode 'avg' has no dilation, got {dilation}; leave it at 1")
    below, right = (
        max(0, (o - 1) * s + d * (k - 1) + 1 - p - n)
        for n, o, k, s, p, d in zip(image, output, kernel, strides, before, dilations, strict=True)
    )
    # One axis after the other takes k_h + k_w steps instead of k_h k_w. Width first: the first of
    # equal maxima in a row, then the first of such rows, is the one that PyTorch picks.
    axes = ((-1, kernel[1], strides[1], dilations[1]), (-2, kernel[0], strides[0], dilations[0]))
    if mode == "max":
        lowest = -math.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
        y = pad_images(x, before, (below, right), lowest)
        for dim, size, step, gap in axes:
            y = windows(y, dim, size, step, gap).max(-1).values
        return y
    # A sum in half precision would round after each axis, and overflow early.
    precise = torch.promote_types(x.dtype, torch.float32)
    y = pad_images(x, before, (below, right))
    for dim, size, step, gap in axes:
        y = windows(y, dim, size, step, gap).sum(-1, dtype=precise)
    rows, columns = (
        _counted(o, n, k, s, p, count_include_pad, x.device)
        for n, o, k, s, p in zip(image, output, kernel, strides, before, strict=True)
    )
    return (y / (rows.unsqueeze(-1) * columns)).to(x.dtype)


def _counted(
    output_size: int,
    input_size: int,
    kernel_size: int,
    stride: int,
    padding: int,
    count_include_pad: bool,
    device: torch.device,
) -> Tensor:
    """Return how many positions of each window along one axis count in its mean."""
    start = torch.arange(output_size, device=device) * stride - padding
    end = (start + kernel_size).clamp(max=input_size + padding)
    if not count_include_pad:
        start, end = start.clamp(min=0), end.clamp(max=input_size)
    return end - start
