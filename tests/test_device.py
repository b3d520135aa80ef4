from __future__ import annotations

import random
import resource
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
import torch

from d2lhelpers import device

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def no_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("D2L_MIXED_PRECISION", raising=False)
    monkeypatch.delenv("D2L_CHANNELS_LAST", raising=False)


def accelerators(monkeypatch: pytest.MonkeyPatch, kind: str | None, count: int) -> None:
    fake = SimpleNamespace(
        current_accelerator=lambda: None if kind is None else torch.device(kind),
        device_count=lambda: count,
    )
    monkeypatch.setattr(torch, "accelerator", fake, raising=False)


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_try_gpu_takes_the_accelerator_that_there_is(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    accelerators(monkeypatch, kind, 2)
    assert device.try_gpu() == torch.device(kind, 0)
    assert device.try_gpu(1) == torch.device(kind, 1)
    assert device.try_gpu(2) == CPU


def test_try_gpu_without_an_accelerator_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerators(monkeypatch, None, 0)
    assert device.try_gpu() == CPU
    # A build for CUDA names its accelerator even where the machine has none.
    accelerators(monkeypatch, "cuda", 0)
    assert device.try_gpu() == CPU
    with pytest.raises(ValueError, match="index is 0 or more; got -1"):
        device.try_gpu(-1)


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu", "cpu"])
def test_try_gpu_before_torch_accelerator(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.delattr(torch, "accelerator", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: kind == "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: kind == "mps")
    monkeypatch.setattr(torch.xpu, "device_count", lambda: int(kind == "xpu"))
    assert device.try_gpu() == (CPU if kind == "cpu" else torch.device(kind, 0))
    assert device.try_gpu(1) == CPU


def test_set_seed_repeats_every_generator() -> None:
    def draw() -> tuple[float, float, float]:
        return torch.rand(()).item(), random.random(), numpy.random.rand()

    device.set_seed(7)
    first = draw()
    assert draw() != first
    device.set_seed(7)
    assert draw() == first
    device.set_seed(8)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_set_seed_refuses_what_a_generator_refuses(seed: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 to 4294967295; got {seed}"):
        device.set_seed(seed)


@pytest.mark.parametrize(
    ("kind", "capability", "mixed", "last"),
    [
        ("cpu", None, False, True),
        ("cuda", (7, 5), False, False),
        ("cuda", (8, 0), True, True),
        ("cuda", (9, 0), True, True),
        ("xpu", None, True, True),
        ("mps", None, False, False),
    ],
)
def test_policy_by_device(
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    capability: tuple[int, int] | None,
    mixed: bool,
    last: bool,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda where: capability)
    assert device.mixed_precision(torch.device(kind)) is mixed
    assert device.channels_last(torch.device(kind)) is last
    for value in ("0", "1"):
        monkeypatch.setenv("D2L_MIXED_PRECISION", value)
        monkeypatch.setenv("D2L_CHANNELS_LAST", value)
        assert device.mixed_precision(torch.device(kind)) is (value == "1")
        assert device.channels_last(torch.device(kind)) is (value == "1")


def test_a_switch_that_is_neither_on_nor_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("D2L_CHANNELS_LAST", "yes")
    with pytest.raises(ValueError, match="D2L_CHANNELS_LAST is 'yes'; set it to 0"):
        device.channels_last(CPU)


def test_autocast_follows_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    def result() -> torch.dtype:
        with device.autocast(CPU):
            return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype

    assert result() == torch.float32
    monkeypatch.setenv("D2L_MIXED_PRECISION", "1")
    assert result() == torch.bfloat16


def test_random_state_holds_the_accelerators_too(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {torch.device("cuda", 1): torch.tensor([1, 2], dtype=torch.uint8)}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda where: states[where])
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, where: states.__setitem__(where, state)
    )
    gpu = torch.device("cuda", 1)
    before = device.random_state(gpu)
    numbers = torch.rand(3)
    states[gpu] = torch.tensor([3, 4], dtype=torch.uint8)
    device.set_random_state(gpu, before)
    assert torch.equal(torch.rand(3), numbers)
    assert states[gpu].tolist() == [1, 2]
    # From a CPU's run there is no state for the GPU: its own stays.
    states[gpu] = torch.tensor([5, 6], dtype=torch.uint8)
    device.set_random_state(gpu, device.random_state(CPU))
    assert states[gpu].tolist() == [5, 6]


def page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def test_memory_is_kept_between_steps_and_given_back_at_the_end() -> None:
    if device._glibc() is None:  # another allocator: there is nothing to change
        return

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    def step() -> int:
        before = page_faults()
        maps = [torch.ones(2**size) for size in (20, 20, 20, 20, 23, 24)]  # 112 MiB, 28,672 pages
        del maps
        return page_faults() - before

    with device.memory_kept(CPU):
        # What else the process holds decides after how many steps nothing is cleared anew.
        assert min(step() for _ in range(6)) < 600
        held = resident()
    assert held - resident() > 25_000
