"""What the bench compares does the same mathematics on both sides."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

import d2lhelpers as d2l

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import pairs
import textbook

CPU = torch.device("cpu")


class Recorded(torch.nn.Module):
    """LeNet that keeps the first logits of each training batch."""

    def __init__(self) -> None:
        super().__init__()
        d2l.set_seed(0)
        self.net = d2l.models.create("lenet", activation="relu")
        self.seen: list[Tensor] = []

    def forward(self, X: Tensor) -> Tensor:
        logits: Tensor = self.net(X)
        if self.training:
            self.seen.append(logits[0].detach().clone())
        return logits


def test_both_loaders_give_the_same_images() -> None:
    for resize, tolerance in ((None, 0.0), (56, 1 / 255)):
        ours = d2l.load_data_fashion_mnist(100, resize=resize, subset="mini", device=CPU)[1]
        theirs = textbook.load(100, resize, "mini", workers=0)[1]
        for (X, y), (A, b) in zip(list(ours)[:3], theirs, strict=False):
            torch.testing.assert_close(X, A, rtol=0, atol=tolerance + 1e-6)
            assert y.equal(b)


def test_both_loops_take_the_same_steps_to_the_same_loss() -> None:
    test = d2l.load_data_fashion_mnist(100, subset="mini", device=CPU)[1]
    theirs = textbook.load(100, None, "mini", workers=0)[1]
    one, other = Recorded(), Recorded()
    history = d2l.fit(one, test, test, 1, lr=0.01, device=CPU)
    sgd = torch.optim.SGD(other.parameters(), lr=0.01)  # larger steps would grow rounding errors
    loss, accuracy = textbook.train_epoch(other, theirs, theirs, sgd, CPU)
    assert len(one.seen) == len(other.seen) == 20
    ours, others = torch.stack(one.seen), torch.stack(other.seen)
    torch.testing.assert_close(ours[:5], others[:5], rtol=0, atol=1e-6)
    torch.testing.assert_close(ours, others, rtol=0, atol=5e-3)  # rounding errors grow with steps
    assert history.train_loss[0] == pytest.approx(loss, rel=1e-4)
    assert history.test_acc[0] == pytest.approx(accuracy, abs=0.002)


def test_the_double_loop_is_the_convolution() -> None:
    X, K = torch.rand(9, 7), torch.rand(3, 2)
    ours = d2l.functional.conv2d(X[None, None], K[None, None])[0, 0]
    torch.testing.assert_close(textbook.corr2d(X, K), ours)


def test_a_ratio_is_the_others_time_by_ours() -> None:
    runs: list[str] = []
    row = pairs.compare("a", "b", "", lambda: runs.append("a"), lambda: runs.append("b"), 2)
    assert runs == ["a", "b"] * 3 and len(row.ours) == len(row.other) == 2
    runs.clear()
    pairs.compare("a", "b", "", lambda: runs.append("a"), lambda: runs.append("b"), 1, calls=(3, 1))
    assert "".join(runs) == "aaab" * 2
    row.ours, row.other = [1.0, 2.0, 4.0], [3.0, 4.0, 4.0]
    assert row.ratio == 2.0


def test_the_table_replaces_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("a\n<!-- cpu -->\nold\n<!-- end cpu -->\nz\n")
    monkeypatch.setattr(pairs, "RESULTS", tmp_path / "results")
    rows = [pairs.Row("x", "y", "≥ 3×", [1.0], [3.5]), pairs.Row("z", "", "≤ 10 min", [75.0])]
    pairs.write("cpu", rows)
    text = (tmp_path / "README.md").read_text()
    assert "old" not in text and text.startswith("a\n") and text.endswith("z\n")
    assert "| x | y | 1.00 s | 3.50 s | **3.50×** (3.50 to 3.50) | ≥ 3× |" in text
    assert "| z |  | 75.00 s | | | ≤ 10 min |" in text
    assert f"torch {torch.__version__}" in text


def test_the_table_names_every_network_that_was_trained() -> None:
    entry = {"network": "LeNet", "accuracy": 0.8012, "published": 0.759, "seconds": 9.6}
    text = pairs.table({"hardware": {"gpu": "x"}, "rows": [], "trained": [entry, entry]})
    assert text.count("| LeNet | **0.801** | 0.759 | 10 |") == 2
    assert "| all | | | 19 (to reach: under 600) |" in text
