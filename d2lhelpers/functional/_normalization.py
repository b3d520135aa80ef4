"""Normalizations: subtract a mean, divide by a standard deviation; they differ in the axes of both.

In half precision the statistics are taken in float32 and the result is rounded once, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..arithmetic import as_int


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) * weight + bias with one mean and variance a channel.

    `x` (N, C, ...) gives the same shape; the other tensors are (C,). With `training` the mean and
    the biased variance are those of the batch, over all axes but C, and the running statistics, if
    given, move in place: new = (1 - momentum) old + momentum batch, with the unbiased variance.
    Without it the running statistics take their place.

    Raises ValueError for shapes or dtypes that do not match, one running statistic without the
    other, none in evaluation, or a single value a channel in training.
    Source: Ioffe and Szegedy, 2015, Batch Normalization; documentation of `torch.nn.BatchNorm2d`.

    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    _check_rank(x, 2)
    named = {"running_mean": running_mean, "running_var": running_var}
    _check_operands(x, x.shape[1:2], eps, **named, weight=weight, bias=bias)
    if (running_mean is None) != (running_var is None):
        raise ValueError("give both running_mean and running_var, or neither")
    values = _precise(x)
    along_channels = (1, x.shape[1], *[1] * (x.dim() - 2))
    if training:
        count = x.shape[0] * math.prod(x.shape[2:])
        if count == 1:
            raise ValueError(
                f"training needs more than one value a channel, but x has shape {tuple(x.shape)}: "
                f"use a larger batch, or training=False"
            )
        y, mean, var = _standardize(values, [0, *range(2, x.dim())], eps)
        if running_mean is not None and running_var is not None and count > 0:
            with torch.no_grad():
                unbiased = var.flatten() * (count / (count - 1))
                running_mean.copy_((1 - momentum) * running_mean + momentum * mean.flatten())
                running_var.copy_((1 - momentum) * running_var + momentum * unbiased)
    else:
        if running_mean is None or running_var is None:
            raise ValueError("evaluation needs running_mean and running_var; or use training=True")
        scale = torch.rsqrt(_precise(running_var) + eps)
        y = (values - running_mean.reshape(along_channels)) * scale.reshape(along_channels)
    return _scale_and_shift(y, weight, bias, along_channels).to(x.dtype)


def layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) * weight + bias over the last axes of each example.

    `normalized_shape` is the shape of those axes, and that of `weight` and `bias`; `x` of shape
    (..., *normalized_shape) gives the same shape. The variance is the biased one. There are no
    running statistics: training and evaluation do the same.

    Raises ValueError for shapes or dtypes that do not match.
    Source: Ba, Kiros and Hinton, 2016, Layer Normalization; documentation of `torch.nn.LayerNorm`.

    >>> layer_norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    if not isinstance(normalized_shape, (tuple, list)) or not normalized_shape:
        raise ValueError(
            f"normalized_shape must be the sizes of the last axes, such as (5,), got "
            f"{normalized_shape!r}"
        )
    shape = tuple(normalized_shape)
    if tuple(x.shape[-len(shape) :]) != shape:
        raise ValueError(f"x of shape {tuple(x.shape)} does not end in normalized_shape {shape}")
    _check_operands(x, shape, eps, weight=weight, bias=bias)
    y, _, _ = _standardize(_precise(x), list(range(-len(shape), 0)), eps)
    return _scale_and_shift(y, weight, bias, shape).to(x.dtype)


def group_norm(
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) * weight + bias over each group of channels.

    `x` (N, C, ...) gives the same shape; the channels of each example fall into `num_groups` equal
    groups; `weight` and `bias` are (C,). The variance is the biased one.

    Raises ValueError for shapes or dtypes that do not match, a `num_groups` that does not divide C,
    an empty example, or a single value to normalise.
    Source: Wu and He, 2018, Group Normalization; documentation of `torch.nn.GroupNorm`.

    >>> group_norm(torch.tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    _check_rank(x, 2)
    _check_operands(x, x.shape[1:2], eps, weight=weight, bias=bias)
    channels, num_groups = x.shape[1], as_int("num_groups", num_groups)
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"num_groups {num_groups} does not divide the {channels} channels of x")
    in_a_group = channels // num_groups * math.prod(x.shape[2:])
    if in_a_group == 0 or x.shape[0] * in_a_group == 1:
        raise ValueError(f"x of shape {tuple(x.shape)} has no more than one value to normalise")
    y, _, _ = _standardize(_precise(x).reshape(x.shape[0], num_groups, in_a_group), [-1], eps)
    along_channels = (1, channels, *[1] * (x.dim() - 2))
    return _scale_and_shift(y.reshape(x.shape), weight, bias, along_channels).to(x.dtype)


def instance_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return (x - mean) / sqrt(var + eps) * weight + bias over each channel of each example.

    It is `batch_norm` with every channel of every example a channel of its own: `x` (N, C, ...)
    gives the same shape; the other tensors are (C,), and the running statistics move towards the
    mean of the examples'. `use_input_stats=False` normalises with the running statistics.

    Raises ValueError for shapes or dtypes that do not match, one running statistic without the
    other, none where they are needed, or images of a single pixel.
    Source: Ulyanov, Vedaldi and Lempitsky, 2016, Instance Normalization; documentation of
    `torch.nn.InstanceNorm2d`.

    >>> instance_norm(torch.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    _check_rank(x, 2)
    operands = {
        "running_mean": running_mean,
        "running_var": running_var,
        "weight": weight,
        "bias": bias,
    }
    _check_operands(x, x.shape[1:2], eps, **operands)
    n, channels = x.shape[:2]
    repeated = {name: None if t is None else t.repeat(n) for name, t in operands.items()}
    # batch_norm would word it as too small a batch.
    if use_input_stats and math.prod(x.shape[2:]) == 1:
        raise ValueError(f"x of shape {tuple(x.shape)} has a single value a channel to normalise")
    y = batch_norm(
        x.reshape(1, n * channels, *x.shape[2:]),
        **repeated,
        training=use_input_stats,
        momentum=momentum,
        eps=eps,
    )
    if use_input_stats and n > 0:
        for name in ("running_mean", "running_var"):
            kept, moved = operands[name], repeated[name]
            if kept is not None and moved is not None:
                kept.copy_(moved.reshape(n, channels).mean(0))
    return y.reshape(x.shape)


def local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Return x / (k + alpha / size * sum of squares over `size` neighbouring channels)**beta.

    `x` (N, C, ...) gives the same shape. The neighbours of channel c are c - size // 2 to
    c + (size - 1) // 2, those outside x are 0. AlexNet's paper does not divide alpha by `size` (n
    there); PyTorch does, and so does this.

    Raises ValueError for a rank below 3, a `size` below 1 or a dtype that is not floating.
    Source: Krizhevsky, Sutskever and Hinton, 2012, ImageNet Classification with Deep Convolutional
    Neural Networks; documentation of `torch.nn.LocalResponseNorm`.

    >>> local_response_norm(torch.ones(1, 3, 1), size=3, alpha=3.0, beta=1.0)
    tensor([[[0.3333],
             [0.2500],
             [0.3333]]])
    """
    _check_rank(x, 3)
    _check_floating(x)
    if as_int("size", size) < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if x.numel() == 0:
        return x
    around_channels = (*[0, 0] * (x.dim() - 2), size // 2, (size - 1) // 2)
    squares = pad(_precise(x).square(), around_channels)
    return (x / (k + alpha * squares.unfold(1, size, 1).mean(-1)) ** beta).to(x.dtype)


def _precise(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _standardize(values: Tensor, dims: list[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return (values - mean) / sqrt(var + eps) over `dims`, the mean and the biased variance."""
    mean = values.mean(dims, keepdim=True)
    centred = values - mean
    var = centred.square().mean(dims, keepdim=True)
    return centred * torch.rsqrt(var + eps), mean, var


def _scale_and_shift(
    y: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]
) -> Tensor:
    if weight is not None:
        y = y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def _check_rank(x: Tensor, least: int) -> None:
    if x.dim() < least:
        raise ValueError(f"x must have at least {least} axes, (N, C, ...), got {tuple(x.shape)}")


def _check_floating(x: Tensor) -> None:
    if not x.is_floating_point():
        raise ValueError(f"x must have a floating dtype, got {x.dtype}: convert it with x.float()")


def _check_operands(
    x: Tensor, shape: tuple[int, ...], eps: float, **operands: Tensor | None
) -> None:
    _check_floating(x)
    if eps < 0:
        raise ValueError(f"eps must be at least 0, got {eps}")
    given = {name: operand for name, operand in operands.items() if operand is not None}
    for name, operand in given.items():
        if operand.shape != shape:
            raise ValueError(
                f"{name} must have shape {tuple(shape)} for x of shape {tuple(x.shape)}, got "
                f"{tuple(operand.shape)}"
            )
    half = x.dtype in (torch.float16, torch.bfloat16)
    dtypes = {operand.dtype for operand in given.values()}
    if dtypes and dtypes != {x.dtype} and not (half and dtypes == {torch.float32}):
        listed = ", ".join(f"{name} {operand.dtype}" for name, operand in given.items())
        allowed = f"{x.dtype} or torch.float32" if half else str(x.dtype)
        raise ValueError(f"x is {x.dtype}, so all others must be {allowed}; got {listed}")
