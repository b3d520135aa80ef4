"""What every explorer keeps: words for its picture, names for its controls, no exception."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as widgets
import pytest
import torch

import d2lhelpers as d2l


def _feature_maps() -> Any:
    d2l.set_seed(0)
    net = d2l.models.create("lenet")
    return d2l.explore.feature_maps(net, torch.rand(3, 1, 28, 28))


# The explorers that need something to look at; all others open without arguments.
MAKERS: dict[str, Callable[[], Any]] = {"feature_maps": _feature_maps}
EXPLORERS = {name: MAKERS.get(name, getattr(d2l.explore, name)) for name in d2l.explore.__all__}


def ends(control: Any) -> Iterator[Any]:
    """The values at both ends of a control."""
    if isinstance(control, (widgets.IntSlider, widgets.FloatSlider, widgets.BoundedIntText)):
        yield from (control.min, control.max)
    elif hasattr(control, "options"):
        values = [o[1] if isinstance(o, tuple) else o for o in control.options]
        yield from (values[0], values[-1])
    elif isinstance(control.value, bool):
        yield from (not control.value, control.value)
    else:
        raise TypeError(f"the test does not know the ends of a {type(control).__name__}")


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_has_a_name_and_every_end_of_it_a_labelled_picture(name: str) -> None:
    explorer = EXPLORERS[name]()
    for control in explorer.controls.values():
        assert control.description, control
        before = control.value
        for value in ends(control):
            control.value = value
            root = ET.fromstring(explorer.picture.value)
            assert root.attrib["role"] == "img"
            assert len(root.attrib["aria-label"]) >= 20
        control.value = before


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_still_picture_goes_with_the_live_one(name: str) -> None:
    explorer = EXPLORERS[name]()
    bundle = explorer._repr_mimebundle_()
    assert bundle["image/svg+xml"] == explorer.picture.value
    assert bundle["text/plain"] == re.search("<title>(.*?)</title>", explorer.picture.value)[1]  # type: ignore[index]
    assert len(bundle["image/svg+xml"]) < 200_000
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_docstring_says_what_it_shows(name: str) -> None:
    assert len((getattr(d2l.explore, name).__doc__ or "").split()) > 10
