"""Where the book computes: the device, the seeds, mixed precision and the memory format.

Two environment variables overrule what is chosen by device; they are read at each use, so
``os.environ["D2L_MIXED_PRECISION"] = "0"`` in a notebook works at once:

- ``D2L_MIXED_PRECISION``: 1 computes in bfloat16 where PyTorch's autocast allows it, 0 never.
- ``D2L_CHANNELS_LAST``: 1 stores images and feature maps channels last, 0 never.
"""

from __future__ import annotations

import ctypes
import os
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

# The numbers that malloc.h gives to mallopt's parameters.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4


def try_gpu(i: int = 0) -> torch.device:
    """The ``i``-th accelerator (CUDA, MPS, XPU), or the CPU where there are not that many.

    Args:
        i: the accelerator's index, from 0.

    Returns:
        ``torch.device("cuda", i)``, ``("mps", i)`` or ``("xpu", i)``; else ``torch.device("cpu")``.

    Raises:
        ValueError: ``i`` is negative.

    PyTorch's page: https://docs.pytorch.org/docs/stable/accelerator.html

    >>> try_gpu(1000)
    device(type='cpu')
    """
    if i < 0:
        raise ValueError(f"an accelerator's index is 0 or more; got {i}")
    kind, count = _accelerators()
    return torch.device(kind, i) if i < count else torch.device("cpu")


def _accelerators() -> tuple[str, int]:
    """The kind of accelerator and how many there are."""
    if hasattr(torch, "accelerator"):
        found = torch.accelerator.current_accelerator()
        return ("cpu", 0) if found is None else (found.type, torch.accelerator.device_count())
    # torch.accelerator came with PyTorch 2.6; before it each kind is asked in turn.
    if torch.cuda.is_available():
        return "cuda", torch.cuda.device_count()
    if torch.backends.mps.is_available():
        return "mps", 1
    return "xpu", torch.xpu.device_count()


def set_seed(seed: int) -> None:
    """Seed every random generator that the book's code draws from.

    These are PyTorch's (the CPU's and every accelerator's), Python's ``random``, and NumPy's
    where NumPy is loaded. The same program with the same seed then prints the same numbers on the
    same CPU; see https://docs.pytorch.org/docs/stable/notes/randomness.html for accelerators.

    Args:
        seed: 0 ≤ seed < 2³².

    Raises:
        ValueError: ``seed`` lies outside that range.

    >>> set_seed(0)
    >>> a = torch.rand(2)
    >>> set_seed(0)
    >>> torch.equal(a, torch.rand(2))
    True
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"a seed is a whole number from 0 to 4294967295; got {seed}")
    random.seed(seed)
    torch.manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def mixed_precision(device: torch.device) -> bool:
    """Whether ``fit`` computes in bfloat16 where autocast allows it; the weights stay float32.

    By device: yes on an XPU and on a CUDA GPU of compute capability 8.0 or more, whose matrix
    units are made for bfloat16; no elsewhere. On a CPU it stays off even where the processor has
    bfloat16 instructions: the numbers printed in the book are to be the same on every laptop.
    ``D2L_MIXED_PRECISION`` overrules it.

    PyTorch's page: https://docs.pytorch.org/docs/stable/amp.html

    Raises:
        ValueError: ``D2L_MIXED_PRECISION`` is neither 0 nor 1.

    >>> mixed_precision(torch.device("cpu"))
    False
    """
    chosen = _switch("D2L_MIXED_PRECISION")
    if chosen is not None:
        return chosen
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "xpu"


def channels_last(device: torch.device) -> bool:
    """Whether ``fit`` stores images and feature maps with the channels of a pixel side by side.

    The shapes stay ``(N, C, H, W)`` and the results stay the same but for rounding; only the order
    in memory changes. By device: yes on a CPU, where training then takes 7 to 25 % less time,
    and where `mixed_precision` is on, since the matrix units read that order; no elsewhere.
    ``D2L_CHANNELS_LAST`` overrules it.

    PyTorch's page: https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html

    Raises:
        ValueError: ``D2L_CHANNELS_LAST`` is neither 0 nor 1.

    >>> channels_last(torch.device("mps"))
    False
    """
    chosen = _switch("D2L_CHANNELS_LAST")
    if chosen is not None:
        return chosen
    return device.type == "cpu" or mixed_precision(device)


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """The context to compute in on ``device``: bfloat16 autocast where `mixed_precision` says so.

    >>> with autocast(torch.device("cpu")):
    ...     print((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
    torch.float32
    """
    if mixed_precision(device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def memory_kept(device: torch.device) -> Iterator[None]:
    """Within it, main memory that one step frees is kept for the next step.

    Each step on a CPU allocates its feature maps anew. The allocator of Linux, glibc, gives freed
    memory back to the system, which has to clear it before the next step gets it: up to a quarter
    of LeNet's time, and 45 % of that of a dense block at 96×96. Here the memory is given back at
    the end instead; up to a third more of it is in use meanwhile. Elsewhere, and on accelerators,
    nothing changes.

    See mallopt(3), https://man7.org/linux/man-pages/man3/mallopt.3.html

    >>> with memory_kept(torch.device("cpu")):
    ...     int(torch.ones(3).sum())
    3
    """
    libc = _glibc() if device.type == "cpu" else None
    if libc is None:
        yield
        return
    libc.mallopt(_M_TRIM_THRESHOLD, -1)  # never
    libc.mallopt(_M_MMAP_MAX, 0)
    try:
        yield
    finally:
        # Setting one parameter ends glibc's own adjustment of the others, so the largest threshold
        # it accepts stays: what follows in the process must not become slower than it was.
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(_M_MMAP_MAX, 65536)  # glibc's default
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library where it is glibc, which alone has these functions."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The state of PyTorch's generators: the CPU's, and that of ``device`` where it is another.

    Returns:
        kind of device → ``uint8`` tensor.

    >>> list(random_state(torch.device("cpu")))
    ['cpu']
    """
    state = {"cpu": torch.get_rng_state()}
    for module, where in _generator_of(device):
        state[device.type] = module.get_rng_state(*where)
    return state


def set_random_state(device: torch.device, state: dict[str, Tensor]) -> None:
    """Bring the generators back to what `random_state` gave.

    A state that lacks ``device``'s kind sets the CPU's alone: a run that has moved to another kind
    of device draws other numbers there anyway.

    >>> before = random_state(torch.device("cpu"))
    >>> a = torch.rand(2)
    >>> set_random_state(torch.device("cpu"), before)
    >>> torch.equal(a, torch.rand(2))
    True
    """
    torch.set_rng_state(state["cpu"])
    for module, where in _generator_of(device):
        if device.type in state:
            module.set_rng_state(state[device.type], *where)


def _generator_of(device: torch.device) -> list[tuple[Any, tuple[torch.device, ...]]]:
    """The module with an accelerator's generator, and how the device is named there."""
    if device.type == "cpu":
        return []
    return [(getattr(torch, device.type), () if device.type == "mps" else (device,))]


def _switch(name: str) -> bool | None:
    """The environment variable ``name`` as a switch: on, off, or None where it is not set."""
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ValueError(f"{name} is {value!r}; set it to 0 (off) or 1 (on), or unset it")
    return value == "1" if value else None
