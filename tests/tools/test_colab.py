"""``make colab``: stamps every notebook, and the stamped setup cell works as it will in Colab."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.relative_to(ROOT) for path in ROOT.glob("notebooks/**/*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


def stamp(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, ROOT / "tools/colab.py", *arguments)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the book without its history."""
    folder = tmp_path / "copy"
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(
        ROOT / "d2lhelpers", folder / "d2lhelpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def setup_source(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    return str(next(c.source for c in notebook.cells if "setup" in c.metadata.get("tags", [])))


def test_committed_notebooks_carry_no_address() -> None:
    for path in NOTEBOOKS:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert "colab.research" not in text and "git+" not in text, path


def test_every_notebook_gets_a_badge_and_an_install_line_once(copy: Path) -> None:
    assert stamp("someone/first", "--folder", copy).returncode == 0
    done = stamp("owner/name", "--folder", copy)
    assert done.returncode == 0 and str(len(NOTEBOOKS)) in done.stdout
    for path in NOTEBOOKS:
        title = nbformat.read(copy / path, as_version=4).cells[0].source
        assert title.count("colab-badge.svg") == 1
        assert f"colab.research.google.com/github/owner/name/blob/main/{path.as_posix()}" in title
        source = setup_source(copy / path)
        assert source.count("%pip install") == 1
        assert "git+https://github.com/owner/name" in source and "someone" not in source


@pytest.mark.parametrize("repository", ["", "name", "https://github.com/owner/name", "a/b/c"])
def test_anything_but_owner_and_name_is_refused(copy: Path, repository: str) -> None:
    before = {path: (copy / path).read_bytes() for path in NOTEBOOKS}
    done = stamp(repository, "--folder", copy)
    assert done.returncode != 0 and "owner/name" in done.stderr
    assert before == {path: (copy / path).read_bytes() for path in NOTEBOOKS}


def installed(python: Path) -> dict[str, str]:
    listed = run(python, "-m", "pip", "list", "--format=json", check=True)
    return {package["name"]: package["version"] for package in json.loads(listed.stdout)}


def test_in_colab_the_setup_cell_installs_one_package_and_changes_none(
    copy: Path, tmp_path: Path
) -> None:
    # An environment that has torch and all the rest, but not this package.
    hosted = tmp_path / "hosted"
    run(sys.executable, "-m", "venv", "--without-pip", hosted, check=True)
    python = hosted / "bin/python"
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", purelib, check=True).stdout.strip())
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "d2lhelpers" not in entry.name:
            (site / entry.name).symlink_to(entry)

    git = ["git", "-C", copy, "-c", "user.name=test", "-c", "user.email=test@example.org"]
    run(*git, "init", "-q", check=True)
    run(*git, "add", "-A", check=True)
    run(*git, "commit", "-q", "-m", "the book", check=True)
    chapter = copy / "notebooks/03_padding_stride_dilation.ipynb"
    assert stamp("owner/name", "--folder", copy, "--url", f"file://{copy}").returncode == 0

    # Run the cell as Colab does: google.colab is loaded, and no checkout lies around it.
    elsewhere = tmp_path / "content"
    elsewhere.mkdir()
    script = elsewhere / "cell.py"
    script.write_text(
        "import sys, types\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
        f"done = InteractiveShell.instance().run_cell({setup_source(chapter)!r})\n"
        "done.raise_error()\n"
        "import d2lhelpers\n"
        "print('imported from', d2lhelpers.__file__)\n"
        "assert len(d2lhelpers.load_data_fashion_mnist(8, subset='mini')[0]) == 1000\n"
    )
    before = installed(python)
    assert "torch" in before and "d2lhelpers" not in before
    done = run(python, script, cwd=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"imported from {site}" in done.stdout
    after = installed(python)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"d2lhelpers"}
