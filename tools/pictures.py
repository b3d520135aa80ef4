"""Take the README's pictures from the real thing: make pictures (needs a Chromium)."""

from __future__ import annotations

import re
import sys

import slides
from lab import ROOT, NoChromium, chromium, jupyterlab, open_chapter, run_all, scroll_to
from pages import NOTEBOOKS
from playwright.sync_api import Browser, Page, expect

FOLDER = ROOT / "docs"
CHAPTER = "03_padding_stride_dilation"


def explorer(page: Page) -> None:
    """The convolution explorer, some way from where it opens."""
    scroll_to(page, "d2l.explore.convolution()")
    picture = page.locator(".widget-html svg[role=img]")
    expect(picture).to_be_visible()
    for description, steps in {"padding p": 1, "stride s": 1, "input n": 1, "window": 4}.items():
        row = page.locator(".widget-slider", has=page.get_by_text(description, exact=True))
        for _ in range(steps):
            row.locator("[role=slider]").press("ArrowRight")
    expect(picture).to_have_attribute("aria-label", re.compile("row 1, column 1"))
    page.screenshot(path=FOLDER / "explorer.png")


def chapter(page: Page) -> None:
    """A claim of the chapter, and its measurement."""
    scroll_to(page, "figure, axis = d2l.plot.subplots(size=(6.4, 3.4))\naxis.plot(profile")
    page.wait_for_timeout(1500)  # the cells that scroll into view have drawn their pictures
    page.screenshot(path=FOLDER / "chapter.png")


def slide(browser: Browser) -> None:
    """The slide of the same chapter that derives the formula."""
    slides.TARGET.mkdir(parents=True, exist_ok=True)
    slides.assets()
    deck = slides.deck(NOTEBOOKS / f"{CHAPTER}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(deck.as_uri())
    page.wait_for_function("() => window.Reveal?.isReady() && window.MathJax?.startup?.promise")
    page.evaluate("() => MathJax.startup.promise")
    place = page.evaluate(
        "() => Reveal.getIndices([...document.querySelectorAll('section')].find(section =>"
        " !section.querySelector('section') && section.innerText.includes('Stride skips starts')))"
    )
    page.evaluate("place => { Reveal.slide(place.h, place.v); Reveal.nextFragment() }", place)
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / "slide.png")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    try:
        with chromium() as browser, jupyterlab() as address:
            page = browser.new_page(viewport={"width": 1180, "height": 880})
            open_chapter(page, address, f"{CHAPTER}.ipynb")
            page.evaluate(
                "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
            )
            failed = run_all(page)
            if failed:
                sys.exit(f"chapter 03 failed: {failed}")
            explorer(page)
            chapter(page)
            slide(browser)
    except NoChromium as reason:
        sys.exit(str(reason))
    for path in sorted(FOLDER.glob("*.png")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
