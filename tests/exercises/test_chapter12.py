"""Chapter 12: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import d2lhelpers as d2l


def sides(n: int, padding: int, conv_up: bool = False, pool: int = 3) -> list[int]:
    room = n + 2 * padding - 11
    found = [(-(-room // 4) if conv_up else room // 4) + 1]
    for _ in range(3):
        found.append((found[-1] - pool) // 2 + 1)
    return found


def reaches(layers: list[tuple[int, int, int]], o: int) -> list[int]:
    seen = {o}
    for c_i, c_o, groups in reversed(layers):
        numbers = {unit // (c_o // groups) for unit in seen}
        read = c_i // groups
        seen = {i for g in numbers for i in range(g * read, g * read + read)}
    return sorted(seen)


def one_weight(first: Tensor, second: Tensor) -> Tensor:
    zeros = torch.zeros_like(first)
    return torch.cat([torch.cat([first, zeros], dim=1), torch.cat([zeros, second], dim=1)])


def combined(gradients: list[Tensor], sizes: list[int]) -> Tensor:
    total = torch.zeros_like(gradients[0])
    for gradient, size in zip(gradients, sizes, strict=True):
        total = total + size * gradient
    return total / sum(sizes)


def in_place(gradients: list[Tensor], sizes: list[int]) -> Tensor:
    for gradient, size in zip(gradients, sizes, strict=True):
        gradient *= size / sum(sizes)
    return torch.stack(gradients).sum(dim=0)


def summed(gradients: list[Tensor], sizes: list[int]) -> Tensor:
    return torch.stack(gradients).sum(dim=0)


def saved(macs: list[int], groups: list[int]) -> float:
    return 1 - sum(m / g for m, g in zip(macs, groups, strict=True)) / sum(macs)


RIGHT: dict[str, Any] = {
    "12.1": sides,
    "12.2": saved,
    "12.3": reaches,
    "12.4": one_weight,
    "12.5": combined,
    "12.6": lambda parameters, numbers: parameters // (2 * numbers) + 1,
}

WRONG: dict[str, list[Any]] = {
    "12.1": [
        lambda n, padding: [54, 26, 12, 5],
        lambda n, padding: sides(n, 0),  # the padding forgotten
        lambda n, padding: [(n + padding - 11) // 4 + 1, *sides(n, padding)[1:]],  # one side only
        lambda n, padding: sides(n, padding, conv_up=True),  # rounded up: 55 out of 224
        lambda n, padding: sides(n, padding, pool=2),  # the plain 2×2 window
        lambda n, padding: sides(n, padding)[1:],
    ],
    "12.2": [
        lambda macs, groups: 1 - saved(macs, groups),  # what is left
        lambda macs, groups: sum(1 - 1 / g for g in groups) / len(groups),  # layers count alike
        lambda macs, groups: sum(m * (1 - 1 / g) for m, g in zip(macs, groups, strict=True)),
        lambda macs, groups: 1 - 1 / max(groups),
        lambda macs, groups: 100 * saved(macs, groups),  # percent
    ],
    "12.3": [
        lambda layers, o: list(range(layers[0][0])),  # everything
        lambda layers, o: reaches(layers[-1:], o),  # the last layer alone
        lambda layers, o: reaches(list(reversed(layers)), o),
        lambda layers, o: len(reaches(layers, o)),  # how many
        lambda layers, o: [i + 1 for i in reaches(layers, o)],  # counted from 1
        lambda layers, o: [i for i in range(layers[0][0]) if i % layers[0][2] == o % layers[0][2]],
    ],
    "12.4": [
        lambda first, second: torch.cat([first, second]),  # what groups=2 wants
        lambda first, second: torch.cat([first, second], dim=1),
        lambda first, second: one_weight(second, first),
        lambda first, second: one_weight(first, second).flip(0),
        lambda first, second: one_weight(first, first),
    ],
    "12.5": [
        lambda gradients, sizes: summed(gradients, sizes) / len(sizes),  # the plain mean
        summed,
        in_place,
        lambda gradients, sizes: sum(g * n for g, n in zip(gradients, sizes, strict=True)),
        lambda gradients, sizes: summed(gradients, sizes) / sum(sizes),
    ],
    "12.6": [
        lambda parameters, numbers: 1005,
        lambda parameters, numbers: parameters // (2 * numbers),  # one too few
        lambda parameters, numbers: -(-parameters // (2 * numbers)),  # equal counts as fewer
        lambda parameters, numbers: parameters // numbers + 1,  # the way back forgotten
        lambda parameters, numbers: parameters / (2 * numbers),
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("12.1", lambda n, padding: [54, 26, 12, 5]).message == (
        "for n=227, padding=0 you said [54, 26, 12, 5]; PyTorch gives [55, 27, 13, 6]"
    )
    assert "changed" in d2l.check("12.5", in_place).message
    assert "parameters=60965224" in d2l.check("12.6", lambda p, n: p // (2 * n)).message
