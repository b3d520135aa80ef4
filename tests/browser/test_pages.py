"""Slide files, opened from the disk with no network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
import slides
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
LEFT_OVER = re.compile(r"\$[^$\s][^$]*\$|\\(?:frac|lfloor|times|sum|text)\b")
# What stands outside the slide, is missing, or was not set: read from the current slide.
FAULTS = """() => {
  const slide = Reveal.getCurrentSlide(), found = [];
  slide.querySelectorAll('.fragment').forEach(part => part.classList.add('visible'));
  for (const part of slide.querySelectorAll('*')) {
    if (part.ownerSVGElement || part.closest('aside.notes, mjx-assistive-mml')) continue;
    const box = part.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    if (box.bottom > 720.5 || box.right > 1280.5 || box.left < 0 || box.top < 0)
      found.push(`${part.tagName} ends at ${box.right.toFixed()}, ${box.bottom.toFixed()}`);
    const overflow = getComputedStyle(part).overflowX;
    if (part.scrollWidth > part.clientWidth + 1 && /auto|scroll/.test(overflow))
      found.push(`${part.tagName} is cut off at the right`);
    if (part.tagName === 'IMG' && !part.naturalWidth) found.push('a picture is missing');
    const target = part.tagName === 'A' ? part.getAttribute('href') : '';
    if (target && !/^(https?:|#|[0-9][0-9]_[a-z_0-9]+[.]html$)/.test(target))
      found.push(`a link to ${target}`);
    if (part.tagName === 'MJX-MERROR') found.push(`formula: ${part.textContent}`);
  }
  return [slide.innerText.trim().slice(0, 60), found];
}"""
NEXT = """() => {
  const all = [...document.querySelectorAll('.slides section')]
    .filter(section => !section.querySelector('section'));
  const following = all[all.indexOf(Reveal.getCurrentSlide()) + 1];
  if (!following) return false;
  const place = Reveal.getIndices(following);
  Reveal.slide(place.h, place.v);
  return true;
}"""


@pytest.fixture(scope="module")
def decks() -> Path:
    slides.TARGET.mkdir(parents=True, exist_ok=True)
    slides.assets()
    for path in slides.chapters(None):
        slides.deck(path)
    return slides.TARGET


def serious(page: Page, *rules: str) -> list[str]:
    """What axe-core calls serious or critical in the page, by these rules or WCAG 2 A and AA."""
    page.evaluate(AXE)
    options = {"runOnly": list(rules or ("wcag2a", "wcag2aa")), "resultTypes": ["violations"]}
    options["preload"] = False  # it would fetch style sheets, which a page from the disk may not
    violations = page.evaluate(f"() => axe.run(document, {json.dumps(options)})")["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:200]} {found['nodes'][0]['failureSummary']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_slide_is_whole(offline: Page, decks: Path, name: str) -> None:
    offline.goto((decks / f"{name}.html").as_uri())
    offline.wait_for_function("() => window.Reveal?.isReady() && window.MathJax?.startup?.promise")
    offline.evaluate("() => MathJax.startup.promise")
    count, wrong = 1, []
    while True:
        title, faults = offline.evaluate(FAULTS)
        wrong += [f"slide {count} ({title!r}): {fault}" for fault in faults[:2]]
        if not offline.evaluate(NEXT):
            break
        count += 1
    assert count == offline.evaluate("() => Reveal.getTotalSlides()") >= 8
    assert not wrong, "\n".join(wrong)
    text = offline.evaluate(
        "() => [...document.querySelectorAll('.slides .jp-RenderedMarkdown')]"
        ".map(part => { const copy = part.cloneNode(true);"
        " copy.querySelectorAll('code, pre').forEach(c => c.remove()); return copy.textContent })"
        ".join('\\n')"
    )
    assert not LEFT_OVER.search(text), LEFT_OVER.search(text)


def test_speaker_notes_belong_to_their_slides(offline: Page, decks: Path) -> None:
    offline.goto((decks / "03_padding_stride_dilation.html").as_uri())
    offline.wait_for_function("() => window.Reveal?.isReady()")
    with offline.expect_popup() as popup:
        offline.keyboard.press("s")
    view = popup.value
    view.wait_for_selector("#speaker-controls", state="attached")
    offline.evaluate("() => Reveal.slide(1, 0)")
    view.locator(".speaker-controls-notes .value").get_by_text("Let the room vote").wait_for()


@pytest.mark.parametrize("name", ["00_start_here", "03_padding_stride_dilation"])
def test_slides_are_accessible(offline: Page, decks: Path, name: str) -> None:
    offline.goto(f"{(decks / f'{name}.html').as_uri()}?print-pdf")
    offline.wait_for_selector(".pdf-page")
    offline.evaluate("() => MathJax.startup.promise")
    assert serious(offline) == []


def test_slides_print_one_page_a_slide(browser: Browser, decks: Path) -> None:
    deck = decks / "00_start_here.html"
    page = browser.new_page()
    page.goto(deck.as_uri())
    page.wait_for_function("() => window.Reveal?.isReady()")
    count = page.evaluate("() => Reveal.getTotalSlides()")
    page.close()
    (pdf,) = slides.print_pdf(browser, [deck])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == count
