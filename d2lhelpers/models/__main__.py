"""``python -m d2lhelpers.models`` prints every network: what it holds and costs, and its paper's
figures beside."""

from __future__ import annotations

import argparse

import torch

from d2lhelpers.inspection import LayerTable, layer_table
from d2lhelpers.models import create, info, names

HEAD = (
    ("", "", "depth", "", "parameters", "", "", "GMACs", ""),
    ("network", "year", "(paper)", "least", "measured", "known", "paper", "measured", "paper"),
)
NOTE = """
Each is measured in its published form: 3 channels, 1,000 classes and images of 224×224; lenet and
lenet5 1 channel, 10 classes and 28×28 or 32×32. lenet, alexnet, nin and densenet are the forms that
textbooks teach. Depth counts the convolutions and dense layers on the longest path; LeNet-5's paper
counts its two subsampling layers and its output layer as well. "least" is the side of the smallest
image that fits (alexnet, alexnet2012: created with image_size= that side). "known" is the exact
count of official weights or published formulas, "paper" what the paper says; – where it says
nothing. MACs are multiply-accumulates in convolutions and dense layers. ResNet's paper puts the
stride of a block on its first 1×1 convolution; with stride_in_1x1=True the GMACs are
{strided}."""


def measure(name: str, **options: bool) -> tuple[int, LayerTable]:
    """The smallest image and the layer table of a published form, without memory for weights."""
    entry = info(name)
    with torch.device("meta"):
        net = create(name, entry.in_channels, entry.num_classes, **options)
    shape = (entry.in_channels, entry.image_size, entry.image_size)
    return net.min_size, layer_table(net, shape)


def line(name: str) -> tuple[str, ...]:
    """The cells of one network."""
    entry, (least, table) = info(name), measure(name)
    known, said, macs = entry.exact_parameters, entry.paper_parameters, entry.paper_macs
    return (
        name,
        str(entry.year),
        f"{table.depth} ({entry.depth})",
        str(least),
        f"{table.total_parameters:,}",
        "–" if known is None else f"{known:,}",
        "–" if said is None else f"{said:,}" if said < 10**6 else f"{said / 1e6:.3g} million",
        f"{table.total_macs / 1e9:.{2 if table.total_macs > 1e7 else 4}f}",
        "–" if macs is None else f"{macs / 1e9:g}",
    )


def main() -> None:
    argparse.ArgumentParser(prog="python -m d2lhelpers.models", description=__doc__).parse_args()
    lines = [*HEAD, *map(line, names())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        padded = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        print("  ".join(padded).rstrip())
    strided = [
        f"{measure(name, stride_in_1x1=True)[1].total_macs / 1e9:.2f} ({name})"
        for name in ("resnet50", "resnet101", "resnet152")
    ]
    print(NOTE.format(strided=", ".join(strided)))


if __name__ == "__main__":
    main()
