"""LeNet in the form that textbooks teach (LeNet-5 as published is in ``lenet5.py``).

LeCun, Bottou, Bengio and Haffner, 1998, *Gradient-based learning applied to document recognition*.
"""

from __future__ import annotations

from torch import Tensor, nn

from .common import Network, map_size, same_map, scaled

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}
POOLS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


def _pick(table: dict[str, type[nn.Module]], option: str, value: str) -> type[nn.Module]:
    if value not in table:
        raise ValueError(f"{option} must be one of {', '.join(map(repr, table))}; got {value!r}")
    return table[value]


class LeNet(Network):
    """Two 5×5 convolutions of 6 and 16 maps, each with 2×2 pooling, then 120, 84 and the classes.

    Takes images ``(N, in_channels, 28, 28)`` and gives logits ``(N, num_classes)``: 44,426
    parameters for 1 channel and 10 classes. ``activation`` is ``"sigmoid"``, ``"tanh"`` or
    ``"relu"``; ``pool`` is ``"max"`` or ``"avg"``; ``batch_norm`` puts a batch normalization before
    each activation. Other values raise ``ValueError``.

    Weights start from Xavier's uniform distribution (Glorot and Bengio, 2010), which suits the
    sigmoid; biases start at 0.

    >>> import torch
    >>> net = LeNet(1, 10, 1.0)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.rand(2, 1, 28, 28)).shape)
    (44426, (2, 10))
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        width: float,
        *,
        activation: str = "sigmoid",
        pool: str = "max",
        batch_norm: bool = False,
    ) -> None:
        act, window = _pick(ACTIVATIONS, "activation", activation), _pick(POOLS, "pool", pool)
        maps1, maps2, units1, units2 = (scaled(n, width) for n in (6, 16, 120, 84))

        def after(norm: type[nn.Module], channels: int) -> list[nn.Module]:
            return [norm(channels), act()] if batch_norm else [act()]

        features = nn.Sequential(
            nn.Conv2d(in_channels, maps1, 5),
            *after(nn.BatchNorm2d, maps1),
            window(2),
            nn.Conv2d(maps1, maps2, 5),
            *after(nn.BatchNorm2d, maps2),
            window(2),
        )
        accepts = same_map(features, 28, "lenet")
        super().__init__("lenet", in_channels, 28, accepts[0], accepts)
        self.features = features
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(maps2 * map_size(features, 28) ** 2, units1),
            *after(nn.BatchNorm1d, units1),
            nn.Linear(units1, units2),
            *after(nn.BatchNorm1d, units2),
            nn.Linear(units2, num_classes),
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return self.classifier(self.features(images))
