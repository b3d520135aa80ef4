from __future__ import annotations

import io
import os
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from d2lhelpers.data import random_flip
from d2lhelpers.device import set_seed
from d2lhelpers.training import fit
from d2lhelpers.training._checkpoint import Checkpoint

from .toy import CPU, Interrupted, images, network, one_thread, plain, same, weights, without_times

__all__ = ["one_thread", "plain"]


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: torch.optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("stop", ["between epochs", "inside an epoch", "while testing"])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path: Path, name: str, stop: str) -> None:
    data = images(augment=random_flip)
    test = images(shuffle=False)
    set_seed(9)
    whole = network()
    optimizer = OPTIMIZERS[name](whole.parameters())
    expected = fit(whole, data, test, 5, optimizer=optimizer, device="cpu")

    path = tmp_path / "runs" / "net.pt"
    set_seed(9)
    net = network()
    optimizer = OPTIMIZERS[name](net.parameters())
    if stop == "between epochs":
        fit(net, data, test, 2, optimizer=optimizer, device="cpu", checkpoint=path)
    else:
        train: Any = Interrupted(data, 11) if stop == "inside an epoch" else data
        tests: Any = Interrupted(test, 11) if stop == "while testing" else test
        got = fit(net, train, tests, 5, optimizer=optimizer, device="cpu", checkpoint=path)
        assert got.epochs == 2
    set_seed(123)  # another session: other seeds, other weights
    net = network(seed=77)
    optimizer = OPTIMIZERS[name](net.parameters())
    history = fit(net, data, test, 5, optimizer=optimizer, device="cpu", checkpoint=path)
    assert without_times(history) == without_times(expected)
    assert same(weights(net), weights(whole))
    assert os.listdir(path.parent) == ["net.pt"]


def test_a_data_loaders_own_generator_is_resumed(tmp_path: Path) -> None:
    data = images()
    pairs: Any = [(image / 255, int(y)) for image, y in zip(data.images, data.labels, strict=True)]

    def loader() -> Any:
        generator = torch.Generator().manual_seed(4)
        return torch.utils.data.DataLoader(pairs, 16, shuffle=True, generator=generator)

    set_seed(0)
    whole = network()
    expected = fit(whole, loader(), data, 3, device="cpu")
    set_seed(0)
    fit(network(), loader(), data, 1, device="cpu", checkpoint=tmp_path / "a.pt")
    net = network(5)
    history = fit(net, loader(), data, 3, device="cpu", checkpoint=tmp_path / "a.pt")
    assert without_times(history) == without_times(expected) and same(weights(net), weights(whole))


def test_a_finished_checkpoint_is_loaded_and_nothing_is_trained(tmp_path: Path) -> None:
    path = str(tmp_path / "net.pt")
    data = images()
    net = network()
    history = fit(net, data, data, 2, device="cpu", checkpoint=path)
    again = network(1)
    assert fit(again, data, data, 2, device="cpu", checkpoint=path) == history
    assert same(weights(again), weights(net))
    again = network(1)
    with pytest.warns(UserWarning, match="already holds 2 epochs, more than num_epochs=1: nothing"):
        assert fit(again, data, data, 1, device="cpu", checkpoint=path) == history
    assert same(weights(again), weights(net))


def test_the_learning_rate_of_the_call_wins(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    net = nn.Linear(2, 2)
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    data = [(torch.eye(2), torch.arange(2))]
    fit(net, data, data, 1, optimizer=sgd, device="cpu", checkpoint=path)
    moments = [sgd.state[p]["momentum_buffer"].clone() for p in net.parameters()]
    later = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    Checkpoint(path, net, later, CPU).load()
    assert later.param_groups[0]["lr"] == 0.01
    assert same([later.state[p]["momentum_buffer"] for p in net.parameters()], moments)


def test_checkpoints_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    data = images()
    fit(network(), data, data, 1, device="cpu", checkpoint=path)
    wider = network()
    wider[5] = nn.Linear(144, 3)
    before = weights(wider)
    with pytest.raises(ValueError) as error:
        fit(wider, data, data, 2, device="cpu", checkpoint=path)
    assert "is of another network: its 5.weight is float32 of shape (2, 144)" in str(error.value)
    assert "here it is float32 of shape (3, 144)" in str(error.value)
    assert same(weights(wider), before)
    with pytest.raises(ValueError, match="was trained with SGD, not with Adam; use SGD"):
        fit(network(), data, data, 2, optimizer=torch.optim.Adam, device="cpu", checkpoint=path)
    with pytest.raises(ValueError, match="is a folder; name a file"):
        fit(network(), data, data, 2, device="cpu", checkpoint=tmp_path)
    torch.save({"weights": 1}, path)
    with pytest.raises(ValueError, match="is not a checkpoint that fit wrote; delete it"):
        fit(network(), data, data, 2, device="cpu", checkpoint=path)


class Harmful:
    def __reduce__(self) -> tuple:
        return os.mkdir, (os.environ["HARM"],)


@pytest.mark.parametrize("content", ["half", "empty", "text", "code"])
def test_a_damaged_checkpoint_is_refused_and_no_code_in_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    path = tmp_path / "net.pt"
    data = images()
    fit(network(), data, data, 1, device="cpu", checkpoint=path)
    whole = path.read_bytes()
    monkeypatch.setenv("HARM", str(tmp_path / "harm"))
    if content == "code":
        torch.save(Harmful(), path)
    else:
        damaged = {"half": whole[: len(whole) // 2], "empty": b"", "text": b"my notes"}
        path.write_bytes(damaged[content])
    with pytest.raises(ValueError, match="cannot be read: it is damaged or no"):
        fit(network(), data, data, 2, device="cpu", checkpoint=path)
    assert not (tmp_path / "harm").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(PermissionError, match="cannot be written"):
        fit(network(), images(), images(), 1, device="cpu", checkpoint=tmp_path / "net.pt")


def test_a_full_disk_keeps_the_old_checkpoint_and_the_training(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    data = images()
    net = network()
    set_seed(0)
    fit(net, data, data, 1, device="cpu", checkpoint=path)
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, limits[1]))
    try:
        with pytest.warns(UserWarning, match="could not be written after epoch") as seen:
            history = fit(net, data, data, 3, device="cpu", checkpoint=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [str(w.message).split(" (")[0][-7:] for w in seen] == ["epoch 2", "epoch 3"]
    assert "what the file held before is intact" in str(seen[0].message)
    assert seen[0].filename == __file__
    assert history.epochs == 3
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["net.pt"]
    assert fit(network(), data, data, 2, device="cpu", checkpoint=path).epochs == 2


def test_an_interrupt_while_saving_keeps_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.pt"
    data = images()
    fit(network(), data, data, 1, device="cpu", checkpoint=path)
    old = path.read_bytes()

    def interrupt(content: object, file: io.BytesIO) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupt)
    assert fit(network(), data, data, 3, device="cpu", checkpoint=path).epochs == 2
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["net.pt"]
