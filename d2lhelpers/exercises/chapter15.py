"""The checks of chapter 15, GoogLeNet."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..arithmetic import conv_macs, receptive_field
from ..models.googlenet import PATHS, Inception, conv
from ._exercise import call, describe, difference, exercise, first_wrong

Sizes = tuple[int, tuple[int, int], tuple[int, int], int]

_SMALL: Sizes = (1, (1, 1), (1, 1), 1)
_NAMES = ("c_in", "c1", "c2", "c3", "c4")


def _blocks() -> Iterator[tuple[int, Sizes]]:
    """A block of ones, the paper's first and last, and one in which no two numbers are equal."""
    yield 1, _SMALL
    yield 192, PATHS["3a"]
    yield 5, (2, (3, 4), (6, 7), 8)
    yield 832, PATHS["5b"]
    yield 8, (4, (16, 4), (32, 2), 4)


@exercise(
    "15.1",
    "Six convolutions: one in path 1, two in path 2, two in path 3, one in path 4. A k×k "
    "convolution has c_o(c_i·k·k + 1) parameters; the second of a path reads what the first gives.",
)
def parameters(answer: Any) -> str | None:
    """A function (c_in, c1, c2, c3, c4) -> weights and biases of the block."""

    def truth(c_in: int, *sizes: Any) -> int:
        with torch.device("meta"):
            block = Inception(c_in, *sizes)
        return sum(p.numel() for p in block.parameters())

    cases = [(c_in, *sizes) for c_in, sizes in _blocks()]
    return first_wrong(answer, cases, truth, _NAMES, "the block has")


def _saved(c_in: int, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int, n: int) -> int:
    spared = 0
    for (less, maps), k in ((c2, 3), (c3, 5)):
        direct = conv_macs(c_in, maps, k, n)
        spared += direct - conv_macs(c_in, less, 1, n) - conv_macs(less, maps, k, n)
    return spared


@exercise(
    "15.2",
    "Paths 1 and 4 stay as they are, so they drop out. For the 3×3: directly 9·c_in·c2[1] MACs at "
    "each of n·n places; with the reduction c_in·c2[0] + 9·c2[0]·c2[1]. The 5×5 in the same way.",
)
def saved(answer: Any) -> str | None:
    """A function (c_in, c1, c2, c3, c4, n) -> MACs that the two reductions save."""
    sides = (1, 28, 3, 7, 2)
    cases = [(c_in, *sizes, n) for (c_in, sizes), n in zip(_blocks(), sides, strict=True)]
    return first_wrong(answer, cases, _saved, (*_NAMES, "n"), "it is")


