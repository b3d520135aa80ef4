"""``make bench-gpu``: every network with its full preset, and an epoch against the textbook's.

It needs a CUDA device and the full Fashion-MNIST, and nothing of Jupyter.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import torch
from pairs import Row, compare, write
from textbook import bare_epoch, load, train_epoch
from torch import nn

import d2lhelpers as d2l

# Test accuracy after five epochs as published with the textbook.
PUBLISHED = {
    "LeNet": ("lenet", {}, 0.759),
    "LeNet, batch norm": ("lenet", {"batch_norm": True}, 0.859),
    "AlexNet": ("alexnet", {}, 0.902),
    "VGG-11": ("vgg11", {}, 0.918),
    "NiN": ("nin", {}, 0.831),
    "GoogLeNet": ("googlenet", {}, 0.896),
    "ResNet-18": ("resnet18", {}, 0.926),
    "DenseNet": ("densenet", {}, 0.889),
}


def accuracies(device: torch.device) -> list[dict[str, object]]:
    """Five epochs of each network; accuracy and seconds beside the published accuracy."""
    found: list[dict[str, object]] = []
    for title, (name, options, published) in PUBLISHED.items():
        chosen = replace(d2l.presets.preset(name, "full"), options=tuple(options.items()))
        started = time.perf_counter()
        _, history = d2l.presets.run(name, chosen, device)
        seconds = time.perf_counter() - started
        found.append(
            {
                "network": title,
                "accuracy": history.test_acc[-1],
                "published": published,
                "seconds": seconds,
            }
        )
        print(f"{title}: {history.test_acc[-1]:.3f} ({published}), {seconds:.0f} s", flush=True)
    return found


def epochs(device: torch.device) -> list[Row]:
    """An epoch of LeNet at 28 and of AlexNet at 224: ours, the textbook's, and the bare steps."""
    rows = []
    for name, size, batch in (("lenet", None, 256), ("alexnet", 224, 128)):
        train, test = d2l.load_data_fashion_mnist(batch, resize=size, subset="full", device=device)
        theirs = load(batch, size, "full", 4)
        X, y = next(iter(train))

        def made(name: str = name) -> tuple[nn.Module, torch.optim.Optimizer]:
            d2l.set_seed(0)
            net = d2l.models.create(name).to(device)
            return net, torch.optim.SGD(net.parameters(), lr=0.05)

        def ours(train=train, test=test, made=made) -> None:  # type: ignore[no-untyped-def]
            net, optimizer = made()
            d2l.fit(net, train, test, 1, optimizer=optimizer, device=device)

        def textbook(theirs=theirs, made=made) -> None:  # type: ignore[no-untyped-def]
            net, optimizer = made()
            train_epoch(net, *theirs, optimizer, device)

        def bare(train=train, test=test, made=made, X=X, y=y) -> None:  # type: ignore[no-untyped-def]
            net, optimizer = made()
            with d2l.device.autocast(device):
                bare_epoch(net, X, y, len(train), len(test), optimizer)

        what = f"{name}, an epoch"
        wait = torch.cuda.synchronize
        rows.append(compare(what, "textbook, 4 workers", "≥ 5×", ours, textbook, 1, wait))
        rows.append(compare(what, "the bare steps", "≥ 0.91×", ours, bare, 3, wait))
    return rows


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("make bench-gpu needs a CUDA device; this machine has none: use make bench")
    device = torch.device("cuda")
    trained = accuracies(device)
    write("gpu", epochs(device), {"trained": trained})


if __name__ == "__main__":
    main()
