"""Cross-correlation and convolution as loops, one image at a time: slow, and easy to read."""

from __future__ import annotations

import torch
from torch import Tensor

from ..arithmetic import conv_output_size


def _check_shape(name: str, tensor: Tensor, axes: str) -> None:
    if tensor.dim() != axes.count(",") + 1 or 0 in tensor.shape:
        raise ValueError(f"{name} must be {axes} and not empty, got shape {tuple(tensor.shape)}")


def corr2d(X: Tensor, K: Tensor) -> Tensor:
    """Return the 2-D cross-correlation, Y[i, j] = sum over a, b of X[i + a, j + b] K[a, b].

    `X` (n_h, n_w) and `K` (k_h, k_w) give (n_h - k_h + 1, n_w - k_w + 1). Raises ValueError for
    other ranks or a kernel larger than the input. The double loop is what the formula says;
    `d2l.functional.conv2d` is the fast form.
    Source: Zhang et al., 2023, Dive into Deep Learning, section 7.2.

    >>> corr2d(torch.arange(9.0).reshape(3, 3), torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    tensor([[19., 25.],
            [37., 43.]])
    """
    _check_shape("X", X, "(height, width)")
    _check_shape("K", K, "(height, width)")
    k_h, k_w = K.shape
    rows, columns = conv_output_size((X.shape[0], X.shape[1]), (k_h, k_w))
    Y = torch.zeros((rows, columns), dtype=torch.result_type(X, K), device=X.device)
    for i in range(rows):
        for j in range(columns):
            Y[i, j] = (X[i : i + k_h, j : j + k_w] * K).sum()
    return Y


def convolve2d(X: Tensor, K: Tensor) -> Tensor:
    """Return the true 2-D convolution,
    Y[i, j] = sum over a, b of X[i + k_h - 1 - a, j + k_w - 1 - b] K[a, b].

    It is `corr2d` with the kernel flipped both ways; shapes and errors are those of `corr2d`.
    Source: Zhang et al., 2023, Dive into Deep Learning, sections 7.1 and 7.2.

    >>> convolve2d(torch.arange(9.0).reshape(3, 3), torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    tensor([[ 5., 11.],
            [23., 29.]])
    """
    _check_shape("K", K, "(height, width)")
    return corr2d(X, K.flip(0, 1))


def corr2d_multi_in(X: Tensor, K: Tensor) -> Tensor:
    """Return the cross-correlation of several input channels, the sum over c of corr2d(X[c], K[c]).

    `X` (c_i, n_h, n_w) and `K` (c_i, k_h, k_w) give (n_h - k_h + 1, n_w - k_w + 1). Raises
    ValueError for other ranks, different channel counts or a kernel larger than the input.
    Source: Zhang et al., 2023, Dive into Deep Learning, section 7.4.

    >>> X = torch.stack([torch.arange(9.0).reshape(3, 3), torch.ones(3, 3)])
    >>> corr2d_multi_in(X, torch.ones(2, 2, 2))
    tensor([[12., 16.],
            [24., 28.]])
    """
    _check_shape("X", X, "(c_i, height, width)")
    _check_shape("K", K, "(c_i, height, width)")
    if X.shape[0] != K.shape[0]:
        raise ValueError(
            f"X has {X.shape[0]} channels and K has {K.shape[0]}: each input channel needs its own "
            f"kernel (shapes {tuple(X.shape)} and {tuple(K.shape)})"
        )
    return torch.stack([corr2d(x, k) for x, k in zip(X, K, strict=True)]).sum(0)


def corr2d_multi_in_out(X: Tensor, K: Tensor) -> Tensor:
    """Return several output channels, Y[o] = corr2d_multi_in(X, K[o]).

    `X` (c_i, n_h, n_w) and `K` (c_o, c_i, k_h, k_w) give (c_o, n_h - k_h + 1, n_w - k_w + 1).
    Raises ValueError as `corr2d_multi_in` does.
    Source: Zhang et al., 2023, Dive into Deep Learning, section 7.4.

    >>> corr2d_multi_in_out(torch.ones(2, 3, 3), torch.ones(4, 2, 2, 2)).shape
    torch.Size([4, 2, 2])
    """
    _check_shape("K", K, "(c_o, c_i, height, width)")
    return torch.stack([corr2d_multi_in(X, k) for k in K])


def corr2d_multi_in_out_1x1(X: Tensor, K: Tensor) -> Tensor:
    """Return the 1x1 convolution as a dense layer at each pixel, Y[o] = sum over c of K[o, c] X[c].

    `X` (c_i, n_h, n_w) and `K` (c_o, c_i, 1, 1) give (c_o, n_h, n_w). Raises ValueError for other
    ranks, different channel counts or a kernel that is not 1x1.
    Source: Lin, Chen and Yan, 2013, Network in Network; Zhang et al., 2023, Dive into Deep
    Learning, section 7.4.

    >>> corr2d_multi_in_out_1x1(torch.ones(3, 2, 2), torch.ones(1, 3, 1, 1))
    tensor([[[3., 3.],
             [3., 3.]]])
    """
    _check_shape("X", X, "(c_i, height, width)")
    _check_shape("K", K, "(c_o, c_i, 1, 1)")
    if K.shape[1:] != (X.shape[0], 1, 1):
        raise ValueError(
            f"for X of shape {tuple(X.shape)}, K must be (c_o, {X.shape[0]}, 1, 1), got "
            f"{tuple(K.shape)}"
        )
    c_i, height, width = X.shape
    return (K.reshape(-1, c_i) @ X.reshape(c_i, -1)).reshape(-1, height, width)
