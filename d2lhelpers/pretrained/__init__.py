"""Trained weights that come with the package; ``tools/train_taste.py`` made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ..models import Network, create

__all__ = ["FOLDER", "NETWORKS", "load"]

FOLDER = Path(__file__).parent
# Each network whose weights are here, with the options that it was created with.
NETWORKS: dict[str, dict[str, Any]] = {"lenet": {"activation": "relu"}}


def load(name: str = "lenet") -> Network:
    """A trained network, in evaluation mode, on the CPU.

    ``"lenet"`` is the textbook's LeNet with ReLU in place of the sigmoid and max pooling: 44,426
    weights. It was trained on the 60,000 images of Fashion-MNIST, mirrored at random, for 20 epochs
    of Adam in batches of 128 (15 with learning rate 0.001, then 5 with 0.0001), seed 0, and answers
    90.02 % of the 10,000 test images rightly (89.85 % of the 2,000 that the package ships).

    Args:
        name: a key of `NETWORKS`.

    Returns:
        a network that takes float images ``(N, 1, 28, 28)``, pixels 0 to 1, and gives logits
        ``(N, 10)``.

    Raises:
        ValueError: there are no weights of that name.
        FileNotFoundError: the file of the weights is missing.

    PyTorch's page: https://docs.pytorch.org/docs/stable/notes/serialization.html

    >>> net = load("lenet")
    >>> net.training, tuple(net(torch.zeros(2, 1, 28, 28)).shape)
    (False, (2, 10))
    """
    if name not in NETWORKS:
        raise ValueError(f"there are no weights for {name!r}; expected one of {list(NETWORKS)}")
    path = FOLDER / f"{name}.pt"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install d2lhelpers again")
    net = create(name, **NETWORKS[name])
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()
