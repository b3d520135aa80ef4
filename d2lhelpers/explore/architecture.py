"""Any registered network: what each layer outputs, holds, costs and sees."""

from __future__ import annotations

import functools
import re
from html import escape

import ipywidgets as widgets

from .. import svg
from ..diagrams import columns, heading, key
from ..inspection import Row
from ..models import Network, info, names
from ._explorer import Explorer, explorable, slider
from ._formulas import formulas, times
from ._measured import TASKS, Measured, built, measured

_WIDTH, _HEIGHT = 960.0, 520.0
_LEFT, _TOP, _SLABS = 92.0, 46.0, 132.0
_BARS = (290.0, 338.0)
_BELOW = 356.0
WIDTHS = (1.0, 0.5, 0.25, 0.125)


def render(
    name: str = "lenet",
    input_size: int | None = None,
    width: float = 1.0,
    task: str = TASKS[0],
    layer: int = 1,
) -> svg.Picture:
    """The network as blocks, where its parameters and its work are, and one layer in detail.

    ``input_size`` is the side of the square images, by default the published one; ``layer`` counts
    the rows of ``layer_table`` from 1 (past the last, the last); ``task`` is ``"as published"`` or
    ``"Fashion-MNIST"`` (1 channel, 10 classes). Raises ``ValueError`` where the network refuses
    one of them.

    >>> render("vgg16", layer=13).label
    'vgg16 for images of 3×224×224, layer 13 of 40: features.2.2, Conv2d, 256×56×56, 590,080 \
parameters, 1,849,688,064 MACs, sees 32×32 pixels.'
    """
    size = info(name).image_size if input_size is None else input_size
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"input_size must be a whole number of at least 1; got {size!r}")
    if layer < 1:
        raise ValueError(f"layer must be at least 1, the first; got {layer}")
    network = measured(name, size, width, task)
    rows = network.table.rows
    index = min(layer, len(rows)) - 1
    row = rows[index]
    drawn, centers, step = _overview(name, size, width, task)
    place = next(i for i, s in enumerate(network.stages) if s.first <= index < s.last)
    parts = [
        svg.rect(
            centers[place + 1] - step / 2,
            _TOP - 6,
            step,
            _BARS[1] - _TOP + 10,
            fill="#EEF1F4",
            stroke=svg.MUTED,
            stroke_width=1.2,
            rx=5,
        ),
        drawn,
        svg.line(16, _BELOW, _WIDTH - 16, _BELOW),
        *_detail(network, index),
        _listing(network, index, place),
        *_field(row, size),
    ]
    seen = row.receptive_field
    sees = f", sees {times(seen)} pixels" if seen else ""
    label = (
        f"{name} for images of {times(network.table.input_shape[1:])}, layer {index + 1} of "
        f"{len(rows)}: {row.name}, {row.type}, {times((row.output_shape or ())[1:])}, "
        f"{row.parameters:,} parameters, {row.macs:,} MACs{sees}."
    )
    return svg.document(_WIDTH, _HEIGHT, label, parts)


@functools.lru_cache(maxsize=64)
def _overview(name: str, size: int, width: float, task: str) -> tuple[str, list[float], float]:
    """What stays while the layer changes: the blocks and, below each, its share of the whole."""
    network = measured(name, size, width, task)
    table, blocks = network.table, network.stages
    image = table.input_shape[1:]
    parts, centers, step = columns(
        blocks, image, _LEFT, _TOP, _WIDTH - 12 - _LEFT, _SLABS, 12.5 if len(blocks) < 16 else 12
    )
    totals = (
        f"paper of {info(name).year} · {len(table.rows)} layers · "
        f"{table.total_parameters:,} parameters · {table.total_macs:,} MACs"
    )
    parts += [heading(name, totals, 16, 27), *key([b.role for b in blocks], _WIDTH - 16, 27)]
    kinds = (
        ("parameters", [b.parameters for b in blocks], _BARS[0]),
        ("MACs", [b.macs for b in blocks], _BARS[1]),
    )
    for word, values, base in kinds:
        parts.append(svg.text(16, base - 4, word, 12.5))
        parts += _shares(values, centers[1:], step, base)
    return "".join(parts), centers, step


