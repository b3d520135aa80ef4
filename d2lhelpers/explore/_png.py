"""Small pictures inside a drawing: tensors as PNG, with the standard library's zlib alone.

The format is W3C's *Portable Network Graphics*: a header, a palette where there is one, the rows,
each after a 0 that says "not filtered", and an end.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from .. import svg

Pixels = np.ndarray


def _ramp(color: str, steps: int) -> bytes:
    """Red, green and blue from white to ``color`` in ``steps`` steps, white left out."""
    return b"".join(bytes.fromhex(svg.tint(color, (i + 1) / steps)[1:]) for i in range(steps))


def _reversed(ramp: bytes) -> bytes:
    return b"".join(ramp[i : i + 3] for i in range(len(ramp) - 3, -1, -3))


WHITE = b"\xff\xff\xff"
# Index 0 is the lowest value: white to nearly black.
GREYS = WHITE + _ramp("#141414", 255)
# Index 128 is zero. Blue and orange stay apart in the common kinds of colour blindness.
DIVERGING = _reversed(_ramp("#004B76", 128)) + WHITE + _ramp("#A84A00", 127)


def picture(pixels: Pixels, palette: bytes = b"") -> str:
    """``pixels`` as a data address that an SVG image can show.

    ``pixels`` is uint8: ``(H, W)`` indices into ``palette``, grey levels without one, or
    ``(H, W, 3)`` red, green and blue.

    >>> picture(np.zeros((1, 1), np.uint8))[:34]
    'data:image/png;base64,iVBORw0KGgoA'
    """
    height, width = pixels.shape[:2]
    kind = 3 if palette else 2 if pixels.ndim == 3 else 0
    rows = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, kind, 0, 0, 0)),
        _chunk(b"PLTE", palette) if palette else b"",
        _chunk(b"IDAT", zlib.compress(rows.tobytes(), 1)),
        _chunk(b"IEND", b""),
    ]
    return f"data:image/png;base64,{base64.b64encode(b''.join(parts)).decode()}"


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def colored(values: Pixels, low: float, high: float) -> str:
    """A map ``(H, W)`` in greys from ``low`` (white) to ``high``, or, where ``low`` is negative, in
    blue below 0 and orange above, white at 0, darkest at ± the larger of −low and high.

    >>> expected = picture(np.array([[64, 128, 255]], np.uint8), DIVERGING)
    >>> colored(np.array([[-1.0, 0.0, 2.0]]), -1.0, 2.0) == expected
    True
    """
    # NumPy, not PyTorch: a map is too small for PyTorch's threads to pay.
    if low < 0:
        # 127.5 keeps both ends within the palette.
        scaled, palette = 128 + values * (127.5 / max(high, -low)), DIVERGING
    else:
        scaled, palette = (values - low) * (255 / ((high - low) or 1.0)), GREYS
    return picture(np.rint(scaled).clip(0, 255).astype(np.uint8), palette)


def shrunk(maps: Tensor, side: int) -> Tensor:
    """Maps ``(C, H, W)`` averaged to at most ``side`` a side; smaller ones as they are.

    >>> import torch
    >>> shrunk(torch.zeros(2, 30, 60), 20).shape
    torch.Size([2, 10, 20])
    """
    height, width = maps.shape[-2:]
    scale = side / max(height, width)
    if scale >= 1:
        return maps
    return adaptive_avg_pool2d(maps, (max(1, round(height * scale)), max(1, round(width * scale))))


def photograph(image: Tensor) -> str:
    """An image ``(C, H, W)`` as it is seen: in colour with three channels, else its first in grey.

    Values from 0 to 1 are taken as they are; others are spread over that range.
    """
    shown = image.numpy() if len(image) == 3 else image[:1].numpy()
    low, high = shown.min(), shown.max()
    if low < 0 or high > 1:
        shown = (shown - low) / ((high - low) or 1.0)
    levels = np.rint(255 * shown).astype(np.uint8)
    return picture(np.moveaxis(levels, 0, 2) if len(levels) == 3 else levels[0])
