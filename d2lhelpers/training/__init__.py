"""Training and evaluation: one loop for every network of the book.

`_fit.py` is the loop, `_epoch.py` one pass over the data, `_placement.py` the network on its
device, `_checkpoint.py` the file that a run resumes from, `_history.py` what was measured,
`_progress.py` what is shown meanwhile, `_advice.py` what PyTorch's errors mean for the reader.
"""

from __future__ import annotations

from ._fit import evaluate_accuracy, fit
from ._history import History

__all__ = ["History", "evaluate_accuracy", "fit"]
