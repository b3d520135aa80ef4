"""The check of the setup: it says what is there, what is missing, and it never raises."""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

import d2lhelpers as d2l
from d2lhelpers import checkup
from d2lhelpers.checkup import _rows
from d2lhelpers.checkup._rows import row
from d2lhelpers.data import fashion_mnist

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "d2lhelpers"
NAMES = [
    "Python",
    "PyTorch",
    "torchvision",
    "matplotlib",
    "tqdm",
    "ipywidgets",
    "Device",
    "Images in the box",
    "Full image set",
    "JupyterLab",
    "Slides (RISE)",
]


def test_every_row_is_there_and_here_all_packages_are() -> None:
    found = checkup.rows()
    assert [row.name for row in found] == NAMES
    status = {row.name: row.status for row in found}
    assert all(status[name] == "ok" for name in NAMES if name != "Full image set"), found


def test_what_is_printed_says_nothing_of_this_machine() -> None:
    ok = [row for row in checkup.rows() if row.status == "ok"]
    plain, detailed = repr(checkup.Report(ok, False)), repr(checkup.Report(ok, True))
    for private in (
        torch.__version__,
        platform.python_version(),
        str(Path.home()),
        "/usr",
        "/root",
    ):
        assert private not in plain
    assert torch.__version__ in detailed and platform.python_version() in detailed


@pytest.mark.parametrize("package", [*_rows.RUN])
def test_a_missing_package_is_a_row_that_says_how_to_get_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # importing it raises ModuleNotFoundError
    lost = row(_rows.NAMES.get(package, package))
    assert (lost.status, lost.message) == ("missing", "is not installed")
    assert f'"{package}>={_rows.RUN[package]}"' in lost.fix and "%pip install" in lost.fix
    assert repr(checkup.Report([lost], False)).startswith(f"To repair: {lost.name}")


def test_with_everything_missing_every_row_still_answers() -> None:
    code = f"""
import sys
sys.modules.update(dict.fromkeys({[*_rows.RUN, "numpy", "IPython"]!r}))
import d2lhelpers as d2l
print(d2l.checkup.report())
"""
    nowhere = {**os.environ, "HOME": "/nowhere", "XDG_CACHE_HOME": "/nowhere/else"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=nowhere
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "To repair: PyTorch, torchvision, matplotlib, tqdm, ipywidgets, Device"
    )
    assert all(f"{name}: " in done.stdout for name in NAMES)


def test_no_full_set_and_a_home_that_can_not_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def download() -> Path:
        raise AssertionError("the check must not download")

    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    monkeypatch.setattr(fashion_mnist, "_download", download)
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", Path("/nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.delenv("D2L_DATA", raising=False)
    text = repr(checkup.report())
    assert text.startswith("What the chapters need is here")
    assert "○ Full image set: not here" in text and 'subset="full"' in text
    assert "✓ Images in the box: 8,000 for training and 2,000 for testing" in text
    assert list(home.iterdir()) == []


def test_a_package_that_is_too_old_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    import tqdm

    monkeypatch.setattr(tqdm, "__version__", "4.1.0")
    assert row("tqdm").message == "this is 4.1.0; the book needs 4.65 or newer"
    monkeypatch.delattr(tqdm, "__version__")
    assert row("tqdm").status == "missing" and "AttributeError" in row("tqdm").message

    def broken(name: str) -> Any:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(_rows.importlib, "import_module", broken)
    assert row("torchvision").status == "missing" and "nms" in row("torchvision").message
    assert '"torch>=2.4" "torchvision>=0.19"' in row("torchvision").fix


