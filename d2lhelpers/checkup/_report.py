"""How the answers are shown: a table with a button in a notebook, lines of text elsewhere."""

from __future__ import annotations

import re
import sys
from html import escape
from typing import Any

from ._rows import MISSING, NOTE, OK, READ, RUN, Row

PRESS = "press"  # the button has not answered yet
MARKS = {OK: "✓", MISSING: "✗", NOTE: "○", PRESS: "…"}
# What a page shows that can't run widgets, and what a committed notebook keeps: never somebody
# else's "ok".
NOT_RUN = (
    "Run this cell: it checks Python, the packages, the device, the images, JupyterLab, the slides "
    "and the widgets, and says how to repair what is missing."
)
_UPDATE = (
    f'%pip install --upgrade "jupyterlab>={READ["jupyterlab"]}" "ipywidgets>={RUN["ipywidgets"]}"'
)
NO_WIDGETS = (
    "You ran it and still read this? Then this page shows no widgets. "
    f"Run `{_UPDATE}` in a cell, start JupyterLab again and reload the page. "
    "`print(d2l.checkup.report())` gives the other answers at once."
)
NO_ANSWER = (
    "Nothing happens when you press it? Then page and kernel don't reach each other: restart the "
    "kernel, reload the page, run this cell again. If that does not help: "
    f"`{_UPDATE}`, then start JupyterLab again."
)


class Report:
    """What `report` gives: a table with a button in a notebook, lines of text elsewhere."""

    def __init__(self, found: list[Row], details: bool) -> None:
        self.rows = found
        self.details = details

    def __repr__(self) -> str:
        lines = [_summary(self.rows)]
        for row in self.rows:
            lines.append(f"{MARKS[row.status]} {row.name}: {self._words(row)}")
            if row.fix:
                lines.append(f"    {_plain(row.fix)}")
        return "\n".join(lines)

    def _words(self, row: Row) -> str:
        return f"{row.message} ({row.detail})" if self.details and row.detail else row.message

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
        if shell is None or not hasattr(shell, "kernel"):
            return {"text/plain": repr(self)}
        bad = {row.name for row in self.rows if row.status != OK}
        if "Python" in bad:  # the rest of the package may not even load
            return {"text/plain": repr(self)}
        if "ipywidgets" in bad:
            return {"text/plain": repr(self), "text/html": self._table(self.rows)}
        return {
            "text/plain": _plain(f"{NOT_RUN}\n{NO_WIDGETS}"),
            "text/html": _card(f"<p>{_html(NOT_RUN)}</p><p>{_html(NO_WIDGETS)}</p>"),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget().model_id,
            },
        }

    def widget(self) -> Any:
        """The table above a button that turns green when the kernel has answered."""
        import ipywidgets

        table, help_text = ipywidgets.HTML(), ipywidgets.HTML(_card(_html(NO_ANSWER)))
        table.value = self._table([*self.rows, Row("Widgets", PRESS, "press the button below")])
        button = ipywidgets.Button(
            description="Press me",
            button_style="warning",
            layout={"width": "330px", "margin": "2px 14px"},
        )

        def answer(_: object) -> None:
            alive = Row("Widgets", OK, "the page and the kernel reach each other")
            table.value = self._table([*self.rows, alive])
            button.description, button.button_style = "The kernel answered", "success"
            help_text.value = ""

        button.on_click(answer)
        return ipywidgets.VBox([table, button, help_text])

    def _table(self, shown: list[Row]) -> str:
        from ..svg import KERNEL, MUTED, OUTPUT, shade

        colors = {OK: shade(OUTPUT), MISSING: shade(KERNEL), NOTE: MUTED, PRESS: shade(KERNEL)}
        cell = "text-align:left;padding:1px 18px 1px 0;line-height:1.4"
        bold = f"{cell};font-weight:600;white-space:nowrap"
        cells = []
        for row in shown:
            words = escape(self._words(row)) + (f"<br>{_html(row.fix)}" if row.fix else "")
            cells.append(
                f'<tr><td style="{bold};color:{colors[row.status]}">{MARKS[row.status]} '
                f'{row.status}</td><td style="{bold}">{escape(row.name)}</td>'
                f'<td style="{cell}">{words}</td></tr>'
            )
        table = f'<table style="margin:4px 0">{"".join(cells)}</table>'
        return _card(f'<strong role="status">{_summary(shown)}</strong>{table}')


def _summary(shown: list[Row]) -> str:
    missing = [row.name for row in shown if row.status == MISSING]
    if missing:
        return f"To repair: {', '.join(missing)}"
    if any(row.status == PRESS for row in shown):
        return "What the chapters need is here. The button below has the last word."
    return "What the chapters need is here. You can start."


def _html(text: str) -> str:
    """Text for a page: what stands in backticks is a command."""
    # In the report's own colours: a dark page's colour for code would stand on white.
    style = "color: inherit; background: none"
    return re.sub("`(.*?)`", rf'<code style="{style}">\1</code>', escape(text))


def _plain(text: str) -> str:
    return text.replace("`", "")


def _card(content: str) -> str:
    style = "background:#fff;color:#1a1a1a;padding:8px 14px;border-radius:6px;max-width:64em"
    return f'<div style="{style}">{content}</div>'
