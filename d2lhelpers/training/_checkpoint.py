"""The state of a training run in one file: written whole or not at all, read without running code.

A hosted notebook may lose its session at any time. `fit` saves here after every epoch and goes on
from here; nothing that decides the rest of the run may be missing, so that the result is the same.
See https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..device import random_state, set_random_state
from ._history import History

PARTS = {"network", "optimizer", "history", "random", "generators"}


class Checkpoint:
    """The file ``path`` and the objects whose state it keeps.

    Args:
        path: the file; its folder is made where it is missing.
        net, optimizer: keep their weights and buffers, and the optimizer's averages.
        device: keeps its random state, beside the CPU's.
        iterators: where they, or their samplers, have a ``generator``, it keeps its state.

    Raises:
        ValueError: ``path`` is a folder.
        PermissionError: its folder cannot be written.

    >>> import tempfile
    >>> net = nn.Linear(1, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sgd = torch.optim.SGD(net.parameters())
    ...     file = Checkpoint(Path(folder, "net.pt"), net, sgd, torch.device("cpu"))
    ...     file.load().epochs, file.save(History([1.0], [0.5], [0.5], [2.0])), file.load().epochs
    (0, None, 1)
    """

    def __init__(
        self,
        path: Path,
        net: nn.Module,
        optimizer: Optimizer,
        device: torch.device,
        iterators: Iterable[object] = (),
    ) -> None:
        if path.is_dir():
            raise ValueError(f"checkpoint {path} is a folder; name a file, such as {path / 'a.pt'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(f"checkpoint {path}: {path.parent.resolve()} cannot be written")
        self.path = path
        self.net = net
        self.optimizer = optimizer
        self.device = device
        owners = [owner for it in iterators for owner in (it, getattr(it, "sampler", None))]
        generators = (getattr(owner, "generator", None) for owner in owners)
        self.generators = [g for g in generators if isinstance(g, torch.Generator)]

    def save(self, history: History) -> None:
        """Write the state after ``history.epochs`` epochs in place of what the file held.

        The new file takes the old one's name only once it lies complete on the disk.

        Raises:
            OSError: it could not be written, on a full disk for example; the old one is intact.
        """
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        content = {
            "network": self.net.state_dict(),
            "optimizer": {"name": type(self.optimizer).__name__, **self.optimizer.state_dict()},
            "history": asdict(history),
            "random": random_state(self.device),
            "generators": [generator.get_state() for generator in self.generators],
        }
        try:
            with open(temporary, "wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except RuntimeError as error:  # how torch.save reports that a write failed
            raise OSError(str(error)) from error
        finally:
            temporary.unlink(missing_ok=True)

    def load(self) -> History:
        """Bring network, optimizer and random generators to the saved state; its history.

        An empty history where there is no file yet. The optimizer's settings, such as its learning
        rate, stay as they are now: a run can be continued with others.

        Raises:
            ValueError: the file is damaged, or holds another network or optimizer; then nothing
                was changed.
        """
        if not self.path.exists():
            return History()
        content = self._read()
        self._compare(content)
        self.net.load_state_dict(content["network"])
        state = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**state, "state": content["optimizer"]["state"]})
        set_random_state(self.device, content["random"])
        for generator, state in zip(self.generators, content["generators"], strict=False):
            generator.set_state(state)
        return History(**content["history"])

    def _read(self) -> dict[str, Any]:
        advice = "delete it to train from the start, or name another file"
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
            raise ValueError(
                f"checkpoint {self.path} cannot be read: it is damaged or no checkpoint ({error}); "
                f"{advice}"
            ) from error
        if not isinstance(content, dict) or set(content) != PARTS:
            raise ValueError(f"{self.path} is not a checkpoint that fit wrote; {advice}")
        return content

    def _compare(self, content: dict[str, Any]) -> None:
        here, saved = _shapes(self.net.state_dict()), _shapes(content["network"])
        different = [name for name in {**here, **saved} if here.get(name) != saved.get(name)]
        if different:
            name = different[0]
            raise ValueError(
                f"checkpoint {self.path} is of another network: its {name} is "
                f"{saved.get(name, 'not there')}, here it is {here.get(name, 'not there')} "
                f"({len(different)} such differences); name another file, or delete this one"
            )
        name = content["optimizer"]["name"]
        if name != type(self.optimizer).__name__:
            raise ValueError(
                f"checkpoint {self.path} was trained with {name}, not with "
                f"{type(self.optimizer).__name__}; use {name}, or name another file"
            )


def _shapes(state: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
        if isinstance(value, Tensor)
        else type(value).__name__
        for name, value in state.items()
    }
