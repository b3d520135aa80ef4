"""What every check keeps: wrong answers get a reason, right ones pass, and nothing else moves.

The wrong answers, and most of the right ones, stand in ``test_chapterNN.py``; all worked answers
also run in ``notebooks/solutions``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

import d2lhelpers as d2l
from d2lhelpers.exercises import keys

CHAPTERS = sorted(path.stem[-2:] for path in Path(__file__).parent.glob("test_chapter*.py"))
MODULES = {
    chapter: importlib.import_module(f".test_chapter{chapter}", __package__) for chapter in CHAPTERS
}
WRONG: dict[str, list[Any]] = {
    key: answers for module in MODULES.values() for key, answers in module.WRONG.items()
}
RIGHT: dict[str, Any] = {
    key: answer
    for module in MODULES.values()
    for key, answer in getattr(module, "RIGHT", {}).items()
}
FUNCTIONS = [
    key
    for key, answer in RIGHT.items()
    if callable(answer) and not isinstance(answer, torch.nn.Module)
]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_wrong_answers(chapter: str) -> None:
    assert keys(chapter) == list(MODULES[chapter].WRONG)
    assert all(len(answers) >= 3 for answers in MODULES[chapter].WRONG.values())


@pytest.mark.parametrize(
    ("key", "answer"), [(key, answer) for key, answers in WRONG.items() for answer in answers]
)
def test_plausible_wrong_answers_are_rejected_with_a_reason(key: str, answer: Any) -> None:
    verdict = d2l.check(key, answer)
    assert verdict.status == "not yet"
    assert len(verdict.message) > 20


@pytest.mark.parametrize("key", RIGHT)
def test_right_answers_are_right_and_leave_the_readers_random_numbers_alone(key: str) -> None:
    state = torch.get_rng_state()
    verdict = d2l.check(key, RIGHT[key])
    assert verdict.status == "right", verdict.message
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("key", WRONG)
def test_a_stub_is_not_tried(key: str) -> None:
    assert d2l.check(key, ...).status == "not tried yet"


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_function_that_returns_the_stub_is_not_tried(key: str) -> None:
    assert d2l.check(key, lambda *arguments: ...).status == "not tried yet"
