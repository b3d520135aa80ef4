"""The photograph: its pixels, its sizes, its errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.cbook import get_sample_data
from PIL import Image

from d2lhelpers.data import photograph


def test_pixels_are_those_of_the_file() -> None:
    with get_sample_data("grace_hopper.jpg") as file:
        pixels = np.asarray(Image.open(file))
    picture = photograph()
    assert picture.dtype == torch.float32
    assert np.array_equal((picture * 255).round().byte().permute(1, 2, 0).numpy(), pixels)


def test_a_smaller_one_averages_areas() -> None:
    whole, half = photograph(), photograph(300)
    assert half.shape == (3, 300, 256)
    means = whole.reshape(3, 300, 2, 256, 2).mean(dim=(2, 4))
    torch.testing.assert_close(half, means)


@pytest.mark.parametrize("height", [0, 601])
def test_a_height_that_the_file_does_not_have(height: int) -> None:
    with pytest.raises(ValueError, match=f"height {height} is not between 1 and 600"):
        photograph(height)
