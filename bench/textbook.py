"""The other side of each comparison: images one by one, ``.item()`` a batch, as in the textbook.

Zhang, Lipton, Li and Smola, 2023, *Dive into Deep Learning*, sections 4.2, 3.2 and 7.2, write the
loader, the loop and the cross-correlation in this way; the lines here are our own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from d2lhelpers.data import fashion_mnist


class Images(Dataset[tuple[Tensor, int]]):
    """Fashion-MNIST as ``torchvision.datasets.FashionMNIST`` gives it: a PIL image an index."""

    def __init__(
        self, images: Tensor, labels: Tensor, transform: Callable[[object], Tensor]
    ) -> None:
        self.data, self.targets, self.transform = images, labels, transform

    # What torchvision's own __getitem__ does, on files that lie where the book finds them.
    __getitem__ = torchvision.datasets.MNIST.__getitem__
    target_transform = None

    def __len__(self) -> int:
        return len(self.data)


def load(
    batch_size: int, resize: int | None, subset: str, workers: int
) -> tuple[DataLoader[tuple[Tensor, int]], DataLoader[tuple[Tensor, int]]]:
    """The textbook's ``load_data_fashion_mnist``."""
    files = fashion_mnist.read_full() if subset == "full" else fashion_mnist.read_mini()
    steps = [transforms.ToTensor()]
    if resize:
        steps.insert(0, transforms.Resize(resize))
    transform = transforms.Compose(steps)
    sets = [
        Images(files[f"{split}-images-idx3-ubyte"], files[f"{split}-labels-idx1-ubyte"], transform)
        for split in ("train", "t10k")
    ]
    train, test = (
        DataLoader(data, batch_size, shuffle=shuffle, num_workers=workers)
        for data, shuffle in zip(sets, (True, False), strict=True)
    )
    return train, test


def train_epoch(
    net: nn.Module,
    train: DataLoader[tuple[Tensor, int]],
    test: DataLoader[tuple[Tensor, int]],
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> tuple[float, float]:
    """One epoch and its evaluation; every batch waits for its loss and its right answers."""
    loss_fn = nn.CrossEntropyLoss()
    net.train()
    losses, seen = 0.0, 0
    right = 0.0
    for X, y in train:
        optimizer.zero_grad()
        X, y = X.to(device), y.to(device)
        y_hat = net(X)
        loss = loss_fn(y_hat, y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            losses += loss.item() * len(y)
            right += (y_hat.argmax(1) == y).sum().item()
        seen += len(y)
    net.eval()
    good, total = 0.0, 0
    with torch.no_grad():
        for X, y in test:
            X, y = X.to(device), y.to(device)
            good += (net(X).argmax(1) == y).sum().item()
            total += len(y)
    return losses / seen, good / total


def corr2d(X: Tensor, K: Tensor) -> Tensor:
    """The textbook's double loop."""
    h, w = K.shape
    Y = torch.zeros((X.shape[0] - h + 1, X.shape[1] - w + 1))
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i : i + h, j : j + w] * K).sum()
    return Y


def bare_epoch(
    net: nn.Module,
    X: Tensor,
    y: Tensor,
    steps: int,
    tests: int,
    optimizer: torch.optim.Optimizer,
) -> None:
    """The limit: forward, backward and step on a batch already in place, and forward alone."""
    net.train()
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(X), y).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        for _ in range(tests):
            net(X)
