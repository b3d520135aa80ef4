"""The checks behind ``d2l.check``: one file a chapter, ``chapter03.py`` for "03.1" to "03.9"."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from ._exercise import EXERCISES, NotTried, Verdict, Wrong

__all__ = ["check", "keys"]

_failures: dict[str, int] = {}


def keys(chapter: str) -> list[str]:
    """The exercises of a chapter, in order.

    >>> keys("03")[0]
    '03.1'
    """
    module = f"{__name__}.chapter{chapter}"
    if importlib.util.find_spec(module) is None:
        raise ValueError(f"chapter {chapter!r} has no exercises: the key is like '03.1'")
    importlib.import_module(module)
    return sorted(key for key in EXERCISES if key.startswith(f"{chapter}."))


def check(key: str, answer: Any) -> Verdict:
    """Check an answer to exercise ``key`` and say the first thing that is wrong with it.

    A stub that still is or returns ``...`` counts as not tried. The second wrong answer in a row
    brings a hint. Raises ``ValueError`` for an exercise that does not exist.

    >>> check("03.1", ...)
    Exercise 03.1: not tried yet
    """
    known = keys(str(key).partition(".")[0])
    if key not in known:
        raise ValueError(f"no exercise {key!r}: this chapter has {', '.join(known)}")
    entry = EXERCISES[key]
    if answer is ...:
        return Verdict(key, "not tried yet")
    try:
        problem = entry.check(answer)
    except NotTried:
        return Verdict(key, "not tried yet")
    except Wrong as wrong:
        problem = str(wrong)
    if problem is None:
        _failures.pop(key, None)
        return Verdict(key, "right")
    _failures[key] = _failures.get(key, 0) + 1
    hint = entry.hint if _failures[key] >= 2 else ""
    return Verdict(key, "not yet", problem, hint)
