from __future__ import annotations

import gc
import gzip
import hashlib
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torchvision

from d2lhelpers.data import fashion_mnist, load_data_fashion_mnist

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def cutter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cut", ROOT / "tools" / "cut_mini_dataset.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The shipped part


def test_shipped_part_is_balanced_and_small() -> None:
    files = fashion_mnist.read_mini()
    for split, count in (("train", 800), ("t10k", 200)):
        assert files[f"{split}-images-idx3-ubyte"].shape == (10 * count, 28, 28)
        assert files[f"{split}-labels-idx1-ubyte"].bincount().tolist() == [count] * 10
    folder = fashion_mnist.MINI_FOLDER
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5_000_000
    notice = (folder / "LICENSE").read_text(encoding="utf-8")
    assert "Zalando SE" in notice and "Permission is hereby granted" in notice


def test_shipped_part_is_cut_from_the_full_set() -> None:
    if fashion_mnist.locate() is None:
        places = (*fashion_mnist.cache_folders(), fashion_mnist.DEBIAN_FOLDER)
        text = f"no full Fashion-MNIST: D2L_DATA is not set, nothing in {list(map(str, places))}"
        if os.environ.get("D2L_NO_SKIP"):
            pytest.fail(text)
        pytest.skip(text)
    full, mini = fashion_mnist.read_full(), fashion_mnist.read_mini()
    for split, count in (("train", 800), ("t10k", 200)):
        images, labels = full[f"{split}-images-idx3-ubyte"], full[f"{split}-labels-idx1-ubyte"]
        seen, kept = [0] * 10, []
        for i, label in enumerate(labels.tolist()):
            seen[label] += 1
            if seen[label] <= count:
                kept.append(i)
        assert torch.equal(mini[f"{split}-images-idx3-ubyte"], images[kept])
        assert torch.equal(mini[f"{split}-labels-idx1-ubyte"], labels[kept])


# Stand-ins for the full set: the same names and format, three 2×2 images


def idx(shape: tuple[int, ...], values: bytes) -> bytes:
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    return header + values


CONTENT = {
    name: idx((3, 2, 2), bytes(range(12))) if "images" in name else idx((3,), bytes([7, 8, 9]))
    for name in fashion_mnist.FULL
}


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the full set, whose checksums are those of the stand-ins."""
    checksums = {name: hashlib.sha256(c).hexdigest() for name, c in CONTENT.items()}
    monkeypatch.setattr(fashion_mnist, "FULL", checksums)
    monkeypatch.delenv("D2L_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "debian")
    return tmp_path


def put(folder: Path, packed: bool = True, label: int = 7) -> Path:
    """Write the stand-ins; ``label`` alters the first one (7 is right)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in CONTENT.items():
        if "labels" in name:
            content = content[:8] + bytes([label]) + content[9:]
        file = folder / (f"{name}.gz" if packed else name)
        file.write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_read_packed_and_unpacked_as_they_are_and_as_torchvision_keeps_them(
    full: Path, packed: bool, below: str
) -> None:
    put(full / "here" / below, packed)
    files = fashion_mnist.read(full / "here", fashion_mnist.FULL, "")
    assert files["train-images-idx3-ubyte"].tolist()[2] == [[8, 9], [10, 11]]
    assert files["t10k-labels-idx1-ubyte"].tolist() == [7, 8, 9]


