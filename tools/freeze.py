"""Write constraints.txt: the exact versions of this environment, one line a package.

A package whose installed version needs a newer Python than the book does gets a marker, so that
the file can be used with every Python that the book supports. CUDA's libraries are left out:
PyTorch pins them itself, and a machine that takes PyTorch's CPU build has none.
"""

from __future__ import annotations

import functools
import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
CUDA = re.compile(r"nvidia|^cuda|^triton")
LEAST = Version("3.10")


def closure(root: str) -> set[str]:
    """The package and everything that it needs here, extras included."""
    found: set[str] = set()
    waiting = [(root, {"lab", "test", "author"})]
    while waiting:
        name, extras = waiting.pop()
        if name in found:
            continue
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # needed on another system only
            continue
        found.add(name)
        for text in requires:
            requirement = Requirement(text)
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}
            )
            if wanted:
                waiting.append((canonicalize_name(requirement.name), set(requirement.extras)))
    return found


@functools.cache
def oldest(name: str) -> Version:
    """The oldest Python that this version, and all that it needs, supports."""
    distribution = metadata.distribution(name)
    needed = SpecifierSet(distribution.metadata.get("Requires-Python") or "")
    bounds = [Version(bound.version) for bound in needed if bound.operator == ">="]
    requirements = [Requirement(text) for text in distribution.requires or []]
    inner = [oldest(need.name) for need in requirements if not need.marker]
    return max([LEAST, *bounds, *inner])


def line(name: str) -> str:
    """``name==version``, with the Pythons that the version supports where not all do."""
    version = metadata.version(name).partition("+")[0]
    since = oldest(name)
    return f"{name}=={version}" + (f' ; python_full_version >= "{since}"' if since > LEAST else "")


def main() -> None:
    names = sorted(closure("d2lhelpers") - {"d2lhelpers"})
    lines = [line(name) for name in names if not CUDA.search(name)]
    head = "# The versions the book was last tested with; `make freeze` writes this file.\n"
    (ROOT / "constraints.txt").write_text(head + "\n".join(lines) + "\n")
    print(f"constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
