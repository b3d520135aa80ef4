"""Output sizes of convolution, pooling and transposed convolution, and the padding that keeps one.

Notation: input n, kernel k, stride s, dilation d, padding p on each side. A kernel of k taps that
lie d apart spans d(k-1)+1 positions.
"""

from __future__ import annotations

from functools import partial
from typing import cast

from ._axes import S, check_least, per_axis


def conv_output_size(
    input_size: S | int,
    kernel_size: S | int,
    stride: S | int = 1,
    padding: S | int = 0,
    dilation: S | int = 1,
) -> S:
    """Return the output size of a convolution, floor((n + 2p - d(k-1) - 1) / s) + 1.

    Sizes in pixels, ints or (height, width) pairs; `padding` on each side. Raises ValueError where
    `torch.nn.Conv2d` refuses: a kernel that spans more than the padded input, a negative padding,
    any other value below 1, anything but ints.
    Formula: documentation of `torch.nn.Conv2d`; Dumoulin and Visin, 2016, A guide to convolution
    arithmetic for deep learning.

    >>> conv_output_size(5, 3), conv_output_size(5, 3, padding=1), conv_output_size(5, 3, stride=2)
    (3, 5, 2)
    >>> conv_output_size((28, 32), (5, 3), padding=(2, 1))
    (28, 32)
    """
    sizes = {"input_size": input_size, "kernel_size": kernel_size, "stride": stride}
    return cast(S, per_axis(_conv, **sizes, padding=padding, dilation=dilation))


