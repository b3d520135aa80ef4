"""A network on its device, with its weights and its batches in the order that is fast there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..device import autocast, channels_last, memory_kept, random_state, set_random_state


class Placement:
    """A network on a device; called with a batch, it gives the network's outputs.

    A network that uses ``X.view(...)`` may need PyTorch's usual order in memory. That shows at the
    first batch: such a network is then run in that order, as if channels last had never been tried.

    >>> place = Placement(nn.Flatten(), torch.device("cpu"))
    >>> place(torch.zeros(8, 2, 3, 3)).shape
    torch.Size([8, 18])
    """

    def __init__(self, net: nn.Module, device: torch.device) -> None:
        if any(nn.parameter.is_lazy(p) for p in net.parameters()):
            raise ValueError(
                "the network has lazy layers that don't know their sizes yet: call net(X) with "
                "one batch before"
            )
        self.net = net.to(device)
        self.trained: nn.Module = net  # what is called in training; several processes wrap it
        self.device = device
        self.last = channels_last(device)
        self.tried = False
        if self.last:
            net.to(memory_format=torch.channels_last)

    def __call__(self, X: Tensor) -> Any:
        X = X.to(self.device, non_blocking=True)
        if self.tried or not self.last:
            return self._run(X)
        random, buffers = random_state(self.device), [b.clone() for b in self.net.buffers()]
        try:
            outputs = self._run(X)
        except RuntimeError as error:
            if "view size is not compatible" not in str(error):
                raise
            self.release()
            # What dropout drew and batch normalization averaged must not count twice.
            set_random_state(self.device, random)
            for buffer, before in zip(self.net.buffers(), buffers, strict=True):
                buffer.copy_(before)
            outputs = self._run(X)
        self.tried = True
        return outputs

    def _run(self, X: Tensor) -> Any:
        if self.last and X.dim() == 4:
            X = X.contiguous(memory_format=torch.channels_last)
        with autocast(self.device):
            return self.trained(X) if self.net.training else self.net(X)

    def release(self) -> None:
        """Store the weights in PyTorch's usual order again, for readers who ``view`` them.

        >>> net = nn.Conv2d(2, 2, 3)
        >>> Placement(net, torch.device("cpu")).release()
        >>> net.weight.is_contiguous()
        True
        """
        if self.last:
            self.net.to(memory_format=torch.contiguous_format)
            self.last = False


@contextmanager
def placed(net: nn.Module, device: torch.device) -> Iterator[Placement]:
    """The network's `Placement` on ``device``, released in the end.

    >>> with placed(nn.Flatten(), torch.device("cpu")) as place:
    ...     place(torch.zeros(8, 2, 3, 3)).shape
    torch.Size([8, 18])
    """
    with memory_kept(device):
        place = Placement(net, device)
        try:
            yield place
        finally:
            place.release()
