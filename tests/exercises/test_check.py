"""``d2l.check``: not tried, wrong with a reason, then a hint, right; never the answer."""

from __future__ import annotations

import pytest
import torch

import d2lhelpers as d2l
from d2lhelpers import exercises
from d2lhelpers.exercises import _exercise


def right_size(n: int, k: int, s: int, p: int, d: int) -> int:
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def test_untouched_stubs_are_not_tried() -> None:
    assert d2l.check("03.1", ...).status == "not tried yet"
    assert d2l.check("03.1", lambda *a: ...).status == "not tried yet"


def test_wrong_then_hint_then_right_and_the_count_starts_again() -> None:
    exercises._failures.clear()
    first = d2l.check("03.1", lambda n, k, s, p, d: n)
    assert first.status == "not yet" and "PyTorch gives" in first.message and not first.hint
    assert d2l.check("03.1", lambda n, k, s, p, d: n).hint
    assert d2l.check("03.1", right_size).status == "right"
    assert not d2l.check("03.1", lambda n, k, s, p, d: n).hint


def test_the_readers_own_error_comes_back_to_them() -> None:
    verdict = d2l.check("03.1", lambda n, k, s, p, d: n // 0)
    assert "ZeroDivisionError" in verdict.message
    assert "return" in d2l.check("03.1", lambda *a: None).message
    assert "expected a function" in d2l.check("03.1", 5).message


def test_an_unknown_exercise_is_named() -> None:
    with pytest.raises(ValueError, match=r"03\.99.*03\.1"):
        d2l.check("03.99", 1)
    with pytest.raises(ValueError, match="99"):
        d2l.check("99.1", 1)


def test_the_verdict_is_readable_and_safe() -> None:
    verdict = _exercise.Verdict("03.1", "not yet", "a < b", "look & see")
    assert repr(verdict) == "Exercise 03.1: not yet. a < b\nHint: look & see"
    html = verdict._repr_html_()
    assert "a &lt; b" in html and "look &amp; see" in html and 'role="status"' in html


def test_difference_of_tensors_names_the_place() -> None:
    truth = torch.zeros(2, 3)
    said = truth.clone()
    said[1, 2] = 5
    assert "(1, 2)" in str(_exercise.difference(said, truth))
    assert "shape (3, 2)" in str(_exercise.difference(truth.T, truth))
    assert _exercise.difference(truth, truth) is None
    assert _exercise.difference(torch.full((2, 3), torch.nan), truth) is not None


@pytest.mark.parametrize(
    ("said", "truth", "same"),
    [
        (3, 3, True),
        (3.0, 3, True),
        (True, 1, False),
        (torch.tensor(3), 3, True),
        (0.1 + 0.2, 0.3, True),
        (0.31, 0.3, False),
        ([1, 2], (1, 2), True),
        ((1, 2), (2, 1), False),
        ("3", 3, False),
        (True, True, True),
        (1, True, False),
        (False, 0, False),
    ],
)
def test_difference_of_numbers(said: object, truth: object, same: bool) -> None:
    assert (_exercise.difference(said, truth) is None) is same
