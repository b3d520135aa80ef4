from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from d2lhelpers.data import Batches, random_flip
from d2lhelpers.device import set_seed
from d2lhelpers.training import evaluate_accuracy, fit
from d2lhelpers.training._advice import explain
from d2lhelpers.training._epoch import Pass
from d2lhelpers.training._placement import Placement

from .toy import CPU, Interrupted, images, network, one_thread, plain, same, weights, without_times

__all__ = ["one_thread", "plain"]


# What is learned and measured


def test_fit_learns_and_measures_every_epoch() -> None:
    set_seed(0)
    history = fit(network(), images(), images(shuffle=False), 4, lr=0.2, device="cpu")
    assert history.epochs == 4
    assert [len(values) for values in vars(history).values()] == [4] * 4
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert history.test_acc[-1] > 0.9
    assert all(0 < seconds < 60 for seconds in history.seconds)


@pytest.mark.parametrize("memory", ["0", "1"])
def test_fit_does_what_the_textbook_loop_does(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("D2L_CHANNELS_LAST", memory)
    data = images(shuffle=False)  # 50 images in batches of 16: the last has 2
    net, textbook = network(), network()
    set_seed(1)
    history = fit(net, data, data, 2, lr=0.1, device="cpu")

    set_seed(1)
    optimizer = torch.optim.SGD(textbook.parameters(), lr=0.1)
    for epoch in range(2):
        textbook.train()
        loss_sum, correct = 0.0, 0
        for X, y in data:
            optimizer.zero_grad()
            outputs = textbook(X)
            loss = nn.functional.cross_entropy(outputs, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += int((outputs.argmax(1) == y).sum())
        textbook.eval()
        right = sum(int((textbook(X).argmax(1) == y).sum()) for X, y in data)
        assert history.train_loss[epoch] == pytest.approx(loss_sum / 50, rel=1e-5)
        assert history.train_acc[epoch] == correct / 50
        assert history.test_acc[epoch] == right / 50
    for ours, theirs in zip(weights(net), weights(textbook), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_seeded_runs_repeat_exactly() -> None:
    def run(seed: int) -> tuple[tuple[list[float], ...], list[Tensor]]:
        set_seed(seed)
        net = network(seed)
        data = images(augment=random_flip)
        return without_times(fit(net, data, data, 3, device="cpu")), weights(net)

    (first, w1), (second, w2), (other, _) = run(3), run(3), run(4)
    assert first == second and same(w1, w2)
    assert first != other


def test_evaluate_accuracy_is_in_evaluation_mode_and_restores_each_modules_mode() -> None:
    class ModeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frozen = nn.BatchNorm1d(2).eval()
            self.dropout = nn.Dropout(0.99)

        def forward(self, X: Tensor) -> Tensor:
            assert not torch.is_grad_enabled()
            return self.dropout(self.frozen(X))

    net = ModeNet()
    X = torch.eye(2).repeat(50, 1)
    y = torch.arange(100) % 2
    assert evaluate_accuracy(net, [(X, y), (X[:1], 1 - y[:1])]) == 100 / 101
    assert (net.training, net.dropout.training, net.frozen.training) == (True, True, False)


def test_fit_leaves_the_network_ready_to_answer() -> None:
    net = network()
    fit(net, images(), images(), 1, device="cpu")
    assert not any(module.training for module in net.modules())
    assert all(p.is_contiguous() for p in net.parameters())


def test_a_data_loader_is_data_too() -> None:
    data = images(shuffle=False)
    pairs: Any = [(image / 255, int(y)) for image, y in zip(data.images, data.labels, strict=True)]
    loader: Any = torch.utils.data.DataLoader(pairs, batch_size=16)

    def run(batches: Any) -> tuple[list[float], ...]:
        # Without dropout: the loader draws a number of its own at each epoch.
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
        history = fit(net, batches, batches, 2, device="cpu")
        assert evaluate_accuracy(net, batches) == history.test_acc[-1]
        return without_times(history)

    assert run(loader) == run(data)


# The device is not waited for


class NoSynchronization(TorchDispatchMode):
    """Counts reads of a tensor's value while ``inside`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.reads = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = str(func)
        if self.inside and ("_local_scalar_dense" in name or "nonzero" in name):
            self.reads += 1
        return func(*args, **(kwargs or {}))


class Watched:
    """Batches that say when the loop over them is entered and left."""

    def __init__(self, batches: Batches, mode: NoSynchronization) -> None:
        self.batches = batches
        self.mode = mode
        self.given = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        try:
            for X, y in self.batches:
                self.mode.inside = True
                self.given += 1
                yield X, y
        finally:
            self.mode.inside = False


def test_no_value_is_read_inside_the_loop() -> None:
    with NoSynchronization() as mode:
        train, test = Watched(images(), mode), Watched(images(shuffle=False), mode)
        fit(network(), train, test, 2, device="cpu")
    assert (train.given, test.given) == (8, 8)
    assert mode.reads == 0
    with mode:  # the watch itself works
        for X, _ in train:
            X.sum().item()
    assert mode.reads == 4


# Losses, answers, optimizers


class Distances(nn.Module):
    """Answers with distances: the smallest is meant, as LeNet-5's outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 2)

    def forward(self, X: Tensor) -> Tensor:
        return self.layer(X.flatten(1)).square()

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        right = outputs.gather(1, targets[:, None]).mean()
        return right + (1 - outputs.gather(1, 1 - targets[:, None])).clamp_min(0).mean()

    def predict(self, outputs: Tensor) -> Tensor:
        return outputs.argmin(1)


def test_a_network_may_bring_its_loss_and_its_answer() -> None:
    net = Distances()
    data = images(shuffle=False)
    history = fit(net, data, data, 20, lr=0.05, device="cpu")
    assert history.test_acc[-1] > 0.9
    outputs = torch.cat([net(X) for X, _ in data])
    assert history.test_acc[-1] == (outputs.argmin(1) == data.labels).float().mean().item()


class Auxiliary(nn.Module):
    """Returns three outputs while it trains, as GoogLeNet."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(64, 2) for _ in range(2))

    def forward(self, X: Tensor) -> Any:
        first, second = (layer(X.flatten(1)) for layer in self.layers)
        return (first, second) if self.training else first


def test_of_a_tuple_the_first_output_counts() -> None:
    net = Auxiliary()
    before = weights(net)
    history = fit(net, images(), images(), 5, lr=0.5, device="cpu")
    assert history.train_acc[-1] > 0.9 and history.test_acc[-1] > 0.9
    after = weights(net)
    assert not torch.equal(before[0], after[0]) and torch.equal(before[2], after[2])


def test_what_optimizer_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    data = images(shuffle=False)

    def trained(**arguments: Any) -> list[Tensor]:
        net = network()
        set_seed(0)
        if "own" in arguments:
            arguments = {"optimizer": arguments["own"](net.parameters())}
        fit(net, data, data, 1, device="cpu", **arguments)
        return weights(net)

    sgd = trained(own=lambda p: torch.optim.SGD(p, lr=0.1))
    assert same(trained(), sgd)
    assert same(trained(lr=0.1, optimizer=torch.optim.SGD), sgd)
    assert not same(trained(lr=0.2), sgd)
    adam = trained(own=lambda p: torch.optim.Adam(p, lr=1e-3))
    assert same(trained(optimizer=torch.optim.Adam), adam)
    assert not same(trained(optimizer=torch.optim.Adam, lr=1e-2), adam)


def test_optimizers_that_cannot_be_meant() -> None:
    net, other = network(), network()
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"lr=0.5 was given beside an optimizer that has its own"):
        fit(net, images(), images(), 1, lr=0.5, optimizer=sgd, device="cpu")
    with pytest.raises(ValueError, match="the optimizer was made for another network"):
        fit(other, images(), images(), 1, optimizer=sgd, device="cpu")
    with pytest.raises(ValueError, match="num_epochs is 0; train for 1 epoch or more"):
        fit(net, images(), images(), 0, device="cpu")


def test_an_interrupt_returns_the_history_so_far() -> None:
    net = network()
    data = images()
    history = fit(net, Interrupted(data, 10), data, 5, device="cpu")  # 4 batches an epoch
    assert history.epochs == 2
    assert not net.training and all(p.is_contiguous() for p in net.parameters())
    assert 0 <= evaluate_accuracy(net, data) <= 1
    assert fit(net, data, data, 1, device="cpu").epochs == 1


# Errors that say what to change


def failing(error: Exception) -> nn.Module:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def forward(self, X: Tensor) -> Tensor:
            raise error

    return Failing()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)("CUDA out of memory."),
    ],
)
def test_out_of_memory(error: Exception) -> None:
    data = images(batch_size=50, resize=9)
    for run in (
        lambda net: fit(net, data, data, 1, device="cpu"),
        lambda net: evaluate_accuracy(net, data),
    ):
        with pytest.raises(MemoryError) as found:
            run(failing(error))
        assert "a batch_size below 50, a resize below 9×9" in str(found.value)
        assert found.value.__cause__ is error


def test_out_of_memory_lets_go_of_the_feature_maps() -> None:
    class Hungry(nn.Module):
        def forward(self, X: Tensor) -> Tensor:
            maps = X.new_zeros(10)
            kept.append(sys._getframe())
            assert len(maps)
            raise RuntimeError("out of memory")

    kept: list[Any] = []
    with pytest.raises(MemoryError):
        evaluate_accuracy(Hungry(), images())
    assert "maps" not in kept[0].f_locals


@pytest.mark.parametrize("last", ["0", "1"])
def test_wrong_images(monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    monkeypatch.setenv("D2L_CHANNELS_LAST", last)

    def message(net: nn.Module) -> str:
        with pytest.raises(ValueError) as error:
            fit(net, images(), images(), 1, device="cpu")
        return str(error.value)

    colour = message(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2)))
    assert "takes 3 channels, and the images have 1: create it with in_channels=1" in colour
    dense = message(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(100, 2)))
    assert "does not take images of 8×8" in dense and "resize=n" in dense and "16x144" in dense
    assert "does not take images of 8×8" in message(nn.Sequential(nn.Conv2d(1, 4, 9)))
    assert "does not take images of 8×8" in message(
        nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(9))
    )
    maps = message(nn.Sequential(nn.Conv2d(1, 2, 8)))
    assert "outputs of shape (16, 2, 1, 1)" in maps and "nn.Flatten()" in maps
    assert "call net(X) with one batch before" in message(nn.Sequential(nn.LazyConv2d(2, 8)))


def test_a_mistake_in_the_network_stays_as_it_is() -> None:
    error = RuntimeError("my own mistake")
    with pytest.raises(RuntimeError, match="^my own mistake$") as found:
        fit(failing(error), images(), images(), 1, device="cpu")
    assert found.value is error


def test_labels_out_of_range() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    data = images()
    wide = Batches(data.images, data.labels + 1, 16)
    with pytest.raises(ValueError, match="labels run from 1 to 2, and the network has 2 outputs"):
        fit(net, wide, data, 1, device="cpu")
    # Data that does not tell its labels beforehand.
    with pytest.raises(ValueError, match=r"a label is out of range: the network has 2 outputs"):
        fit(net, list(wide), data, 1, device="cpu")
    ignored = [(X, torch.where(y == 0, -100, y)) for X, y in data]
    with pytest.raises(ValueError, match="labels run from -100 to 1"):
        fit(net, ignored, data, 1, device="cpu")
    one_hot = [(X, nn.functional.one_hot(y).float()) for X, y in data]
    with pytest.raises(ValueError, match=r"labels are torch.float32 of shape \(16, 2\); 16 images"):
        fit(net, one_hot, data, 1, device="cpu")


def test_labels_are_checked_before_an_accelerator_sees_them() -> None:
    # The meta device stands in: it computes shapes, and no value can be read from it.
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    run = Pass(Placement(net, torch.device("meta")))
    run.loss(torch.zeros(3, 4), torch.tensor([0, 1, 1]))
    with pytest.raises(ValueError, match="labels run from 0 to 2"):
        run.loss(torch.zeros(3, 4), torch.tensor([0, 1, 2]))
    run = Pass(Placement(net, torch.device("meta")), span=(0, 2))
    with pytest.raises(ValueError, match="labels run from 0 to 2"):
        run.loss(torch.zeros(3, 4), torch.tensor([0, 1, 1], device="meta"))
    assertion = RuntimeError("CUDA error: device-side assert triggered\nmore")
    assert "a label is out of range" in str(explain(assertion, (3, 4), CPU, 2))


def test_a_loss_that_is_no_longer_finite(tmp_path: Path) -> None:
    data = images()
    net = network()
    path = tmp_path / "net.pt"
    fit(net, data, data, 1, device="cpu", checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(FloatingPointError, match=r"became nan in epoch 2: lower lr \(it is 1e\+30"):
        fit(net, data, data, 2, lr=1e30, device="cpu", checkpoint=path)
    assert path.read_bytes() == before


def test_no_data() -> None:
    net = network()
    with pytest.raises(ValueError, match="train_iter gave no batch"):
        fit(net, [], images(), 1, device="cpu")
    once = ((X, y) for X, y in images())
    with pytest.raises(ValueError, match="not a generator"):
        fit(net, once, images(), 2, device="cpu")
    with pytest.raises(ValueError, match="the data to evaluate on gave no batch"):
        evaluate_accuracy(net, [])
