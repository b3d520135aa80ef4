"""Real pictures: Fashion-MNIST, shipped in part and found in full, and one colour photograph.

`fashion_mnist.py` finds and reads the files, `_batches.py` makes batches of them on the device,
`_augment.py` changes them at random.
"""

from __future__ import annotations

from . import fashion_mnist
from ._augment import random_crop, random_flip
from ._batches import Batches, load_data_fashion_mnist, text_labels
from ._photograph import photograph

__all__ = [
    "Batches",
    "fashion_mnist",
    "load_data_fashion_mnist",
    "photograph",
    "random_crop",
    "random_flip",
    "text_labels",
]
