"""The site, opened from the disk with no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import site_pages
from playwright.sync_api import Browser, Page

from .conftest import is_local
from .test_pages import CHAPTERS, ROOT, serious


@pytest.fixture(scope="module")
def site() -> Path:
    return site_pages.build()


def test_site_links_resolve(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    anchors = {page: set(re.findall(r'\bid="([^"]+)"', page.read_text())) for page in pages}
    broken = []
    for page in pages:
        for target in re.findall(r'<a\b[^>]*?\bhref="([^"]+)"', page.read_text()):
            if re.match(r"\w+:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (page.parent / file).resolve() if file else page
            if not there.exists() or (there in anchors and anchor and anchor not in anchors[there]):
                broken.append(f"{page.name}: {target}")
    assert len(pages) > len(CHAPTERS) and not broken, broken


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_site_pages_are_whole_and_accessible(browser: Browser, site: Path, theme: str) -> None:
    context = browser.new_context(color_scheme=theme, offline=True)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if not is_local(r.url) else None)
    for name in ["index", *CHAPTERS]:
        page.goto((site / f"{name}.html").as_uri())
        if page.locator("script[src*=mathjax]").count():  # a page without formulas has none
            page.wait_for_function("() => window.MathJax?.startup?.promise")
            page.evaluate("() => MathJax.startup.promise")
        assert page.locator("html").get_attribute("data-theme") == theme
        assert page.evaluate("() => [...document.images].every(i => i.complete && i.naturalWidth)")
        assert page.locator("div.picture").count() >= 1, name
        assert page.locator("mjx-merror").count() == 0, name
        # Both themes have the same elements: the second can differ in its colours alone.
        assert serious(page, *(["color-contrast"] if theme == "dark" else [])) == [], name
    context.close()
    assert not asked, asked


def test_site_search_finds(offline: Page, site: Path) -> None:
    offline.goto(f"{(site / 'search.html').as_uri()}?q=dilation")
    found = offline.locator("#search-results li a")
    found.first.wait_for()
    assert any("03_padding" in (link.get_attribute("href") or "") for link in found.all())


def test_site_offers_the_chapters_for_download(site: Path) -> None:
    for name in CHAPTERS:
        assert f'href="_sources/{name}.ipynb"' in (site / f"{name}.html").read_text()
        original = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
        assert (site / "_sources" / f"{name}.ipynb").read_bytes() == original