def _shares(values: list[int], centers: list[float], step: float, base: float) -> list[str]:
    total, most = sum(values), max(values)
    parts = [svg.line(_LEFT, base, _WIDTH - 12, base)]
    for value, center in zip(values, centers, strict=True):
        if not value:
            continue
        tall, wide = max(26.0 * value / most, 0.8), min(0.5 * step, 34.0)
        parts.append(svg.rect(center - wide / 2, base - tall, wide, tall, fill=svg.MUTED))
        share = value / total
        said = f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"
        parts.append(svg.text(center, base - tall - 3, said, 11, svg.INK, "middle"))
    return parts


def _detail(network: Measured, index: int) -> list[str]:
    """The layer's name, and its formulas with the numbers in them."""
    row = network.table.rows[index]
    layer = network.net if row.name == "(net)" else network.net.get_submodule(row.name)
    lines = formulas(layer, row, network.inputs.get(row.name))
    if row.parameters or row.macs:
        held = _percent(row.parameters / network.table.total_parameters)
        work = _percent(row.macs / network.table.total_macs)
        lines.append(f"of the whole network: {held} of the parameters, {work} of the MACs")
    title = f"layer {index + 1}: {row.name}"
    parts = [svg.text(16, _BELOW + 25, title, 15, svg.INK, font_weight="600")]
    for i, line in enumerate(lines):
        parts.append(_math(16, _BELOW + 50 + 24 * i, line))
    return parts


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.0005 else f"{svg.number(100 * share, 1)} %"


def _math(x: float, y: float, content: str) -> str:
    """A line of text in which an underscore makes the next character a subscript."""
    size = min(13.0, 532 / (0.535 * len(content.replace("_", ""))))
    plain, *marked = re.split(r"_(?=\w)", content)
    inner = escape(plain)
    for piece in marked:
        inner += f'<tspan dy="3" font-size="75%">{piece[0]}</tspan>'
        inner += f'<tspan dy="-3">{escape(piece[1:])}</tspan>'
    return f'<text x="{x}" y="{y}" font-size="{size:.1f}" fill="{svg.INK}">{inner}</text>'


