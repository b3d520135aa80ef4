"""What a trained network makes of a picture, layer by layer."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
from torch import Tensor, nn

from .. import svg
from ._explorer import Explorer, explorable
from ._formulas import times
from ._png import DIVERGING, GREYS, colored, picture
from ._recording import Maps, Recording

STRONGEST = "strongest"
_SHOWN = 12
_HEIGHT, _TOP, _GRID = 432.0, 66.0, 236.0
_LEVELS = np.arange(256, dtype=np.uint8)[None]
_SIGNED, _UNSIGNED = picture(_LEVELS, DIVERGING), picture(_LEVELS, GREYS)


def render(
    net: nn.Module,
    images: Tensor,
    titles: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    image: int = 0,
    layer: str | None = None,
    channel: int | str = STRONGEST,
) -> svg.Picture:
    """One image, what one layer of ``net`` makes of it, and the network's answer.

    ``images`` is ``(N, C, H, W)``; ``titles`` names them and ``classes`` the network's outputs.
    ``layer`` is a name as in ``net.named_modules()``, by default the first whose output is a stack
    of maps; ``channel`` the number of the map to enlarge, shown among its neighbours, or
    ``"strongest"``: the twelve maps of the greatest standard deviation, the first of them enlarged.
    Raises ``ValueError`` for an image, layer or channel that is not there.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(96, 10))
    >>> render(net, torch.rand(2, 1, 8, 8), layer="1", channel=2).label[:64]
    'Layer 1 (ReLU) on image 0: maps 0 to 5 of 6, 4×4 each, values fr'
    """
    recording = Recording(net, images, titles, classes)
    return draw(recording, image, layer or recording.layers[0], channel)


def draw(
    recording: Recording, image: int, layer: str, channel: int | str = STRONGEST
) -> svg.Picture:
    """The picture of ``render`` for a network that was run before: no layer runs twice."""
    if not 0 <= image < len(recording.images):
        raise ValueError(f"image must be from 0 to {len(recording.images) - 1}; got {image}")
    if layer not in recording.layers:
        known = ", ".join(recording.layers)
        raise ValueError(f"there is no layer {layer!r} with maps; there are {known}")
    maps = recording.maps(image, layer)
    count = maps.shape[0]
    if isinstance(channel, int):
        if not 0 <= channel < count:
            raise ValueError(f"layer {layer} has channels 0 to {count - 1}; got {channel}")
        first = max(0, min(channel - channel % _SHOWN, count - _SHOWN))
        shown, chosen = list(range(first, min(first + _SHOWN, count))), channel
        which = f"maps {first} to {shown[-1]} of {count}"
    elif channel == STRONGEST:
        shown = maps.strongest[:_SHOWN]
        chosen = shown[0]
        strong = "farthest from 0" if maps.shape[1:] == (1, 1) else "widest spread"
        which = f"the {len(shown)} strongest ({strong}) of {count} maps"
    else:
        raise ValueError(f"channel must be a number or {STRONGEST!r}; got {channel!r}")
    module = recording.net.get_submodule(layer)
    low, high = min(maps.lows), max(maps.highs)
    size = times(maps.shape[1:])
    caption = f"{which}, {size} each; one scale, from {_value(low)} to {_value(high)}"
    answer = recording.answer(image)
    parts = [
        *_seen(recording, image, answer),
        svg.text(_GRID, 30, f"{layer}: {_kind(module)}", 16, svg.INK, font_weight="600"),
        svg.text(_GRID, 52, caption, 13, svg.MUTED),
        *_grid(maps, shown, chosen, low, high),
        *_large(maps, chosen, low, high),
    ]
    said = f" The answer: {answer[0][0]}, {_percent(answer[0][1])}." if answer else ""
    label = (
        f"Layer {layer} ({type(module).__name__}) on {recording.titles[image]}: {which}, {size} "
        f"each, values from {_value(low)} to {_value(high)}; channel {chosen} is enlarged.{said}"
    )
    return svg.document(960, _HEIGHT, label, parts)


def _value(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _kind(module: nn.Module) -> str:
    """The layer's type, its window and its channels."""
    name, size = type(module).__name__, getattr(module, "kernel_size", None)
    words = "" if size is None else f" {times((size, size) if isinstance(size, int) else size)}"
    if isinstance(module, nn.Conv2d):
        words += f", {module.in_channels} to {module.out_channels} channels"
    return name + words


def _image(address: str, x: float, y: float, side: float, sharp: bool) -> str:
    style = ' style="image-rendering:pixelated"' if sharp else ""
    return f'<image x="{x}" y="{y}" width="{side}" height="{side}" href="{address}"{style}/>'


