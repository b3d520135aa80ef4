"""What a layer computes, holds and costs, as formulas with its numbers in them.

In the texts an underscore makes the next character a subscript: ``c_o``.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..inspection import Row

Shape = tuple[int, ...]


def formulas(layer: nn.Module, row: Row, given: Shape | None) -> list[str]:
    """What ``layer`` is, how large its output is and why, its parameters and its MACs.

    ``given`` is the shape of the layer's input, ``row`` its row in the layer table.

    >>> row = Row("", "Conv2d", (1, 16, 8, 8), 2416, 153600)
    >>> for line in formulas(nn.Conv2d(6, 16, 5), row, (1, 6, 12, 12)):
    ...     print(line)
    Conv2d: 6 to 16 channels, kernel 5×5, stride 1, padding 0
    map: ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1 = ⌊(12 + 2·0 − 1·(5 − 1) − 1)/1⌋ + 1 = 8
    parameters: c_o·(c_i/g·k_h·k_w + 1) = 16·(6/1·5·5 + 1) = 2,416
    MACs: c_o·c_i/g·k_h·k_w·h_o·w_o = 16·6/1·5·5·8·8 = 153,600
    """
    if isinstance(layer, nn.Conv2d):
        return _convolution(layer, row, given)
    if isinstance(layer, nn.Linear):
        return _dense(layer, row)
    if isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
        return _pool(layer, row, given)
    if isinstance(layer, nn.BatchNorm2d):
        held = f"parameters: a scale and a shift for each channel = 2·{layer.num_features} = "
        return [f"{row.type}: {_same(given)}", held + f"{row.parameters:,}", _none("MACs", row)]
    return [f"{row.type}: {_says(layer, row, given)}", _parameters(layer, row), _none("MACs", row)]


def times(shape: Sequence[int]) -> str:
    """A shape as it is read.

    >>> times((16, 8, 8))
    '16×8×8'
    """
    return "×".join(map(str, shape))


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _size_lines(
    given: Shape | None,
    row: Row,
    geometry: Sequence[int | Sequence[int]],
) -> list[str]:
    """The formula for the size with its numbers; a line each where height and width differ."""
    assert given is not None and row.output_shape is not None
    axes = list(
        zip(given[-2:], *(_pair(value) for value in geometry), row.output_shape[-2:], strict=True)
    )
    square = axes[0] == axes[1]
    lines = []
    for name, (n, k, s, p, d, out) in zip(("height", "width"), axes, strict=True):
        lines.append(
            f"{'map' if square else name}: ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1 = "
            f"⌊({n} + 2·{p} − {d}·({k} − 1) − 1)/{s}⌋ + 1 = {out}"
        )
    return lines[:1] if square else lines


def _convolution(layer: nn.Conv2d, row: Row, given: Shape | None) -> list[str]:
    assert row.output_shape is not None
    inside, out, groups = layer.in_channels, layer.out_channels, layer.groups
    (high, wide), (rows, columns) = _pair(layer.kernel_size), row.output_shape[-2:]
    stride, padding = _pair(layer.stride), layer.padding
    assert not isinstance(padding, str)
    one, other = (" + 1", "") if layer.bias is not None else ("", ", no bias")
    grouped = f", {groups} groups" if groups > 1 else ""
    what = (
        f"Conv2d: {inside} to {out} channels, kernel {high}×{wide}, stride {_brief(stride)}, "
        f"padding {_brief(_pair(padding))}{grouped}"
    )
    return [
        what,
        *_size_lines(given, row, (layer.kernel_size, stride, padding, layer.dilation)),
        f"parameters: c_o·(c_i/g·k_h·k_w{one}) = {out}·({inside}/{groups}·{high}·{wide}{one}) = "
        f"{row.parameters:,}{other}",
        f"MACs: c_o·c_i/g·k_h·k_w·h_o·w_o = "
        f"{out}·{inside}/{groups}·{high}·{wide}·{rows}·{columns} = {row.macs:,}",
    ]


def _brief(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else times(pair)


def _dense(layer: nn.Linear, row: Row) -> list[str]:
    inside, out = layer.in_features, layer.out_features
    one = " + 1" if layer.bias is not None else ""
    return [
        f"Linear: {inside:,} numbers to {out:,}, each output sees every input",
        f"parameters: f_o·(f_i{one}) = {out}·({inside}{one}) = {row.parameters:,}",
        f"MACs: f_o·f_i = {out}·{inside} = {row.macs:,}",
    ]


def _pool(layer: nn.MaxPool2d | nn.AvgPool2d, row: Row, given: Shape | None) -> list[str]:
    size, stride = _pair(layer.kernel_size), _pair(layer.stride)
    what = "the largest value" if isinstance(layer, nn.MaxPool2d) else "the mean"
    if getattr(layer, "divisor_override", None) == 1:
        what = "the sum"
    dilation = getattr(layer, "dilation", 1)
    return [
        f"{row.type}: {what} of each {times(size)} window, stride {_brief(stride)}, "
        f"padding {_brief(_pair(layer.padding))}",
        *_size_lines(given, row, (size, stride, layer.padding, dilation)),
        _none("parameters", row),
        _none("MACs", row),
    ]


def _same(given: Shape | None) -> str:
    return f"{times(given[1:])} in and out" if given else "the shape stays"


def _says(layer: nn.Module, row: Row, given: Shape | None) -> str:
    """What a layer without a window does to the shape."""
    out = row.output_shape[1:] if row.output_shape else ()
    if given is None:
        return f"out comes {times(out)}"
    inside = given[1:]
    if isinstance(layer, nn.Flatten):
        return f"{times(inside).replace('×', '·')} = {out[0]:,} numbers in one row"
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        where = "of the whole map" if out[-2:] == (1, 1) else f"of {times(out[-2:])} equal parts"
        return f"the mean {where}, {times(inside)} to {times(out)}"
    if isinstance(layer, nn.Dropout):
        return f"{_same(given)}; in training {layer.p:.0%} of the numbers become 0"
    return _same(given) if inside == out else f"{times(inside)} to {times(out)}"


def _parameters(layer: nn.Module, row: Row) -> str:
    own = [tuple(p.shape) for p in layer.parameters(recurse=False)]
    if not own:
        return _none("parameters", row)
    return f"parameters: {' + '.join(times(shape) for shape in own)} = {row.parameters:,}"


def _none(what: str, row: Row) -> str:
    count = row.parameters if what == "parameters" else row.macs
    return f"{what}: {f'{count:,}' if count else 'none'}"
