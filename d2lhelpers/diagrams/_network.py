"""Any network, drawn from its modules."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from .. import svg
from ..inspection import layer_table
from ._columns import columns, heading, key
from ._stages import stages

_WIDTH, _SLABS, _SIZE = 960.0, 176.0, 14.0


def network(net: nn.Module, input_shape: Sequence[int]) -> svg.Picture:
    """Draw ``net`` as the blocks that an image of ``input_shape``, ``(C, H, W)``, passes.

    Each block is a slab as tall as its maps are large and as wide as it has channels (by the square
    root of both); orange has a kernel, grey pools, green is dense. The sizes are those of
    ``layer_table``, so the picture can't differ from the network. A deep network is drawn by its
    stages; ``stages`` says how layers are joined. Raises what ``layer_table`` raises where the
    network refuses the image.

    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    >>> network(net, (1, 28, 28)).label
    'Sequential: input 1×28×28, conv 5×5 6×24×24, pool max 2×2 6×12×12.'
    """
    net = getattr(net, "_orig_mod", net)  # what torch.compile wrapped
    table = layer_table(net, input_shape)
    shapes = {
        row.name: row.output_shape
        for depth in (2, 1)
        for row in layer_table(net, input_shape, depth).rows
        if row.output_shape is not None
    }
    blocks = stages(net, table.rows, shapes)
    image = table.input_shape[1:]
    top = 52.0
    parts, _, _ = columns(blocks, image, 8.0, top, _WIDTH - 16, _SLABS, _SIZE)
    totals = f"{table.total_parameters:,} parameters, {table.total_macs:,} multiply-accumulates"
    parts.append(heading(table.title, totals, 20, 30))
    parts += key([block.role for block in blocks], _WIDTH - 16, 30)
    label = ", ".join(
        " ".join(filter(None, (b.label, b.detail, "×".join(map(str, b.shape))))) for b in blocks
    )
    described = f"{table.title}: input {'×'.join(map(str, image))}, {label}."
    return svg.document(_WIDTH, top + _SLABS + 5 * _SIZE + 22, described, parts)
