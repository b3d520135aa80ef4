"""The checks of chapter 18, the zoo."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..models import create
from ._exercise import call, describe, exercise, first_wrong

Network = tuple[float, float]


def _dominates(a: Network, b: Network) -> bool:
    return a[0] <= b[0] and a[1] >= b[1] and a != b


@exercise(
    "18.1",
    "Two conditions, both needed: cost no higher and accuracy no lower; and at least one of the "
    "two strictly better. A network does not dominate its equal.",
)
def dominates(answer: Any) -> str | None:
    """A function (a, b) -> whether the network a dominates b; each is (cost, accuracy)."""
    cases = [
        ((1, 0.8), (2, 0.7)),
        ((2, 0.7), (1, 0.8)),
        ((1, 0.7), (2, 0.8)),
        ((2, 0.8), (1, 0.7)),
        ((1, 0.8), (2, 0.8)),
        ((1, 0.8), (1, 0.7)),
        ((1, 0.8), (1, 0.8)),
        ((1, 0.7), (1, 0.8)),
        ((2, 0.8), (1, 0.8)),
    ]
    return first_wrong(answer, cases, _dominates, ("a", "b"), "the answer is")


def _front(costs: list[float], accuracies: list[float]) -> list[int]:
    both = list(zip(costs, accuracies, strict=True))
    return [i for i, b in enumerate(both) if not any(_dominates(a, b) for a in both)]


@exercise(
    "18.2",
    "Sort the indices by cost and, among equal costs, the highest accuracy first. A network is on "
    "the front if it is better than all cheaper ones and as good as the best of its own cost. Sort "
    "the indices that are left.",
)
def pareto(answer: Any) -> str | None:
    """A function (costs, accuracies) -> the indices of the Pareto front, in increasing order."""
    cases = [
        ([1], [0.5]),
        ([1, 2, 3, 4], [0.6, 0.8, 0.7, 0.9]),
        ([4, 3, 2, 1], [0.9, 0.7, 0.8, 0.6]),
        ([1, 2, 3], [0.9, 0.8, 0.7]),
        ([1, 1, 2], [0.5, 0.5, 0.5]),
        ([2, 1, 2, 1], [0.8, 0.6, 0.7, 0.6]),
        ([3, 3, 1], [0.7, 0.9, 0.9]),
        ([5, 2, 8, 2, 1], [0.8, 0.7, 0.8, 0.7, 0.2]),
    ]
    names = ("costs", "accuracies")
    return first_wrong(answer, cases, _front, names, "the front is")


def _net() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(36, 6), nn.ReLU(), nn.Linear(6, 8)),
    )


@exercise(
    "18.3",
    "copy.deepcopy(net) shares nothing with net. moved.requires_grad_(False) freezes all that is "
    "there; a layer that is put in afterwards asks for gradients again.",
)
def frozen_with_head(answer: Any) -> str | None:
    """A function (net, num_classes) -> a copy with a frozen body and a fresh last layer."""
    for classes in (2, 8, 5):
        # Layers draw their first weights: the reader's own random numbers must not move.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            problem = _head_problem(answer, _net(), classes)
        if problem:
            return f"for a network with 8 outputs and num_classes={classes} {problem}"
    return None


def _head_problem(answer: Any, net: nn.Sequential, classes: int) -> str | None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    case = f"a network with 8 outputs and num_classes={classes}"
    moved = call(answer, net, classes, case=case)
    if not isinstance(moved, nn.Module):
        return f"you returned {describe(moved)}; a network is expected"
    after = net.state_dict()
    same = before.keys() == after.keys() and all(
        before[name].shape == after[name].shape and torch.equal(before[name], after[name])
        for name in before
    )
    if not same or not all(p.requires_grad for p in net.parameters()):
        return "the network that you were given has changed: work on a copy"
    if {id(p) for p in moved.parameters()} & {id(p) for p in net.parameters()}:
        return "your network shares parameters with the one given: work on a copy"
    said = call(moved.eval(), torch.rand(3, 1, 8, 8), case="three images in your network")
    if not isinstance(said, Tensor) or said.shape != (3, classes):
        shape = tuple(said.shape) if isinstance(said, Tensor) else describe(said)
        return f"three images give {shape}; expected (3, {classes})"
    new = list(moved.parameters())
    old = list(net.parameters())
    if len(new) != len(old):
        return f"your network has {len(new)} parameter tensors, the one given {len(old)}"
    if not all(torch.equal(p, q) for p, q in zip(old[:-2], new[:-2], strict=True)):
        return "the body has lost its weights: only the last layer is fresh"
    if any(torch.equal(p, q) for p, q in zip(old[-2:], new[-2:], strict=True)):
        return "the last layer is the old one; expected fresh weights, also for 8 classes"
    learning = [p.requires_grad for p in new]
    wanted = [False] * (len(new) - 2) + [True, True]
    if learning != wanted:
        return (
            f"{sum(learning)} of {len(learning)} parameter tensors ask for a gradient; expected "
            "the last two only, the weight and the bias of the last layer"
        )
    return None


@exercise(
    "18.4",
    "Go through the names of one state. A name counts if the other has it too and if both tensors "
    "have equal .shape: [3] is not [3, 1]. sorted(...) makes the list.",
)
def fitting(answer: Any) -> str | None:
    """A function (saved, own) -> sorted names that both states hold with equal shapes."""
    with torch.device("meta"):
        full, other = (_shapes(create("lenet", num_classes=classes)) for classes in (10, 2))
    cases: list[tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]] = [
        ({"w": (2, 3)}, {"w": (2, 3)}),
        ({"w": (2, 3)}, {"w": (3, 2)}),
        ({"w": (2, 3), "b": (2,)}, {"w": (2, 3), "b": (3,)}),
        ({"w": (2,), "old": (1,)}, {"w": (2,), "new": (1,)}),
        ({"z": (1,), "a": (1,), "m": (1,)}, {"m": (1,), "z": (1,), "a": (1,)}),
        ({"b": (3,)}, {"b": (3, 1)}),
        ({}, {"w": (1,)}),
        (full, other),
    ]
    for saved, own in cases:
        truth = sorted(name for name in saved if own.get(name) == saved[name])
        case = f"saved with shapes {describe(saved)} and own with {describe(own)}"
        said = call(answer, _tensors(saved), _tensors(own), case=case)
        if said != truth:
            return f"for {case} you said {describe(said)}; expected {describe(truth)}"
    return None


def _shapes(net: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in net.state_dict().items()}


def _tensors(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


@exercise(
    "18.5",
    "tensor.numel() is how many numbers, tensor.element_size() how many bytes one takes. "
    "net.parameters() leaves the buffers out; net.state_dict().values() has both.",
)
def state_bytes(answer: Any) -> str | None:
    """A function (net) -> bytes of all tensors in its state."""
    with torch.device("meta"):
        nets: dict[str, nn.Module] = {
            "nn.Linear(3, 2)": nn.Linear(3, 2),
            "nn.Linear(3, 2).half()": nn.Linear(3, 2).half(),
            "nn.BatchNorm2d(4)": nn.BatchNorm2d(4),
            "a LeNet": create("lenet"),
            "a LeNet with batch normalization": create("lenet", batch_norm=True),
            "a ResNet-18": create("resnet18"),
        }
    for name, net in nets.items():
        truth = sum(t.numel() * t.element_size() for t in net.state_dict().values())
        said = call(answer, net, case=name)
        if isinstance(said, bool) or said != truth:
            return f"for {name} you said {describe(said)}; its state takes {truth}"
    return None
