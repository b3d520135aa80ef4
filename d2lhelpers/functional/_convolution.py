"""Convolution and transposed convolution of a batch, each as one matrix product."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..arithmetic import (
    Pair,
    Size,
    as_int,
    as_pair,
    conv_output_size,
    conv_transpose_output_size,
)
from ._windows import pad_images, windows

# Elements of the matrix of windows that are made at a time. On a CPU a matrix that stays in the
# cache makes a large batch two to three times as fast; elsewhere the bound only saves memory.
_CPU_CHUNK = 2**20
_DEVICE_CHUNK = 2**26


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the 2-D convolution of a batch; it cross-correlates, the kernel is not flipped:
    y[n,o,i,j] = bias[o] + sum over c, a, b of x[n, c, i s + a d - p, j s + b d - p] w[o,c,a,b].

    `x` (N, c_i, H, W), `weight` (c_o, c_i / groups, k_h, k_w) and `bias` (c_o,) give
    (N, c_o, H_o, W_o) with `arithmetic.conv_output_size`; an `x` without N gives a result without
    N. Channels fall into `groups` equal groups that see only each other. `padding` may also be
    "valid" (none) or "same" (H_o = H and W_o = W, at stride 1; an odd row is added at the end).

    The windows become the columns of a matrix (im2col), some images at a time. While gradients are
    recorded all columns are kept: about k_h k_w / (s_h s_w) times the input.

    Raises ValueError for shapes or dtypes that do not match and where `torch.nn.functional.conv2d`
    refuses a size. Source: documentation of `torch.nn.functional.conv2d`; Chellapilla, Puri and
    Simard, 2006, High Performance Convolutional Neural Networks for Document Processing.

    >>> x = torch.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(x, torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]), bias=torch.tensor([0.5]))
    tensor([[[[19.5000, 25.5000],
              [37.5000, 43.5000]]]])
    """
    _check_ranks_and_dtypes(x, weight, bias)
    c_o, c_i_group, k_h, k_w = weight.shape
    groups = as_int("groups", groups)
    _check_channels(x, weight, bias, groups, takes=c_i_group * groups, gives=c_o)
    strides, dilations = as_pair("stride", stride), as_pair("dilation", dilation)
    height, width = x.shape[-2:]
    if isinstance(padding, str):
        before, after = _named_padding(padding, (k_h, k_w), strides, dilations)
        height, width = height + before[0] + after[0], width + before[1] + after[1]
        h_o, w_o = conv_output_size((height, width), (k_h, k_w), strides, 0, dilations)
    else:
        before = after = as_pair("padding", padding)
        h_o, w_o = conv_output_size((height, width), (k_h, k_w), strides, before, dilations)
    in_a_window = c_i_group * k_h * k_w
    rows = weight.reshape(groups, c_o // groups, in_a_window)

    def correlate(images: Tensor) -> Tensor:
        view = pad_images(images, before, after)
        view = windows(view, 2, k_h, strides[0], dilations[0])
        view = windows(view, 3, k_w, strides[1], dilations[1])
        n = view.shape[0]
        columns = view.permute(1, 4, 5, 0, 2, 3).reshape(groups, in_a_window, n * h_o * w_o)
        if bias is None:
            product = torch.bmm(rows, columns)
        else:
            product = torch.baddbmm(bias.reshape(groups, c_o // groups, 1), rows, columns)
        return product.reshape(c_o, n, h_o, w_o).transpose(0, 1)

    return _in_chunks(correlate, x, groups * in_a_window * h_o * w_o)


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Return the 2-D transposed convolution of a batch, the transpose of the matrix of `conv2d`:
    each x[n,c,i,j] adds x[n,c,i,j] w[c,o,a,b] to y[n, o, i s + a d - p, j s + b d - p], for every
    o, a and b; what falls outside y is lost, and y starts from bias[o].

    `x` (N, c_i, H, W), `weight` (c_i, c_o / groups, k_h, k_w) and `bias` (c_o,) give
    (N, c_o, H_o, W_o) with `arithmetic.conv_transpose_output_size`; an `x` without N gives a result
    without N. Channels fall into `groups` equal groups that see only each other.

    Raises ValueError for shapes or dtypes that do not match and where
    `torch.nn.functional.conv_transpose2d` refuses a size. Source: documentation of
    `torch.nn.functional.conv_transpose2d`; Dumoulin and Visin, 2016, A guide to convolution
    arithmetic for deep learning.

    >>> conv_transpose2d(torch.tensor([[[[1.0, 2.0]]]]), torch.ones(1, 1, 1, 3), stride=2)
    tensor([[[[1., 1., 3., 2., 2.]]]])
    """
    _check_ranks_and_dtypes(x, weight, bias)
    c_i, c_o_group, k_h, k_w = weight.shape
    groups = as_int("groups", groups)
    c_o = c_o_group * groups
    _check_channels(x, weight, bias, groups, takes=c_i, gives=c_o)
    strides, dilations = as_pair("stride", stride), as_pair("dilation", dilation)
    (top, left), extra = as_pair("padding", padding), as_pair("output_padding", output_padding)
    height, width = x.shape[-2], x.shape[-1]
    h_o, w_o = conv_transpose_output_size(
        (height, width), (k_h, k_w), strides, (top, left), extra, dilations
    )
    kernels = weight.reshape(groups, c_i // groups, c_o_group * k_h * k_w).transpose(1, 2)

    def scatter(images: Tensor) -> Tensor:
        n = images.shape[0]
        pixels = images.transpose(0, 1).reshape(groups, c_i // groups, n * height * width)
        stamps = torch.bmm(kernels, pixels).reshape(c_o, k_h, k_w, n, height, width)
        # One axis after the other takes k_h + k_w additions where both at once take k_h k_w.
        wide = _overlap_add(stamps, 2, -1, strides[1], dilations[1], extra[1])
        full = _overlap_add(wide, 1, -2, strides[0], dilations[0], extra[0])
        y = full[..., top : top + h_o, left : left + w_o].transpose(0, 1)
        return y if bias is None else y + bias.to(y.dtype).reshape(c_o, 1, 1)

    return _in_chunks(scatter, x, c_o * k_h * k_w * height * width)


def _overlap_add(
    stamps: Tensor, taps_dim: int, dim: int, stride: int, dilation: int, extra: int
) -> Tensor:
    """Add stamps[tap a, entry i] to entry i * stride + a * dilation along `dim`, for every a, i;
    `taps_dim` vanishes, and `extra` entries that nothing is added to follow at the end."""
    taps = stamps.unbind(taps_dim)
    reach = (stamps.shape[dim] - 1) * stride + 1
    shape = list(taps[0].shape)
    shape[dim] = reach + dilation * (len(taps) - 1) + extra
    total = stamps.new_zeros(shape)
    along = total.transpose(dim, -1)
    for number, tap in enumerate(taps):
        start = number * dilation
        along[..., start : start + reach : stride].add_(tap.transpose(dim, -1))
    return total


def _in_chunks(operation: Callable[[Tensor], Tensor], x: Tensor, elements_an_image: int) -> Tensor:
    """Apply `operation` to a few images of `x` at a time; an image alone becomes a batch of one."""
    if x.dim() == 3:
        return operation(x.unsqueeze(0)).squeeze(0).contiguous()
    limit = _CPU_CHUNK if x.device.type == "cpu" else _DEVICE_CHUNK
    images_a_chunk = max(1, limit // max(1, elements_an_image))
    parts = [operation(images) for images in torch.split(x, images_a_chunk)]
    return parts[0].contiguous() if len(parts) == 1 else torch.cat(parts)


def _named_padding(
    padding: str, kernel_size: Pair, stride: Pair, dilation: Pair
) -> tuple[Pair, Pair]:
    """Return the rows and columns that "valid" or "same" adds before and after the image."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding != "same":
        raise ValueError(f"padding must be 'same', 'valid', an int or a pair, got {padding!r}")
    if stride != (1, 1):
        raise ValueError(
            f"padding 'same' needs stride 1, got {stride}: give the padding in numbers"
        )
    high, wide = (d * (k - 1) for d, k in zip(dilation, kernel_size, strict=True))
    return (high // 2, wide // 2), (high - high // 2, wide - wide // 2)


def _check_ranks_and_dtypes(x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if x.dim() not in (3, 4):
        raise ValueError(f"x must be (N, C, H, W) or (C, H, W), got shape {tuple(x.shape)}")
    if weight.dim() != 4:
        raise ValueError(f"weight must have four axes, got shape {tuple(weight.shape)}")
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != x.dtype and not _autocasts(x.device.type):
            raise ValueError(
                f"x is {x.dtype} but {name} is {other.dtype}: bring both to one dtype with .to()"
            )


def _autocasts(device_type: str) -> bool:
    """Whether operands of different dtypes are brought to one dtype by PyTorch itself."""
    known = torch.amp.autocast_mode.is_autocast_available(device_type)
    return known and torch.is_autocast_enabled(device_type)


def _check_channels(
    x: Tensor, weight: Tensor, bias: Tensor | None, groups: int, takes: int, gives: int
) -> None:
    shape = tuple(weight.shape)
    if groups < 1 or gives < 1 or weight.shape[0] < 1 or weight.shape[0] % groups:
        raise ValueError(
            f"groups must be at least 1 and divide the first axis of weight, which must not be "
            f"empty; got groups {groups} and weight {shape}"
        )
    if x.shape[-3] != takes:
        raise ValueError(
            f"x of shape {tuple(x.shape)} has {x.shape[-3]} channels, but weight of shape {shape} "
            f"with groups {groups} takes {takes}"
        )
    if bias is not None and bias.shape != (gives,):
        raise ValueError(
            f"bias must have shape ({gives},), one value for each output channel of weight {shape},"
            f" got {tuple(bias.shape)}"
        )
