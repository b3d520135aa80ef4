"""Settings that every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples in every run: a failure in CI can be seen again on any machine.
settings.register_profile("book", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("book")

# Nothing in a test may reach a data hub or show a progress bar.
os.environ.setdefault("TQDM_DISABLE", "1")
