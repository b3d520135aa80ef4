"""What went wrong in a training step, in words that say what to change."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch

# How PyTorch says that an image is too small, or not of the size that a dense layer was made for.
_WRONG_SIZE = (
    "shapes cannot be multiplied",
    "Output size is too small",
    "can't be greater than actual input size",
    "Expected input batch_size",
    "size mismatch",
)


def explain(
    error: Exception, shape: Sequence[int], device: torch.device, outputs: int | None
) -> Exception | None:
    """A clearer error for what PyTorch raised in a step on a batch, or None where there is none.

    Args:
        error: what was raised.
        shape: of the batch X, ``(N, C, H, W)``.
        device: where it was raised.
        outputs: how many classes the network answers with, None where it did not come so far.

    >>> error = RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x256 and 400x120)")
    >>> print(explain(error, (2, 1, 24, 24), torch.device("cpu"), None))
    the network does not take images of 24×24: mat1 and mat2 shapes cannot be multiplied (2x256 \
and 400x120). Use load_data_fashion_mnist(batch_size, resize=n) with the n it was made for
    """
    text = str(error).strip().partition("\n")[0]
    size = "×".join(str(n) for n in shape[2:]) or "no height and width"
    if is_out_of_memory(error):
        return MemoryError(
            f"{device} ran out of memory on a batch of shape {tuple(shape)}: use a batch_size "
            f"below {shape[0]}, a resize below {size}, or a narrower network ({text})"
        )
    channels = re.search(r"to have (\d+) channels?, but got (\d+)", text)
    if channels:
        expected, got = channels.groups()
        return ValueError(
            f"the network takes {expected} channels, and the images have {got}: create it with "
            f"in_channels={got} ({text})"
        )
    if "device-side assert" in text or (
        isinstance(error, IndexError) and re.fullmatch(r"Target -?\d+ is out of bounds\.", text)
    ):
        count = "too few outputs" if outputs is None else f"{outputs} outputs"
        return ValueError(
            f"a label is out of range: the network has {count} for labels 0, 1, 2, …: make its "
            f"last layer wider, or number the labels from 0 ({text})"
        )
    if isinstance(error, RuntimeError | ValueError) and any(s in text for s in _WRONG_SIZE):
        return ValueError(
            f"the network does not take images of {size}: {text}. Use "
            "load_data_fashion_mnist(batch_size, resize=n) with the n it was made for"
        )
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether ``error`` says that a device, or the machine, has no memory left.

    >>> is_out_of_memory(RuntimeError("MPS backend out of memory"))
    True
    """
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("out of memory", "can't allocate memory")
    )


def check_labels(low: int, high: int, outputs: int) -> None:
    """Raise ValueError where labels ``low`` to ``high`` don't fit a network of ``outputs`` classes.

    >>> check_labels(0, 10, 10)
    Traceback (most recent call last):
    ValueError: the labels run from 0 to 10, and the network has 10 outputs, for labels 0 to 9: \
make its last layer wider, or number the labels from 0
    """
    if low < 0 or high >= outputs:
        raise ValueError(
            f"the labels run from {low} to {high}, and the network has {outputs} outputs, for "
            f"labels 0 to {outputs - 1}: make its last layer wider, or number the labels from 0"
        )
