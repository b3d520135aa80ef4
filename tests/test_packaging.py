"""The package's promises about itself: dependencies, layers, a light import."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import d2lhelpers

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "d2lhelpers"

# What each module may import of the package (DESIGN's layers), at the top of the file.
LAYERS: dict[str, set[str]] = {
    "arithmetic": set(),
    "svg": set(),
    "functional": {"arithmetic"},
    "device": set(),
    "models": set(),
    "data": {"device"},
    "training": {"device"},
    "inspection": {"arithmetic"},
    "plot": {"svg"},
    "book": {"svg"},
    "diagrams": {"svg", "arithmetic", "inspection"},
    "explore": {"svg", "functional", "arithmetic", "data", "models", "inspection", "diagrams"},
    "exercises": {"svg", "arithmetic", "functional", "models", "inspection"},
    "pretrained": {"models"},
    "presets": {"data", "device", "models", "training"},
    "train": {"device", "models", "presets"},
    "checkup": set(),
}
# Imported inside the one function that needs it.
LAZY = {
    ("training", "plot"),
    ("training", "svg"),
    ("checkup", "svg"),
    ("checkup", "device"),
    ("checkup", "data"),
}


def _module(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imports(path: Path) -> set[tuple[str, bool]]:
    """(module of the package, imported at the top of the file) for each import in a file."""
    tree = ast.parse(path.read_text())
    depth_here = len(path.relative_to(PACKAGE).parts)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    top = set(map(id, tree.body))
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in typing_only:
            continue
        module = node.module or ""
        if node.level == depth_here:  # relative to the package itself
            names = [module.partition(".")[0]] if module else [a.name for a in node.names]
        elif module.startswith("d2lhelpers"):
            inner = module.partition(".")[2].partition(".")[0]
            names = [inner] if inner else [a.name for a in node.names]
        else:
            continue
        found |= {(name, id(node) in top) for name in names}
    return found


def test_each_layer_imports_only_what_it_may() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")]
    files += [path for path in PACKAGE.glob("*/__init__.py")]
    seen = set()
    for path in files:
        module = _module(path)
        seen.add(module)
        for imported, at_top in _imports(path):
            if imported == module:
                continue
            allowed = imported in LAYERS[module] or (not at_top and (module, imported) in LAZY)
            assert allowed, f"{path.relative_to(ROOT)} imports {imported}"
    assert seen == set(LAYERS)


def test_no_file_holds_two_things() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert not long


def _requirements(text: str, conda: bool) -> dict[str, str]:
    pattern = r"^  - ([\w-]+)(>=[\d.]+)?$" if conda else r'^    "([\w-]+)(>=[\d.]+)?",?$'
    found = dict(re.findall(pattern, text, flags=re.MULTILINE))
    return {name.replace("pytorch", "torch"): bound for name, bound in found.items()}


def test_environment_yml_lists_the_same_dependencies() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    runtime = project.partition("dependencies = [")[2].partition("]")[0]
    lab = project.partition("lab = [")[2].partition("]")[0]
    wanted = _requirements(runtime, conda=False)
    wanted |= dict(re.findall(r'"([\w-]+)(>=[\d.]+)"', lab))
    wanted["python"] = re.findall(r'requires-python = "(.*)"', project)[0]
    conda = _requirements((ROOT / "environment.yml").read_text(), conda=True)
    assert {k: v for k, v in conda.items() if k not in ("conda-forge",)} == wanted


def test_metadata_has_lower_bounds_only() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    for requirement in re.findall(r'"([a-z][\w-]*(?:[<>=!~].*?)?)"', project):
        assert not re.search(r"==|<|~=|!=", requirement), requirement


def test_every_public_name_loads() -> None:
    for name in d2lhelpers.__all__:
        assert getattr(d2lhelpers, name) is not None
    assert sorted(dir(d2lhelpers)) == sorted(d2lhelpers.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        d2lhelpers.no_such_name  # noqa: B018


def _seconds(code: str) -> float:
    return float(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
    )


def test_the_import_is_light() -> None:
    added = (
        "import time, torch; t = time.perf_counter(); import d2lhelpers;"
        "print(time.perf_counter() - t)"
    )
    assert statistics.median(_seconds(added) for _ in range(3)) <= 0.15


def test_the_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, d2lhelpers;"
        "bad = {'torchvision', 'matplotlib', 'ipywidgets', 'IPython'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_works_without_ipywidgets_and_jupyter() -> None:
    code = """
import sys
for name in ("ipywidgets", "IPython", "jupyter_core", "torchvision"):
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
import torch, d2lhelpers as d2l
net = d2l.models.create("lenet")
d2l.layer_table(net, (1, 28, 28))
train, test = d2l.load_data_fashion_mnist(256, subset="mini")
history = d2l.fit(net, train, test, 1, lr=0.5)
assert len(history.train_loss) == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
