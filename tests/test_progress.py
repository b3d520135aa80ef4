from __future__ import annotations

import io
import math
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from d2lhelpers.training import _progress as progress
from d2lhelpers.training import fit
from d2lhelpers.training._history import History

from .toy import Interrupted, images, network, one_thread, plain

__all__ = ["one_thread", "plain"]


# What is shown


def filled(epochs: int) -> History:
    history = History()
    for epoch in range(epochs):
        history.append(2.0 / (epoch + 1), 0.5, 0.25, 1.0)
    return history


def test_history_describes_itself() -> None:
    assert repr(History()) == "History(no epoch finished)"
    assert repr(filled(2)) == (
        "History(2 epochs in 2.0 s: train loss 1.000, train acc 0.500, test acc 0.250)"
    )


def test_curve_is_updated_in_place_at_most_five_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    shown: list[dict[str, str]] = []
    curve = progress.Curve(2, History(), 50, shown.append)
    for epoch in range(2):
        for _ in range(50):
            now += 0.02
            curve.batch()
        curve.epoch(filled(epoch + 1))
    assert 8 <= len(shown) <= 11  # 2 seconds
    assert "epoch 1/2" in shown[0]["text/plain"] and "<svg" not in shown[0]["text/html"]
    middle = shown[len(shown) // 2 + 1]
    assert "<svg" in middle["text/html"] and "epoch 2/2" in middle["text/plain"]
    curve.close(filled(2).summary())
    last = shown[-1]
    assert last["text/plain"] == filled(2).summary()
    assert last["text/html"].count("<svg") == 1
    assert last["text/html"].endswith(f"<pre>{filled(2).summary()}</pre>")
    assert "test acc" in last["text/html"] and "00:0" not in last["text/html"]
    assert "&lt;" in middle["text/html"].split("<pre>")[1]  # tqdm writes a bare <


def in_notebook(monkeypatch: pytest.MonkeyPatch, kernel: bool) -> list[tuple[dict, dict]]:
    calls: list[tuple[dict, dict]] = []
    display = SimpleNamespace(display=lambda bundle, **how: calls.append((bundle, how)))
    shell = SimpleNamespace(kernel=object()) if kernel else SimpleNamespace()
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return calls


def test_fit_in_a_notebook_leaves_one_output_with_the_final_curve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = in_notebook(monkeypatch, kernel=True)
    monkeypatch.delenv("TQDM_DISABLE")
    history = fit(network(), images(), images(), 2, device="cpu")
    assert len({how["display_id"] for _, how in calls}) == 1
    assert [how["update"] for _, how in calls] == [False] + [True] * (len(calls) - 1)
    assert calls[-1][0]["text/plain"] == history.summary()
    assert calls[-1][0]["text/html"].startswith("<svg")
    assert capsys.readouterr() == ("", "")
    fit(network(), Interrupted(images(), 6), images(), 3, device="cpu")
    stopped = calls[-1][0]["text/plain"]
    assert stopped.startswith("stopped in epoch 2 of 3; 1 epoch in ")
    with pytest.raises(FloatingPointError):
        fit(network(), images(), images(), 3, lr=1e30, device="cpu")
    assert calls[-1][0]["text/plain"] == "failed in epoch 1 of 3"


@pytest.mark.parametrize("silent", [True, False])
def test_nothing_is_shown_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], silent: bool
) -> None:
    # A notebook that was told to be silent; and a terminal IPython whose output is a pipe.
    calls = in_notebook(monkeypatch, kernel=silent)
    if not silent:
        monkeypatch.delenv("TQDM_DISABLE")
    fit(network(), images(), images(), 1, device="cpu")
    assert calls == [] and capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_and_keeps_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.delenv("TQDM_DISABLE")
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    history = fit(network(), images(), images(), 2, device="cpu")
    written = terminal.getvalue()
    assert "epoch 1/2:   0%" in written and "/8 [" in written
    assert written.endswith(f"\r{history.summary()}\n") and written.count("\n") == 1


def test_data_of_unknown_length_has_a_bar_too() -> None:
    class Unknown:
        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            return iter(images())

    assert fit(network(), Unknown(), images(), 2, device="cpu").epochs == 2
    shown: list[dict[str, str]] = []
    progress.Curve(2, History(), None, shown.append).batch()
    assert "epoch 1/2" in shown[0]["text/plain"]


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(network(), images(), images(), 1, optimizer=torch.optim.Adam, device="cpu")
    assert math.isfinite(history.train_loss[0])
