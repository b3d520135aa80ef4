"""What every explorer shares: controls, one picture, and the path from the one to the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from .. import svg


class Explorer(widgets.VBox):
    """Controls above one picture that is redrawn in place whenever a control moves.

    ``render(**state)`` turns the controls' values into a string of SVG. A state that it refuses
    with a ``ValueError`` shows the reason in place of the picture. ``extras`` stand beside the
    controls without being part of the state (a play button).
    """

    # ipywidgets 7 (Colab) displays through this method; without it, both versions use the bundle.
    _ipython_display_ = None

    def __init__(
        self,
        render: Callable[..., svg.Picture],
        controls: Mapping[str, widgets.Widget],
        extras: Sequence[widgets.Widget] = (),
    ) -> None:
        self.controls = dict(controls)
        self._render = render
        self.picture = widgets.HTML()
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        row = [*self.controls.values(), *extras]
        wrap = widgets.Layout(flex_flow="row wrap")
        super().__init__([widgets.HBox(row, layout=wrap), self.picture])
        self._redraw()

    @property
    def state(self) -> dict[str, Any]:
        """The value of each control, as ``render`` takes them."""
        return {name: control.value for name, control in self.controls.items()}

    def _redraw(self, _: object = None) -> None:
        try:
            self.drawn = self._render(**self.state)
        except ValueError as reason:
            self.drawn = svg.message(str(reason))
        self.picture.value = str(self.drawn)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        live = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        still = self.drawn._repr_mimebundle_()
        return {**still, "application/vnd.jupyter.widget-view+json": live}


class Explorable:
    """Call it for the live explorer; ``.render(**state)`` gives one picture of it."""

    def __init__(self, render: Callable[..., svg.Picture], create: Callable[..., Explorer]) -> None:
        self.render = render
        self._create = create
        functools.update_wrapper(self, create)

    def __call__(self, *given: Any, **state: Any) -> Explorer:
        return self._create(*given, **state)


def explorable(
    render: Callable[..., svg.Picture],
) -> Callable[[Callable[..., Explorer]], Explorable]:
    """Give the function below, which makes the widget, its ``render`` as an attribute."""
    return functools.partial(Explorable, render)


def slider(description: str, value: int, low: int, high: int) -> widgets.IntSlider:
    """A slider over whole numbers, sized so that three fit a row."""
    return widgets.IntSlider(
        value=value,
        min=low,
        max=high,
        description=description,
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )
