"""What the explorers' tests share: random states, the numbers in a picture, a redraw's time."""

from __future__ import annotations

import random
import statistics
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from typing import Any

from d2lhelpers.svg import Picture

SVG = "{http://www.w3.org/2000/svg}"


def sample(space: dict[str, Iterable[Any]], count: int) -> list[dict[str, Any]]:
    """``count`` states drawn from the values of each control, the same in every run."""
    draw = random.Random(0)
    choices = {name: list(values) for name, values in space.items()}
    return [{name: draw.choice(values) for name, values in choices.items()} for _ in range(count)]


def grids(picture: str | Picture) -> list[list[str]]:
    """The texts of each grid of numbers in a picture, in drawing order."""
    groups = [g for g in ET.fromstring(str(picture)).iter(f"{SVG}g") if g.get("class") == "cells"]
    return [[text.text or "" for text in group.iter(f"{SVG}text")] for group in groups]


def words(picture: str | Picture) -> str:
    """All text of a picture."""
    return " ".join(ET.fromstring(str(picture)).itertext())


def value(text: str) -> float:
    """A number as the pictures write it."""
    return float(text.replace("−", "-"))


def median_milliseconds(render: Callable[..., Picture], states: list[dict[str, Any]]) -> float:
    """The median time of a redraw; a state that is refused is redrawn as its message.

    Processor time: what else the machine does at the moment is not the explorer's.
    """
    times = []
    for state in states:
        started = time.process_time()
        try:
            render(**state)
        except ValueError:
            continue
        times.append(1000 * (time.process_time() - started))
    return statistics.median(times)
