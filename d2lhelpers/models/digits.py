"""The ten digits as LeNet-5's output layer knows them: fixed bitmaps, and the distances to them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Each 7 wide and 12 high, in the manner of a printed character set: with 84 pixels a class, the
# outputs of look-alike classes lie close together, which a one-of-ten code can't say.
DIGITS = """
..###.. ...##.. .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
.##.##. ..###.. ##...## ##...## ...###. ##..... .##.... ##...## ##...## ##...##
##...## .####.. ##...## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...##.. .....## .....## ##..##. ######. ##.###. ....##. .##.##. ##...##
##...## ...##.. ....##. ..####. ##..##. ##...## ###..## ...##.. ..###.. ##..###
##...## ...##.. ...##.. .....## ##..##. .....## ##...## ...##.. .##.##. .###.##
##...## ...##.. ..##... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...##.. .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...##.. ##..... .....## ....##. .....## ##...## .##.... ##...## ....##.
.##.##. ...##.. ##..... ##...## ....##. ##...## .##.##. .##.... ##...## ...##..
..###.. .###### ####### .#####. ....##. .#####. ..###.. .##.... .#####. .###...
"""


def bitmaps() -> Tensor:
    """The digits as ``(10, 12, 7)`` numbers: +1 for ink, −1 for paper.

    >>> bitmaps()[4, 0]
    tensor([-1., -1., -1., -1.,  1.,  1., -1.])
    """
    lines = [line.split() for line in DIGITS.split("\n") if line]
    return torch.tensor(
        [
            [[1.0 if pixel == "#" else -1.0 for pixel in line[digit]] for line in lines]
            for digit in range(10)
        ]
    )


class Distances(nn.Module):
    """y_i = Σ_j (x_j − w_ij)²: how far the 84 units of F6 are from the bitmap w_i of each class.

    Takes ``(N, 84)`` to ``(N, num_classes)``. The bitmaps are fixed: a buffer, not a parameter.
    LeCun et al., 1998, equation 7.

    >>> digits = Distances(10)
    >>> digits(digits.bitmaps).argmin(1)
    tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """

    bitmaps: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("bitmaps", bitmaps()[:num_classes].flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) - self.bitmaps).square().sum(2)
