"""Training and evaluation: one loop for every network of the book.

`fit` never waits for the device inside the loop over batches: losses and answers stay there until
the epoch is over. On an accelerator the next batches are then queued while one is computed.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable
from operator import length_hint
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..device import try_gpu
from . import _together as together
from ._checkpoint import Checkpoint
from ._epoch import Pass, span_of
from ._history import History
from ._placement import placed
from ._progress import Progress, start

__all__ = ["History", "evaluate_accuracy", "fit"]

Data = Iterable[tuple[Tensor, Tensor]]
DEFAULT_LR = 0.1


def fit(
    net: nn.Module,
    train_iter: Data,
    test_iter: Data,
    num_epochs: int,
    lr: float | None = None,
    optimizer: Optimizer | Callable[..., Optimizer] | None = None,
    device: torch.device | str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> History:
    """Train ``net`` to classify images and measure it after every epoch.

    Each batch takes one step down the gradient of its mean loss. The loss is cross-entropy of
    the outputs ``(N, classes)``, and the answer is the largest of them, unless the network says
    otherwise:

    - ``net.loss(outputs, y)``, where it exists, gives the loss of a batch. LeNet-5 uses it, whose
      outputs are distances, and GoogLeNet, which returns three outputs while it trains.
    - ``net.predict(outputs)``, where it exists, gives the answers ``int64 (N,)``.

    Of a tuple of outputs, the first is what counts where the network says nothing.

    Args:
        net: moved to ``device``; in the end it is in evaluation mode.
        train_iter, test_iter: give batches (X, y) each time they are iterated over: what
            `load_data_fashion_mnist` returns, a ``DataLoader``, or a list of batches.
        num_epochs: how often to go through the training images, in all.
        lr: the learning rate; 0.1 for the SGD that is used where no optimizer is given.
        optimizer: one made for ``net.parameters()``; or what makes it from them, such as
            ``torch.optim.Adam``, given ``lr`` where there is one.
        device: where to compute; `try_gpu` where none is named.
        checkpoint: a file that is written anew after every epoch. Where it already exists,
            training continues from it, and ends exactly as if it had never stopped.

    Returns:
        what each epoch measured. Stopped by Ctrl-C or the notebook's stop button: the epochs so
        far, with the network as it is then.

    Raises:
        ValueError: an argument does not fit, or images, labels and network don't fit each other.
        MemoryError: a batch does not fit into the device's memory.
        FloatingPointError: the loss of an epoch is no longer finite.

    A checkpoint that already holds ``num_epochs`` epochs or more is loaded and nothing is trained;
    more of them give a warning. Started by ``torchrun``, each process takes its part of every
    batch, and their gradients are averaged: the steps are those of one process with the whole
    batch, but for what is drawn (dropout) and for batch statistics, which each process takes of its
    own part. A full disk gives a warning too: training goes on, and the file
    keeps the last epoch that fitted. The environment variable ``TQDM_DISABLE=1`` hides the display.

    >>> images = torch.rand(64, 2, generator=torch.Generator().manual_seed(0))
    >>> data = [(images, (images[:, 0] > images[:, 1]).long())]
    >>> history = fit(nn.Linear(2, 2), data, data, num_epochs=100, lr=1.0, device="cpu")
    >>> history.test_acc[-1] > 0.9, history.train_loss[-1] < history.train_loss[0]
    (True, True)
    """
    if num_epochs < 1:
        raise ValueError(f"num_epochs is {num_epochs}; train for 1 epoch or more")
    device = try_gpu() if device is None else torch.device(device)
    with placed(net, device) as place:
        chosen = _optimizer(net, lr, optimizer)
        history, saved = History(), None
        if checkpoint is not None:
            iterators = (train_iter, test_iter)
            saved = Checkpoint(Path(checkpoint), net, chosen, device, iterators)
            history = saved.load()
            if history.epochs > num_epochs:
                warnings.warn(
                    f"checkpoint {checkpoint} already holds {history.epochs} epochs, more than "
                    f"num_epochs={num_epochs}: nothing is trained; delete it to start afresh",
                    stacklevel=2,
                )
        labels = getattr(train_iter, "labels", None)
        span = span_of(labels) if isinstance(labels, Tensor) and len(labels) else None
        place.trained = together.averaging(net, device)
        progress = start(num_epochs, history, length_hint(train_iter, 0) or None)
        outcome = f"failed in epoch {history.epochs + 1} of {num_epochs}"
        try:
            while history.epochs < num_epochs:
                began = time.perf_counter()
                run = Pass(place, span, shared=True)
                loss, train_acc = _train_epoch(run, train_iter, chosen, progress)
                if not math.isfinite(loss):
                    raise FloatingPointError(
                        f"the training loss became {loss} in epoch {history.epochs + 1}: lower lr "
                        f"(it is {chosen.param_groups[0]['lr']})"
                    )
                together.same_buffers(net)
                test_acc = _test_epoch(Pass(place, shared=True), _part(test_iter, training=False))
                history.append(loss, train_acc, test_acc, time.perf_counter() - began)
                progress.epoch(history)
                if saved is not None and together.rank() == 0:
                    _save(saved, history)
                outcome = f"failed in epoch {history.epochs + 1} of {num_epochs}"
            outcome = history.summary()
        except KeyboardInterrupt:
            outcome = f"stopped in epoch {history.epochs + 1} of {num_epochs}; {history.summary()}"
        finally:
            net.eval()
            progress.close(outcome)
    return history


def evaluate_accuracy(
    net: nn.Module, data_iter: Data, device: torch.device | str | None = None
) -> float:
    """The share of images, 0 to 1, that ``net`` answers rightly in evaluation mode.

    Args:
        net: moved to ``device``; its mode is the same afterwards. See `fit` for what it may define.
        data_iter: gives batches (X, y).
        device: where to compute; where the network is, if none is named.

    Raises:
        ValueError: ``data_iter`` gives no batch, or images and network don't fit each other.
        MemoryError: a batch does not fit into the device's memory.

    >>> X = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> evaluate_accuracy(nn.Identity(), [(X, torch.tensor([0, 0]))])
    0.5
    """
    if device is None:
        device = next((p.device for p in net.parameters()), torch.device("cpu"))
    modes = [(module, module.training) for module in net.modules()]
    try:
        with placed(net, torch.device(device)) as place:
            return _test_epoch(Pass(place), data_iter)
    finally:
        for module, training in modes:
            module.training = training


def _optimizer(
    net: nn.Module, lr: float | None, optimizer: Optimizer | Callable[..., Optimizer] | None
) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ValueError(
                f"lr={lr} was given beside an optimizer that has its own: set it there, or pass "
                f"optimizer=torch.optim.{type(optimizer).__name__} with lr={lr}"
            )
        own = set(net.parameters())
        if not any(p in own for group in optimizer.param_groups for p in group["params"]):
            raise ValueError(
                "the optimizer was made for another network: make it from this one's parameters"
            )
        return optimizer
    if optimizer is None:
        return torch.optim.SGD(net.parameters(), lr=DEFAULT_LR if lr is None else lr)
    return optimizer(net.parameters()) if lr is None else optimizer(net.parameters(), lr=lr)


def _train_epoch(
    run: Pass, data: Data, optimizer: Optimizer, progress: Progress
) -> tuple[float, float]:
    """One step for each batch: the mean loss and the share of images answered rightly."""
    run.place.net.train()
    with run.explained():
        seed = together.same_seed()
        batches = iter(_part(data, training=True))
        together.own_seed(seed)
        for X, y in batches:
            optimizer.zero_grad()
            run.loss(X, y).backward()
            optimizer.step()
            progress.batch()
    if not run.losses:
        raise ValueError(
            "train_iter gave no batch: pass images, in something that can be gone through once an "
            "epoch (a DataLoader, a list), not a generator"
        )
    return run.mean_loss(), run.accuracy()


def _test_epoch(run: Pass, data: Data) -> float:
    """The share of images answered rightly in evaluation mode."""
    run.place.net.eval()
    with run.explained(), torch.no_grad():
        for X, y in data:
            run.outputs(X, y)
    if not run.answers:
        raise ValueError("the data to evaluate on gave no batch: pass at least one image")
    return run.accuracy()


def _part(data: Data, training: bool) -> Data:
    """What this process takes of the data: all of it, where it is the only one."""
    return data if together.size() == 1 else together.Share(data, training)


def _save(checkpoint: Checkpoint, history: History) -> None:
    try:
        checkpoint.save(history)
    except OSError as error:
        # The trained network is worth more than its copy: training goes on.
        warnings.warn(
            f"checkpoint {checkpoint.path} could not be written after epoch {history.epochs} "
            f"({error}): training goes on, and what the file held before is intact; free some "
            "space, the next epoch tries again",
            stacklevel=3,
        )
