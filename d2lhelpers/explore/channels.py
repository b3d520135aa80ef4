"""Channels and groups: which weights and which input maps make which output map."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import functional, svg
from ..arithmetic import conv_macs, conv_output_size, conv_parameters
from ._channels import reads, table
from ._explorer import Explorer, explorable, slider

INPUT_SIZE = 4


def operands(
    in_channels: int, out_channels: int, kernel_size: int, groups: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """The input maps, the weight and the bias that the picture shows: small whole numbers.

    Returns tensors (in_channels, 4, 4), (out_channels, in_channels / groups, k, k) and
    (out_channels,). The kernel from an input map to an output map is the same for every number of
    groups that keeps it, so that more groups only take kernels away. Raises ``ValueError`` where
    ``groups`` does not divide both channel counts.

    >>> x, weight, bias = operands(4, 2, 3, groups=2)
    >>> x.shape, weight.shape, bias
    (torch.Size([4, 4, 4]), torch.Size([2, 2, 3, 3]), tensor([1., 0.]))
    """
    conv_parameters(in_channels, out_channels, kernel_size, groups)
    c, i, j = torch.meshgrid(*(torch.arange(n) for n in (in_channels, 4, 4)), indexing="ij")
    images = (3 * c + 2 * i + 3 * j + 2 * i * j + c * i + c * j * j + 1) % 6
    outs, ins, a, b = torch.meshgrid(
        *(torch.arange(n) for n in (out_channels, in_channels, kernel_size, kernel_size)),
        indexing="ij",
    )
    mixed = 2 * outs + 3 * ins + a + 2 * b + a * b + outs * ins + outs * b + ins * a
    full = (mixed + outs // 4 + ins // 4 + 2) % 4 - 1
    each = in_channels // groups
    first = torch.arange(out_channels) // (out_channels // groups) * each
    kept = torch.stack([full[o, first[o] : first[o] + each] for o in range(out_channels)])
    bias = (torch.arange(out_channels) * 2 + 2) % 3 - 1
    return images.float(), kept.float(), bias.float()


def render(
    in_channels: int = 3,
    out_channels: int = 2,
    kernel_size: int = 3,
    groups: int = 1,
    output_map: int = 0,
) -> svg.Picture:
    """The weight of a convolution as a table: a column an input map, a row an output map.

    The row of ``output_map`` is open: the kernels that make it and the input maps that they read
    are lit, with the sum for its first number. Raises ``ValueError`` for groups that do not divide
    both channel counts, a kernel larger than the 4×4 input and a map that is not there.

    >>> render(4, 4, groups=2, output_map=3).label[:79]
    'A convolution from 4 to 4 maps, 3×3 kernels, 2 groups: map 3 reads input maps 2'
    """
    images, weight, bias = operands(in_channels, out_channels, kernel_size, groups)
    size = conv_output_size(INPUT_SIZE, kernel_size)
    if not 0 <= output_map < out_channels:
        raise ValueError(
            f"output_map {output_map} is not there: {out_channels} output maps have the numbers "
            f"0 to {out_channels - 1}"
        )
    made = functional.conv2d(images[None], weight, bias, groups=groups)[0]
    read = reads(weight, groups, output_map)
    window = images[read, :kernel_size, :kernel_size]
    terms = (weight[output_map] * window).sum((1, 2)).tolist()
    width, height, parts = table(images, weight, bias, made, output_map, terms)

    total = " + ".join(_term(term) for term in [*terms, bias[output_map].item()])
    first = svg.number(made[output_map, 0, 0].item())
    parameters = conv_parameters(in_channels, out_channels, kernel_size, groups)
    macs = conv_macs(in_channels, out_channels, kernel_size, size, groups)
    k, shape = kernel_size, ", ".join(map(str, weight.shape))
    lines = [
        (f"map {output_map}, row 0, column 0: {total} = {first}  (the last term is the bias)", ""),
        (f"weight (c_o, c_i/g, k, k) = ({shape}): one k×k kernel for each pair drawn", ""),
        (
            f"parameters = c_o·(c_i/g·k·k + 1) = {out_channels}·({in_channels}/{groups}·{k}·{k}"
            f" + 1) = {parameters:,}",
            svg.KERNEL,
        ),
        (
            f"MACs = c_o·c_i/g·k·k·h_o·w_o = {out_channels}·{in_channels}/{groups}·{k}·{k}"
            f"·{size}·{size} = {macs:,}",
            svg.OUTPUT,
        ),
        (_kind(in_channels, groups), ""),
    ]
    for line, role in lines:
        height += 20
        color, bold = (svg.shade(role), "600") if role else (svg.INK, None)
        parts.append(svg.text(24, height + 6, line, 14, color, font_weight=bold))
    grouped = f", {groups} groups" if groups > 1 else ""
    label = (
        f"A convolution from {in_channels} to {out_channels} maps, {k}×{k} kernels{grouped}: "
        f"map {output_map} reads {_named(read)}; {parameters} parameters, {macs} MACs."
    )
    return svg.document(max(width, 640), height + 18, label, parts)


def _named(maps: list[int]) -> str:
    if len(maps) == 1:
        return f"input map {maps[0]}"
    return f"input maps {', '.join(map(str, maps[:-1]))} and {maps[-1]}"


def _term(value: float) -> str:
    return f"({svg.number(value)})" if value < 0 else svg.number(value)


def _kind(in_channels: int, groups: int) -> str:
    """What this number of groups means."""
    if groups == 1:
        return "1 group: each output map reads every input map"
    if groups == in_channels:
        return f"{groups} groups, one for each input map: a depthwise convolution"
    each = in_channels // groups
    return f"{groups} groups: each output map reads {each} of the {in_channels} input maps"


@explorable(render)
def channels(
    in_channels: int = 3,
    out_channels: int = 2,
    kernel_size: int = 3,
    groups: int = 1,
    output_map: int = 0,
) -> Explorer:
    """Move channels, groups and the kernel of ``nn.Conv2d``; pick an output map, see what makes it.

    The arguments say where the sliders start. Returns an ``ipywidgets`` widget.
    """
    settings = {
        "in_channels": slider("inputs c_i", in_channels, 1, 6),
        "out_channels": slider("outputs c_o", out_channels, 1, 6),
        "kernel_size": slider("kernel k", kernel_size, 1, 3),
        "groups": slider("groups g", groups, 1, 6),
    }
    pick = slider("output map", output_map, 0, out_channels - 1)

    def fit_range(_: object = None) -> None:
        pick.max = settings["out_channels"].value - 1

    settings["out_channels"].observe(fit_range, names="value")
    return Explorer(render, {**settings, "output_map": pick})
