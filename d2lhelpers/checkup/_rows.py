"""The checks themselves: one function a row.

Each package is imported inside the check that asks for it; what goes wrong there becomes a row.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

OK, MISSING, NOTE = "ok", "missing", "note"
# The same lower bounds as in pyproject.toml; tests/test_checkup.py holds the two together.
PYTHON = "3.10"
RUN = {
    "torch": "2.4",
    "torchvision": "0.19",
    "matplotlib": "3.7",
    "tqdm": "4.65",
    "ipywidgets": "7.7.1",
}
READ = {"jupyterlab": "4.1", "jupyterlab-rise": "0.42"}
NAMES = {"torch": "PyTorch", "jupyterlab": "JupyterLab", "jupyterlab-rise": "Slides (RISE)"}


@dataclass(frozen=True)
class Row:
    """One line of the report.

    ``status`` is ``"ok"``, ``"missing"`` (repair it) or ``"note"`` (good to know); ``fix`` is what
    to do, commands in backticks; ``detail`` is a version or a place of this machine.
    """

    name: str
    status: str
    message: str
    fix: str = ""
    detail: str = ""


def rows() -> list[Row]:
    """Check everything once; nothing is downloaded, written or raised.

    >>> [row.name for row in rows()][:2]
    ['Python', 'PyTorch']
    """
    return [row(name) for name in CHECKS]


def row(name: str) -> Row:
    """The answer of one of the `CHECKS`.

    >>> row("Python").status
    'ok'
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a driver that is too old warns; its row says so
            return CHECKS[name]()
    except Exception as error:  # whatever is broken on this machine is the answer
        fix = "repair the rows above first"
        return Row(name, MISSING, f"can't be checked: {_said(error)}", fix)


def _said(error: BaseException) -> str:
    """An error in one line of a reasonable length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}{'…' if len(text) > 300 else ''}"


def _older(version: str, least: str) -> bool:
    """Whether a version is below another: 2.13.0+cu130 is not below 2.4."""
    found, wanted = (
        [int(n) for n in re.findall(r"\d+", v.split("+")[0])] for v in (version, least)
    )
    return found[: len(wanted)] < wanted


def _python() -> Row:
    version = platform.python_version()
    if _older(version, PYTHON):
        fix = "in a terminal: `rm -r .venv`, then `make lab PYTHON=python3.12` or a newer one"
        return Row("Python", MISSING, f"this is {version}; the book needs {PYTHON} or newer", fix)
    return Row("Python", OK, f"{PYTHON} or newer", detail=version)


def _importable(package: str, least: str) -> Callable[[], Row]:
    """The check of a package that the book's code imports."""
    name, fix = NAMES.get(package, package), f'%pip install --upgrade "{package}>={least}"'
    if package in ("torch", "torchvision"):  # the two must fit each other
        fix = '%pip install --upgrade "torch>={torch}" "torchvision>={torchvision}"'.format(**RUN)
    fix = f"run `{fix}` in a cell, then restart the kernel"

    def check() -> Row:
        try:
            module = importlib.import_module(package)
        except ModuleNotFoundError as error:
            if error.name != package:
                return Row(name, MISSING, f"can't be imported: {_said(error)}", fix)
            return Row(name, MISSING, "is not installed", fix)
        except Exception as error:  # a broken build raises anything
            return Row(name, MISSING, f"can't be imported: {_said(error)}", fix)
        version = str(module.__version__)
        if _older(version, least):
            message = f"this is {version}; the book needs {least} or newer"
            return Row(name, MISSING, message, fix)
        return Row(name, OK, f"{least} or newer", detail=version)

    return check


def _device() -> Row:
    import torch

    from ..device import try_gpu

    device = try_gpu()
    if device.type != "cpu":
        try:
            (torch.ones(2, 2, device=device) @ torch.ones(2, 2, device=device)).sum().item()
        except RuntimeError as error:
            fix = "get a PyTorch build that was made for it: pytorch.org/get-started/locally"
            return Row("Device", MISSING, f"a {device.type} device fails: {_said(error)}", fix)
        message = f"an accelerator ({device.type}); it computes"
        return Row("Device", OK, message, detail=str(device))
    cpu = "the CPU: every chapter runs on it"
    if shutil.which("nvidia-smi"):
        message = f"{cpu}; an NVIDIA driver is here too, but PyTorch can't use it"
        fix = "get a PyTorch build for CUDA, or a newer driver: pytorch.org/get-started/locally"
        return Row("Device", NOTE, message, fix)
    return Row("Device", OK, cpu, detail=f"{torch.get_num_threads()} threads")


def _mini() -> Row:
    from ..data import fashion_mnist

    name = "Images in the box"
    try:
        files = fashion_mnist.read_mini()
    except (OSError, ValueError) as error:
        return Row(name, MISSING, _said(error), "install d2lhelpers again")
    train, test = (len(files[f"{split}-labels-idx1-ubyte"]) for split in ("train", "t10k"))
    return Row(name, OK, f"{train:,} for training and {test:,} for testing, checksums right")


def _full() -> Row:
    from ..data import fashion_mnist

    name, folder = "Full image set", fashion_mnist.locate()
    if folder is None:
        message = "not here; the chapters use the images in the box"
        fix = 'to have it: `d2l.load_data_fashion_mnist(256, subset="full")` downloads 31 MB, once'
        return Row(name, NOTE, message, fix)
    try:
        files = fashion_mnist.read(folder, fashion_mnist.FULL, fashion_mnist.HOW_TO_GET)
    except (OSError, ValueError) as error:
        return Row(name, MISSING, _said(error), fashion_mnist.HOW_TO_GET)
    train, test = (len(files[f"{split}-labels-idx1-ubyte"]) for split in ("train", "t10k"))
    if os.environ.get("D2L_DATA"):
        where = "in the folder that D2L_DATA names"
    elif folder == fashion_mnist.DEBIAN_FOLDER:
        where = "from Debian's package"
    else:
        where = "downloaded earlier"
    return Row(name, OK, f"{train:,} and {test:,}, {where}", detail=str(folder))


def _for_reading(package: str, least: str) -> Callable[[], Row]:
    """The check of a package that the reader's browser needs, not the book's code."""
    name = NAMES[package]
    fix = (
        f'run `%pip install --upgrade "{package}>={least}"` in a cell, then start JupyterLab again'
    )

    def check() -> Row:
        if "google.colab" in sys.modules:
            return Row(name, NOTE, "this is Colab: chapters run here, slides need JupyterLab")
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            message = "is not installed beside this kernel; the chapters run without it"
            return Row(name, NOTE, message, f"to have it: {fix}")
        if _older(version, least):
            return Row(name, MISSING, f"this is {version}; the book needs {least} or newer", fix)
        return Row(name, OK, f"{least} or newer", detail=version)

    return check


CHECKS: dict[str, Callable[[], Row]] = {
    "Python": _python,
    **{NAMES.get(name, name): _importable(name, least) for name, least in RUN.items()},
    "Device": _device,
    "Images in the box": _mini,
    "Full image set": _full,
    **{NAMES[name]: _for_reading(name, least) for name, least in READ.items()},
}