def _seen(recording: Recording, image: int, answer: list[tuple[str, float]]) -> list[str]:
    """The image, and the three answers that the network finds most probable."""
    x, side = 20.0, 180.0
    title = recording.titles[image]
    parts = [
        svg.text(x, 30, title, 16, svg.shade(svg.INPUT), font_weight="600"),
        svg.text(x, 52, f"input {times(recording.images.shape[1:])}", 13, svg.MUTED),
        _image(recording.photograph(image), x, _TOP, side, max(recording.images.shape[2:]) < 100),
        svg.rect(x, _TOP, side, side, fill="none", stroke=svg.INPUT),
    ]
    if answer:
        parts.append(svg.text(x, _TOP + side + 30, "the network's answer", 13, svg.MUTED))
    for i, (name, share) in enumerate(answer):
        y = _TOP + side + 54 + 38 * i
        strong = {"font_weight": "600"} if i == 0 else {}
        parts += [
            svg.text(x, y, name, 13.5, svg.shade(svg.OUTPUT), **strong),
            svg.text(x + side, y, _percent(share), 13.5, svg.shade(svg.OUTPUT), "end", **strong),
            svg.rect(x, y + 6, side, 9, fill=svg.tint(svg.OUTPUT, 0.12), rx=2),
            svg.rect(x, y + 6, max(side * share, 1.0), 9, fill=svg.OUTPUT, rx=2),
        ]
    return parts


def _grid(maps: Maps, shown: list[int], chosen: int, low: float, high: float) -> list[str]:
    """The small maps, all on one scale, the enlarged one outlined."""
    parts = []
    columns, side = (4, 92.0) if len(shown) > 6 else (3, 126.0)
    for i, channel in enumerate(shown):
        x = _GRID + (side + 10) * (i % columns)
        y = _TOP + 20 + (side + 24) * (i // columns)
        name = f"channel {channel}"
        here = channel == chosen
        edge = {"stroke": svg.INK, "stroke_width": 3} if here else {"stroke": svg.RULE}
        parts += [
            svg.text(x, y - 5, name, 12, svg.INK if here else svg.MUTED),
            _image(colored(maps.small[channel], low, high), x, y, side, sharp=True),
            svg.rect(x, y, side, side, fill="none", **edge),
        ]
    return parts


def _large(maps: Maps, channel: int, lowest: float, highest: float) -> list[str]:
    """The chosen map on a scale of its own, and that scale; an even map on the layer's."""
    x, y, side = 672.0, _TOP + 20, 260.0
    low, high = maps.lows[channel], maps.highs[channel]
    said = f"channel {channel}: {_value(low)} to {_value(high)}, its own scale"
    signed = lowest < 0
    if low == high:
        said = f"channel {channel}: {_value(low)} everywhere, on the layer's scale"
        low, high = lowest, highest
    reach = max(-low, high)
    ends = (-reach, reach) if signed else (low, high)
    bar = y + side + 16
    parts = [
        svg.text(x, y - 5, said, 12.5),
        _image(colored(maps.large[channel], *ends), x, y, side, sharp=True),
        svg.rect(x, y, side, side, fill="none", stroke=svg.INK, stroke_width=1.5),
        f'<image x="{x}" y="{bar}" width="{side}" height="14" preserveAspectRatio="none" '
        f'href="{_SIGNED if signed else _UNSIGNED}"/>',
        svg.rect(x, bar, side, 14, fill="none", stroke=svg.RULE),
        svg.text(x, bar + 30, _value(ends[0]), 12.5),
        svg.text(x + side, bar + 30, _value(ends[1]), 12.5, svg.INK, "end"),
    ]
    if signed:
        parts.append(svg.text(x + side / 2, bar + 30, "0", 12.5, svg.INK, "middle"))
    return parts


@explorable(render)
def feature_maps(
    net: nn.Module,
    images: Tensor,
    titles: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Explorer:
    """See what each layer of a trained network makes of real pictures, and what it answers.

    ``images`` is ``(N, C, H, W)``, as the network takes them; ``titles`` names each of them and
    ``classes`` the network's outputs. Choose a picture, a layer, and a channel or the twelve
    strongest maps: those whose values vary most (greatest standard deviation), or, where a map is
    one number, those farthest from 0. Maps without negative values are white to black; where a
    layer gives both signs, blue is negative, white 0, orange positive. Returns an ``ipywidgets``
    widget. Raises ``ValueError`` where the network refuses the images or has no layer with maps.
    """
    recording = Recording(net, images, titles, classes)
    wide = {"style": {"description_width": "60px"}, "layout": widgets.Layout(width="300px")}
    names = [(f"{i}: {title}", i) for i, title in enumerate(recording.titles)]
    pictures = widgets.Dropdown(options=names, description="image", **wide)
    layers = widgets.Dropdown(options=recording.layers, description="layer", **wide)
    channels = widgets.SelectionSlider(options=_channels(recording, 0, layers.value), **wide)
    channels.description = "channel"

    def fit_channels(_: object) -> None:
        options = _channels(recording, pictures.value, layers.value)
        if len(options) != len(channels.options):
            chosen = channels.value
            channels.options = options
            if chosen in dict(options).values():
                channels.value = chosen

    layers.observe(fit_channels, names="value")
    controls = {"image": pictures, "layer": layers, "channel": channels}
    return Explorer(functools.partial(draw, recording), controls)


def _channels(recording: Recording, image: int, layer: str) -> list[tuple[str, int | str]]:
    count = recording.maps(image, layer).shape[0]
    return [(STRONGEST, STRONGEST), *((str(i), i) for i in range(count))]
