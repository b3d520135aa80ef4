"""Several processes that train one network: each takes its share of every batch.

PyTorch's launcher starts them (``torchrun --nproc-per-node=2 -m d2lhelpers.train lenet``), and
DistributedDataParallel averages their gradients. All functions do nothing in a single process.
See https://docs.pytorch.org/docs/stable/notes/ddp.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, distributed, nn

Data = Iterable[tuple[Tensor, Tensor]]


def size() -> int:
    """How many processes train together.

    >>> size()
    1
    """
    return distributed.get_world_size() if _started() else 1


def rank() -> int:
    """Which of them this is, from 0; process 0 shows the progress and writes the checkpoint.

    >>> rank()
    0
    """
    return distributed.get_rank() if _started() else 0


def _started() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def averaging(net: nn.Module, device: torch.device) -> nn.Module:
    """What to call instead of ``net`` in training, so that all processes get the mean gradient."""
    if size() == 1:
        return net
    ids = [device] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(net, device_ids=ids)


class Share:
    """This process's part of each batch: every ``size()``-th image, from image ``rank()`` on.

    In training the parts of a batch must be equally large, for the mean of their gradients to be
    the batch's: up to ``size() - 1`` images of the last batch of an epoch are left out. Data that
    can (`d2lhelpers.data.Batches`) prepares this part alone.

    >>> batch = (torch.arange(5), torch.arange(5))
    >>> [X.tolist() for X, y in Share([batch], training=True)]
    [[0, 1, 2, 3, 4]]
    """

    def __init__(self, data: Data, training: bool) -> None:
        self.data = data
        self.training = training

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # The data draws its order here, with the seed that all processes share.
        if hasattr(self.data, "parts"):
            parts: Iterator[tuple[Tensor, Tensor]] = self.data.parts(rank(), size(), self.training)
            return parts
        return self._parts(iter(self.data))

    def _parts(self, batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        count, first = size(), rank()
        for X, y in batches:
            end = len(X) // count * count if self.training else len(X)
            part = slice(first, end, count)
            if len(range(*part.indices(len(X)))):
                yield X[part], y[part]


def same_seed() -> int | None:
    """Seed all processes alike, from process 0; returns the seed, None in a single process.

    What they draw next, such as the order of the images, is the same in all of them.
    """
    if size() == 1:
        return None
    seed = torch.randint(2**62, ())
    _broadcast(seed)
    torch.manual_seed(int(seed))
    return int(seed)


def own_seed(seed: int | None) -> None:
    """Seed each process on its own, so that dropout does not treat their parts alike."""
    if seed is not None:
        torch.manual_seed(seed + 1 + rank())


def total(values: Tensor) -> Tensor:
    """The sum of ``values`` over the processes.

    >>> total(torch.tensor([3.0]))
    tensor([3.])
    """
    if size() > 1:
        place = values.to(_device())
        distributed.all_reduce(place)
        return place.to(values.device)
    return values


def same_buffers(net: nn.Module) -> None:
    """Give all processes the running statistics of process 0."""
    if size() > 1:
        for buffer in net.buffers():
            distributed.broadcast(buffer, 0)


def _broadcast(value: Tensor) -> None:
    place = value.to(_device())
    distributed.broadcast(place, 0)
    value.copy_(place)


def _device() -> Any:
    """Where the backend exchanges numbers: NCCL knows GPUs alone."""
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
