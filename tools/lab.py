"""A JupyterLab server and a headless Chromium: for the browser tests and the README's pictures."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
STATE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const kernel = panel.sessionContext.session?.kernel;
  const cells = [...panel.content.model.cells].filter(cell => cell.type === 'code');
  const outputs = cells.flatMap(cell =>
    [...Array(cell.outputs.length).keys()].map(i => cell.outputs.get(i)));
  return {
    waiting: cells.filter(cell => cell.executionCount === null).length,
    idle: panel.sessionContext.isReady && kernel?.status === 'idle'
      && kernel.connectionStatus === 'connected',
    failed: outputs.filter(o => o.type === 'error').map(o => o.toJSON().evalue)
  };
}"""


class NoChromium(Exception):
    """No Chromium on this machine; the message says what was looked for."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless. Raises :class:`NoChromium` where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoChromium(
            f"no Chromium found (looked for {', '.join(NAMES)}); on Debian: apt install chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def jupyterlab() -> Iterator[str]:
    """The address of a JupyterLab on a copy of the notebooks, started in an empty home."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder, home = Path(scratch, "book"), Path(scratch, "home")
        shutil.copytree(ROOT / "notebooks", folder / "notebooks")
        home.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "XDG"))}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
        command += ["--IdentityProvider.token=", "--expose-app-in-browser"]
        path = Path(scratch, "server.log")
        with path.open("w") as log:
            server = subprocess.Popen(
                command, env={**kept, "HOME": str(home)}, cwd=folder, stdout=log, stderr=log
            )
            address = f"http://127.0.0.1:{port}"
            try:
                _wait_for(f"{address}/api/status", server, path)
                yield address
            finally:
                server.terminate()
                server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def open_chapter(page: Page, address: str, name: str) -> None:
    """Open a notebook in JupyterLab and wait for its kernel."""
    page.goto(f"{address}/lab/tree/notebooks/{name}?reset")  # without the tabs of another page
    expect(page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible(timeout=60_000)
    page.wait_for_function(f"() => window.jupyterapp && ({STATE})().idle", timeout=60_000)
    # What is sent before the kernel has answered once may be lost.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.info")


def run_all(page: Page) -> list[str]:
    """Choose Run All Cells from the menu and wait; returns the errors of cells that failed."""
    page.evaluate("() => window.jupyterapp.commands.execute('editmenu:clear-all')")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        f"() => {{ const s = ({STATE})(); return s.waiting === 0 && s.idle || s.failed.length }}",
        timeout=300_000,
        polling=500,
    )
    return list(page.evaluate(STATE)["failed"])


def scroll_to(page: Page, source: str) -> None:
    """Scroll to the first cell whose source starts with ``source``."""
    page.evaluate(
        """start => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          const index = notebook.widgets.findIndex(cell =>
            cell.model.sharedModel.getSource().startsWith(start));
          notebook.activeCellIndex = index;
          return notebook.scrollToItem(index, 'start');
        }""",
        source,
    )
