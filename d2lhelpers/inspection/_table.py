"""The table that ``layer_table`` gives, as plain text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from html import escape


@dataclass(frozen=True)
class Row:
    """One layer, run once.

    ``output_shape`` is that of its (first) output, ``None`` where the layer did not run.
    ``parameters`` are those not counted in an earlier row, so that a shared layer counts once;
    ``macs`` the multiply-accumulates of this run, for the whole batch. ``receptive_field`` is the
    (height, width) in input pixels that one unit of the output sees, and ``jump`` the distance in
    pixels between the fields of neighbouring units: 0 where a unit sees the whole input. Both are
    ``None`` where the input is not an image or the field could not be followed.
    """

    name: str
    type: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int
    receptive_field: tuple[int, int] | None = None
    jump: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True, repr=False)
class LayerTable:
    """The rows of ``layer_table`` in the order of execution, and their sums.

    ``depth`` is the largest number of convolutions and dense layers on one path from the input to
    the output. Shown as an HTML table in a notebook, as plain text by ``print``.

    >>> row = Row("fc", "Linear", (1, 2), 8, 6)
    >>> print(LayerTable("Linear", (1, 3), [row], 1))
    Linear: 8 parameters, 6 multiply-accumulates (MACs) for an input of (1, 3)
    layer  type    output shape  parameters  MACs
    fc     Linear  (1, 2)                 8     6
    """

    title: str
    input_shape: tuple[int, ...]
    rows: list[Row]
    depth: int

    @property
    def total_parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def total_macs(self) -> int:
        return sum(row.macs for row in self.rows)

    @property
    def caption(self) -> str:
        return (
            f"{self.title}: {self.total_parameters:,} parameters, {self.total_macs:,} "
            f"multiply-accumulates (MACs) for an input of {self.input_shape}"
        )

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        head = ["layer", "type", "output shape", "parameters", "MACs"]
        lines = [
            [
                row.name,
                row.type,
                "not run" if row.output_shape is None else str(row.output_shape),
                f"{row.parameters:,}",
                f"{row.macs:,}",
            ]
            for row in self.rows
        ]
        if any(row.receptive_field for row in self.rows):
            head += ["receptive field", "jump"]
            for line, row in zip(lines, self.rows, strict=True):
                line += [_field(row), _jump(row)]
        return head, lines

    def __str__(self) -> str:
        head, lines = self._cells()
        widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
        text = [
            "  ".join(
                cell.ljust(width) if i < 3 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in (head, *lines)
        ]
        return "\n".join([self.caption, *text])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, lines = self._cells()
        left, right = 'style="text-align:left"', 'style="text-align:right"'
        heads = "".join(
            f'<th scope="col" {left if i < 3 else right}>{escape(cell)}</th>'
            for i, cell in enumerate(head)
        )
        body = "".join(
            f'<tr><th scope="row" {left}>{escape(line[0])}</th>'
            + "".join(
                f"<td {left if i < 2 else right}>{escape(cell)}</td>"
                for i, cell in enumerate(line[1:])
            )
            + "</tr>"
            for line in lines
        )
        return (
            '<table style="font-variant-numeric:tabular-nums">'
            f'<caption style="caption-side:top;text-align:left">{escape(self.caption)}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        )


def _pair(values: tuple[Fraction | int, Fraction | int]) -> str:
    high, wide = (str(v) if v == int(v) else f"{float(v):.3g}" for v in values)
    return high if high == wide else f"{high}×{wide}"


def _field(row: Row) -> str:
    if row.receptive_field is None or row.jump is None:
        return "–"
    return _pair(row.receptive_field) if any(row.jump) else "whole input"


def _jump(row: Row) -> str:
    return _pair(row.jump) if row.jump is not None and any(row.jump) else "–"
