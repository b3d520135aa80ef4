"""Which numbers share a mean: batch, layer, instance and group normalization on one small batch."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
from torch import Tensor

from .. import svg
from ._cube import Block, Frame, cube
from ._explorer import Explorer, explorable, slider
from ._normalized import (
    CHANNELS,
    IMAGES,
    KINDS,
    PIXELS,
    WHOLE,
    check,
    example,
    normalized,
    running,
    shared,
)

MODES = ("train", "eval")
_OVER = {"batch": "N·H·W", "layer": "C·H·W", "instance": "H·W", "group": "C/{groups}·H·W"}
_NAMES = ("image n", "channel c", "pixel")


def render(
    kind: str = "batch",
    groups: int = 2,
    mode: str = "train",
    batches: int = 10,
    image: int = 1,
    channel: int = 1,
    pixel: int = 2,
    gamma: float = 1.0,
    beta: float = 0.0,
) -> svg.Picture:
    """One number of a batch, all that share its mean, and what becomes of them.

    ``groups`` matters for group normalization alone; ``batches``, how often this batch was seen in
    training, for batch normalization in evaluation. Raises ``ValueError`` for a place outside the
    batch, and as `shared` does.

    >>> render("layer").label[:57]
    'layer normalization of 3 images with 4 channels of 4 pixe'
    """
    check("mode", mode, MODES)
    for name, place, count in zip(
        _NAMES, (image, channel, pixel), (IMAGES, CHANNELS, PIXELS), strict=True
    ):
        if not 0 <= place < count:
            raise ValueError(f"{name} {place} is outside the batch: use 0 to {count - 1}")
    if batches < 0:
        raise ValueError(f"batches {batches}: how many were seen is 0 or more")
    block = shared(kind, groups, image, channel)
    x = example()
    y = normalized(kind, groups, mode, batches, gamma, beta)
    picked = (image, channel, pixel)

    frame = Frame(62, 114, 40, (24, 17))
    low = frame.y + CHANNELS * frame.cell
    right = frame.x + PIXELS * frame.cell
    parts = [
        cube(WHOLE, block, picked, frame),
        svg.text(frame.x + 80, low + 20, f"H×W = {PIXELS} pixels", 13, svg.INK, "middle"),
        svg.text(frame.x - 10, low - 74, f"C = {CHANNELS}", 13, svg.INK, "end"),
        svg.text(right + 42, low - 16, f"N = {IMAGES}", 13, svg.INK),
        _sheets("before: x", x, block, picked, 2, svg.INPUT),
        _sheets("after: y", y, block, picked, 198, svg.OUTPUT),
    ]
    lines = _lines(kind, groups, mode, batches, block, picked, gamma, beta, x, y)
    for i, (content, color) in enumerate(lines):
        weight = {"font_weight": "600"} if color != svg.MUTED else {}
        parts.append(svg.text(20, 408 + 22 * i, content, 14, color, **weight))
    value = y[picked].item()
    label = (
        f"{kind} normalization of {IMAGES} images with {CHANNELS} channels of {PIXELS} pixels, in "
        f"{mode} mode. The number {svg.number(x[picked].item())} of image {image}, channel "
        f"{channel}, pixel {pixel} shares its mean with {block.size} numbers and becomes "
        f"{svg.number(value)}."
    )
    return svg.document(930, 402 + 22 * len(lines), label, parts)


def cubes() -> svg.Picture:
    """The four normalizations side by side: the numbers that share a mean with the dark one.

    >>> cubes().label[:45]
    'Four cubes of numbers, images by channels by '
    """
    parts = []
    for i, kind in enumerate(KINDS):
        frame = Frame(48 + 226 * i, 88, 32, (15, 11))
        block = shared(kind, 2, 0, 1)
        centre = frame.x + PIXELS * frame.cell / 2
        low = frame.y + CHANNELS * frame.cell
        over = _OVER[kind].format(groups=2)
        parts += [
            svg.text(centre, 28, kind, 15, svg.INK, "middle", font_weight="600"),
            cube(WHOLE, block, (0, 1, 1), frame),
            svg.text(centre, low + 18, "H×W", 13, svg.MUTED, "middle"),
            svg.text(frame.x - 8, frame.y + 70, "C", 13, svg.MUTED, "end"),
            svg.text(centre + 91, low - 8, "N", 13, svg.MUTED),
            svg.text(centre, low + 44, f"mean over {over}", 13, svg.shade(svg.KERNEL), "middle"),
        ]
    label = (
        "Four cubes of numbers, images by channels by pixels. Batch: a channel of all images "
        "shares a mean. Layer: all of one image. Instance: a channel of one image. Group: half of "
        "the channels of one image."
    )
    return svg.document(930, 276, label, parts)


def _sheets(
    name: str, values: Tensor, block: Block, picked: tuple[int, int, int], y: float, color: str
) -> str:
    """One grid an image, channels down and pixels across, the shared numbers outlined."""
    cell, gap, left = 38.0, 26.0, 398.0
    top = y + 32
    parts = [svg.text(left - 18, y + 22, name, 14, svg.shade(color), "end", font_weight="600")]
    for n in range(IMAGES):
        x = left + n * (PIXELS * cell + gap)
        middle = x + PIXELS * cell / 2
        parts.append(svg.text(middle, y + 22, f"image n = {n}", 13, svg.MUTED, "middle"))
        parts.append(svg.matrix(values[n].tolist(), x, top, cell, color))
        if n in block.images:
            rows = (block.channels.start, 0, len(block.channels), PIXELS)
            parts.append(svg.outline(*rows, x, top, cell, svg.KERNEL))
        if n == picked[0]:
            parts.append(svg.outline(*picked[1:], 1, 1, x, top, cell, svg.shade(svg.KERNEL)))
    for c in range(CHANNELS):
        down = top + (c + 0.5) * cell + 4
        parts.append(svg.text(left - 10, down, f"c = {c}", 12, svg.MUTED, "end"))
    return "".join(parts)


def _lines(
    kind: str,
    groups: int,
    mode: str,
    batches: int,
    block: Block,
    picked: tuple[int, int, int],
    gamma: float,
    beta: float,
    x: Tensor,
    y: Tensor,
) -> list[tuple[str, str]]:
    """What is computed, with its numbers, and the colour of each line."""
    before, after = (_numbers(t, block) for t in (x, y))
    mean, var = before.mean().item(), before.var(correction=0).item()
    count = IMAGES * CHANNELS * PIXELS // block.size
    over = _OVER[kind].format(groups=groups)
    total = svg.number(before.sum().item())
    lines = [
        (
            f"{kind}: one mean for {block.size} numbers ({over}), {count} means in all. "
            f"μ = {total}/{block.size} = {svg.number(mean)}, "
            f"σ² = Σ(x − μ)²/{block.size} = {svg.number(var)}",
            svg.shade(svg.KERNEL),
        )
    ]
    symbols = ("μ", "σ²")
    if kind == "batch":
        kept = [statistic[picked[1]].item() for statistic in running(batches)]
        moved = " ".join(
            f"{name} {svg.number(value)}"
            for name, value in zip(("mean", "variance"), kept, strict=True)
        )
        seen = f"{batches} batch{'es' if batches != 1 else ''} like this"
        towards = f"towards {svg.number(mean)} and {svg.number(before.var().item())}"
        role = "unused in training" if mode == "train" else "used in place of μ, σ²"
        lines.append((f"running {moved} after {seen}, on the way {towards}; {role}", svg.MUTED))
        if mode == "eval":
            mean, var = kept
            symbols = ("m", "v")
    else:
        lines.append(("no running statistics: train and eval give the same numbers", svg.MUTED))
    factor = _bracket(gamma)
    difference = f"({svg.number(x[picked].item())} − {_bracket(mean)})"
    lines.append(
        (
            f"y[{picked[0]}, {picked[1]}, {picked[2]}] = γ·(x − {symbols[0]})/√({symbols[1]} + ε) "
            f"+ β = {factor}·{difference}/√({svg.number(var)} + 0.00001) + {_bracket(beta)} = "
            f"{svg.number(y[picked].item())}",
            svg.shade(svg.OUTPUT),
        )
    )
    spread = (after.mean().item(), after.var(correction=0).item())
    lines.append(
        (
            f"after: the outlined numbers have mean {svg.number(spread[0])} and variance "
            f"{svg.number(spread[1])}",
            svg.shade(svg.OUTPUT),
        )
    )
    return lines


def _numbers(values: Tensor, block: Block) -> Tensor:
    images, channels = (slice(r.start, r.stop) for r in (block.images, block.channels))
    return values[images, channels].flatten()


def _bracket(value: float) -> str:
    text = svg.number(value)
    return f"({text})" if text.startswith("−") else text


@explorable(render)
def normalization(
    kind: str = "batch",
    groups: int = 2,
    mode: str = "train",
    batches: int = 10,
    image: int = 1,
    channel: int = 1,
    pixel: int = 2,
    gamma: float = 1.0,
    beta: float = 0.0,
) -> Explorer:
    """Pick a number of a small batch: see which numbers share its mean, before and after.

    The arguments say where the controls start. Returns an ``ipywidgets`` widget.
    """
    controls = {
        "kind": _choice("kind", kind, KINDS),
        "groups": slider("groups", groups, 1, CHANNELS),
        "mode": _choice("mode", mode, MODES),
        "batches": slider("batches seen", batches, 0, 40),
        "image": slider(_NAMES[0], image, 0, IMAGES - 1),
        "channel": slider(_NAMES[1], channel, 0, CHANNELS - 1),
        "pixel": slider(_NAMES[2], pixel, 0, PIXELS - 1),
        "gamma": _real("scale γ", gamma),
        "beta": _real("shift β", beta),
    }
    return Explorer(render, controls)


def _choice(description: str, value: str, options: Sequence[str]) -> widgets.Dropdown:
    return widgets.Dropdown(
        value=value,
        options=list(options),
        description=description,
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )


def _real(description: str, value: float) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=value,
        min=-2.0,
        max=2.0,
        step=0.5,
        description=description,
        style={"description_width": "90px"},
        layout=widgets.Layout(width="290px"),
    )
