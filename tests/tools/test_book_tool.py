"""``make book``: executes, normalises, and refuses what must not be shown."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import book as tool


def write(folder: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
        cell.metadata["execution"] = {"started": "yesterday"}
    path = folder / "42_sample.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_executes_in_place_and_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, "print(6 * 7)", "'a value'")
    tool.rebuild(path)
    first = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].outputs[0].text == "42\n"
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert [cell.id for cell in notebook.cells] == ["42-000", "42-001"]
    assert all(set(cell.metadata) == {"slideshow"} for cell in notebook.cells)
    tool.rebuild(path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings; warnings.warn('old habit')", "old habit"),
        ("import sys; print('trouble', file=sys.stderr)", "trouble"),
        ("import ipywidgets; ipywidgets.IntSlider()", "without a still picture"),
    ],
)
def test_refuses_and_leaves_the_file_as_it_was(tmp_path: Path, source: str, reason: str) -> None:
    path = write(tmp_path, source)
    before = path.read_bytes()
    with pytest.raises(tool.Refused, match=reason):
        tool.rebuild(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_explorer_keeps_only_its_still_picture(tmp_path: Path) -> None:
    path = write(tmp_path, "import d2lhelpers as d2l; d2l.explore.convolution()")
    tool.rebuild(path)
    notebook = nbformat.read(path, as_version=4)
    (output,) = notebook.cells[0].outputs
    assert set(output.data) == {"image/svg+xml", "text/plain"}
    assert "widgets" not in notebook.metadata


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    source = (
        "import torch, d2lhelpers as d2l\n"
        "d2l.show_images(torch.rand(1, 3, 300, 300), 1, 1, scale=5, alt='coloured noise as a test')"
    )
    path = write(tmp_path, source)
    tool.rebuild(path)
    png = nbformat.read(path, as_version=4).cells[0].outputs[0].data["image/png"]
    assert Image.open(io.BytesIO(base64.b64decode(png))).mode == "P"  # a palette


def test_finds_a_chapter_with_its_solutions_or_says_which_there_are() -> None:
    names = [path.name for path in tool.find("03")]
    assert names == ["03_padding_stride_dilation.ipynb", "03_solutions.ipynb"]
    assert len(tool.find(None)) > len(names)
    with pytest.raises(tool.Refused, match="'77'.*03"):
        tool.find("77")
