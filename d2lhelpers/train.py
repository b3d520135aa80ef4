"""Train a network of the book from a terminal, on one device or on several.

python -m d2lhelpers.train resnet18 --epochs 1
torchrun --nproc-per-node=2 -m d2lhelpers.train resnet18 --epochs 1
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import distributed

from .device import try_gpu
from .models import names
from .presets import OPTIMIZERS, SIZES, Preset, preset, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m d2lhelpers.train",
        description="Train a network of the book on Fashion-MNIST. What is not given comes from "
        "the preset.",
        epilog="On several devices, or CPU processes: "
        "torchrun --nproc-per-node=2 -m d2lhelpers.train NETWORK. The batch is divided among them.",
    )
    made.add_argument("network", type=_network, help=", ".join(names()), metavar="NETWORK")
    made.add_argument(
        "--preset",
        choices=["auto", *SIZES],
        default="auto",
        help="small: 8,000 images for a CPU; full: 60,000 for a GPU; auto: by the device",
    )
    made.add_argument(
        "--data", type=_folder, metavar="FOLDER", help="holds the four original files"
    )
    made.add_argument("--subset", choices=["mini", "full"], help="the shipped images, or all")
    made.add_argument("--epochs", type=_at_least(1), help="how often to go through them, in all")
    made.add_argument("--batch-size", type=_at_least(1), help="images a step, of all processes")
    made.add_argument("--resize", type=_at_least(1), metavar="PIXELS", help="side of the images")
    made.add_argument("--width", type=_positive, help="of the network; 1 is the paper's")
    made.add_argument("--lr", type=_positive, help="learning rate")
    made.add_argument("--optimizer", choices=list(OPTIMIZERS))
    made.add_argument("--seed", type=int, default=0, help="fixes weights and order (default 0)")
    made.add_argument("--device", type=_device, help="cpu, cuda, cuda:1, mps (default: the best)")
    made.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="written after every epoch; where it exists, training goes on from it",
    )
    made.add_argument("--weights", type=Path, metavar="FILE", help="where the trained weights go")
    return made


def _network(text: str) -> str:
    if text in names():
        return text
    near = difflib.get_close_matches(text, names(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise argparse.ArgumentTypeError(f"no network {text!r}{hint} There are {', '.join(names())}")


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return Path(text)


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return number

    return whole


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _device(text: str) -> torch.device:
    try:
        device = torch.device(text)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise argparse.ArgumentTypeError(f"{text!r} can't be used here: {reason}") from error
    return device


def settings(given: argparse.Namespace, device: torch.device) -> Preset:
    """The preset with what was given in place of its values."""
    size = None if given.preset == "auto" else given.preset
    changed = {
        "subset": given.subset,
        "num_epochs": given.epochs,
        "batch_size": given.batch_size,
        "resize": given.resize,
        "width": given.width,
        "lr": given.lr,
        "optimizer": given.optimizer,
    }
    chosen = {name: value for name, value in changed.items() if value is not None}
    return replace(preset(given.network, size, device), **chosen)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as the command line says, print each result, and write what was asked for."""
    made = parser()
    given = made.parse_args(arguments)
    if given.data is not None:
        os.environ["D2L_DATA"] = str(given.data)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    device = given.device or _own_device(processes)
    if processes > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    first = int(os.environ.get("RANK", "0")) == 0
    try:
        chosen = settings(given, device)
        if chosen.batch_size < processes:
            made.error(f"--batch-size {chosen.batch_size} can't be divided among {processes}")
        if first:
            print(f"{given.network} on {processes} × {device.type}: {chosen}", flush=True)
        net, history = run(given.network, chosen, device, given.seed, given.checkpoint)
        if first:
            for epoch in range(history.epochs):
                print(
                    f"epoch {epoch + 1}: train loss {history.train_loss[epoch]:.3f}, "
                    f"train acc {history.train_acc[epoch]:.3f}, "
                    f"test acc {history.test_acc[epoch]:.3f}, {history.seconds[epoch]:.1f} s"
                )
            if given.weights is not None:
                torch.save(net.state_dict(), given.weights)
                print(f"weights: {given.weights}")
    except (ValueError, OSError, MemoryError, FloatingPointError) as error:
        sys.exit(f"{made.prog}: {error}")
    finally:
        if processes > 1:
            distributed.destroy_process_group()


def _own_device(processes: int) -> torch.device:
    """Each process its own GPU, where there are enough of them; else the CPU."""
    if processes == 1:
        return try_gpu()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    each = int(os.environ.get("LOCAL_WORLD_SIZE", str(processes)))
    if torch.cuda.is_available() and torch.cuda.device_count() >= each:
        torch.cuda.set_device(local)
        return torch.device("cuda", local)
    return torch.device("cpu")


if __name__ == "__main__":
    main()