def test_sources_in_their_order(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, temporary = fashion_mnist.cache_folders()
    assert cache == full / "cache" / "d2lhelpers" / "fashion-mnist"
    assert temporary.parent.parent == full
    assert fashion_mnist.locate() is None
    for place in (fashion_mnist.DEBIAN_FOLDER, temporary, cache):
        put(place)
        assert fashion_mnist.locate() == place
    monkeypatch.setenv("D2L_DATA", str(full / "mine"))
    assert fashion_mnist.locate() == full / "mine"
    # Who names a folder is told that it lacks the files, and not given others.
    with pytest.raises(FileNotFoundError, match=r"mine is not a folder; install Debian's package"):
        fashion_mnist.read_full()
    put(full / "mine")
    assert set(fashion_mnist.read_full()) == set(CONTENT)


def test_a_cache_that_is_no_absolute_path_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert all(folder.is_absolute() for folder in fashion_mnist.cache_folders())
    assert len(fashion_mnist.cache_folders()) == 1


def test_a_missing_file_is_named(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(full / "mine")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("D2L_DATA", str(folder))
    with pytest.raises(FileNotFoundError) as error:
        fashion_mnist.read_full()
    text = str(error.value)
    assert f"{folder} lacks t10k-labels-idx1-ubyte.gz" in text
    assert fashion_mnist.FULL["t10k-labels-idx1-ubyte"] in text
    assert "dataset-fashion-mnist" in text


def test_an_altered_file_is_named_with_both_checksums(full: Path) -> None:
    folder = put(fashion_mnist.cache_folders()[0], label=6)
    wrong = hashlib.sha256(idx((3,), bytes([6, 8, 9]))).hexdigest()
    with pytest.raises(ValueError) as error:
        fashion_mnist.read_full()
    text = str(error.value)
    assert f"{folder / 'train-labels-idx1-ubyte.gz'} is truncated or altered" in text
    assert f"is {wrong}, expected {fashion_mnist.FULL['train-labels-idx1-ubyte']}" in text
    assert f"delete {folder}: it is then downloaded again" in text


@pytest.mark.parametrize("kept", [0, 1, 10, 20, -13])
def test_a_truncated_file_is_found(full: Path, kept: int) -> None:
    folder = put(fashion_mnist.DEBIAN_FOLDER)
    file = folder / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is truncated or altered"):
        fashion_mnist.read_full()


def test_a_damaged_file_is_found(full: Path) -> None:
    folder = put(fashion_mnist.DEBIAN_FOLDER)
    file = folder / "train-images-idx3-ubyte.gz"
    packed = bytearray(file.read_bytes())
    for i in range(15, len(packed)):
        packed[i] ^= 255
    file.write_bytes(packed)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is truncated or altered"):
        fashion_mnist.read_full()


def test_the_cutter_keeps_the_first_of_each_class(
    full: Path, cutter: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = bytes([1, 0, 1, 1, 0, 0])
    content = {
        name: idx((6, 1, 1), bytes(range(6))) if "images" in name else idx((6,), labels)
        for name in CONTENT
    }
    source, target = full / "source", full / "target"
    source.mkdir()
    target.mkdir()
    for name, value in content.items():
        (source / name).write_bytes(value)
    checksums = {name: hashlib.sha256(value).hexdigest() for name, value in content.items()}
    monkeypatch.setattr(fashion_mnist, "FULL", checksums)
    monkeypatch.setattr(cutter, "KEPT", {"train": 2, "t10k": 1})
    files = fashion_mnist.read(target, cutter.cut(source, target), "")
    assert files["train-images-idx3-ubyte"].flatten().tolist() == [0, 1, 2, 4]
    assert files["train-labels-idx1-ubyte"].tolist() == [1, 0, 1, 0]
    assert files["t10k-images-idx3-ubyte"].flatten().tolist() == [0, 1]
    first = (target / "train-images-idx3-ubyte.gz").read_bytes()
    cutter.cut(source, target)
    assert (target / "train-images-idx3-ubyte.gz").read_bytes() == first


# Downloads, from a server on this machine


class Server:
    """Serves ``files`` and counts what was asked for."""

    def __init__(self) -> None:
        self.files = {f"{name}.gz": gzip.compress(c, mtime=0) for name, c in CONTENT.items()}
        self.md5 = {name: hashlib.md5(packed).hexdigest() for name, packed in self.files.items()}
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                time.sleep(0.02)
                content = outer.files.get(self.path.rpartition("/")[2])
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/"


@pytest.fixture
def server(full: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    started = Server()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [started.url])
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", list(started.md5.items()))
    yield started
    started.http.shutdown()
    started.http.server_close()
    with warnings.catch_warnings():
        # torchvision leaves the answer of a server that says 404 to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_download_is_cached_whole(full: Path, server: Server) -> None:
    assert fashion_mnist.read_full()["train-labels-idx1-ubyte"].tolist() == [7, 8, 9]
    assert left(full) == sorted(f"cache/d2lhelpers/fashion-mnist/{name}.gz" for name in CONTENT)
    assert os.listdir(full / "cache" / "d2lhelpers") == ["fashion-mnist"]
    asked = len(server.asked)
    assert len(set(server.asked)) == 4
    fashion_mnist.read_full()
    assert len(server.asked) == asked


@pytest.mark.parametrize("harm", ["altered", "cut short", "not there", "another set"])
def test_a_broken_download_leaves_nothing_behind(
    full: Path, server: Server, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    name = "t10k-labels-idx1-ubyte.gz"
    if harm == "altered":
        server.files[name] = gzip.compress(b"something else")
    elif harm == "cut short":
        server.files[name] = server.files[name][:-5]
    elif harm == "not there":
        del server.files[name]
    else:  # what torchvision's own checksum lets through
        server.files[name] = gzip.compress(idx((3,), bytes([1, 2, 3])))
        resources = {**server.md5, name: hashlib.md5(server.files[name]).hexdigest()}
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", list(resources.items()))
    with pytest.raises(fashion_mnist.NotAvailable) as error:
        load_data_fashion_mnist(2, subset="full", device="cpu")
    text = str(error.value)
    assert "the download failed" in text
    assert str(full / "cache") in text and str(full / "debian") in text and "subset='mini'" in text
    assert left(full) == []
    assert os.listdir(full / "cache" / "d2lhelpers") == []


def test_an_interrupted_download_leaves_nothing_behind(
    full: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fashion_mnist, "_publish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fashion_mnist.read_full()
    assert left(full) == []


def test_a_home_that_cannot_be_written(
    full: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file where the cache should be: refused to every user, the superuser too.
    (full / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(full / "file"))
    fashion_mnist.read_full()
    assert fashion_mnist.locate() == fashion_mnist.cache_folders()[1]
    monkeypatch.setattr("tempfile.tempdir", str(full / "file"))
    with pytest.raises(fashion_mnist.NotAvailable, match="file/d2lhelpers cannot be written"):
        fashion_mnist.read_full()


PROCESS = """
import sys
from torchvision.datasets import FashionMNIST
from d2lhelpers.data import fashion_mnist
url, md5, checksums = eval(sys.argv[1])
FashionMNIST.mirrors, FashionMNIST.resources = [url], list(md5.items())
fashion_mnist.FULL = checksums
fashion_mnist.DEBIAN_FOLDER = fashion_mnist.Path("/nowhere")
print("ready", flush=True)
sys.stdin.readline()
print(fashion_mnist.read_full()["train-labels-idx1-ubyte"].tolist())
"""


def test_two_processes_at_once_both_succeed(full: Path, server: Server) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    checksums, pipe = (server.md5, fashion_mnist.FULL), subprocess.PIPE
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, repr((f"{server.url}{i}/", *checksums))],
            env=env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        for i in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        printed, errors = process.communicate(timeout=60)
        assert (process.returncode, printed) == (0, "[7, 8, 9]\n"), errors
    assert {path.split("/")[1] for path in server.asked} == {"0", "1"}  # both were at it
    assert left(full) == sorted(f"cache/d2lhelpers/fashion-mnist/{name}.gz" for name in CONTENT)
    assert os.listdir(full / "cache" / "d2lhelpers") == ["fashion-mnist"]


# Which set


def test_auto_is_the_part_on_a_cpu_and_the_full_set_on_an_accelerator(full: Path) -> None:
    put(fashion_mnist.DEBIAN_FOLDER)
    train_iter, test_iter = load_data_fashion_mnist(256, device="cpu")
    assert (train_iter.num_samples, test_iter.num_samples) == (8000, 2000)
    # The meta device stands in for an accelerator: any device that is not the CPU.
    train_iter, test_iter = load_data_fashion_mnist(2, device="meta")
    assert (train_iter.num_samples, test_iter.num_samples) == (3, 3)
    assert train_iter.images.device == train_iter.labels.device == torch.device("meta")
    train_iter, _ = load_data_fashion_mnist(2, subset="mini", device="meta")
    assert train_iter.num_samples == 8000
    train_iter, _ = load_data_fashion_mnist(2, subset="full", device="cpu")
    assert train_iter.num_samples == 3
    assert train_iter.images.dtype == torch.uint8
    assert train_iter.images.shape == (3, 1, 2, 2)
    with pytest.raises(ValueError, match="subset is 'all'; it can be 'auto', 'mini' or 'full'"):
        load_data_fashion_mnist(2, subset="all")


def test_auto_without_the_full_set_says_so_and_takes_the_part(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files.clear()
    with pytest.warns(UserWarning, match="on the shipped 8,000 images: the full Fashion-MNIST"):
        train_iter, _ = load_data_fashion_mnist(256, device="meta")
    assert train_iter.num_samples == 8000
    # A folder that was named and lacks the files is a mistake, not a machine without a network.
    monkeypatch.setenv("D2L_DATA", "/nowhere")
    with pytest.raises(FileNotFoundError, match="/nowhere is not a folder"):
        load_data_fashion_mnist(256, device="meta")