@pytest.mark.parametrize(
    ("version", "least", "older"),
    [
        ("2.13.0+cu130", "2.4", False),
        ("2.3.1", "2.4", True),
        ("3.9.18", "3.10", True),
        ("3.10.0", "3.10", False),
        ("4", "4.1", True),
        ("8.0.0rc1", "7.7.1", False),
        ("7.7.0", "7.7.1", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, least: str, older: bool) -> None:
    assert _rows._older(version, least) is older


def test_lower_bounds_are_those_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    for name, least in {**_rows.RUN, **_rows.READ}.items():
        assert f'"{name}>={least}"' in project
    assert f'requires-python = ">={_rows.PYTHON}"' in project
    runtime = project.partition("dependencies = [")[2].partition("]")[0]
    assert re.findall(r'"([\w-]+)>=', runtime) != []
    assert set(re.findall(r'"([\w-]+)>=', runtime)) == set(_rows.RUN)


def test_a_python_that_is_too_old_gets_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in [PACKAGE / "__init__.py", *(PACKAGE / "checkup").glob("*.py")]:
        ast.parse(path.read_text(), feature_version=(3, 8))
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.18")
    monkeypatch.setitem(sys.modules, "d2lhelpers.svg", None)
    monkeypatch.setitem(sys.modules, "IPython", Notebook())
    bundle = checkup.report()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("To repair: Python")
    assert "this is 3.9.18; the book needs 3.10 or newer" in bundle["text/plain"]


def test_an_accelerator_that_fails_and_a_driver_that_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("d2lhelpers.device._accelerators", lambda: ("cpu", 0))
    monkeypatch.setattr(_rows.shutil, "which", lambda name: "/bin/nvidia-smi")
    assert row("Device").status == "note" and "pytorch.org" in row("Device").fix
    monkeypatch.setattr(_rows.shutil, "which", lambda name: None)
    assert row("Device").status == "ok"
    if not torch.cuda.is_available():
        # PyTorch says that there is a GPU, and the first operation on it fails.
        monkeypatch.setattr("d2lhelpers.device._accelerators", lambda: ("cuda", 1))
        assert row("Device").status == "missing"


def test_the_full_set_named_wrongly_or_altered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("D2L_DATA", str(tmp_path / "none"))
    assert row("Full image set").status == "missing"
    assert "is not a folder" in row("Full image set").message
    monkeypatch.setenv("D2L_DATA", str(fashion_mnist.MINI_FOLDER))  # other images, same names
    assert "altered" in row("Full image set").message
    assert "D2L_DATA" in row("Full image set").fix
    monkeypatch.setattr(fashion_mnist, "FULL", fashion_mnist.MINI)
    assert row("Full image set").message == "8,000 and 2,000, in the folder that D2L_DATA names"


def test_shipped_images_that_are_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fashion_mnist, "MINI_FOLDER", tmp_path)
    assert row("Images in the box").status == "missing"
    assert "lacks train-images" in row("Images in the box").message


def test_in_colab_nobody_is_told_to_install_jupyterlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", Notebook())
    assert row("Slides (RISE)").status == row("JupyterLab").status == "note"
    assert not row("JupyterLab").fix


def test_without_jupyterlab_the_chapters_still_count_as_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(package: str) -> str:
        raise _rows.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(_rows.metadata, "version", absent)
    assert row("Slides (RISE)").status == "note"
    assert '"jupyterlab-rise>=0.42"' in row("Slides (RISE)").fix
    monkeypatch.setattr(_rows.metadata, "version", lambda package: "0.1")
    assert row("Slides (RISE)").status == "missing"


class Notebook:
    """Stands in for IPython inside a kernel."""

    kernel = None

    def get_ipython(self) -> Notebook:
        return self


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", Notebook())


READY = [checkup.Row("Python", "ok", "3.10 or newer"), checkup.Row("ipywidgets", "ok", "<fine>")]


def test_the_button_turns_green_when_the_kernel_answers() -> None:
    table, button, advice = checkup.Report(READY, False).widget().children
    assert "&lt;fine&gt;" in table.value
    assert "press the button" in table.value and "restart the kernel" in advice.value
    assert button.button_style != "success"
    button.click()
    assert "press" not in table.value and "You can start" in table.value
    assert button.button_style == "success" and button.description == "The kernel answered"
    assert advice.value == ""


@pytest.mark.usefixtures("notebook")
def test_a_notebook_keeps_no_answer_of_another_machine() -> None:
    report = checkup.Report([*READY, checkup.Row("Device", "ok", "a secret")], True)
    bundle = report._repr_mimebundle_()
    live = bundle.pop("application/vnd.jupyter.widget-view+json")
    assert live["model_id"]
    for text in bundle.values():
        assert "Run this cell" in text and "secret" not in text and "✓" not in text
        assert "%pip install" in text and "print(d2l.checkup.report())" in text
    assert set(bundle) == {"text/html", "text/plain"}


@pytest.mark.usefixtures("notebook")
def test_without_ipywidgets_a_notebook_shows_the_table() -> None:
    broken = checkup.Row("ipywidgets", "missing", "is not installed", "run `%pip install 'it>=1'`")
    bundle = checkup.Report([READY[0], broken], False)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "To repair: ipywidgets" in bundle["text/html"]
    assert ">%pip install &#x27;it&gt;=1&#x27;</code>" in bundle["text/html"]
    assert "run %pip install 'it>=1'" in bundle["text/plain"]


def test_outside_a_notebook_it_is_lines_of_text() -> None:
    assert checkup.Report(READY, False)._repr_mimebundle_() == {
        "text/plain": "What the chapters need is here. You can start.\n"
        "✓ Python: 3.10 or newer\n✓ ipywidgets: <fine>"
    }


def test_it_is_a_public_name() -> None:
    assert d2l.checkup is checkup
