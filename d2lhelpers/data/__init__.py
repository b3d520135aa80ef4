"""Fashion-MNIST: the shipped real part, the full set, and the batches.

`fashion_mnist.py` finds and reads the files, `_batches.py` makes batches of them on the device.
"""

from __future__ import annotations

from . import fashion_mnist
from ._batches import Batches, load_data_fashion_mnist, random_crop, random_flip, text_labels

__all__ = [
    "Batches",
    "fashion_mnist",
    "load_data_fashion_mnist",
    "random_crop",
    "random_flip",
    "text_labels",
]