def _listing(network: Measured, index: int, place: int) -> str:
    """The layers around this one in its block."""
    block = network.stages[place]
    count, shown = block.last - block.first, 6
    first = min(max(index - shown // 2, block.first), max(block.last - shown, block.first))
    x, wide = 560.0, 236.0
    where = f"layer {index - block.first + 1} of {count} in this block"
    parts = [svg.text(x + 6, _BELOW + 25, where, 12.5, svg.MUTED)]
    for i in range(first, min(first + shown, block.last)):
        row, y = network.table.rows[i], _BELOW + 46 + 19 * (i - first)
        if i == index:
            tone = {"fill": "#EEF1F4", "stroke": svg.MUTED, "stroke_width": 1}
            parts.append(svg.rect(x, y - 14, wide, 19.0, rx=3, **tone))
        shape = times((row.output_shape or ())[1:])
        inner, room = row.name.removeprefix(f"{block.name}."), 31 - len(shape)
        name = f"{inner} {row.type}" if len(inner) + len(row.type) < room else inner
        name = name if len(name) <= room else f"…{name[1 - room :]}"
        parts.append(svg.text(x + 6, y, name, 11.5))
        parts.append(svg.text(x + wide - 6, y, shape, 11.5, svg.INK, "end"))
    return "".join(parts)


def _field(row: Row, size: int) -> list[str]:
    """What one unit of the layer sees: a green square over the input, both to one scale."""
    assert row.receptive_field is not None and row.jump is not None
    seen = max(row.receptive_field)
    space, y = 108.0, _BELOW + 46
    center, middle = _WIDTH - 22 - space / 2, y + space / 2
    pixel = space / max(seen, size)

    def square(pixels: int, **style: object) -> str:
        side = pixels * pixel
        return svg.rect(center - side / 2, middle - side / 2, side, side, **style)

    parts = [square(size, fill=svg.tint(svg.INPUT, 0.25), stroke=svg.INPUT)]
    if max(size, seen) <= 36:
        corner = (center - size * pixel / 2, middle - size * pixel / 2, pixel)
        parts.append(svg.grid_lines(size, size, *corner, stroke=svg.INPUT, stroke_width=0.3))
    edge = svg.shade(svg.OUTPUT)
    dash = "5 3" if seen > size else None
    faint = {"fill": svg.OUTPUT, "fill_opacity": 0.3, "stroke": edge, "stroke_width": 2}
    parts.append(square(seen, stroke_dasharray=dash, **faint))
    words = f"{seen}×{seen} px" if any(row.jump) else "the whole input"
    parts.append(svg.text(center, _BELOW + 20, "one unit sees", 12.5, svg.MUTED, "middle"))
    parts.append(svg.text(center, _BELOW + 37, words, 12.5, edge, "middle", font_weight=600))
    return parts


def _waiting(name: str) -> svg.Picture:
    """Shown while a network is measured, as large as the picture that follows."""
    label = f"measuring the layers of {name} …"
    middle = svg.text(_WIDTH / 2, _HEIGHT / 2, label, 16, svg.MUTED, "middle")
    return svg.document(_WIDTH, _HEIGHT, label, [middle])


def _ends(net: Network) -> tuple[int, int]:
    """The size slider's ends: a little outside of what the network takes, so that it says why."""
    if net.accepts is not None and not net.has_image_size:
        return net.accepts[0] - 4, net.accepts[-1] + 4
    return max(1, net.min_size - 4), 320


@explorable(render)
def architecture(
    name: str = "lenet",
    input_size: int | None = None,
    width: float = 1.0,
    task: str = TASKS[0],
    layer: int = 1,
) -> Explorer:
    """Walk through any network of the book, layer by layer, at any input size.

    Choose the network, the size of its images, its width (1 is the paper's) and what it is built
    for; step through the layers with the slider or the arrow keys. The arguments say where the
    controls start. Returns an ``ipywidgets`` widget.
    """
    size = info(name).image_size if input_size is None else input_size
    wide = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="290px")}
    network = widgets.Dropdown(options=names(), value=name, description="network", **wide)
    low, high = _ends(built(name, width, task))
    sizes = slider("input size", size, min(low, size), max(high, size))
    sizes.continuous_update = False
    widths = widgets.Dropdown(options=WIDTHS, value=width, description="width", **wide)
    tasks = widgets.Dropdown(options=TASKS, value=task, description="built for", **wide)
    layers = slider("layer", layer, 1, layer + 1)
    layers.layout.width = "580px"
    measuring = {"name": network, "input_size": sizes, "width": widths, "task": tasks}

    def fit_layers(_: object = None) -> None:
        state = [control.value for control in measuring.values()]
        try:
            count = len(measured(*state).table.rows)
        except ValueError:  # the picture says why; the layers stay as they are
            return
        layers.max = count

    def wait(change: dict[str, object]) -> None:
        # Hundreds of layers take a second or two; the reader is told before the kernel is busy.
        if change["owner"] is network or layers.max > 100:
            explorer.picture.value = str(_waiting(network.value))

    def open_network(_: object) -> None:
        layers.value = 1
        net = built(network.value, widths.value, tasks.value)
        with sizes.hold_sync(), sizes.hold_trait_notifications():
            sizes.min, sizes.max = _ends(net)
            sizes.value = net.image_size

    for control in measuring.values():
        control.observe(wait, names="value")
    network.observe(open_network, names="value")
    for control in measuring.values():
        control.observe(fit_layers, names="value")
    fit_layers()
    explorer = Explorer(render, {**measuring, "layer": layers})
    return explorer
