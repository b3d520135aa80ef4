"""The book as a site: ``make site`` writes ``_build/site``, which opens without a network.

Sphinx with MyST-NB and the Sphinx Book Theme build it from a copy of the chapters with their
outputs. Speaker notes are left out; the downloads are the chapters as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from pages import BUILT, NOTEBOOKS, ROOT, Refused, read

import d2lhelpers as d2l

SOURCE = BUILT / "site-source"
TARGET = BUILT / "site"
OWN = ROOT / "tools" / "site"


def sources() -> list[Path]:
    """Write what Sphinx reads; returns the notebooks that it was made from."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    (SOURCE / "solutions").mkdir(parents=True)
    (SOURCE / "_static").mkdir()
    shutil.copy(OWN / "conf.py", SOURCE)
    for name in ("site.css", "site.js"):
        shutil.copy(OWN / name, SOURCE / "_static")
    paths = sorted([*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")])
    for path in paths:
        notebook = read(path)
        notebook.cells = [
            cell for cell in notebook.cells if cell.metadata.slideshow.slide_type != "notes"
        ]
        nbformat.write(notebook, SOURCE / path.relative_to(NOTEBOOKS))
    pictures = {"convolution": d2l.explore.convolution.render(), "map": d2l.book.chapter_map()}
    for name, picture in pictures.items():
        (SOURCE / f"{name}.html").write_text(f'<div class="picture">{picture}</div>')
    index = (OWN / "index.md").read_text()
    (SOURCE / "index.md").write_text(index + contents())
    return paths


def contents() -> str:
    """The table of contents: the parts of the book, then the worked answers."""
    parts: dict[str, list[str]] = {name: [] for name in d2l.book.PARTS}
    solved = []
    for chapter in d2l.book.CHAPTERS:
        parts[d2l.book.PARTS[chapter.part]].append(
            f"{chapter.number} {chapter.title} <{chapter.notebook.removesuffix('.ipynb')}>"
        )
        if (NOTEBOOKS / "solutions" / f"{chapter.number}_solutions.ipynb").exists():
            solved.append(
                f"{chapter.number} {chapter.title} <solutions/{chapter.number}_solutions>"
            )
    parts["Worked answers"] = solved
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(lines) + "\n```\n"
        for caption, lines in parts.items()
    )


def build() -> Path:
    """Build the site anew; a warning of Sphinx (a dead link, a heading out of order) refuses it."""
    paths = sources()
    shutil.rmtree(TARGET, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(BUILT / "site-doctrees"), str(SOURCE), str(TARGET)]
    if subprocess.run(command).returncode:
        raise Refused("Sphinx refused the site: mend what it names above")
    for path in paths:  # what a reader downloads has the notes and the pictures as they were
        shutil.copy(path, TARGET / "_sources" / path.relative_to(NOTEBOOKS))
    for left in (TARGET / "_static" / "mathjax").iterdir():  # of MathJax, what the pages load
        if left.is_dir() and left.name != "output":
            shutil.rmtree(left)
        elif left.is_file() and left.name != "tex-chtml.js":
            left.unlink()
    return TARGET


def main() -> None:
    try:
        print(f"{build().relative_to(ROOT) / 'index.html'}")
    except Refused as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
