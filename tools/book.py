"""Execute chapters in place and normalise them: ``make book`` or ``make book CHAPTER=03``.

A chapter is refused, and its file left as it was, when a cell raises, warns or prints to stderr.
What varies between two runs (execution times, cell ids, widget state) is removed, so that a
chapter that did not change leaves no difference behind.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
LARGEST_PNG = 60_000
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Refused(Exception):
    """The chapter can't be committed as it is; the message says why."""


def find(chapter: str | None, folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of a chapter (its solutions too), or of all chapters.

    Raises :class:`Refused` when there is no such chapter.
    """
    every = sorted([*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")])
    if not chapter:
        return every
    found = [path for path in every if path.name.startswith(f"{chapter}_")]
    if not found:
        numbers = sorted({path.name.partition("_")[0] for path in every})
        raise Refused(f"no chapter {chapter!r} in {folder.name}/: there are {', '.join(numbers)}")
    return found


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run every cell, in the notebook's own folder, in a fresh kernel."""
    # As make test runs them: one thread each, so that both print the same numbers.
    os.environ |= {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        coalesce_streams=True,  # what a slow cell prints in two pieces is one output
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise Refused(f"a cell raised: {error}") from error


def normalise(notebook: nbformat.NotebookNode, name: str) -> None:
    """Remove what varies between two runs; keep pictures small; refuse what must not be shown."""
    count = 0
    notebook.metadata = nbformat.from_dict(METADATA)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{name.partition('_')[0]}-{index:03d}"
        kept = {key: cell.metadata[key] for key in ("slideshow", "tags") if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        cell.source = cell.source.rstrip()
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [_clean(output, index, count) for output in cell.outputs]
    nbformat.validate(notebook)


def _clean(output: nbformat.NotebookNode, index: int, count: int) -> nbformat.NotebookNode:
    if output.output_type == "error":
        raise Refused(f"cell {index} raised {output.ename}: {output.evalue}")
    if output.output_type == "stream" and output.name == "stderr":
        raise Refused(f"cell {index} printed a warning or an error: {output.text.strip()[:300]}")
    if "execution_count" in output:
        output.execution_count = count
    data = output.get("data", {})
    if WIDGET in data:
        del data[WIDGET]
        if set(data) <= {"text/plain"}:
            raise Refused(f"cell {index} shows a widget without a still picture of it")
    if len(data.get("image/png", "")) * 3 / 4 > LARGEST_PNG:
        data["image/png"] = _smaller(data["image/png"])
    return output


def _smaller(png: str) -> str:
    """The same picture with a palette of 128 colours."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(128, method=Image.Quantize.MEDIANCUT).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def rebuild(path: Path) -> float:
    """Execute and normalise one notebook in place; returns the seconds that it took."""
    started = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent)
    normalise(notebook, path.name)
    scratch = path.with_suffix(".ipynb.new")
    scratch.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    scratch.replace(path)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", help="a chapter's number, such as 03; all without it")
    try:
        for path in find(parser.parse_args().chapter):
            try:
                seconds = rebuild(path)
            except Refused as reason:
                raise Refused(f"{path.name} is left as it was: {reason}") from reason
            print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1000:.0f} kB", flush=True)
    except Refused as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
