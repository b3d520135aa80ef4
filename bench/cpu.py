"""``make bench``: the book's code on a CPU beside what people copy, in under 10 minutes."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from pathlib import Path

import matplotlib
import torch
import torch.nn.functional as F
from pairs import Row, compare, write
from textbook import bare_epoch, corr2d, load, train_epoch
from torch import nn

import d2lhelpers as d2l
from d2lhelpers.explore.convolution import operands

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import run_tests

CPU = torch.device("cpu")


def lenet() -> tuple[nn.Module, torch.optim.Optimizer]:
    d2l.set_seed(0)
    net = d2l.models.create("lenet", activation="relu")
    return net, torch.optim.SGD(net.parameters(), lr=0.1)


def lenet_epoch() -> list[Row]:
    """One epoch of the 60,000 images and an evaluation on 10,000, batches of 256."""
    train, test = d2l.load_data_fashion_mnist(256, subset="full", device=CPU)
    X, y = next(iter(train))

    def ours() -> None:
        net, optimizer = lenet()
        d2l.fit(net, train, test, 1, optimizer=optimizer, device=CPU)

    def textbook(workers: int) -> None:
        net, optimizer = lenet()
        train_epoch(net, *loaders[workers], optimizer, CPU)

    def bare() -> None:
        net, optimizer = lenet()
        bare_epoch(net, X, y, len(train), len(test), optimizer)

    loaders = {workers: load(256, None, "full", workers) for workers in (0, 2, 4)}
    seconds = {}
    for workers in loaders:
        started = time.perf_counter()
        textbook(workers)
        seconds[workers] = time.perf_counter() - started
    best = min(seconds, key=lambda workers: seconds[workers])
    what = "LeNet, an epoch of 60,000 images"
    return [
        compare(what, f"textbook, {best} workers", "≥ 3×", ours, lambda: textbook(best), 3),
        compare(what, "the bare steps", "≥ 0.91×", ours, bare, 3),
    ]


def batches_at_224() -> Row:
    """Images a second of the loaders alone: 1,024 images at 224×224, batches of 128."""
    train, _ = d2l.load_data_fashion_mnist(128, resize=224, subset="mini", device=CPU)
    theirs, _ = load(128, 224, "mini", 2)

    def first(batches: object) -> None:
        for number, _ in enumerate(batches):  # type: ignore[arg-type, var-annotated]
            if number == 7:
                return

    return compare(
        "batches at 224",
        "textbook, 2 workers",
        "≥ 3×",
        lambda: first(train),
        lambda: first(theirs),
        5,
    )


def resnet() -> Row:
    """ResNet-18 at 96×96, an epoch of 2,000 images, batches of 64."""
    _, test = d2l.load_data_fashion_mnist(64, resize=96, subset="mini", device=CPU)
    few, none = list(test), [next(iter(test))]
    theirs = load(64, 96, "mini", 2)[1]

    def made() -> tuple[nn.Module, torch.optim.Optimizer]:
        d2l.set_seed(0)
        net = d2l.models.create("resnet18")
        return net, torch.optim.SGD(net.parameters(), lr=0.05)

    def ours() -> None:
        net, optimizer = made()
        d2l.fit(net, test, none, 1, optimizer=optimizer, device=CPU)

    def textbook() -> None:
        net, optimizer = made()
        train_epoch(net, theirs, none, optimizer, CPU)  # type: ignore[arg-type]

    assert sum(len(y) for _, y in few) == 2000
    return compare(
        "ResNet-18 at 96, 2,000 images", "textbook, 2 workers", "≥ 1.2×", ours, textbook, 1
    )


def redraw() -> Row:
    """The convolution explorer's picture, 12×12, against the same grids in matplotlib."""
    matplotlib.use("agg")
    import io

    import matplotlib.pyplot as plt

    def picture() -> None:
        X, K = operands(12, 3)
        Y = F.conv2d(X[None, None], K[None, None])[0, 0]
        figure, axes = plt.subplots(1, 3, figsize=(7.6, 3.2))
        for axis, grid, cmap in zip(axes, (X, K, Y), ("Blues", "Oranges", "Greens"), strict=True):
            axis.imshow(grid, cmap=cmap)
            axis.axis("off")
            for row in range(len(grid)):
                for column in range(len(grid)):
                    value = f"{grid[row, column]:.0f}"
                    axis.text(column, row, value, ha="center", va="center")
        figure.savefig(io.BytesIO(), format="png")
        plt.close(figure)

    steps = iter(range(10**6))

    def ours() -> None:
        d2l.explore.convolution.render(input_size=12, step=next(steps) % 100)

    return compare(
        "explorer redraw", "the same in matplotlib", "≥ 40×", ours, picture, 20, calls=(20, 1)
    )


def convolution() -> list[Row]:
    """One 64×64 image with a 5×5 kernel; a batch of 32 with 16 to 32 maps."""
    X, K = torch.rand(64, 64), torch.rand(5, 5)
    x, w = torch.rand(32, 16, 28, 28), torch.rand(32, 16, 5, 5)
    conv2d = d2l.functional.conv2d
    return [
        compare(
            "functional.conv2d, one image",
            "the double loop",
            "≥ 100×",
            lambda: conv2d(X[None, None], K[None, None]),
            lambda: corr2d(X, K),
            10,
            calls=(200, 1),
        ),
        compare(
            "functional.conv2d, a batch",
            "F.conv2d",
            "≥ 0.2×",
            lambda: conv2d(x, w, padding=2),
            lambda: F.conv2d(x, w, padding=2),
            10,
            calls=(20, 20),
        ),
    ]


def imports() -> Row:
    """A fresh interpreter each time."""

    def fresh(module: str) -> None:
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True, cwd=ROOT)

    ROOT = Path(__file__).resolve().parent.parent
    return compare(
        "import d2lhelpers after torch",
        "import torch",
        "within 0.15 s",
        lambda: fresh("torch, d2lhelpers"),
        lambda: fresh("torch"),
        7,
    )


def notebooks() -> Row:
    """Every notebook of the book, run and compared as ``make test`` does it, once."""
    seconds = run_tests.run("notebooks")
    return Row("all notebooks under nbval", "", "≤ 10 min", [seconds])


def main() -> None:
    # Four workers on two cores are one of the textbook's settings, not a mistake.
    warnings.filterwarnings("ignore", "This DataLoader will create")
    rows = [redraw(), *convolution(), imports(), batches_at_224(), *lenet_epoch(), resnet()]
    write("cpu", [*rows, notebooks()])


if __name__ == "__main__":
    main()