def _fields(stack: str) -> tuple[int, int]:
    sides = []
    for kernel in (1, 5):
        layers = {"I": (kernel, 1, kernel // 2, 1), "P": (3, 2, 1, 1)}
        side = receptive_field([layers[letter] for letter in stack]).size
        assert isinstance(side, int)
        sides.append(side)
    return sides[0], sides[1]


@exercise(
    "15.3",
    "The shortest route takes the 1×1 in every block, the longest the 5×5. Chapter 02: a k×k layer "
    "adds (k − 1) times the jump to the field, and a stride of 2 doubles the jump from there on.",
)
def smallest_and_largest(answer: Any) -> str | None:
    """A function (stack) -> the smallest and the largest receptive field of its routes."""
    stacks = ["I", "P", "II", "IP", "PI", "IIPI", "PP", "PIPI", "IIPIIIIIPII"]
    cases = [(stack,) for stack in stacks]
    source = "chapter 02's receptive field gives"
    return first_wrong(answer, cases, _fields, ("stack",), source)


@exercise(
    "15.4",
    "The maps lie in the order of the paths: path 2 begins after maps[0] maps and ends before "
    "maps[0] + maps[1]. Y.clone() gives a copy that you may change.",
)
def silence(answer: Any) -> str | None:
    """A function (Y, maps, path) -> Y with the maps of one path set to zero."""
    generator = torch.Generator().manual_seed(15)
    for maps, side in [([1, 1, 1, 1], 1), ([2, 3, 1, 4], 2), ([64, 128, 32, 32], 3)]:
        Y = torch.randn(2, sum(maps), side, side, generator=generator)
        for path in (1, 2, 3, 4):
            case = f"Y of shape {tuple(Y.shape)}, maps={maps}, path={path}"
            parts = list(Y.clone().split(maps, dim=1))
            parts[path - 1] = torch.zeros_like(parts[path - 1])
            given = Y.clone()
            said = call(answer, given, list(maps), path, case=case)
            problem = difference(said, torch.cat(parts, dim=1), "it is")
            if problem:
                return f"for {case} {problem}"
            if not torch.equal(given, Y):
                return f"for {case} the tensor Y that you were given has changed: work on a copy"
    return None


@exercise(
    "15.5",
    "isinstance(outputs, tuple) tells the two cases apart. main, *sides = outputs takes the first "
    "from the rest; sides may be empty.",
)
def loss_with_sides(answer: Any) -> str | None:
    """A function (outputs, y, weight=0.3) -> the loss of all classifiers together."""
    generator = torch.Generator().manual_seed(16)
    y = torch.tensor([0, 2, 1, 2])
    for sides, weight in [(0, None), (0, 0.3), (2, 0.3), (2, None), (1, 0.5), (3, 1.0), (0, 2.0)]:
        main, *others = (torch.randn(4, 3, generator=generator) for _ in range(1 + sides))
        alone = sides == 0 and weight != 2.0
        outputs = main if alone else (main, *others)
        share = 0.3 if weight is None else weight
        truth = cross_entropy(main, y) + share * sum(cross_entropy(o, y) for o in others)
        what = "one tensor of logits" if alone else f"a tuple of {1 + sides} tensors of logits"
        case = what if weight is None else f"{what} and weight={weight}"
        arguments = (outputs, y) if weight is None else (outputs, y, weight)
        said = call(answer, *arguments, case=case)
        problem = difference(
            said.item() if isinstance(said, Tensor) and said.numel() == 1 else said,
            truth.item(),
            "the loss is",
        )
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "15.6",
    "Three convolutions and three ReLUs, in turn. A 3×3 with padding=1 keeps the size, a 1×1 needs "
    "none. The two 3×3 have 16 → 32 and 32 → 32 maps.",
)
def factored_path(answer: Any) -> str | None:
    """A network: the third path of block 3a with two 3×3 in place of the 5×5."""
    if not isinstance(answer, nn.Module):
        return f"you gave {describe(answer)}; a network, an nn.Module, is expected"
    # A copy, for the check writes weights of its own into it.
    theirs = copy.deepcopy(answer).cpu().eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        truth = nn.Sequential(conv(192, 16, 1), conv(16, 32, 3), conv(32, 32, 3))
        X = torch.randn(2, 192, 6, 6)
        said = call(theirs, X, case="maps of shape (2, 192, 6, 6)")
        if not isinstance(said, Tensor) or said.shape != (2, 32, 6, 6):
            shape = tuple(said.shape) if isinstance(said, Tensor) else describe(said)
            return f"for maps of shape (2, 192, 6, 6) you return {shape}; expected (2, 32, 6, 6)"
        own, wanted = list(theirs.parameters()), list(truth.parameters())
        if len(own) != len(wanted):
            return f"your path has {len(own)} parameter tensors; {len(wanted)} are expected"
        for number, (p, q) in enumerate(zip(own, wanted, strict=True), start=1):
            if p.shape != q.shape:
                shape = tuple(p.shape)
                return f"parameter tensor {number} has shape {shape}, not {tuple(q.shape)}"
            q.copy_(torch.randn(q.shape) * (2 / q[0].numel()) ** 0.5)
            p.copy_(q)
        gap = (theirs(X) - truth(X)).abs().max().item()
    if gap < 1e-3:
        return None
    return (
        "with the same weights in both, your outputs differ from the expected ones by up to "
        f"{gap:.2g}: compare what stands after each convolution, and the padding"
    )
