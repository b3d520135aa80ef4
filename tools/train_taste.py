"""Train the small network that d2lhelpers ships for chapter 00 and write its weights.

    python tools/train_taste.py

LeNet with ReLU and max pooling sees the full Fashion-MNIST, mirrored at random, for 20 epochs of
Adam in batches of 128: 15 with learning rate 0.001, then 5 with 0.0001. The last weights are kept,
whatever the test images say of them, and stored as float16. It takes about two minutes on one
thread of a CPU: one, since the number of threads changes how sums are rounded, and with it the
weights. The same machine gives the same file again; another one ends within a few tenths of a per
cent. Prints what the docstring of d2lhelpers/pretrained says of the file.
"""

from __future__ import annotations

import torch

import d2lhelpers as d2l
from d2lhelpers import pretrained

SCHEDULE = ((15, 1e-3), (5, 1e-4))


def main() -> None:
    torch.set_num_threads(1)
    d2l.set_seed(0)
    net = d2l.models.create("lenet", **pretrained.NETWORKS["lenet"])
    train_iter, test_iter = d2l.load_data_fashion_mnist(
        128, subset="full", augment=d2l.data.random_flip, device="cpu"
    )
    for epochs, lr in SCHEDULE:
        history = d2l.fit(
            net, train_iter, test_iter, epochs, lr=lr, optimizer=torch.optim.Adam, device="cpu"
        )
        print(history.summary(), flush=True)
    path = pretrained.FOLDER / "lenet.pt"
    torch.save({name: value.half() for name, value in net.state_dict().items()}, path)

    shipped = pretrained.load("lenet")
    _, mini_iter = d2l.load_data_fashion_mnist(128, subset="mini", device="cpu")
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    for batches in (test_iter, mini_iter):
        accuracy = d2l.evaluate_accuracy(shipped, batches)
        print(f"accuracy on {batches.num_samples:,} test images: {accuracy:.4f}")


if __name__ == "__main__":
    main()
