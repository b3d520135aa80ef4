"""What `fit` shows while it trains: a bar in a terminal, a growing curve in a notebook.

Nothing is shown where the output is neither (a file, a pipe), nor where the environment variable
``TQDM_DISABLE`` is set to 1, tqdm's own switch.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable
from html import escape
from typing import Protocol

from tqdm import tqdm

from . import _together as together
from ._history import History

REFRESH = 0.2  # seconds between two updates in a notebook


class Progress(Protocol):
    """What `fit` tells while it trains."""

    def batch(self) -> None:
        """One batch is through."""

    def epoch(self, history: History) -> None:
        """One epoch is through; ``history`` has its numbers."""

    def close(self, text: str) -> None:
        """Training is over; ``text`` says how it ended."""


def start(num_epochs: int, history: History, batches: int | None) -> Progress:
    """The display for a run of ``num_epochs`` of which ``history`` already holds some.

    Args:
        num_epochs: epochs in all.
        history: the epochs that a checkpoint brought.
        batches: batches an epoch, None where that is not known.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", TQDM_DISABLE="1"):
    ...     type(start(10, History(), 32)).__name__
    'Bar'
    """
    silent = os.environ.get("TQDM_DISABLE", "0") not in ("", "0") or together.rank() > 0
    show = None if silent else _notebook_display()
    return (
        Bar(num_epochs, history, batches, silent)
        if show is None
        else Curve(num_epochs, history, batches, show)
    )


def _notebook_display() -> Callable[[dict[str, str]], None] | None:
    """A function that shows a MIME bundle, the second time in place of the first.

    None outside a notebook: IPython is asked only where it already runs.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    name = uuid.uuid4().hex
    shown: list[str] = []

    def show(bundle: dict[str, str]) -> None:
        display(bundle, raw=True, display_id=name, update=bool(shown))
        shown.append(name)

    return show


class Bar:
    """One tqdm bar over all batches of all epochs; in the end it gives way to one line.

    >>> bar = Bar(10, History(), 32, silent=True)
    >>> bar.batch()
    >>> bar.close("1 epoch in 1.5 s")
    """

    def __init__(
        self, num_epochs: int, history: History, batches: int | None, silent: bool
    ) -> None:
        self.num_epochs = num_epochs
        self.bar = tqdm(
            total=None if batches is None else num_epochs * batches,
            initial=history.epochs * (batches or 0),
            desc=f"epoch {history.epochs + 1}/{num_epochs}",
            unit="batch",
            # None is tqdm's word for: only where the output is a terminal.
            disable=True if silent else None,
        )

    def batch(self) -> None:
        self.bar.update()

    def epoch(self, history: History) -> None:
        self.bar.set_description(
            f"epoch {min(history.epochs + 1, self.num_epochs)}/{self.num_epochs}", refresh=False
        )
        self.bar.set_postfix_str(_numbers(history), refresh=False)

    def close(self, text: str) -> None:
        shown = not self.bar.disable
        self.bar.leave = False
        self.bar.close()
        if shown:
            tqdm.write(text, file=sys.stderr)


class Curve:
    """The learning curve so far and one line on the progress, updated in place.

    Args:
        num_epochs, history, batches: as in `start`.
        show: takes a MIME bundle; each call replaces what the one before it showed.

    >>> shown = []
    >>> curve = Curve(10, History(), 32, shown.append)
    >>> curve.close("no epoch finished")
    >>> shown[-1]["text/plain"]
    'no epoch finished'
    """

    def __init__(
        self,
        num_epochs: int,
        history: History,
        batches: int | None,
        show: Callable[[dict[str, str]], None],
    ) -> None:
        self.num_epochs = num_epochs
        self.batches = batches
        self.show = show
        self.started = time.monotonic()
        self.next_update = self.started
        self.first = history.epochs
        self.done = 0
        self.picture = ""
        self.epochs = history.epochs
        if history.epochs:
            self.picture = _draw(history)
        self._update(self._meter())

    def batch(self) -> None:
        self.done += 1
        if time.monotonic() >= self.next_update:
            self._update(self._meter())

    def epoch(self, history: History) -> None:
        self.epochs = history.epochs
        self.picture = _draw(history)

    def close(self, text: str) -> None:
        self._update(text)

    def _meter(self) -> str:
        total = None if self.batches is None else (self.num_epochs - self.first) * self.batches
        return tqdm.format_meter(
            self.done,
            total,
            time.monotonic() - self.started,
            ncols=72,
            prefix=f"epoch {min(self.epochs + 1, self.num_epochs)}/{self.num_epochs}",
            unit="batch",
        )

    def _update(self, text: str) -> None:
        self.show({"text/plain": text, "text/html": f"{self.picture}<pre>{escape(text)}</pre>"})
        # Counted from the end of this update: a slow page then gets fewer, not later ones.
        self.next_update = time.monotonic() + REFRESH


def _numbers(history: History) -> str:
    return (
        f"loss {history.train_loss[-1]:.3f}, train {history.train_acc[-1]:.3f}, "
        f"test {history.test_acc[-1]:.3f}"
    )


def _draw(history: History) -> str:
    from .. import svg

    series = {
        "train loss": history.train_loss,
        "train acc": history.train_acc,
        "test acc": history.test_acc,
    }
    return str(svg.line_chart(series, label=f"Learning curve: {history.summary()}"))
