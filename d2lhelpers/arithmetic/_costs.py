"""Parameters, and multiply-accumulates (MACs) for one example: one MAC is one a*b added to a sum.

A count of floating-point operations is twice the MACs. Biases are parameters but no MACs.
"""

from __future__ import annotations

from ._axes import Size, as_int, as_pair, check_least


def conv_parameters(
    in_channels: int, out_channels: int, kernel_size: Size, groups: int = 1, bias: bool = True
) -> int:
    """Return how many parameters a 2-D convolution has, c_o (c_i k_h k_w / groups + 1).

    The 1 is the bias. `kernel_size` is an int (a square) or a (height, width) pair. A transposed
    convolution has as many. Raises ValueError where `torch.nn.Conv2d` refuses: groups that do not
    divide both channel counts, values below 1 (for `in_channels`, below 0), anything but ints.
    Formula: documentation of `torch.nn.Conv2d`.

    >>> conv_parameters(1, 6, 5), conv_parameters(6, 16, 5, bias=False)
    (156, 2400)
    """
    weights = _conv_weights(in_channels, out_channels, kernel_size, groups)
    return weights + as_int("out_channels", out_channels) if bias else weights


def conv_macs(
    in_channels: int, out_channels: int, kernel_size: Size, output_size: Size, groups: int = 1
) -> int:
    """Return the MACs of a 2-D convolution for one image, c_o c_i k_h k_w h_o w_o / groups.

    `kernel_size` and `output_size` are ints (squares) or (height, width) pairs; for a transposed
    convolution give its input size instead, since it uses each weight once per input pixel. Raises
    ValueError as `conv_parameters` does, and for an output below 1.
    Formula: Howard et al., 2017, MobileNets.

    >>> conv_macs(1, 6, 5, output_size=28)
    117600
    >>> conv_macs(192, 16, 1, 28) + conv_macs(16, 32, 5, 28), conv_macs(192, 32, 5, 28)
    (12443648, 120422400)
    """
    height, width = as_pair("output_size", output_size)
    check_least(1, output_size=min(height, width))
    return _conv_weights(in_channels, out_channels, kernel_size, groups) * height * width


def _conv_weights(in_channels: int, out_channels: int, kernel_size: Size, groups: int) -> int:
    in_channels = as_int("in_channels", in_channels)
    out_channels = as_int("out_channels", out_channels)
    groups = as_int("groups", groups)
    height, width = as_pair("kernel_size", kernel_size)
    # PyTorch builds a layer for no input channels (its lazy layers start so), but for no output.
    check_least(0, in_channels=in_channels)
    check_least(1, out_channels=out_channels, kernel_size=min(height, width), groups=groups)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(
                f"groups {groups} does not divide {name} {channels}: {channels % groups} left over;"
                f" use a common divisor of in_channels {in_channels} and out_channels "
                f"{out_channels}"
            )
    return out_channels * (in_channels // groups) * height * width


def linear_parameters(in_features: int, out_features: int, bias: bool = True) -> int:
    """Return how many parameters a dense layer has, out (in + 1).

    The 1 is the bias. Raises ValueError where `torch.nn.Linear` refuses: a negative count, anything
    but ints. Formula: documentation of `torch.nn.Linear`.

    >>> linear_parameters(400, 120)
    48120
    """
    weights = linear_macs(in_features, out_features)
    return weights + as_int("out_features", out_features) if bias else weights


def linear_macs(in_features: int, out_features: int) -> int:
    """Return the MACs of a dense layer for one example, in * out: each weight is used once.

    Raises ValueError as `linear_parameters` does. Formula: documentation of `torch.nn.Linear`.

    >>> linear_macs(400, 120)
    48000
    """
    in_features = as_int("in_features", in_features)
    out_features = as_int("out_features", out_features)
    check_least(0, in_features=in_features, out_features=out_features)
    return in_features * out_features
