"""Every place of a window along a row."""

from __future__ import annotations

from .. import svg
from ..arithmetic import conv_output_size


def windows(
    input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> svg.Picture:
    """One row of an input and, below it, every place where the window can stand.

    The number of lines under the row is the output's size. Elements that no window reads are
    hatched. Raises ``ValueError`` where the window does not fit.

    >>> windows(7, 3, stride=2).label
    'A row of 7 elements; a window of 3 with stride 2 stands at 3 places, from 0 to 4.'
    """
    size = conv_output_size(input_size, kernel_size, stride, padding, dilation)
    wide = input_size + 2 * padding
    cell, left, top = min(40.0, 560 / wide), 138.0, 44.0
    starts = [i * stride for i in range(size)]
    read = {start + a * dilation for start in starts for a in range(kernel_size)}
    parts = [svg.text(16, top + cell * 0.62, "input", 14, svg.shade(svg.INPUT))]
    for i in range(wide):
        real = padding <= i < padding + input_size
        fill = svg.tint(svg.INPUT, 0.18) if real else svg.PAPER
        dash = None if real else "3 2"
        edge = svg.INPUT if real else svg.MUTED
        x = left + i * cell
        parts.append(
            svg.rect(x, top, cell, cell, fill=fill, stroke=edge, stroke_dasharray=dash)
            + svg.text(x + cell / 2, top - 8, str(i), 12, svg.MUTED, "middle")
        )
        if i not in read:
            parts.append(svg.hatched(x, top, cell, cell))
    step = 26.0
    for line, start in enumerate(starts):
        y = top + cell + 12 + line * step
        parts.append(
            svg.text(16, y + 14, f"output {line}: start {start}", 12.5, svg.shade(svg.OUTPUT))
        )
        reach = dilation * (kernel_size - 1) + 1
        x = left + start * cell
        parts.append(svg.rect(x, y, reach * cell, 18, fill="none", stroke=svg.KERNEL))
        for a in range(kernel_size):
            tap = x + a * dilation * cell
            parts.append(svg.rect(tap + 2, y + 2, cell - 4, 14, fill=svg.KERNEL, rx=2))
    height = top + cell + 12 + size * step + 30
    last, reach = wide - dilation * (kernel_size - 1) - 1, dilation * (kernel_size - 1) + 1
    over = wide - len(read)
    note = f"last possible start: {wide} − {reach} = {last}"
    note += f"; ⌊{last}/{stride}⌋ + 1 = {size} places"
    note += f"; {over} hatched: never read" if over else ""
    parts.append(svg.text(16, height - 12, note, 13.5))
    pads = f" with {padding} of padding on each side" if padding else ""
    spread = f" with dilation {dilation}" if dilation > 1 else ""
    label = (
        f"A row of {input_size} elements{pads}; a window of {kernel_size}{spread} with stride "
        f"{stride} stands at {size} places, from 0 to {starts[-1]}."
    )
    return svg.document(max(left + wide * cell + 24, 560), height, label, parts)
