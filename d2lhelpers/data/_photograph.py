"""The colour photograph that matplotlib ships: a real picture with no download."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def photograph(height: int = 600) -> Tensor:
    """The portrait of Grace Hopper that matplotlib ships, as a tensor ``(3, height, width)``.

    Values are float32 from 0 to 1, channels red, green, blue; the picture is 600×512 pixels, and a
    smaller ``height`` gives a smaller picture of the same shape, averaged over areas.
    ``photograph().mean(0)`` is a grey one.

    Raises ``ValueError`` for a height below 1 or above 600 pixels.

    Source: ``matplotlib.cbook.get_sample_data("grace_hopper.jpg")``.

    >>> photograph(150).shape
    torch.Size([3, 150, 128])
    """
    from matplotlib.cbook import get_sample_data
    from matplotlib.image import imread

    file = get_sample_data("grace_hopper.jpg", asfileobj=False)
    pixels = torch.tensor(imread(file))
    picture = pixels.permute(2, 0, 1).float() / 255
    full_height, full_width = picture.shape[-2:]
    if not 1 <= height <= full_height:
        raise ValueError(
            f"height {height} is not between 1 and {full_height}: the photograph has "
            f"{full_height}×{full_width} pixels"
        )
    if height == full_height:
        return picture
    size = (height, max(1, round(full_width * height / full_height)))
    return interpolate(picture[None], size=size, mode="area")[0]
