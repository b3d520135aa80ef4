"""Drawn figures of the chapters, made by code from the sizes and modules that they show.

``windows`` draws one row of an input and every place of a window; ``im2col`` draws a convolution as
a matrix product; ``network`` draws any network from its modules. The other names are what the
``architecture`` explorer shares with ``network``.
"""

from __future__ import annotations

from ._columns import columns, heading, key
from ._im2col import im2col
from ._network import network
from ._stages import Stage, stages
from ._windows import windows

__all__ = ["Stage", "columns", "heading", "im2col", "key", "network", "stages", "windows"]
