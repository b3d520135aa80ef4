"""Write the Colab badge and the install line into every notebook: make colab REPO=owner/name.

Only whoever publishes the book knows where it lives, so the notebooks carry no address until this
command puts one there. Running it again with another REPO replaces the first.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
COLAB = "https://colab.research.google.com"
BADGE = re.compile(r"\[!\[Open this notebook in Colab\].*\n\n")
INSTALL = re.compile(r'if "google\.colab" in sys\.modules:.*\n    %pip .*\n')


def stamp(notebook: nbformat.NotebookNode, place: str, repository: str, url: str) -> None:
    """Put the badge under the title and the install line into the setup cell.

    ``place`` is the notebook's path in the repository, ``url`` what pip installs from.
    """
    title, _, rest = notebook.cells[0].source.partition("\n\n")
    rest = BADGE.sub("", rest, count=1)
    link = f"{COLAB}/github/{repository}/blob/main/{place}"
    badge = f"[![Open this notebook in Colab]({COLAB}/assets/colab-badge.svg)]({link})"
    notebook.cells[0].source = f"{title}\n\n{badge}\n\n{rest}"

    setup = next(cell for cell in notebook.cells if "setup" in cell.metadata.get("tags", []))
    install = (
        'if "google.colab" in sys.modules:  # Colab has everything but the book\'s own package\n'
        f"    %pip install -q git+{url}\n"
    )
    setup.source = INSTALL.sub("", setup.source)
    setup.source = re.sub(
        r"(?m)^sys\.path\.append", lambda found: install + found[0], setup.source, count=1
    )


def stamp_all(repository: str, url: str, folder: Path) -> int:
    """Stamp every notebook below ``folder``/notebooks; returns how many there were."""
    paths = sorted(folder.glob("notebooks/**/*.ipynb"))
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        stamp(notebook, path.relative_to(folder).as_posix(), repository, url)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return len(paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="owner/name on GitHub")
    parser.add_argument("--url", help="what pip installs from, if not that repository")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the checkout to stamp")
    given = parser.parse_args()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", given.repository):
        sys.exit(
            f"REPO is {given.repository!r}; expected owner/name as in the address of the "
            "repository: make colab REPO=owner/name"
        )
    url = given.url or f"https://github.com/{given.repository}"
    count = stamp_all(given.repository, url, given.folder)
    print(f"{count} notebooks now install d2lhelpers from {url} when they run in Colab.")


if __name__ == "__main__":
    main()
