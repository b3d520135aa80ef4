"""Cut the part of Fashion-MNIST that d2lhelpers ships from the full set.

    python tools/cut_mini_dataset.py FOLDER

FOLDER holds the four files of the full set, packed or not. The first 800 training and the first
200 test images of each class are kept, in the order of the original files, and written in the same
format. Prints the SHA-256 of each file's content for the table MINI in
d2lhelpers/data/fashion_mnist.py.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import struct
from pathlib import Path

import torch
from torch import Tensor

from d2lhelpers.data import fashion_mnist

KEPT = {"train": 800, "t10k": 200}


def first_of_each_class(labels: Tensor, count: int) -> Tensor:
    """The indices of the first ``count`` labels of each class, in ascending order.

    >>> first_of_each_class(torch.tensor([1, 0, 1, 1, 0, 0]), 2)
    tensor([0, 1, 2, 4])
    """
    firsts = [(labels == label).nonzero().flatten()[:count] for label in labels.unique()]
    return torch.cat(firsts).sort().values


def idx_bytes(values: Tensor) -> bytes:
    """The bytes of an idx file that holds ``values``; `fashion_mnist.parse` reads them back.

    >>> list(idx_bytes(torch.tensor([5, 6, 7], dtype=torch.uint8)))
    [0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7]
    """
    header = struct.pack(f">HBB{values.dim()}I", 0, 8, values.dim(), *values.shape)
    return header + bytes(values.contiguous().untyped_storage())


def cut(source: Path, target: Path) -> dict[str, str]:
    """Write the four files of the part into ``target``; their content's SHA-256 by name."""
    full = fashion_mnist.read(source, fashion_mnist.FULL, fashion_mnist.HOW_TO_GET)
    checksums = {}
    for split, count in KEPT.items():
        names = (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte")
        kept = first_of_each_class(full[names[1]], count)
        for name in names:
            content = idx_bytes(full[name][kept])
            # No name and no time in the header: cutting again gives the same bytes.
            with (
                open(target / f"{name}.gz", "wb") as file,
                gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
            ):
                packed.write(content)
            checksums[name] = hashlib.sha256(content).hexdigest()
    return checksums


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of the full set's four files")
    for name, checksum in cut(parser.parse_args().folder, fashion_mnist.MINI_FOLDER).items():
        print(f'    "{name}": "{checksum}",')
