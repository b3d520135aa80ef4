"""A 3×3 kernel on the photograph: the output's numbers, and the colours that show them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .. import functional, svg
from ..data import photograph
from ._png import DIVERGING, picture

Weights = tuple[tuple[int, ...], ...]

OWN = "your own"
# name -> nine whole numbers and what they are divided by
PRESETS: dict[str, tuple[Weights, int]] = {
    "identity": (((0, 0, 0), (0, 1, 0), (0, 0, 0)), 1),
    "blur: mean": (((1, 1, 1), (1, 1, 1), (1, 1, 1)), 9),
    "blur: Gaussian": (((1, 2, 1), (2, 4, 2), (1, 2, 1)), 16),
    "sharpen": (((0, -1, 0), (-1, 5, -1), (0, -1, 0)), 1),
    "difference [1, −1]": (((0, 0, 0), (0, 1, -1), (0, 0, 0)), 1),
    "Sobel, vertical edges": (((1, 0, -1), (2, 0, -2), (1, 0, -1)), 1),
    "Sobel, horizontal edges": (((1, 2, 1), (0, 0, 0), (-1, -2, -1)), 1),
    "Laplacian": (((0, 1, 0), (1, -4, 1), (0, 1, 0)), 1),
    "emboss": (((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), 1),
}
# Index 0 is what lies below black, 255 what lies above white; grey levels between.
_BELOW, _ABOVE = bytes.fromhex("0072B2"), bytes.fromhex("E66100")
CLIPPED = _BELOW + b"".join(bytes([round(i * 255 / 253)] * 3) for i in range(254)) + _ABOVE
_BEYOND = 0.01


@dataclass(frozen=True)
class Shown:
    """An output as it is drawn: its picture, its scale, and what both leave out."""

    address: str
    bar: str
    ends: tuple[str, str, str]
    caption: str
    note: str
    low: float
    high: float
    total: float


@functools.cache
def grey_levels() -> Tensor:
    """The photograph as whole grey levels, ``(240, 205)``, 0 black to 255 white.

    >>> grey_levels().shape
    torch.Size([240, 205])
    """
    return (255 * photograph(240).mean(0)).round()


@functools.cache
def grey_address() -> str:
    """The photograph as a data address."""
    return picture(grey_levels().numpy().astype(np.uint8))


@functools.lru_cache(maxsize=64)
def filtered(weights: Weights, divisor: int) -> Tensor:
    """The cross-correlation of the photograph with ``weights / divisor``, ``(238, 203)``.

    >>> filtered(PRESETS["identity"][0], 1).equal(grey_levels()[1:-1, 1:-1])
    True
    """
    kernel = torch.tensor(weights, dtype=torch.float32)
    # Whole numbers first: they are exact, and one division at the end rounds once.
    return functional.conv2d(grey_levels()[None, None], kernel[None, None])[0, 0] / divisor


@functools.lru_cache(maxsize=64)
def shown(weights: Weights, divisor: int) -> Shown:
    """How the output is drawn: as a photograph where the weights sum to more than 0, else signed.

    >>> shown(*PRESETS["identity"]).note
    'nothing lies outside'
    """
    values = filtered(weights, divisor).numpy()
    total = sum(map(sum, weights)) / divisor
    low, high = float(values.min()), float(values.max())
    if total > 0:
        below, above = values < 0, values > 255
        levels = 1 + np.rint(values.clip(0, 255) * (253 / 255))
        levels[below], levels[above] = 0, 255
        shares = [(below, "below 0, blue"), (above, "above 255, orange")]
        outside = [f"{_percent(mask.mean())} {words}" for mask, words in shares if mask.any()]
        return Shown(
            picture(levels.astype(np.uint8), CLIPPED),
            picture(np.arange(256, dtype=np.uint8)[None], CLIPPED),
            ("0", "", "255"),
            "0 black to 255 white, as a photograph",
            " · ".join(outside) or "nothing lies outside",
            low,
            high,
            total,
        )
    sizes = np.abs(values).ravel()
    place = int((1 - _BEYOND) * (sizes.size - 1))
    # Where all but a few outputs are 0, the few are what there is to see.
    reach = float(np.partition(sizes, place)[place]) or float(sizes.max()) or 1.0
    beyond = float((sizes > reach).mean())
    levels = np.rint(128 + values * (127.5 / reach)).clip(0, 255)
    largest = f"from {svg.number(low, 0)} to {svg.number(high, 0)}"
    return Shown(
        picture(levels.astype(np.uint8), DIVERGING),
        picture(np.arange(256, dtype=np.uint8)[None], DIVERGING),
        (svg.number(-reach, 0), "0", svg.number(reach, 0)),
        "blue below 0, white 0, orange above",
        f"{largest}; {_percent(beyond)} beyond the ends",
        low,
        high,
        total,
    )


def _percent(share: float) -> str:
    return "under 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
