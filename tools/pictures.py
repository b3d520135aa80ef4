"""Take the README's pictures from the real thing: make pictures (needs a Chromium)."""

from __future__ import annotations

import re
import sys

from lab import ROOT, NoChromium, chromium, jupyterlab, open_chapter, run_all, scroll_to
from playwright.sync_api import expect


def main() -> None:
    folder = ROOT / "docs"
    folder.mkdir(exist_ok=True)
    try:
        with chromium() as browser, jupyterlab() as address:
            page = browser.new_page(viewport={"width": 1180, "height": 880})
            open_chapter(page, address, "03_padding_stride_dilation.ipynb")
            page.evaluate(
                "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
            )
            failed = run_all(page)
            if failed:
                sys.exit(f"chapter 03 failed: {failed}")
            scroll_to(page, "d2l.explore.convolution()")
            picture = page.locator(".widget-html svg[role=img]")
            expect(picture).to_be_visible()
            for description in ("padding p", "stride s", "input n"):
                row = page.locator(".widget-slider", has=page.get_by_text(description, exact=True))
                row.locator("[role=slider]").press("ArrowRight")
            row = page.locator(".widget-slider", has=page.get_by_text("window", exact=True))
            for _ in range(4):
                row.locator("[role=slider]").press("ArrowRight")
            expect(picture).to_have_attribute("aria-label", re.compile("row 1, column 1"))
            page.screenshot(path=folder / "explorer.png")
    except NoChromium as reason:
        sys.exit(str(reason))
    print(f"{folder.name}/explorer.png: {(folder / 'explorer.png').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
