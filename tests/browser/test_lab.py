"""JupyterLab, as a reader has it: run all cells, move the controls, read the numbers."""

from __future__ import annotations

import re

import lab as tool
import pytest
import torch.nn.functional as F
from playwright.sync_api import Locator, Page, expect

from d2lhelpers.explore.convolution import operands

# The next test runs chapter 03. nbval runs every chapter: these stand for what a browser adds.
CHAPTERS = ["00_start_here.ipynb", "11_lenet.ipynb"]


def handle(page: Page, description: str) -> Locator:
    """The handle of the slider with this description."""
    row = page.locator(".widget-slider", has=page.get_by_text(description, exact=True))
    return row.locator("[role=slider]")


def numbers(picture: Locator) -> list[list[float]]:
    """The grids of numbers that the picture shows, read from the page."""
    grids = picture.locator("g.cells").evaluate_all(
        "groups => groups.map(g => [...g.querySelectorAll('text')].map(t => t.textContent))"
    )
    return [[float(text.replace("−", "-")) for text in grid] for grid in grids]


@pytest.mark.parametrize("name", CHAPTERS)
def test_run_all_cells_of_a_chapter(page: Page, lab: str, name: str) -> None:
    tool.open_chapter(page, lab, name)
    assert tool.run_all(page) == []


def test_sliders_move_by_keyboard_and_show_what_pytorch_computes(page: Page, lab: str) -> None:
    tool.open_chapter(page, lab, "03_padding_stride_dilation.ipynb")
    assert tool.run_all(page) == []
    tool.scroll_to(page, "d2l.explore.convolution()")
    picture = page.locator(".widget-html svg[role=img]")
    expect(picture).to_be_visible(timeout=20_000)
    settings = {"stride": 1, "padding": 0, "dilation": 1}
    moves = [("stride s", "stride"), ("padding p", "padding"), ("dilation d", "dilation")]
    for description, name in moves:
        handle(page, description).press("ArrowRight")
        settings[name] += 1
        X, K = operands(5, 3)
        Y = F.conv2d(X[None, None], K[None, None], None, **settings)[0, 0]
        expect(picture).to_have_attribute("aria-label", re.compile(f"output {len(Y)}×{len(Y)}"))
        assert numbers(picture)[-1] == Y.flatten().tolist()
    handle(page, "dilation d").press("End")
    handle(page, "kernel k").press("End")
    expect(picture).to_contain_text("does not fit")
