"""What slide files and the site share: a chapter as a page that needs no kernel and no network."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BUILT = ROOT / "_build"


class Refused(Exception):
    """The pages can't be built; the message says why and what to do."""


def read(path: Path) -> nbformat.NotebookNode:
    """A chapter with its outputs, its pictures as HTML that keeps their words.

    Raises :class:`Refused` for a notebook that was never run.
    """
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and not any(cell.outputs for cell in code):
        raise Refused(
            f"{path.name} has no outputs: a page shows what its cells printed; "
            f"run `make book CHAPTER={path.name.partition('_')[0]}` first"
        )
    for number, output in enumerate(output for cell in code for output in cell.outputs):
        _as_html(output, number)
    return notebook


def _as_html(output: nbformat.NotebookNode, number: int) -> None:
    """An SVG stays part of the page, with its label; a PNG gets its alternative text.

    Each SVG gets ids of its own: a hatching that a hidden slide defines first would not be drawn.
    """
    data = output.get("data", {})
    if "image/svg+xml" in data:
        svg = re.sub(r"<\?xml[^>]*\?>", "", data["image/svg+xml"])
        for name in set(re.findall(r'\bid="([^"]+)"', svg)):
            svg = re.sub(
                rf'(\bid="|url\(#|href="#){re.escape(name)}\b', rf"\g<1>{name}-{number}", svg
            )
        output.data = nbformat.from_dict({"text/html": f'<div class="picture">{svg}</div>'})
    elif "image/png" in data:
        size = output.metadata.get("image/png", {})
        alt = html.escape(size.get("alt", ""), quote=True)
        width = f' width="{size["width"]}"' if "width" in size else ""
        source = f"data:image/png;base64,{data['image/png'].strip()}"
        picture = f'<div class="picture"><img alt="{alt}"{width} src="{source}"></div>'
        output.data = nbformat.from_dict({"text/html": picture})
