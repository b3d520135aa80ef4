"""Two processes train one network as one process with the whole batch does."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from d2lhelpers.data import Batches
from d2lhelpers.training import History, _progress, _together, fit

ROOT = Path(__file__).resolve().parents[1]
SHARED = """
import os, sys
import torch
from torch import distributed, nn
from d2lhelpers.training import fit

def data():
    draw = torch.Generator().manual_seed(0)
    return [(torch.rand(n, 3, generator=draw), torch.randint(4, (n,), generator=draw))
            for n in (8, 8, 6)]

def made():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4))

def run(epochs, checkpoint=None):
    net = made()
    history = fit(net, data(), data(), epochs, lr=0.5, device="cpu", checkpoint=checkpoint)
    return net, history
"""
WORKER = (
    SHARED
    + """
distributed.init_process_group("gloo")
rank, folder = distributed.get_rank(), sys.argv[1]
net, history = run(3)
file = os.path.join(folder, "resumed.pt")
run(1, file)
distributed.barrier()
resumed, _ = run(3, file)
torch.save({"weights": net.state_dict(), "loss": history.train_loss, "acc": history.test_acc,
            "resumed": resumed.state_dict()}, os.path.join(folder, f"rank{rank}.pt"))
distributed.destroy_process_group()
"""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote."""
    place = tmp_path_factory.mktemp("together")
    script = place / "worker.py"
    script.write_text(WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", str(script), str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return place


def test_two_processes_take_the_steps_of_one(folder: Path) -> None:
    here: dict[str, object] = {"fit": fit, "nn": nn, "torch": torch}
    exec(SHARED, here)
    net, history = here["run"](3)  # type: ignore[operator]
    for rank in (0, 1):
        theirs = torch.load(folder / f"rank{rank}.pt", weights_only=True)
        torch.testing.assert_close(theirs["weights"], dict(net.state_dict()))
        assert theirs["loss"] == pytest.approx(history.train_loss)
        assert theirs["acc"] == pytest.approx(history.test_acc)


def test_an_interrupted_run_of_two_ends_as_an_uninterrupted_one(folder: Path) -> None:
    for rank in (0, 1):
        theirs = torch.load(folder / f"rank{rank}.pt", weights_only=True)
        torch.testing.assert_close(theirs["resumed"], theirs["weights"], rtol=0, atol=0)


def test_one_checkpoint(folder: Path) -> None:
    assert sorted(path.name for path in folder.glob("resumed*")) == ["resumed.pt"]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_process_prepares_its_part_alone(
    monkeypatch: pytest.MonkeyPatch, training: bool, shuffle: bool
) -> None:
    images = torch.arange(11).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).to(torch.uint8)
    prepared = []

    def watched(X: Tensor) -> Tensor:
        prepared.append(len(X))
        return X

    batches = Batches(images, torch.arange(11), 4, shuffle=shuffle, augment=watched)
    monkeypatch.setattr(_together, "size", lambda: 2)
    seen = []
    for rank in (0, 1):
        monkeypatch.setattr(_together, "rank", lambda rank=rank: rank)
        torch.manual_seed(3)
        plain = [(X, y) for X, y in _together.Share(list(batches), training)]
        prepared.clear()
        torch.manual_seed(3)
        parts = list(_together.Share(batches, training))
        assert sum(prepared) == sum(len(y) for _, y in parts) <= 6
        assert len(parts) == len(plain) == 3
        for (X, y), (A, b) in zip(parts, plain, strict=True):
            assert X.equal(A) and y.equal(b) and X[:, 0, 0, 0].mul(255).round().long().equal(y)
        seen += [int(label) for _, y in parts for label in y]
    assert len(seen) == len(set(seen)) == (10 if training else 11)


@pytest.mark.parametrize(("rank", "lines"), [(0, 1), (1, 0)])
def test_one_progress_bar(monkeypatch: pytest.MonkeyPatch, rank: int, lines: int) -> None:
    monkeypatch.setattr(_progress.together, "rank", lambda: rank)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    bar = _progress.start(2, History(), 4)
    bar.close("2 epochs")
    assert terminal.getvalue().count("2 epochs") == lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
