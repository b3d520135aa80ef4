"""A batch of feature maps as a cube of numbers: channels down, pixels across, images to the back.

After the drawing of the four normalizations in Wu and He, 2018, *Group Normalization*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import svg

Point = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """A box of whole numbers: its images, channels and pixels."""

    images: range
    channels: range
    pixels: range

    @property
    def size(self) -> int:
        """How many numbers are in it.

        >>> Block(range(3), range(1), range(4)).size
        12
        """
        return len(self.images) * len(self.channels) * len(self.pixels)


@dataclass(frozen=True)
class Frame:
    """Where the cube stands: its front upper left corner, a cell's side, the step to the back."""

    x: float
    y: float
    cell: float
    back: Point

    def at(self, image: float, channel: float, pixel: float) -> Point:
        """The place of a corner of the cells.

        >>> Frame(10, 20, 5, (3, 2)).at(image=1, channel=1, pixel=2)
        (23, 23)
        """
        return (
            self.x + pixel * self.cell + image * self.back[0],
            self.y + channel * self.cell - image * self.back[1],
        )


def cube(whole: Block, shown: Block, picked: tuple[int, int, int], frame: Frame) -> str:
    """The cube, one box in it as if the rest were of glass, and one number of that box.

    ``picked`` is (image, channel, pixel); only those of its sides are marked that lie on the
    outside of the box.
    """
    faces = _faces(whole, frame)
    glass = [_polygon(face, fill=svg.tint(svg.INPUT, 0.07), stroke="none") for face in faces]
    image, channel, pixel = picked
    cell = Block(range(image, image + 1), range(channel, channel + 1), range(pixel, pixel + 1))
    outside = (
        image == shown.images.start,
        channel == shown.channels.start,
        pixel == shown.pixels.stop - 1,
    )
    box = [
        _polygon(face, fill=svg.tint(svg.KERNEL, amount), stroke="none")
        for face, amount in zip(_faces(shown, frame), (0.42, 0.26, 0.6), strict=True)
    ]
    mark = [
        _polygon(face, fill=svg.shade(svg.KERNEL), stroke="none")
        for face, seen in zip(_faces(cell, frame), outside, strict=True)
        if seen
    ]
    edges = [_polygon(face, fill="none", stroke=svg.INPUT, stroke_width=1.0) for face in faces]
    return "".join(
        [
            *glass,
            _rules(whole, frame, svg.tint(svg.INPUT, 0.28)),
            *box,
            *mark,
            _rules(shown, frame, svg.shade(svg.KERNEL)),
            *edges,
        ]
    )


def _faces(block: Block, frame: Frame) -> list[list[Point]]:
    """The front, the top and the right side, four corners each."""
    (n0, n1), (c0, c1), (p0, p1) = (
        (r.start, r.stop) for r in (block.images, block.channels, block.pixels)
    )
    corners = [
        [(n0, c0, p0), (n0, c0, p1), (n0, c1, p1), (n0, c1, p0)],
        [(n0, c0, p0), (n0, c0, p1), (n1, c0, p1), (n1, c0, p0)],
        [(n0, c0, p1), (n1, c0, p1), (n1, c1, p1), (n0, c1, p1)],
    ]
    return [[frame.at(*corner) for corner in face] for face in corners]


def _rules(block: Block, frame: Frame, color: str) -> str:
    """The lines between the cells on the three visible sides, as one path."""
    (n0, n1), (c0, c1), (p0, p1) = (
        (r.start, r.stop) for r in (block.images, block.channels, block.pixels)
    )
    lines = [[(n0, c, p0), (n0, c, p1), (n1, c, p1)] for c in range(c0, c1 + 1)]
    lines += [[(n1, c0, p), (n0, c0, p), (n0, c1, p)] for p in range(p0, p1 + 1)]
    lines += [[(n, c0, p0), (n, c0, p1), (n, c1, p1)] for n in range(n0, n1 + 1)]
    path = "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (frame.at(*place) for place in line))
        for line in lines
    )
    return f"<path{svg.attributes(d=path, fill='none', stroke=color, stroke_width=0.9)}/>"


def _polygon(points: Sequence[Point], **style: object) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{places}"{svg.attributes(stroke_linejoin="round", **style)}/>'
