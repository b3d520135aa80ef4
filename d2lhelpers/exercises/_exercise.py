"""How an exercise answers back: the first case that is wrong, then a hint, never the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import torch

from ..svg import KERNEL, MUTED, OUTPUT, shade

# A check gets the reader's answer and returns what is wrong with it, or None.
Check = Callable[[Any], "str | None"]


@dataclass(frozen=True)
class Exercise:
    """What one ``d2l.check`` knows: the check and the hint for a second failure."""

    check: Check
    hint: str


@dataclass(frozen=True)
class Verdict:
    """What the reader sees: ``status`` is "right", "not yet" or "not tried yet"."""

    key: str
    status: str
    message: str = ""
    hint: str = ""

    def __repr__(self) -> str:
        text = f"Exercise {self.key}: {self.status}"
        text += f". {self.message}" if self.message else ""
        return text + (f"\nHint: {self.hint}" if self.hint else "")

    def _repr_html_(self) -> str:
        color = {"right": OUTPUT, "not yet": KERNEL}.get(self.status, MUTED)
        mark = {"right": "✓", "not yet": "✗"}.get(self.status, "○")
        lines = f"<strong>{mark} Exercise {self.key}: {self.status}</strong>"
        lines += f"<div>{escape(self.message)}</div>" if self.message else ""
        lines += f"<div><em>Hint:</em> {escape(self.hint)}</div>" if self.hint else ""
        style = (
            f"border-left:5px solid {color};background:#fff;color:{shade(color)};"
            "padding:6px 12px;border-radius:4px;max-width:46em"
        )
        return f'<div role="status" style="{style}">{lines}</div>'


EXERCISES: dict[str, Exercise] = {}


def exercise(key: str, hint: str) -> Callable[[Check], Check]:
    """Register the function below as the check of exercise ``key`` ("03.1")."""

    def register(check: Check) -> Check:
        EXERCISES[key] = Exercise(check, hint)
        return check

    return register


class NotTried(Exception):
    """The reader's stub still returns ``...``."""


def call(function: Any, *arguments: Any, case: str) -> Any:
    """The reader's function on one case; what goes wrong inside becomes an answer to them."""
    if not callable(function):
        raise Wrong(f"expected a function; you gave {describe(function)}")
    try:
        result = function(*arguments)
    except Exception as error:  # the reader's own code: any failure in it is the answer
        raise Wrong(f"for {case} your function raised {type(error).__name__}: {error}") from error
    if result is ...:
        raise NotTried
    if result is None:
        raise Wrong(f"for {case} your function returned None: is a `return` missing?")
    return result


class Wrong(Exception):
    """Carries the sentence that tells the reader what is wrong."""


def first_wrong(
    function: Any,
    cases: Iterable[tuple[Any, ...]],
    expected: Callable[..., Any],
    names: Sequence[str],
    source: str = "PyTorch gives",
) -> str | None:
    """Try every case; say the first on which the reader's function and ``expected`` differ.

    ``names`` are the arguments' names as the reader writes them. Numbers and tuples are compared
    exactly, tensors by shape and within 1e-4.
    """
    for arguments in cases:
        case = ", ".join(
            f"{name}={describe(value)}" for name, value in zip(names, arguments, strict=True)
        )
        said = call(function, *arguments, case=case)
        truth = expected(*arguments)
        problem = difference(said, truth, source)
        if problem:
            return f"for {case} {problem}"
    return None


def difference(said: Any, truth: Any, source: str = "expected") -> str | None:
    """What differs between the reader's value and the true one, or None."""
    if isinstance(truth, torch.Tensor):
        if not isinstance(said, torch.Tensor):
            return f"you returned {describe(said)}; a tensor is expected"
        if said.shape != truth.shape:
            return f"you returned shape {tuple(said.shape)}; {source} {tuple(truth.shape)}"
        gap = (said.detach().double() - truth.detach().double()).abs()
        if not bool((gap <= 1e-4 * (1 + truth.detach().double().abs())).all()):
            at = tuple(
                int(i) for i in torch.unravel_index(gap.nan_to_num(torch.inf).argmax(), gap.shape)
            )
            return f"at index {at} you said {said[at].item():.4g}; {source} {truth[at].item():.4g}"
        return None
    if isinstance(said, torch.Tensor) and said.numel() == 1:
        said = said.item()
    if isinstance(truth, float):
        if not isinstance(said, (int, float)) or abs(said - truth) > 1e-4 * (1 + abs(truth)):
            return f"you said {describe(said)}; {source} {describe(truth)}"
        return None
    if isinstance(truth, (tuple, list)) and isinstance(said, (tuple, list)):
        same = list(said) == list(truth)
    else:  # True is no answer to a question for a number, nor 1 to one for yes or no
        same = said == truth and isinstance(said, bool) == isinstance(truth, bool)
    return None if same else f"you said {describe(said)}; {source} {describe(truth)}"


def describe(value: Any) -> str:
    """A value in one short phrase."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
