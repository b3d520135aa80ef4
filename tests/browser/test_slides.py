"""Live slides: explorers move in RISE."""

from __future__ import annotations

import re

import lab as tool
from playwright.sync_api import Browser, expect

CHAPTER = "03_padding_stride_dilation.ipynb"


def test_an_explorer_moves_inside_a_slide(browser: Browser, lab: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        notebook = context.new_page()
        tool.open_chapter(notebook, lab, CHAPTER)
        assert tool.run_all(notebook) == []
        notebook.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        slides = context.new_page()
        slides.goto(f"{lab}/rise/notebooks/{CHAPTER}")
        here = slides.locator(".reveal section.present").last
        expect(here).to_be_visible(timeout=60_000)
        explorer = here.get_by_text("d2l.explore.convolution()")
        for _ in range(80):
            if explorer.is_visible():
                break
            slides.keyboard.press("Space")
            slides.wait_for_timeout(200)
        row = here.locator(".widget-slider", has=slides.get_by_text("stride s", exact=True))
        # With the mouse: in slides the arrow keys turn the page.
        track = row.locator(".noUi-base")
        expect(track).to_be_visible()
        slides.wait_for_timeout(1500)  # the slide has stopped moving in
        box = track.bounding_box()
        assert box is not None
        place = {"x": box["width"] / 3, "y": box["height"] / 2}  # stride 2 of 1 to 4
        track.click(position=place, force=True)
        picture = here.locator(".widget-html svg[role=img]")
        expect(picture).to_have_attribute("aria-label", re.compile("output 2×2"), timeout=20_000)
        box = picture.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 720
    finally:
        context.close()
