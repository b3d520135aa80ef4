"""The files of Fashion-MNIST: where they lie, whether they are whole, and what is in them.

Four files in the format idx: a header that gives the sizes, then one byte a pixel or a label.
The package ships a part of them (800 training and 200 test images of each class); the full 60,000
and 10,000 come from the first of these places that has any of the four files:

1. the folder named by the environment variable ``D2L_DATA``;
2. the copy that an earlier download left in ``$XDG_CACHE_HOME/d2lhelpers/fashion-mnist``
   (``~/.cache`` where ``XDG_CACHE_HOME`` is not set), or in the folder for temporary files where
   no home can be written;
3. ``/usr/share/datasets/fashion-mnist``, from Debian's package ``dataset-fashion-mnist``;
4. torchvision's download, which is then cached.

A folder may hold the files as they are, packed (``.gz``) or not, or below ``FashionMNIST/raw`` as
torchvision keeps them. Xiao, Rasul and Vollgraf, 2017, *Fashion-MNIST: a novel image dataset for
benchmarking machine learning algorithms*.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import socket
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
# The SHA-256 of each file's content. Not of the .gz: the same images are packed by Zalando with
# the file's name and date and by Debian without them.
FULL = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
# tools/cut_mini_dataset.py prints these.
MINI = {
    "train-images-idx3-ubyte": "75160f837651dde775b4fd9dea1bb7553cfac40348cc57c68f6b39cb0074904a",
    "train-labels-idx1-ubyte": "04f45099e6fb006d6bc9513294ffdae927861e382b72e36787b8e11d386e3ea3",
    "t10k-images-idx3-ubyte": "15a92dd1e9b16ea361928086e77df4dfa890c255c00b5a8c8162c1040ce8eef1",
    "t10k-labels-idx1-ubyte": "234596aeb6eb48133ec99a62541f90bc0728c9559a681f1e0638037462458f2c",
}
MINI_FOLDER = Path(__file__).with_name("fashion_mnist_mini")
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
HOW_TO_GET = (
    "install Debian's package dataset-fashion-mnist, or put the four .gz files of "
    "https://github.com/zalandoresearch/fashion-mnist/tree/master/data/fashion into a folder and "
    "set D2L_DATA to it"
)
TIMEOUT = 20.0  # seconds without a byte before a download is given up


class NotAvailable(FileNotFoundError):
    """The full set lies nowhere on this machine and could not be downloaded."""


def read_mini() -> dict[str, Tensor]:
    """The shipped part: 8,000 training and 2,000 test images, as `read` gives them.

    Raises:
        FileNotFoundError, ValueError: a shipped file is missing or altered.

    >>> read_mini()["train-images-idx3-ubyte"].shape
    torch.Size([8000, 28, 28])
    """
    return read(MINI_FOLDER, MINI, "install d2lhelpers again")


def read_full() -> dict[str, Tensor]:
    """The full 60,000 and 10,000 images, as `read` gives them, from the first place that has them.

    Raises:
        FileNotFoundError: ``D2L_DATA`` lacks a file.
        NotAvailable: nothing was found and nothing could be downloaded; a FileNotFoundError that
            says where it looked.
        ValueError: a file is truncated or altered.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", D2L_DATA="/nowhere"):
    ...     read_full()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: /nowhere is not a folder; install Debian's package dataset-fashion-mnist...
    """
    folder = locate()
    if folder is None:
        return read(_download(), FULL, HOW_TO_GET)
    if folder in cache_folders():
        return read(folder, FULL, f"delete {folder}: it is then downloaded again; or {HOW_TO_GET}")
    return read(folder, FULL, HOW_TO_GET)


def locate() -> Path | None:
    """The folder that `read_full` reads; None where it has to download.

    Where ``D2L_DATA`` is set this is the answer, whether or not the files are there: who names a
    folder wants those files, not others.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", D2L_DATA="/somewhere"):
    ...     locate() == Path("/somewhere")
    True
    """
    named = os.environ.get("D2L_DATA")
    if named:
        return Path(named).expanduser()
    places = (*cache_folders(), DEBIAN_FOLDER)
    return next((p for p in places if any(_path(p, name) for name in FULL)), None)


def cache_folders() -> list[Path]:
    """Where a downloaded copy may lie: below the user's cache, and below the temporary files.

    >>> [folder.name for folder in cache_folders()][-1]
    'fashion-mnist'
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    folders = [base / "d2lhelpers", Path(tempfile.gettempdir()) / f"d2lhelpers-{user}"]
    # Without a home "~" stays as it is; a relative folder would depend on where Python started.
    return [folder / "fashion-mnist" for folder in folders if folder.is_absolute()]


