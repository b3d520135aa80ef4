"""The table of kernels that the ``channels`` explorer draws."""

from __future__ import annotations

from torch import Tensor

from .. import svg

_LEFT, _PITCH = 86.0, 124.0
_TOP, _CELL, _LETTER = 48.0, 28.0, 0.53
_TILE, _TILE_ROW = 21.0, 27.0
_DARK_INPUT, _DARK_KERNEL, _DARK_OUTPUT = map(svg.shade, (svg.INPUT, svg.KERNEL, svg.OUTPUT))


def table(
    images: Tensor, weight: Tensor, bias: Tensor, made: Tensor, output_map: int, terms: list[float]
) -> tuple[float, float, list[str]]:
    """The input maps as columns, the output maps as rows, the row of ``output_map`` open.

    ``terms`` are the sums below its kernels. Returns width, height and the drawing.
    """
    in_channels, out_channels, k, size = len(images), len(weight), weight.shape[-1], made.shape[-1]
    groups = in_channels // weight.shape[1]
    right = _LEFT + in_channels * _PITCH
    top = _TOP + images.shape[-1] * _CELL + 16
    open_row = max(_CELL * k + 20, _CELL * size) + 12
    edges = [
        top + o * _TILE_ROW + (open_row - _TILE_ROW) * (o > output_map)
        for o in range(out_channels + 1)
    ]
    middle = edges[output_map] + open_row / 2
    read = reads(weight, groups, output_map)
    parts = [
        _heading(right, top - 4),
        _inputs(images, read, k),
        _blocks(weight, groups, edges),
        _open_row(output_map, read[0], weight[output_map], terms, middle),
        _result(bias[output_map].item(), made[output_map], right, middle),
    ]
    parts += [
        _closed_row(o, reads(weight, groups, o), bias[o].item(), right, edges[o], (k, size))
        for o in range(out_channels)
        if o != output_map
    ]
    return right + 210, edges[-1], parts


def reads(weight: Tensor, groups: int, output_map: int) -> list[int]:
    """The input maps that an output map is made from: those of its group.

    >>> import torch
    >>> reads(torch.zeros(4, 3, 1, 1), 2, 2)
    [3, 4, 5]
    """
    out_channels, each = weight.shape[:2]
    first = output_map // (out_channels // groups) * each
    return list(range(first, first + each))


def _heading(right: float, base: float) -> str:
    return (
        svg.text(24, 24, "input maps", 14, _DARK_INPUT, font_weight="600")
        + svg.text(24, base, "kernels", 14, _DARK_KERNEL, font_weight="600")
        + svg.text(right + 6, base, "bias", 14, _DARK_KERNEL)
        + svg.text(right + 76, base, "output maps", 14, _DARK_OUTPUT, font_weight="600")
    )


def _inputs(images: Tensor, reads: list[int], kernel_size: int) -> str:
    """The input maps above their columns; those that are read are lit, their window outlined."""
    parts = []
    for c, image in enumerate(images.tolist()):
        x = _LEFT + c * _PITCH
        drawn = svg.text(x, _TOP - 8, str(c), 13, _DARK_INPUT)
        drawn += svg.matrix(image, x, _TOP, _CELL, svg.INPUT, letter=_LETTER)
        if c in reads:
            place = (0, 0, kernel_size, kernel_size, x, _TOP, _CELL)
            drawn += svg.outline(*place, _DARK_KERNEL)
        else:
            drawn = f'<g class="unread" opacity="0.3">{drawn}</g>'
        parts.append(drawn)
    return "".join(parts)


def _blocks(weight: Tensor, groups: int, edges: list[float]) -> str:
    """A pale field behind the kernels of each group."""
    rows, each = weight.shape[0] // groups, weight.shape[1]
    parts = []
    for g in range(groups):
        upper, lower = edges[g * rows], edges[(g + 1) * rows]
        place = (_LEFT - 7 + g * each * _PITCH, upper + 1, each * _PITCH - 2, lower - upper - 2)
        parts.append(svg.rect(*place, fill=svg.tint(svg.KERNEL, 0.09), rx=5))
    return "".join(parts)


def _closed_row(
    number: int, reads: list[int], bias: float, right: float, top: float, sides: tuple[int, int]
) -> str:
    """An output map that is not picked, small: its kernels, its bias and the map."""
    upper, base = top + (_TILE_ROW - _TILE) / 2, top + _TILE_ROW / 2 + 4.5
    kernel_side, map_side = sides
    kernels = [_tile(_LEFT + c * _PITCH, upper, kernel_side, svg.KERNEL) for c in reads]
    return (
        svg.text(24, base, f"map {number}", 13, _DARK_OUTPUT)
        + "".join(kernels)
        + svg.text(right + 20, base, svg.number(bias), 13, _DARK_KERNEL, "middle")
        + _tile(right + 76, upper, map_side, svg.OUTPUT)
    )


def _tile(x: float, y: float, cells: int, color: str) -> str:
    """A small grid without numbers."""
    back = svg.rect(x, y, _TILE, _TILE, fill=svg.tint(color, 0.3))
    return back + svg.grid_lines(cells, cells, x, y, _TILE / cells, stroke=color)


def _open_row(number: int, first: int, kernels: Tensor, terms: list[float], middle: float) -> str:
    """The kernels of the picked map, and below each its sum over the outlined window."""
    side = kernels.shape[-1] * _CELL
    top = middle - (side + 20) / 2
    parts = [svg.text(24, middle + 5, f"map {number}", 14, _DARK_OUTPUT, font_weight="600")]
    for c, (kernel, term) in enumerate(zip(kernels.tolist(), terms, strict=True), first):
        x = _LEFT + c * _PITCH
        parts.append(_kernel(kernel, x, top))
        parts.append(svg.text(x, top + side + 16, f"sum {svg.number(term)}", 13))
    return "".join(parts)


def _kernel(values: list[list[float]], x: float, y: float) -> str:
    return svg.matrix(values, x, y, _CELL, svg.KERNEL, strength=0.3, letter=_LETTER)


def _result(bias: float, made: Tensor, right: float, middle: float) -> str:
    """What is added, and the picked output map."""
    x, y = right + 76, middle - len(made) * _CELL / 2
    return (
        _kernel([[bias]], right + 8, middle - _CELL / 2)
        + svg.text(right - 7, middle + 6, "+", 17, svg.MUTED, "middle")
        + svg.text(right + 54, middle + 6, "=", 20, svg.MUTED, "middle")
        + svg.matrix(made.tolist(), x, y, _CELL, svg.OUTPUT, letter=_LETTER)
        + svg.outline(0, 0, 1, 1, x, y, _CELL, _DARK_OUTPUT)
    )
