"""Slide files: ``make slides`` or ``make slides CHAPTER=03``; ``make slides-pdf`` prints them.

``_build/slides/NAME.html`` opens without a kernel and without a network: reveal.js, MathJax and
their fonts are copied beside it, from the packages that carry them.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import nbformat
from lab import NoChromium, chromium
from nbconvert import SlidesExporter
from pages import BUILT, NOTEBOOKS, ROOT, Refused, read
from playwright.sync_api import Browser

DECK = ROOT / "tools" / "deck"
TARGET = BUILT / "slides"


def chapters(number: str | None) -> list[Path]:
    """The notebooks of one chapter, or of all; solutions are no slides."""
    every = sorted(NOTEBOOKS.glob("*.ipynb"))
    found = [path for path in every if not number or path.name.startswith(f"{number}_")]
    if not found:
        numbers = ", ".join(path.name[:2] for path in every)
        raise Refused(f"no chapter {number!r}: CHAPTER can be {numbers}, or nothing for all")
    return found


def assets(target: Path = TARGET) -> None:
    """Copy what every deck needs beside the decks."""
    folder = target / "assets"
    shutil.rmtree(folder, ignore_errors=True)
    reveal = _package("sphinx_revealjs") / "_static" / "revealjs"
    shutil.copytree(reveal / "dist", folder / "reveal" / "dist", ignore=_maps)
    shutil.copytree(reveal / "plugin" / "notes", folder / "reveal" / "plugin" / "notes")
    mathjax = _package("sphinx-mathjax-offline") / "static" / "mathjax"
    shutil.copytree(mathjax / "output", folder / "mathjax" / "output")
    shutil.copy(mathjax / "tex-chtml.js", folder / "mathjax")
    shutil.copy(NOTEBOOKS / "rise.css", folder)  # live slides and files share their type
    shutil.copy(DECK / "deck.css", folder)


def _maps(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".map")]


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Refused(f"the package {name} is missing: run `make setup`")
    return Path(found.origin).parent


def deck(path: Path, target: Path = TARGET) -> Path:
    """Write the deck of one chapter."""
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(DECK.parent)],
        reveal_url_prefix="assets/reveal",
        reveal_theme="white",
    )
    notebook = read(path)
    for cell in notebook.cells:
        if cell.metadata.slideshow.slide_type == "notes":  # marked for those who read on paper
            cell.source = cell.source.replace("> *Speaker:* ", "").replace("\n> ", "\n")
        if cell.cell_type == "markdown":  # from chapter to chapter, from deck to deck
            cell.source = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.html)", cell.source)
    _name(notebook)
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    written = target / f"{path.stem}.html"
    written.write_text(body, encoding="utf-8")
    return written


def _name(notebook: nbformat.NotebookNode) -> None:
    """The chapter's first heading becomes the page's title."""
    first = notebook.cells[0].source.partition("\n")[0]
    notebook.metadata["title"] = first.removeprefix("# ").strip()


def print_pdf(browser: Browser, decks: list[Path]) -> list[Path]:
    """Print decks to PDF, one slide a page."""
    written = []
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    for path in decks:
        page.goto(f"{path.as_uri()}?print-pdf")
        page.wait_for_selector(".pdf-page")
        page.evaluate("() => MathJax.startup.promise")
        written.append(path.with_suffix(".pdf"))
        page.pdf(path=written[-1], prefer_css_page_size=True, print_background=True)
    page.close()
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", help="a chapter's number, such as 03; all without it")
    parser.add_argument("--pdf", action="store_true", help="print them to PDF too")
    given = parser.parse_args()
    try:
        paths = chapters(given.chapter)
        TARGET.mkdir(parents=True, exist_ok=True)
        assets()
        decks = []
        for path in paths:
            decks.append(deck(path))
            print(f"{decks[-1].relative_to(ROOT)}", flush=True)
        if given.pdf:
            with chromium() as browser:
                for pdf in print_pdf(browser, decks):
                    print(f"{pdf.relative_to(ROOT)}", flush=True)
    except (Refused, NoChromium) as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