def read(folder: Path, checksums: Mapping[str, str], advice: str) -> dict[str, Tensor]:
    """The files named in ``checksums``, each checked against its SHA-256.

    Args:
        folder: holds the files, packed or not, or ``FashionMNIST/raw`` that does.
        checksums: a file's name without ``.gz`` → the SHA-256 of its unpacked content.
        advice: what an error tells the reader to do.

    Returns:
        name → ``uint8`` tensor: ``(N, 28, 28)`` for images, ``(N,)`` for labels.

    Raises:
        FileNotFoundError: a file, or the folder, is not there.
        ValueError: a file is truncated or altered.

    >>> read(Path("/nowhere"), {"labels": ""}, "look elsewhere")
    Traceback (most recent call last):
    FileNotFoundError: /nowhere is not a folder; look elsewhere
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; {advice}")
    return {name: _read_file(folder, name, checksums[name], advice) for name in checksums}


def _read_file(folder: Path, name: str, expected: str, advice: str) -> Tensor:
    path = _path(folder, name)
    if path is None:
        raise FileNotFoundError(
            f"{folder} lacks {name}.gz (whose unpacked content has the SHA-256 {expected}), "
            f"and so does {folder / 'FashionMNIST' / 'raw'}; {advice}"
        )
    content = _unpack(path.read_bytes())
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is truncated or altered: the SHA-256 of its unpacked content "
            f"({len(content):,} bytes) is {found}, expected {expected}; {advice}"
        )
    return parse(content)


def _path(folder: Path, name: str) -> Path | None:
    raw = folder / "FashionMNIST" / "raw"
    paths = [place / file for place in (folder, raw) for file in (name, f"{name}.gz")]
    return next((path for path in paths if path.is_file()), None)


def _unpack(packed: bytes) -> bytearray:
    """The content of a .gz file, as far as it can be unpacked; other bytes as they are.

    A damaged file gives what precedes the damage: its checksum then tells that it is damaged.
    """
    if packed[:2] != b"\x1f\x8b":
        return bytearray(packed)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = bytearray()
    try:
        for start in range(0, len(packed), 1 << 20):
            content += unpacker.decompress(packed[start : start + (1 << 20)])
    except zlib.error:
        return content
    return content


def parse(content: bytearray) -> Tensor:
    """The tensor in the bytes of an idx file.

    The header is two zero bytes, the type (8: unsigned byte), the number of axes, then each axis'
    length as a big-endian 32-bit integer (LeCun's page on the MNIST database).

    >>> parse(bytearray([0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7]))
    tensor([5, 6, 7], dtype=torch.uint8)
    """
    axes = content[3]
    start = 4 + 4 * axes
    sizes = struct.unpack(f">{axes}I", content[4:start])
    return torch.frombuffer(content, dtype=torch.uint8, offset=start).view(sizes)


def _download() -> Path:
    """Download the full set with torchvision and return the folder where it is cached.

    The files are fetched and checked in a folder beside the cache, which then takes the cache's
    name in one step. So a broken download leaves nothing behind, and of two processes the second
    finds the copy of the first.

    Raises:
        NotAvailable: it could not be downloaded or stored; the message says where else the
            files were looked for.
    """
    problems = []
    for folder in cache_folders():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix="download-", dir=folder.parent))
        except OSError as error:  # a home that is read-only or not there
            problems.append(f"{folder.parent} cannot be written ({error.strerror})")
            continue
        try:
            fetched = _fetch(work)
            read(fetched, FULL, "the download is broken")
            _publish(fetched, folder)
            return folder
        except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
            problems.append(f"the download failed ({str(error).strip()})")
            break
        finally:
            shutil.rmtree(work, ignore_errors=True)
    looked = ", ".join(str(place) for place in (*cache_folders(), DEBIAN_FOLDER))
    raise NotAvailable(
        f"the full Fashion-MNIST was not found: D2L_DATA is not set, nothing in {looked}; "
        f"{'; '.join(problems)}. To get it, {HOW_TO_GET}. Or pass subset='mini' for the part "
        "that comes with d2lhelpers"
    )


def _fetch(work: Path) -> Path:
    """Let torchvision download into ``work``; the folder of the four .gz files alone."""
    from torchvision.datasets import FashionMNIST

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        FashionMNIST(str(work), download=True)
    finally:
        socket.setdefaulttimeout(before)
    fetched = work / "fetched"
    fetched.mkdir(mode=0o755)
    for name in FULL:
        os.replace(work / "FashionMNIST" / "raw" / f"{name}.gz", fetched / f"{name}.gz")
    return fetched


def _publish(fetched: Path, folder: Path) -> None:
    try:
        os.rename(fetched, folder)
    except OSError:
        # Another process was first. Its copy is used, if it is whole.
        read(folder, FULL, HOW_TO_GET)
