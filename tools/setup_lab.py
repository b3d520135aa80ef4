"""Put the book's settings and its one small extension into this environment's JupyterLab.

Settings: no question about news, no look for updates (a lecture hall may have no network).
Extension: explorers move in RISE's slides too.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "jupyterlab"
TARGET = Path(sys.prefix) / "share" / "jupyter"


def main() -> None:
    settings = TARGET / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copy(SOURCE / "overrides.json", settings)
    extension = "widgets-in-slides"
    shutil.copytree(SOURCE / extension, TARGET / "labextensions" / extension, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
