"""LeNet-5 as published: a sparse third layer, and outputs that are distances (``digits.py``).

LeCun, Bottou, Bengio and Haffner, 1998, *Gradient-based learning applied to document recognition*,
sections II.B and II.C, appendix A.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict

import torch
from torch import Tensor, nn

from .common import Network, scaled
from .digits import Distances

# Table I: the maps of S2 that each of the sixteen maps of C3 sees.
TABLE = (
    *(tuple(sorted((i + j) % 6 for j in range(3))) for i in range(6)),
    *(tuple(sorted((i + j) % 6 for j in range(4))) for i in range(6)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# The j of equation 9, which the paper leaves open.
J = 10.0


def connections(maps2: int, maps3: int) -> list[tuple[int, ...]]:
    """Table I for ``maps2`` maps in S2 and ``maps3`` in C3: the paper's own for 6 and 16.

    For other sizes it is stretched: a map stands for the paper's maps that share its place.

    >>> connections(6, 16) == list(TABLE), connections(3, 4)
    (True, [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
    """
    rows = [TABLE[r * 16 // maps3] for r in range(maps3)]
    return [
        tuple(m for m in range(maps2) if any(-6 < 6 * m - maps2 * i < maps2 for i in row))
        for row in rows
    ]


class ScaledTanh(nn.Module):
    """The squashing function f(a) = 1.7159 tanh(2a/3), with f(1) = 1 and f(−1) = −1."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """The sum of each 2×2 window, times one weight a map, plus one bias a map: 2C parameters."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.window = nn.AvgPool2d(2, divisor_override=1)
        self.weight = nn.Parameter(torch.empty(maps, 1, 1))
        self.bias = nn.Parameter(torch.empty(maps, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.window(x) + self.bias


class SparseConv2d(nn.Module):
    """A 5×5 convolution whose output map i sees only the input maps ``table[i]``.

    Neighbouring output maps that see equally many inputs share one grouped convolution, so that
    only the table's kernels exist: 60 of them and 16 biases, 1,516 parameters, for Table I.
    """

    sources: Tensor

    def __init__(self, table: list[tuple[int, ...]]) -> None:
        super().__init__()
        runs = [list(run) for _, run in itertools.groupby(table, key=len)]
        self.sizes = [len(run) * len(run[0]) for run in runs]
        self.register_buffer("sources", torch.tensor(sum(table, ())), persistent=False)
        self.convs = nn.ModuleList(
            nn.Conv2d(size, len(run), 5, groups=len(run))
            for size, run in zip(self.sizes, runs, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        parts = x.index_select(1, self.sources).split(self.sizes, 1)
        return torch.cat([conv(part) for conv, part in zip(self.convs, parts, strict=True)], 1)


class LeNet5(Network):
    """C1, S2, C3, S4, C5, F6 and the distances to the digits' bitmaps: 60,000 parameters.

    Takes images ``(N, in_channels, 32, 32)`` and gives distances ``(N, num_classes)``, of which
    the **smallest** is the answer. Weights start uniform in ±2.4/fan_in, as in the paper. Raises
    ``ValueError`` for more than ten classes: the bitmaps are the digits.

    >>> net = LeNet5(1, 10, 1.0)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.rand(2, 1, 32, 32)).shape)
    (60000, (2, 10))
    """

    def __init__(self, in_channels: int, num_classes: int, width: float) -> None:
        if num_classes > 10:
            raise ValueError(
                f"lenet5 has bitmaps for the ten digits; got num_classes={num_classes}: "
                "use 10 or fewer, or lenet"
            )
        # C5 sees a 5×5 map whole, which images of 32 to 35 make; 36 would give it a second place.
        super().__init__("lenet5", in_channels, 32, 32, range(32, 36))
        maps2, maps4, units = (scaled(n, width) for n in (6, 16, 120))
        weighted: dict[str, nn.Module] = {
            "c1": nn.Conv2d(in_channels, maps2, 5),
            "s2": Subsampling(maps2),
            "c3": SparseConv2d(connections(maps2, maps4)),
            "s4": Subsampling(maps4),
            "c5": nn.Conv2d(maps4, units, 5),
            "f6": nn.Sequential(nn.Flatten(), nn.Linear(units, 84)),
        }
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for name, layer in weighted.items():
            layers[name], layers[f"{name}_squash"] = layer, ScaledTanh()
        self.features = nn.Sequential(layers)
        self.distances = Distances(num_classes)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear, Subsampling)):
                fan_in = 4 if isinstance(layer, Subsampling) else layer.weight[0].numel()
                for parameter in layer.parameters(recurse=False):
                    nn.init.uniform_(parameter, -2.4 / fan_in, 2.4 / fan_in)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.distances(self.features(images))

    def predict(self, outputs: Tensor) -> Tensor:
        """The class of each row of ``outputs``: the one at the smallest distance."""
        return outputs.argmin(1)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The paper's equation 9, the mean over the batch of y_t + log(exp(−j) + Σ_i exp(−y_i)).

        It pulls the right distance down and pushes the others up, those below about j the most.
        """
        rubbish = outputs.new_full((len(outputs), 1), -J)
        return nn.functional.cross_entropy(torch.cat([-outputs, rubbish], 1), targets)
