"""Every kind of control, moved in JupyterLab, and the time until its new picture stands there."""

from __future__ import annotations

import re
import statistics

import lab as tool
import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import Locator, Page, expect

from d2lhelpers.explore.convolution import operands

from .test_lab import numbers

# The same picture as the explorer's first, in the way that most notebooks draw it.
MATPLOTLIB = """
import matplotlib.pyplot as plt
import torch.nn.functional as F
from ipywidgets import IntSlider, interact
from d2lhelpers.explore.convolution import operands

def draw(stride):
    X, K = operands(12, 3)
    Y = F.conv2d(X[None, None], K[None, None], stride=stride)[0, 0]
    figure, axes = plt.subplots(1, 3, figsize=(7.6, 3.2))
    for axis, grid, cmap in zip(axes, (X, K, Y), ("Blues", "Oranges", "Greens")):
        axis.imshow(grid, cmap=cmap)
        axis.axis("off")
        for row in range(len(grid)):
            for column in range(len(grid)):
                axis.text(column, row, f"{grid[row, column]:.0f}", ha="center", va="center")
    plt.show()

interact(draw, stride=IntSlider(1, 1, 4, description="beside"));
"""
# Milliseconds from a key on a slider to the frame in which the picture beside it has changed.
TIMED = """async (slider, key) => {
  const picture = slider.closest('.jp-OutputArea').querySelector('.widget-html, .widget-output');
  const changed = new Promise(resolve => {
    const observer = new MutationObserver(() => {
      const image = picture.querySelector('img');
      if (image ? !image.complete : !picture.querySelector('svg')) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now()));
    });
    observer.observe(picture, {childList: true, subtree: true, attributes: true});
  });
  const start = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  return (await changed) - start;
}"""


def scratch(page: Page, address: str, name: str, *cells: str) -> None:
    """Open a new notebook with these cells and run them."""
    page.goto(f"{address}/lab?reset")
    page.wait_for_function("() => window.jupyterapp?.serviceManager.isReady")
    page.evaluate(
        """async ([path, sources]) => {
          const code = source => ({cell_type: 'code', source, metadata: {}, outputs: [],
                                   execution_count: null, id: Math.random().toString(36).slice(2)});
          await window.jupyterapp.serviceManager.contents.save(path, {
            type: 'notebook', format: 'json', content: {
              cells: sources.map(code), metadata: {kernelspec: {name: 'python3',
              display_name: 'Python 3'}}, nbformat: 4, nbformat_minor: 5}});
        }""",
        [f"notebooks/{name}", ["import d2lhelpers as d2l", *cells]],
    )
    tool.open_chapter(page, address, name)
    assert tool.run_all(page) == []


def row(page: Page, description: str) -> Locator:
    """The control with this description."""
    return page.locator(".jupyter-widgets", has=page.get_by_text(description, exact=True)).last


def test_mouse_and_play_button(page: Page, lab: str) -> None:
    scratch(page, lab, "mouse.ipynb", "d2l.explore.convolution()")
    picture = page.locator(".widget-html svg[role=img]")
    expect(picture).to_be_visible(timeout=20_000)
    track = row(page, "stride s").locator(".noUi-base")
    box = track.bounding_box()
    assert box is not None
    track.click(position={"x": box["width"] / 3, "y": box["height"] / 2}, force=True)
    X, K = operands(5, 3)
    Y = F.conv2d(X[None, None], K[None, None], stride=2)[0, 0]
    expect(picture).to_have_attribute("aria-label", re.compile("output 2×2.*is 8"))
    page.locator(".jupyter-widgets button").first.click()  # play: the window walks
    last = f"is {Y[1, 1]:.0f}".replace("-", "−")
    expect(picture).to_have_attribute("aria-label", re.compile(last), timeout=20_000)


def test_dropdown_checkbox_and_number(page: Page, lab: str) -> None:
    scratch(page, lab, "choices.ipynb", "d2l.explore.pooling()", "d2l.explore.kernel()")
    picture = page.locator(".widget-html svg[role=img]").first
    expect(picture).to_be_visible(timeout=20_000)
    inputs = numbers(picture)[0]
    side = round(len(inputs) ** 0.5)
    X = torch.tensor(inputs).reshape(1, 1, side, side)
    row(page, "mode").locator("select").select_option(label="average")
    expect(picture).to_have_attribute("aria-label", re.compile("verage"))
    means = F.avg_pool2d(X, 2).flatten().tolist()
    assert numbers(picture)[-1] == pytest.approx(means, abs=0.051)
    assert side == 6
    row(page, "input n").locator("[role=slider]").press("ArrowRight")
    row(page, "ceil_mode").locator("input[type=checkbox]").check()  # 7 inputs: a fourth window
    outputs = page.locator(".widget-html").first.locator("g.cells").last.locator("text")
    expect(outputs).to_have_count(16, timeout=20_000)
    filtered = page.locator(".widget-html svg[role=img]").nth(1)
    label = filtered.get_attribute("aria-label")
    row(page, "K[1, 1]").locator("input").fill("5")
    row(page, "K[1, 1]").locator("input").press("Enter")
    expect(filtered).not_to_have_attribute("aria-label", label or "")


def test_a_new_picture_stands_there_within_100_ms(page: Page, lab: str) -> None:
    scratch(page, lab, "timing.ipynb", "d2l.explore.convolution(input_size=12)", MATPLOTLIB)
    explorer = statistics.median(moves(page, "stride s", 12))
    beside = statistics.median(moves(page, "beside", 12))
    print(f"explorer {explorer:.0f} ms, interact and matplotlib {beside:.0f} ms")
    assert explorer <= 100
    assert explorer < beside


def moves(page: Page, description: str, count: int) -> list[float]:
    """The milliseconds of each of ``count`` moves of a slider, up and down by turns."""
    slider = row(page, description).locator("[role=slider]")
    slider.scroll_into_view_if_needed()
    expect(slider).to_be_visible(timeout=20_000)
    times = []
    for move in range(count):
        times.append(slider.evaluate(TIMED, ["ArrowRight", "ArrowLeft"][move % 2]))
        page.wait_for_timeout(200)  # the kernel's last message has arrived
    return times
