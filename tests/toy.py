"""A small network and small data for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from d2lhelpers.data import Batches
from d2lhelpers.training._history import History

CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Layers this small are slower on several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("D2L_MIXED_PRECISION", raising=False)
    monkeypatch.delenv("D2L_CHANNELS_LAST", raising=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")


def images(number: int = 50, batch_size: int = 16, shuffle: bool = True, **more: Any) -> Batches:
    """Images of two classes: bright above or bright below."""
    generator = torch.Generator().manual_seed(11)
    X = torch.randint(128, (number, 1, 8, 8), dtype=torch.uint8, generator=generator)
    y = torch.arange(number) % 2
    X[y == 0, :, :4] += 100
    X[y == 1, :, 4:] += 100
    return Batches(X, y, batch_size, shuffle=shuffle, **more)


def network(seed: int = 0) -> nn.Sequential:
    """A network with everything that has a state: batch normalization and dropout too."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(144, 2),
    )


def weights(net: nn.Module) -> list[Tensor]:
    return [value.clone() for value in net.state_dict().values()]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def without_times(history: History) -> tuple[list[float], ...]:
    return history.train_loss, history.train_acc, history.test_acc


class Interrupted:
    """Batches during whose ``at``-th one the reader presses the stop button."""

    def __init__(self, batches: Batches, at: int) -> None:
        self.batches = batches
        self.left = at

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for X, y in self.batches:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            yield X, y