def _conv(input_size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    check_least(1, input_size=input_size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_least(0, padding=padding)
    spare = input_size + 2 * padding - (dilation * (kernel_size - 1) + 1)
    if spare < 0:
        raise _too_wide(input_size, kernel_size, padding, dilation)
    return spare // stride + 1


def pool_output_size(
    input_size: S | int,
    kernel_size: S | int,
    stride: S | int | None = None,
    padding: S | int = 0,
    dilation: S | int = 1,
    ceil_mode: bool = False,
) -> S:
    """Return the output size of pooling, floor((n + 2p - d(k-1) - 1) / s) + 1.

    Sizes in pixels, ints or (height, width) pairs; `padding` on each side; `stride=None` means a
    stride equal to the kernel. `ceil_mode` rounds up instead of down, then drops a last window that
    would start in the padding on the right: it must start inside the input or the padding on its
    left. Raises ValueError where `torch.nn.MaxPool2d` refuses: as `conv_output_size`, and for a
    padding over half of `kernel_size` (a dilation does not widen that limit).
    Formula: documentation of `torch.nn.MaxPool2d`.

    >>> pool_output_size(5, 2), pool_output_size(5, 2, ceil_mode=True)
    (2, 3)
    >>> pool_output_size((3, 4), 2, stride=3, padding=1, ceil_mode=True)
    (2, 2)
    """
    return cast(
        S,
        per_axis(
            partial(_pool, ceil_mode=ceil_mode),
            input_size=input_size,
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            dilation=dilation,
        ),
    )


def _pool(
    input_size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    check_least(1, input_size=input_size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_least(0, padding=padding)
    most_padding = kernel_size // 2
    if padding > most_padding:
        raise ValueError(
            f"padding {padding} is more than half of kernel_size {kernel_size}, so a window could "
            f"hold nothing but padding; use padding <= {most_padding} or a kernel >= {2 * padding}"
        )
    slack = stride - 1 if ceil_mode else 0
    spare = input_size + 2 * padding - (dilation * (kernel_size - 1) + 1) + slack
    if spare < 0:
        raise _too_wide(input_size, kernel_size, padding, dilation, slack, most_padding)
    windows = spare // stride + 1
    last_starts_past_input = (windows - 1) * stride >= input_size + padding
    return windows - 1 if last_starts_past_input else windows


def conv_transpose_output_size(
    input_size: S | int,
    kernel_size: S | int,
    stride: S | int = 1,
    padding: S | int = 0,
    output_padding: S | int = 0,
    dilation: S | int = 1,
) -> S:
    """Return the output size of a transposed convolution, (n-1)s - 2p + d(k-1) + o + 1.

    Sizes in pixels, ints or (height, width) pairs. `padding` takes p rows off each side of the
    output; `output_padding` o adds rows at its end, to choose among the sizes that a strided
    convolution maps to the same n. Raises ValueError where `torch.nn.ConvTranspose2d` refuses: an
    output below 1, an o that is smaller neither than the stride nor than the dilation, a negative
    padding, any other value below 1, anything but ints.
    Formula: documentation of `torch.nn.ConvTranspose2d`.

    >>> conv_transpose_output_size(3, 3, stride=2)
    7
    >>> conv_transpose_output_size((4, 4), 3, stride=2, padding=1, output_padding=(0, 1))
    (7, 8)
    """
    return cast(
        S,
        per_axis(
            _conv_transpose,
            input_size=input_size,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            dilation=dilation,
        ),
    )


def _conv_transpose(
    input_size: int, kernel_size: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int:
    check_least(1, input_size=input_size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_least(0, padding=padding, output_padding=output_padding)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding {output_padding} must be smaller than the larger of stride {stride} "
            f"and dilation {dilation}; use output_padding <= {max(stride, dilation) - 1}"
        )
    uncropped = (input_size - 1) * stride + dilation * (kernel_size - 1) + output_padding + 1
    output_size = uncropped - 2 * padding
    if output_size < 1:
        raise ValueError(
            f"padding {padding} on each side takes {2 * padding} off an output of {uncropped}, "
            f"which leaves {output_size}; use padding <= {(uncropped - 1) // 2}"
        )
    return output_size


def same_padding(kernel_size: S | int, dilation: S | int = 1) -> S:
    """Return the padding on each side that keeps the size at stride 1, d(k-1)/2.

    Sizes in pixels, ints or (height, width) pairs. Raises ValueError if the kernel spans an even
    number of positions: then d(k-1) is odd and two sides cannot share it equally.
    Formula: documentation of `torch.nn.Conv2d`.

    >>> same_padding(3), same_padding((5, 3)), same_padding(2, dilation=2)
    (1, (2, 1), 1)
    """
    return cast(S, per_axis(_same, kernel_size=kernel_size, dilation=dilation))


def _same(kernel_size: int, dilation: int) -> int:
    check_least(1, kernel_size=kernel_size, dilation=dilation)
    total = dilation * (kernel_size - 1)
    if total % 2:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} spans {total + 1} positions, an "
            f"even number: to keep the size it needs {total} of padding in all, which two sides "
            f"cannot share equally; use kernel_size {kernel_size - 1} or {kernel_size + 1}, or pad "
            f"unevenly, {total // 2} before and {total // 2 + 1} after"
        )
    return total // 2


def _too_wide(
    input_size: int,
    kernel_size: int,
    padding: int,
    dilation: int,
    slack: int = 0,
    most_padding: int | None = None,
) -> ValueError:
    """Word the refusal of a window that spans more than the padded input and `slack` positions."""
    span = dilation * (kernel_size - 1) + 1
    room = input_size + 2 * padding + slack
    spans = f" with dilation {dilation} spans {span} and" if dilation > 1 else ""
    past_end = f", and ceil_mode lets a window reach {slack} past it" if slack else ""
    remedies = []
    enough_padding = padding + (span - room + 1) // 2
    if most_padding is None or enough_padding <= most_padding:
        remedies.append(f"padding >= {enough_padding}")
    if dilation > 1 and room >= kernel_size:
        remedies.append(f"a dilation <= {(room - 1) // (kernel_size - 1)}")
    best_kernel = (room - 1) // dilation + 1
    if most_padding is None or padding <= best_kernel // 2:
        remedies.append(f"a kernel <= {best_kernel}")
    if not remedies:
        remedies.append(f"an input >= {input_size + span - room}")
    return ValueError(
        f"kernel_size {kernel_size}{spans} does not fit an input of {input_size} with padding "
        f"{padding}: the padded input is {input_size + 2 * padding}{past_end}, {span - room} too "
        f"small; use {' or '.join(remedies)}"
    )
