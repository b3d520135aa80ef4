"""A JupyterLab on a copy of the book, and pages whose console and requests are watched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import lab as tool


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one, these tests say so."""
    try:
        with tool.chromium() as browser:
            yield browser
    except tool.NoChromium as reason:
        if os.environ.get("D2L_NO_SKIP"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def lab() -> Iterator[str]:
    """The address of a JupyterLab that serves a copy of the notebooks."""
    with tool.jupyterlab() as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; an error in its console or a request that leaves the machine fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    outside: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url')})")

    def on_request(request: Request) -> None:
        if request.url.startswith("http") and "//127.0.0.1" not in request.url:
            outside.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", on_request)
    yield page
    context.close()
    assert not errors, errors
    assert not outside, outside


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when it asks the network or logs an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if not is_local(r.url) else None)
    page.on("requestfailed", lambda r: errors.append(f"not found: {r.url}"))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    yield page
    context.close()
    assert not asked, asked
    assert not errors, errors


def is_local(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:", "about:"))
