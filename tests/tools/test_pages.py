"""Slide files and site: what they refuse, and what becomes of a picture."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import pages
import slides

ROOT = pages.ROOT


def notebook(*outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell("1", outputs=list(outputs))]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    return nbformat.v4.new_notebook(cells=cells)


def displayed(data: dict[str, str], **metadata: object) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def html(path: Path, *outputs: nbformat.NotebookNode) -> list[str]:
    nbformat.write(notebook(*outputs), path)
    return [output.data["text/html"] for output in pages.read(path).cells[0].outputs]


def test_a_chapter_that_does_not_exist() -> None:
    command = [sys.executable, "tools/slides.py", "nosuch"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode and run.stderr.startswith("no chapter 'nosuch': CHAPTER can be 00, ")
    assert "Traceback" not in run.stderr


def test_a_notebook_that_was_never_run(tmp_path: Path) -> None:
    nbformat.write(notebook(), tmp_path / "03_x.ipynb")
    with pytest.raises(pages.Refused, match="03_x.ipynb has no outputs.*make book CHAPTER=03"):
        pages.read(tmp_path / "03_x.ipynb")


def test_no_chromium(tmp_path: Path) -> None:
    command = [sys.executable, "tools/slides.py", "--pdf", "00"]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={"PATH": str(tmp_path)}
    )
    assert run.returncode and "no Chromium found" in run.stderr and "apt install" in run.stderr
    assert "Traceback" not in run.stderr


def test_two_pictures_do_not_share_an_id(tmp_path: Path) -> None:
    svg = '<svg><pattern id="h"/><g id="hatch"/><rect fill="url(#h)"/><use href="#hatch"/></svg>'
    shown = displayed({"image/svg+xml": svg})
    first, second = html(tmp_path / "a.ipynb", shown, shown)
    assert 'id="h-0"' in first and 'fill="url(#h-0)"' in first and 'href="#hatch-0"' in first
    assert second == first.replace("-0", "-1")


def test_a_png_keeps_its_words_and_width(tmp_path: Path) -> None:
    shown = displayed({"image/png": "AAAA\n"}, **{"image/png": {"alt": 'a "b"', "width": 640}})
    assert html(tmp_path / "a.ipynb", shown) == [
        '<div class="picture"><img alt="a &quot;b&quot;" width="640"'
        ' src="data:image/png;base64,AAAA"></div>'
    ]


def test_notes_lose_their_marks_and_links_lead_to_decks(tmp_path: Path) -> None:
    book = notebook(displayed({"text/plain": "1"}))
    for text, kind in [
        ("# T\n[c](03_x.ipynb)", "slide"),
        ("> *Speaker:* Ask\n> them.", "notes"),
    ]:
        cell = nbformat.v4.new_markdown_cell(text)
        cell.metadata["slideshow"] = {"slide_type": kind}
        book.cells.insert(len(book.cells) - 1, cell)
    nbformat.write(book, tmp_path / "00_t.ipynb")
    page = slides.deck(tmp_path / "00_t.ipynb", tmp_path).read_text()
    assert "<title>T slides</title>" in page and 'href="03_x.html"' in page
    assert "Speaker:" not in page and "Ask\nthem." in page
    assert not re.search(r'(src|href)="https?:', page)
