"""Looking into a network: what each layer outputs, holds, costs and sees."""

from __future__ import annotations

from ._table import LayerTable, Row
from ._trace import layer_table

__all__ = ["LayerTable", "Row", "layer_table"]
