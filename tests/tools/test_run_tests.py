"""``make test`` compares what a notebook prints: one changed number fails it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import book
import run_tests as tool

ROOT = Path(__file__).resolve().parents[2]
CELLS = ("print('size', 3)", "import d2lhelpers as d2l; d2l.explore.convolution()")


def compare(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the notebooks stage of ``make test`` on one notebook."""
    arguments, variables = tool.STAGES["notebooks"]
    options = [str(path) if argument == "notebooks" else argument for argument in arguments]
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(ROOT), *options, "-n", "0"]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("shown", "changed"),
    [("", ""), ("size 3", "size 4"), ("output 3×3", "output 9×9")],
    ids=["unchanged", "a printed number", "a number in a picture"],
)
def test_one_changed_number_fails(tmp_path: Path, shown: str, changed: str) -> None:
    path = tmp_path / "42_sample.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    book.rebuild(path)
    text = path.read_text(encoding="utf-8")
    assert shown in text
    path.write_text(text.replace(shown, changed) if shown else text, encoding="utf-8")
    done = compare(path)
    assert (done.returncode == 0) is (not shown), done.stdout + done.stderr
