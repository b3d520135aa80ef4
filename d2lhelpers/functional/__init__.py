"""The operations of convolutional networks from scratch, named as in `torch.nn.functional`.

None of them calls the PyTorch function that it teaches; each agrees with it in values and
gradients, on any device and in any floating dtype. Bad input raises ValueError.

`_reference.py` holds the loops that a reader writes first, `_convolution.py` convolution and its
transpose as one matrix product, `_pooling.py` pooling, `_normalization.py` the normalizations,
`_dropout.py` dropout, `_windows.py` the sliding windows that they share.
"""

from __future__ import annotations

from ._convolution import conv2d, conv_transpose2d
from ._dropout import dropout
from ._normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
)
from ._pooling import pool2d
from ._reference import (
    convolve2d,
    corr2d,
    corr2d_multi_in,
    corr2d_multi_in_out,
    corr2d_multi_in_out_1x1,
)

__all__ = [
    "batch_norm",
    "conv2d",
    "conv_transpose2d",
    "convolve2d",
    "corr2d",
    "corr2d_multi_in",
    "corr2d_multi_in_out",
    "corr2d_multi_in_out_1x1",
    "dropout",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "pool2d",
]
