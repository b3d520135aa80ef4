"""The check of the reader's setup: what is there, what is missing, and how to get it.

It must work where something is broken. So nothing here imports more than the standard library at
its top, and the code is plain enough for a Python that is too old for the rest of the book.
"""

from __future__ import annotations

from ._report import Report
from ._rows import Row, rows

__all__ = ["Report", "Row", "report", "rows"]


def report(details: bool = False) -> Report:
    """Check the reader's setup and say how to repair what is missing; it never raises.

    Args:
        details: write the versions and places found too (for a question to somebody else).

    Returns:
        a `Report`: in a notebook a table with a button for the widgets, elsewhere lines of text.

    >>> str(report()).splitlines()[1]
    '✓ Python: 3.10 or newer'
    """
    return Report(rows(), details)
