"""Sizes, receptive fields and costs of layers: integers in, integers out.

A size is an int, or a (height, width) pair of ints. If any size given is a pair, the answer is a
pair, and an int beside it stands for both axes. Whatever PyTorch refuses is refused here too,
always with a ValueError that says what does not fit and by how much.

`_axes.py` tells ints from pairs, `_sizes.py` holds output sizes and padding,
`_receptive_field.py` what a unit sees, `_costs.py` parameters and multiply-accumulates.
"""

from __future__ import annotations

from ._axes import Pair, Size, as_int, as_pair
from ._costs import conv_macs, conv_parameters, linear_macs, linear_parameters
from ._receptive_field import ReceptiveField, receptive_field
from ._sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
    same_padding,
)

__all__ = [
    "Pair",
    "ReceptiveField",
    "Size",
    "as_int",
    "as_pair",
    "conv_macs",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "linear_macs",
    "linear_parameters",
    "pool_output_size",
    "receptive_field",
    "same_padding",
]
