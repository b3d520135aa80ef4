"""Chapter 17: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers.exercises import keys
from d2lhelpers.exercises.chapter17 import kept_maps
from d2lhelpers.models.dense_block import DenseBlock

Layers = list[Callable[[Tensor], Tensor]]


def last_channels(c: int, k: int, counts: tuple[int, ...]) -> int:
    for i, count in enumerate(counts):
        c += count * k
        if i < len(counts) - 1:
            c //= 2
    return c


def halved_at_the_end_too(c: int, k: int, counts: tuple[int, ...]) -> int:
    return last_channels(c, k, counts) // 2


def never_halved(c: int, k: int, counts: tuple[int, ...]) -> int:
    return c + sum(counts) * k


def halved_first(c: int, k: int, counts: tuple[int, ...]) -> int:
    for count in counts:
        c = c // 2 + count * k
    return c


def halved_by_float(c: int, k: int, counts: tuple[int, ...]) -> float:
    value = float(c)
    for i, count in enumerate(counts):
        value = (value / 2 if i else value) + count * k
    return value


def block_parameters(c: int, k: int, L: int, norm: int = 2, bias: int = 1) -> int:
    return sum(norm * (c + i * k) + (9 * (c + i * k) + bias) * k for i in range(L))


def dense_forward(X: Tensor, layers: Layers) -> Tensor:
    for layer in layers:
        X = torch.cat([X, layer(X)], dim=1)
    return X


def a_chain(X: Tensor, layers: Layers) -> Tensor:
    for layer in layers:
        X = layer(X)
    return X


def newest_first(X: Tensor, layers: Layers) -> Tensor:
    for layer in layers:
        X = torch.cat([layer(X), X], dim=1)
    return X


def input_forgotten(X: Tensor, layers: Layers) -> Tensor:
    return dense_forward(X, layers)[:, X.shape[1] :]


def all_read_the_input(X: Tensor, layers: Layers) -> Tensor:
    return torch.cat([X, *(layer(X) for layer in layers)], dim=1)


def changes_its_input(X: Tensor, layers: Layers) -> Tensor:
    result = dense_forward(X, layers)
    X.zero_()
    return result


def joined_over_images(X: Tensor, layers: Layers) -> Tensor:
    for layer in layers:
        X = torch.cat([X, layer(X)])
    return X


def kept(c: int, k: int, L: int, checkpointed: bool) -> int:
    return c + k * (L - 1) if checkpointed else L * (2 * c + k * (L - 1))


def conv_of_joined(maps: list[Tensor], weight: Tensor) -> Tensor:
    parts = weight.split([X.shape[1] for X in maps], dim=1)
    return torch.stack(
        [F.conv2d(X, part, padding=1) for X, part in zip(maps, parts, strict=True)]
    ).sum(dim=0)


def equal_parts(maps: list[Tensor], weight: Tensor) -> Tensor:
    parts = weight.chunk(len(maps), dim=1)
    return torch.stack(
        [F.conv2d(X, part, padding=1) for X, part in zip(maps, parts, strict=True)]
    ).sum(dim=0)


def joined_outputs(maps: list[Tensor], weight: Tensor) -> Tensor:
    parts = weight.split([X.shape[1] for X in maps], dim=1)
    results = [F.conv2d(X, part, padding=1) for X, part in zip(maps, parts, strict=True)]
    return torch.cat(results, dim=1)


def least_used(weight: Tensor, widths: list[int]) -> list[int]:
    means = [part.abs().mean().item() for part in weight.split(widths, dim=1)]
    return sorted(range(len(widths)), key=means.__getitem__)


def by_sum(weight: Tensor, widths: list[int]) -> list[int]:
    sums = [part.abs().sum().item() for part in weight.split(widths, dim=1)]
    return sorted(range(len(widths)), key=sums.__getitem__)


def by_signed_mean(weight: Tensor, widths: list[int]) -> list[int]:
    means = [part.mean().item() for part in weight.split(widths, dim=1)]
    return sorted(range(len(widths)), key=means.__getitem__)


def ranks(weight: Tensor, widths: list[int]) -> list[int]:
    order = least_used(weight, widths)
    return [order.index(source) for source in range(len(widths))]


RIGHT: dict[str, Any] = {
    "17.1": last_channels,
    "17.2": block_parameters,
    "17.3": dense_forward,
    "17.4": kept,
    "17.5": conv_of_joined,
    "17.6": least_used,
}

WRONG: dict[str, list[Any]] = {
    "17.1": [
        halved_at_the_end_too,
        never_halved,
        halved_first,
        halved_by_float,
        lambda c, k, counts: 248,
    ],
    "17.2": [
        lambda c, k, L: block_parameters(c, k, L, norm=0),  # normalizations forgotten
        lambda c, k, L: block_parameters(c, k, L, bias=0),
        lambda c, k, L: block_parameters(c, k, L, norm=4),  # running averages counted too
        lambda c, k, L: L * block_parameters(c, k, 1),  # all layers like the first
        lambda c, k, L: block_parameters(c, k, L + 1),
    ],
    "17.3": [
        a_chain,
        newest_first,
        input_forgotten,
        all_read_the_input,
        joined_over_images,
        changes_its_input,
    ],
    "17.4": [
        lambda c, k, L, checkpointed: kept(c, k, L, False),
        lambda c, k, L, checkpointed: kept(c, k, L, checkpointed) // (1 if checkpointed else 2),
        lambda c, k, L, checkpointed: c + k * L if checkpointed else kept(c, k, L, False),
        lambda c, k, L, checkpointed: 2 * L * c if not checkpointed else c,
        lambda c, k, L, checkpointed: kept(c, k, L + 1, checkpointed),
    ],
    "17.5": [
        equal_parts,
        joined_outputs,
        lambda maps, weight: F.conv2d(torch.cat(maps, dim=1), weight),  # no padding
        lambda maps, weight: F.conv2d(torch.cat(maps[::-1], dim=1), weight, padding=1),
        lambda maps, weight: conv_of_joined(maps[-1:], weight[:, -maps[-1].shape[1] :]),
    ],
    "17.6": [
        by_sum,
        by_signed_mean,
        lambda weight, widths: least_used(weight, widths)[::-1],
        ranks,
        lambda weight, widths: [source + 1 for source in least_used(weight, widths)],
    ],
}


def test_the_count_of_kept_maps_is_what_the_block_keeps() -> None:
    """The formula behind 17.4, against what autograd saves."""

    def measured(c: int, k: int, L: int, checkpointed: bool) -> int:
        block = DenseBlock(L, c, k, bottleneck=False, checkpoint=checkpointed)
        X, found = torch.rand(2, c, 32, 32), {}
        own = {p.untyped_storage().data_ptr() for p in block.parameters()}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            out = block(X)
        assert out.requires_grad
        size = sum(value for place, value in found.items() if place not in own)
        return round(size / (X[:, :1].numel() * 4))

    for key in ((5, 3, 1), (16, 12, 4), (1, 7, 6)):
        for checkpointed in (False, True):
            assert measured(*key, checkpointed) == kept(*key, checkpointed), key
    assert kept_maps(kept) is None


def test_answers_say_the_first_case() -> None:
    assert d2l.check("17.1", never_halved).message == (
        "for c=64, k=32, counts=(4, 4, 4, 4) you said 576; it has 248"
    )
    assert "all that came before it" in d2l.check("17.3", all_read_the_input).message
    assert "has changed X" in d2l.check("17.3", changes_its_input).message
    assert "shape (2, 2, 5, 4)" in d2l.check("17.5", joined_outputs).message
    assert keys("17") == list(RIGHT)
