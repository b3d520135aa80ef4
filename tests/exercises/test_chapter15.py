"""Chapter 15: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import d2lhelpers as d2l

Pair = tuple[int, int]


def parameters(c_in: int, c1: int, c2: Pair, c3: Pair, c4: int) -> int:
    reductions = (c_in + 1) * (c1 + c2[0] + c3[0] + c4)
    return reductions + c2[1] * (9 * c2[0] + 1) + c3[1] * (25 * c3[0] + 1)


def saved(c_in: int, c1: int, c2: Pair, c3: Pair, c4: int, n: int) -> int:
    direct = 9 * c_in * c2[1] + 25 * c_in * c3[1]
    reduced = c_in * (c2[0] + c3[0]) + 9 * c2[0] * c2[1] + 25 * c3[0] * c3[1]
    return n * n * (direct - reduced)


def fields(stack: str, strides: bool = True, pooled: bool = True) -> list[int]:
    low, high, jump = 1, 1, 1
    for letter in stack:
        if letter == "I":
            high += 4 * jump
        else:
            low, high = (low + 2 * jump, high + 2 * jump) if pooled else (low, high)
            jump *= 2 if strides else 1
    return [low, high]


def silence(Y: Tensor, maps: list[int], path: int) -> Tensor:
    start = sum(maps[: path - 1])
    Z = Y.clone()
    Z[:, start : start + maps[path - 1]] = 0
    return Z


def in_place(Y: Tensor, maps: list[int], path: int) -> Tensor:
    start = sum(maps[: path - 1])
    Y[:, start : start + maps[path - 1]] = 0
    return Y


def loss(outputs: Any, y: Tensor, weight: float = 0.3) -> Tensor:
    main, *sides = outputs if isinstance(outputs, tuple) else (outputs,)
    return F.cross_entropy(main, y) + weight * sum(F.cross_entropy(side, y) for side in sides)


def path3(
    padding: int = 1, last: bool = True, between: bool = True, maps: int = 32
) -> nn.Sequential:
    layers = [nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, maps, 3, padding=padding)]
    layers += [nn.ReLU()] if between else []
    layers += [nn.Conv2d(maps, 32, 3, padding=padding)]
    return nn.Sequential(*layers, *([nn.ReLU()] if last else []))


RIGHT: dict[str, Any] = {
    "15.1": parameters,
    "15.2": saved,
    "15.3": fields,
    "15.4": silence,
    "15.5": loss,
    "15.6": path3(),
}

WRONG: dict[str, list[Any]] = {
    "15.1": [
        lambda c_in, c1, c2, c3, c4: 163_696,  # block 3a
        lambda c_in, c1, c2, c3, c4: (  # no biases
            parameters(c_in, c1, c2, c3, c4) - c1 - sum(c2) - sum(c3) - c4
        ),
        lambda c_in, c1, c2, c3, c4: (  # large kernels read all maps
            (c_in + 1) * (c1 + c2[0] + c3[0] + c4)
            + c2[1] * (9 * c_in + 1)
            + c3[1] * (25 * c_in + 1)
        ),
        lambda c_in, c1, c2, c3, c4: (  # the order within the pair
            (c_in + 1) * (c1 + c2[1] + c3[1] + c4)
            + c2[0] * (9 * c2[1] + 1)
            + c3[0] * (25 * c3[1] + 1)
        ),
        lambda c_in, c1, c2, c3, c4: parameters(c_in, c1, c2, c3, c4) - c4 * (c_in + 1),  # path 4
    ],
    "15.2": [
        lambda c_in, c1, c2, c3, c4, n: saved(c_in, c1, c2, c3, c4, 1),  # one place
        lambda c_in, c1, c2, c3, c4, n: -saved(c_in, c1, c2, c3, c4, n),
        lambda c_in, c1, c2, c3, c4, n: max(0, saved(c_in, c1, c2, c3, c4, n)),
        lambda c_in, c1, c2, c3, c4, n: (  # the reductions' own work forgotten
            n * n * (9 * c2[1] * (c_in - c2[0]) + 25 * c3[1] * (c_in - c3[0]))
        ),
        lambda c_in, c1, c2, c3, c4, n: saved(c_in, c1, c2, (0, 0), c4, n),  # the 5×5 forgotten
        lambda c_in, c1, c2, c3, c4, n: True,
    ],
    "15.3": [
        lambda stack: (1, 5),
        lambda stack: fields(stack, strides=False),
        lambda stack: fields(stack, pooled=False),
        lambda stack: fields(stack)[::-1],
        lambda stack: (1, fields(stack)[1]),  # pooling sees 3×3 on the shortest route too
        lambda stack: fields(stack)[1],
    ],
    "15.4": [
        in_place,
        lambda Y, maps, path: silence(Y, maps, path % 4 + 1),  # paths counted from 0
        lambda Y, maps, path: silence(Y, maps, path)[:, : sum(maps) - maps[path - 1]],
        lambda Y, maps, path: Y - silence(Y, maps, path),  # only that path is left
        lambda Y, maps, path: silence(Y, [Y.shape[1] // 4] * 4, path),  # equal quarters
        lambda Y, maps, path: Y,
    ],
    "15.5": [
        lambda outputs, y, weight=0.3: F.cross_entropy(outputs, y),  # fails on a tuple
        lambda outputs, y, weight=0.3: loss(outputs, y),  # its own 0.3
        lambda outputs, y, weight=0.3: loss(outputs, y, 1.0),
        lambda outputs, y, weight=0.3: loss(outputs, y, -weight),
        lambda outputs, y, weight=0.3: (  # the mean of the sides
            loss(outputs, y, weight / max(1, len(outputs) - 1))
            if isinstance(outputs, tuple)
            else loss(outputs, y)
        ),
        lambda outputs, y, weight=0.3: loss(outputs[:2], y, weight),  # cuts a batch, or a side
    ],
    "15.6": [
        path3(padding=0),
        path3(last=False),
        path3(between=False),
        path3(maps=16),
        nn.Sequential(
            *(nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 5, padding=2), nn.ReLU())
        ),
        nn.Sequential(
            *(nn.Conv2d(192, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
        ),
        "a path",
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("15.1", lambda *sizes: 163_696).message == (
        "for c_in=1, c1=1, c2=(1, 1), c3=(1, 1), c4=1 you said 163696; the block has 44"
    )
    told = d2l.check("15.2", lambda *sizes: max(0, saved(*sizes))).message
    assert told.startswith("for c_in=1,") and "you said 0" in told
    assert "(3, 3)" in d2l.check("15.3", lambda stack: (1, fields(stack)[1])).message
    assert "changed" in d2l.check("15.4", in_place).message
    assert "one tensor" in d2l.check("15.5", lambda outputs, y, weight=0.3: 0.0).message
    assert "(2, 32, 2, 2)" in d2l.check("15.6", path3(padding=0)).message


def test_a_network_that_was_checked_keeps_its_weights() -> None:
    answer = path3()
    before = [p.clone() for p in answer.parameters()]
    d2l.check("15.6", answer)
    assert all(torch.equal(p, q) for p, q in zip(answer.parameters(), before, strict=True))
