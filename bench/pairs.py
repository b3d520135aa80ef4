"""Two things timed in alternation, and what is written of them."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torchvision

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass
class Row:
    """One comparison: seconds of each run of both, in the order in which they ran.

    ``ratio`` is the median of the ratios of neighbouring runs, the other's time by ours: above 1,
    ours is faster. A row without ``other`` is one time of ours against a limit.
    """

    what: str
    against: str
    target: str
    ours: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [b / a for a, b in zip(self.ours, self.other, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def compare(
    what: str,
    against: str,
    target: str,
    ours: Callable[[], object],
    other: Callable[[], object],
    rounds: int,
    synchronize: Callable[[], object] = lambda: None,
    calls: tuple[int, int] = (1, 1),
) -> Row:
    """Run both by turns, once to warm up and ``rounds`` times to measure.

    ``calls`` is how often a turn runs ours and the other; the time of one call is kept. What takes
    less than a millisecond needs many: a single one measures the caches that the other left.
    """
    row = Row(what, against, target)
    for turn in range(rounds + 1):
        sides = ((row.ours, ours, calls[0]), (row.other, other, calls[1]))
        for kept, run, times in sides:
            synchronize()
            started = time.perf_counter()
            for _ in range(times):
                run()
            synchronize()
            if turn:
                kept.append((time.perf_counter() - started) / times)
    print(f"{what}, against {against}: {row.ratio:.2f}× ({target})", flush=True)
    return row


def hardware() -> dict[str, str | int]:
    """What the numbers were measured on."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        name = models[0].partition(":")[2].strip() if models else name
    found: dict[str, str | int] = {
        "cpu": name,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def write(name: str, rows: list[Row], more: dict[str, object] | None = None) -> None:
    """Keep the seconds in ``results/NAME.json`` and the table in ``README.md``."""
    RESULTS.mkdir(exist_ok=True)
    content = {"hardware": hardware(), "rows": [asdict(row) for row in rows], **(more or {})}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    readme = RESULTS.parent / "README.md"
    text = readme.read_text()
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2]
    readme.write_text(f"{before}{start}\n{table(content)}\n{end}{after}")


def table(content: dict[str, object]) -> str:
    """The rows, and the networks that were trained, as the README shows them."""
    named = ", ".join(f"{key} {value}" for key, value in content["hardware"].items())  # type: ignore[attr-defined]
    lines = [f"Measured on: {named}.", ""]
    lines += ["| what | against | ours | other | ratio (spread) | to reach |"]
    lines += ["|---|---|---|---|---|---|"]
    for entry in content["rows"]:  # type: ignore[attr-defined]
        row = Row(**entry)
        if not row.other:
            ours = _time(statistics.median(row.ours))
            lines.append(f"| {row.what} | {row.against} | {ours} | | | {row.target} |")
            continue
        spread = f"{min(row.ratios):.2f} to {max(row.ratios):.2f}"
        ours, other = (_time(statistics.median(times)) for times in (row.ours, row.other))
        lines.append(
            f"| {row.what} | {row.against} | {ours} | {other} "
            f"| **{row.ratio:.2f}×** ({spread}) | {row.target} |"
        )
    trained: list[dict[str, Any]] = content.get("trained", [])  # type: ignore[assignment]
    if trained:
        whole = sum(entry["seconds"] for entry in trained)
        lines += ["", "| network, full preset | test accuracy | published | seconds |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {entry['network']} | **{entry['accuracy']:.3f}** | {entry['published']:.3f} "
            f"| {entry['seconds']:.0f} |"
            for entry in trained
        ]
        lines.append(f"| all | | | {whole:.0f} (to reach: under 600) |")
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
