"""A convolution layer as one matrix product."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .. import svg
from ..arithmetic import conv_output_size

_CELL, _TOP, _MARGIN, _GAP = 34.0, 56.0, 24.0, 44.0


def im2col(X: Tensor, K: Tensor) -> svg.Picture:
    """Draw the convolution of ``X`` with ``K`` (stride 1, no padding) as the product of im2col.

    ``X`` has the shape (c_i, h, w), ``K`` (c_o, c_i, k_h, k_w). From left to right: the input maps,
    the kernels as the rows of a (c_o, c_i·k_h·k_w) matrix, the windows as the columns of a
    (c_i·k_h·k_w, h_o·w_o) matrix, and their product, row o of which is output map o. The second
    window is outlined in each of them. Made for small whole numbers: every element is written out.
    Raises ``ValueError`` where ``K`` is for another number of maps and where a kernel does not fit.
    K. Chellapilla, S. Puri and P. Simard (2006), *High performance convolutional neural networks
    for document processing*.

    >>> import torch
    >>> im2col(torch.ones(2, 3, 3), torch.ones(1, 2, 2, 2)).label[:57]
    'The windows of 2 input maps as the 4 columns of a matrix;'
    """
    if len(X) != K.shape[1]:
        raise ValueError(
            f"K of shape {tuple(K.shape)} is for {K.shape[1]} input maps, X has {len(X)}; "
            f"use an X of shape ({K.shape[1]}, h, w) or a K of shape (c_o, {len(X)}, k_h, k_w)"
        )
    (h, w), (k_h, k_w) = X.shape[1:], K.shape[2:]
    out_h, out_w = conv_output_size(h, k_h), conv_output_size(w, k_w)
    rows, columns = K.flatten(1), F.unfold(X[None], (k_h, k_w))[0]
    picked = min(1, out_h * out_w - 1)
    step = (h + 0.7) * _CELL
    maps_tall = len(X) * step - 0.7 * _CELL
    tall = max(maps_tall, len(columns) * _CELL, len(rows) * _CELL)
    middle = _TOP + tall / 2
    y_maps, y_rows, y_columns = (
        middle - height / 2 for height in (maps_tall, len(rows) * _CELL, len(columns) * _CELL)
    )
    x_rows = _MARGIN + w * _CELL + _GAP
    x_columns = x_rows + rows.shape[1] * _CELL + 30
    x_made = x_columns + columns.shape[1] * _CELL + _GAP
    dark_input, dark_kernel, dark_output = map(svg.shade, (svg.INPUT, svg.KERNEL, svg.OUTPUT))

    parts = []
    for c, image in enumerate(X.tolist()):
        y = y_maps + c * step
        place = (*divmod(picked, out_w), k_h, k_w, _MARGIN, y, _CELL)
        parts.append(svg.matrix(image, _MARGIN, y, _CELL, svg.INPUT))
        parts.append(svg.outline(*place, dark_kernel))
    parts += [
        svg.matrix(rows.tolist(), x_rows, y_rows, _CELL, svg.KERNEL),
        svg.text(x_columns - 15, middle + 6, "·", 24, svg.MUTED, "middle"),
        svg.matrix(columns.tolist(), x_columns, y_columns, _CELL, svg.INPUT),
        svg.outline(0, picked, len(columns), 1, x_columns, y_columns, _CELL, dark_kernel),
        svg.text(x_made - _GAP / 2, middle + 6, "=", 20, svg.MUTED, "middle"),
        svg.matrix((rows @ columns).tolist(), x_made, y_rows, _CELL, svg.OUTPUT),
        svg.outline(0, picked, len(rows), 1, x_made, y_rows, _CELL, dark_output),
        svg.text(_MARGIN, y_maps - 12, f"{len(X)} input maps", 15, dark_input),
        svg.text(x_rows, y_rows - 12, f"{len(K)} rows of kernels", 15, dark_kernel),
        svg.text(x_columns, y_columns - 12, f"{out_h * out_w} windows", 15, dark_input),
        svg.text(x_made, y_rows - 12, f"{len(K)} output maps", 15, dark_output),
    ]
    words = f"The windows of {len(X)} input maps as the {out_h * out_w} columns of a matrix; times"
    words += f" {len(K)} rows of kernels it gives {len(K)} output maps."
    width = x_made + max(out_h * out_w * _CELL, 110.0) + _MARGIN
    return svg.document(width, _TOP + tall + 20, words, parts)
