"""Chapter 18: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

import d2lhelpers as d2l

Pair = tuple[float, float]
State = Mapping[str, Tensor]


def dominates(a: Pair, b: Pair) -> bool:
    return a[0] <= b[0] and a[1] >= b[1] and a != b


def front(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    both = list(zip(costs, accuracies, strict=True))
    return [i for i, b in enumerate(both) if not any(dominates(a, b) for a in both)]


def rising(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    """One pass that forgets equals."""
    found: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -accuracies[i])):
        if not found or accuracies[i] > accuracies[found[-1]]:
            found.append(i)
    return sorted(found)


def strict_front(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    """Dominated only by what is better in both."""
    both = list(zip(costs, accuracies, strict=True))
    return [i for i, b in enumerate(both) if not any(a[0] < b[0] and a[1] > b[1] for a in both)]


def with_head(net: nn.Sequential, classes: int) -> nn.Sequential:
    moved = copy.deepcopy(net).requires_grad_(False)
    moved[-1] = nn.Linear(6, classes)
    return moved


def in_place(net: nn.Sequential, classes: int) -> nn.Sequential:
    net.requires_grad_(False)
    net[-1] = nn.Linear(6, classes)
    return net


def shared(net: nn.Sequential, classes: int) -> nn.Sequential:
    return nn.Sequential(*net[:-1], nn.Linear(6, classes))


def all_learn(net: nn.Sequential, classes: int) -> nn.Sequential:
    return copy.deepcopy(shared(net, classes))


def all_frozen(net: nn.Sequential, classes: int) -> nn.Sequential:
    return with_head(net, classes).requires_grad_(False)


def no_bias_learns(net: nn.Sequential, classes: int) -> nn.Sequential:
    moved = with_head(net, classes)
    moved[-1].bias.requires_grad_(False)
    return moved


def forgetful(net: nn.Sequential, classes: int) -> nn.Sequential:
    moved = with_head(net, classes)
    moved[0] = nn.Conv2d(1, 4, 3).requires_grad_(False)
    return moved


def old_head(net: nn.Sequential, classes: int) -> nn.Sequential:
    moved = with_head(net, classes)
    if classes == 8:
        moved[-1] = copy.deepcopy(net[-1])
    return moved


def fitting(saved: State, own: State) -> list[str]:
    return sorted(name for name in saved if name in own and saved[name].shape == own[name].shape)


RIGHT: dict[str, Any] = {
    "18.1": dominates,
    "18.2": front,
    "18.3": with_head,
    "18.4": fitting,
    "18.5": lambda net: sum(t.numel() * t.element_size() for t in net.state_dict().values()),
}

WRONG: dict[str, list[Any]] = {
    "18.1": [
        lambda a, b: a[0] <= b[0] and a[1] >= b[1],  # its equal too
        lambda a, b: a[0] < b[0] and a[1] > b[1],  # better in both
        lambda a, b: a[0] < b[0] or a[1] > b[1],  # better in one
        lambda a, b: a[1] > b[1],
        lambda a, b: a[0] >= b[0] and a[1] >= b[1] and a != b,  # high cost is good
        lambda a, b: int(dominates(a, b)),
        True,
    ],
    "18.2": [
        rising,
        strict_front,
        lambda c, a: sorted(front(c, a), key=lambda i: c[i]),  # in the order of cost
        lambda c, a: [c[i] for i in front(c, a)],  # the costs
        lambda c, a: [max(range(len(a)), key=a.__getitem__)],  # the best only
        lambda c, a: list(range(len(c))),
    ],
    "18.3": [
        in_place,
        shared,
        all_learn,
        all_frozen,
        no_bias_learns,
        forgetful,
        old_head,
        lambda net, m: net,
        lambda net, m: nn.Sequential(copy.deepcopy(net), nn.Linear(8, m)),  # one more layer
        lambda net, m: m,
    ],
    "18.4": [
        lambda saved, own: sorted(set(saved) & set(own)),  # whatever the shapes
        lambda saved, own: [n for n in saved if n in own and saved[n].shape == own[n].shape],
        lambda saved, own: sorted(
            n for n in saved if n in own and saved[n].numel() == own[n].numel()
        ),
        lambda saved, own: sorted(saved),
        lambda saved, own: len(fitting(saved, own)),
    ],
    "18.5": [
        lambda net: sum(p.numel() * p.element_size() for p in net.parameters()),  # no buffers
        lambda net: 4 * sum(t.numel() for t in net.state_dict().values()),  # all float32
        lambda net: sum(t.numel() for t in net.state_dict().values()),  # numbers
        lambda net: 8 * sum(t.element_size() for t in net.state_dict().values()),
        178_000,
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("18.1", lambda a, b: a[0] <= b[0] and a[1] >= b[1]).message == (
        "for a=(1, 0.8), b=(1, 0.8) you said True; the answer is False"
    )
    assert "changed" in d2l.check("18.3", in_place).message
    assert "shares" in d2l.check("18.3", lambda net, m: shared(net, m)).message
    assert "[0, 1]" in d2l.check("18.2", rising).message
    assert d2l.check("18.5", lambda net: 0).message == (
        "for nn.Linear(3, 2) you said 0; its state takes 32"
    )
