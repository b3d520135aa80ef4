"""Everything that ``make test`` runs after the linters, each stage with its time.

1. Unit and property tests, doctests and the book's contract, on two workers.
2. Every notebook, executed under nbval; what it prints is compared with what is committed.
3. The browser tests (skipped with a word where no Chromium is found).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKERS = str(min(os.cpu_count() or 1, 4))
# One thread a worker: two workers that each start a thread a core only get in each other's way.
QUIET = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

STAGES = {
    "unit tests": (
        ["tests", "d2lhelpers", "--ignore=tests/browser", "-n", WORKERS, "--dist", "worksteal"],
        QUIET,
    ),
    "notebooks": (
        # Each notebook stays on one worker: its cells share a kernel.
        [
            "notebooks",
            "--nbval",
            "--nbval-current-env",
            "--nbval-kernel-startup-timeout=120",
            "--nbval-cell-timeout=300",
            "-n",
            WORKERS,
            "--dist",
            "loadfile",
            "-W",
            "default",
        ],
        QUIET,
    ),
    # A file a worker: the site takes as long as JupyterLab and the decks together.
    "browser tests": (
        ["tests/browser", "-n", "2", "--dist", "loadfile", "--durations=8"],
        QUIET,
    ),
}


def run(name: str) -> float:
    """Run a stage and return its seconds. Raises ``CalledProcessError`` where a test fails."""
    arguments, variables = STAGES[name]
    print(f"\n== {name}", flush=True)
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    try:
        subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=True)
    finally:
        seconds = time.perf_counter() - started
        print(f"== {name}: {seconds:.0f} s", flush=True)
    return seconds


def main() -> None:
    failed = []
    for name in STAGES:
        try:
            run(name)
        except subprocess.CalledProcessError:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
