"""Figures: one style, a picture with its words, nothing drawn twice."""

from __future__ import annotations

import base64
import io

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image

import d2lhelpers as d2l
from d2lhelpers.training import History


def picture(shown: d2l.plot.Shown) -> Image.Image:
    data, _ = shown._repr_mimebundle_()
    return Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")


def test_a_figure_carries_its_words_and_its_width() -> None:
    figure, axis = d2l.plot.subplots(size=(5, 3))
    axis.plot([1, 2])
    shown = d2l.plot.show(figure, "a line that rises from one to two")
    data, metadata = shown._repr_mimebundle_()
    assert data["text/plain"] == "a line that rises from one to two"
    assert metadata["image/png"] == {"alt": "a line that rises from one to two", "width": 500}
    assert picture(shown).size == (5 * 144, 3 * 144)
    assert len(base64.b64decode(data["image/png"])) < 60_000
    assert not plt.get_fignums()  # pyplot would draw it a second time


def test_the_background_is_opaque_so_that_dark_themes_can_show_it() -> None:
    figure, _ = d2l.plot.subplots()
    assert picture(d2l.plot.show(figure, "an empty pair of axes")).getpixel((1, 1)) == (255,) * 3


def test_words_are_asked_for_and_slides_have_a_width() -> None:
    figure, _ = d2l.plot.subplots()
    with pytest.raises(ValueError, match="'plot'"):
        d2l.plot.show(figure, "plot")
    with pytest.raises(ValueError, match="12 inches"):
        d2l.plot.subplots(size=(12, 3))


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 1, 8, 8), (4, 3, 8, 8)])
@pytest.mark.parametrize("whole", [True, False])
def test_show_images_takes_every_layout(shape: tuple[int, ...], whole: bool) -> None:
    images = torch.randint(0, 256, shape, dtype=torch.uint8) if whole else torch.rand(shape)
    shown = d2l.show_images(images, 2, 2, titles=["a", "b", "c", "d"])
    assert repr(shown) == "4 images: a, b, c, d"
    assert len(picture(shown).getcolors(1 << 20) or []) > 10


def test_zero_is_black_and_the_largest_value_white() -> None:
    image = torch.zeros(4, 4)
    image[:, 2:] = 1
    pixels = picture(d2l.show_images([image], 1, 1, scale=2))
    width, height = pixels.size
    assert pixels.getpixel((int(width * 0.3), height // 2)) == (0, 0, 0)
    assert pixels.getpixel((int(width * 0.7), height // 2)) == (255, 255, 255)


def test_show_images_says_how_many_are_missing() -> None:
    with pytest.raises(ValueError, match="2×3 places need 6 images; got 4"):
        d2l.show_images(torch.rand(4, 8, 8), 2, 3)


def test_training_curves_draw_what_the_history_holds() -> None:
    history = History([2.0, 1.0], [0.3, 0.6], [0.2, 0.5], [1.0, 1.0])
    figure = d2l.plot.training_curves(history).figure
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == [2.0, 1.0]
    assert [line.get_ydata().tolist() for line in right.lines] == [[0.3, 0.6], [0.2, 0.5]]
    assert {text.get_text() for text in right.texts} == {"train", "test"}
