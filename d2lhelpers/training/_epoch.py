"""One pass over a data set, for training or for evaluation, without waiting for the device."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..device import autocast
from . import _together as together
from ._advice import check_labels, explain
from ._placement import Placement


class Pass:
    """One pass over images: its losses and answers, kept on the device until it is over.

    Args:
        place: the network on its device.
        span: the smallest and largest label of the whole pass, where they are known beforehand.
        shared: several processes make the pass together, each on its part of the images.

    >>> run = Pass(Placement(nn.Identity(), torch.device("cpu")))
    >>> loss = run.loss(torch.zeros(4, 2), torch.tensor([0, 0, 0, 1]))
    >>> round(run.mean_loss(), 4), run.accuracy()
    (0.6931, 0.75)
    """

    def __init__(
        self, place: Placement, span: tuple[int, int] | None = None, shared: bool = False
    ) -> None:
        self.place = place
        self.shared = shared
        self.span = span
        self.own_loss = getattr(place.net, "loss", None)
        self.own_predict = getattr(place.net, "predict", None)
        self.losses: list[Tensor] = []
        self.answers: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.shape: Sequence[int] = ()
        self.num_outputs: int | None = None

    def outputs(self, X: Tensor, y: Tensor) -> Any:
        """What the network makes of X; its answers and the labels are kept."""
        self.shape = X.shape
        self.labels.append(self._labels(y))
        outputs = self.place(X)
        if self.own_predict is not None:
            self.answers.append(self.own_predict(outputs))
        else:
            scores = _scores(outputs)
            if scores.dim() != 2:
                raise ValueError(
                    f"the network gives outputs of shape {tuple(scores.shape)}; a score for each "
                    "class is (N, classes): end with nn.Flatten() or a dense layer"
                )
            self.num_outputs = scores.shape[1]
            self.answers.append(scores.argmax(1))
        return outputs

    def loss(self, X: Tensor, y: Tensor) -> Tensor:
        """The mean loss of a batch, to be differentiated."""
        outputs = self.outputs(X, y)
        labels = self.labels[-1]
        with autocast(self.place.device):
            if self.own_loss is not None:
                loss = self.own_loss(outputs, labels)
            else:
                self._check_span(y)
                loss = nn.functional.cross_entropy(_scores(outputs), labels)
        self.losses.append(loss.detach())
        return loss

    def mean_loss(self) -> float:
        """The mean over all images; this waits for the device."""
        sizes = torch.tensor([len(y) for y in self.labels], dtype=torch.float64)
        # Added up on the CPU, for MPS has no float64.
        return self._ratio(torch.stack(self.losses).cpu().double() @ sizes, sizes.sum())

    def accuracy(self) -> float:
        """The share of all images that were answered rightly; this waits for the device."""
        labels = torch.cat(self.labels)
        if self.losses and self.own_loss is None and self.num_outputs is not None:
            # Cross-entropy passes over the label -100 in silence.
            check_labels(*span_of(labels), self.num_outputs)
        right = (torch.cat(self.answers) == labels).sum().cpu().double()
        return self._ratio(right, torch.tensor(float(len(labels)), dtype=torch.float64))

    def _ratio(self, part: Tensor, whole: Tensor) -> float:
        sums = torch.stack([part, whole])
        if self.shared:
            sums = together.total(sums)
        return (sums[0] / sums[1]).item()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn PyTorch's errors into ones that say what to change."""
        try:
            yield
        except (RuntimeError, IndexError, ValueError) as error:
            better = explain(error, self.shape, self.place.device, self.num_outputs)
            if better is None:
                raise
            if isinstance(better, MemoryError):
                # A notebook keeps the traceback, which would keep the feature maps.
                traceback.clear_frames(error.__traceback__)
            raise better from error

    def _labels(self, y: Tensor) -> Tensor:
        if y.dim() != 1 or y.is_floating_point():
            raise ValueError(
                f"labels are {y.dtype} of shape {tuple(y.shape)}; {self.shape[0]} images need "
                f"whole numbers of shape ({self.shape[0]},), such as one_hot.argmax(1)"
            )
        return y.to(self.place.device, torch.int64, non_blocking=True)

    def _check_span(self, y: Tensor) -> None:
        """Refuse labels out of range before the device sees them: CUDA would not recover."""
        span = self.span
        if span is None and y.device.type == "cpu" != self.place.device.type:
            span = span_of(y)
        if span is not None and self.num_outputs is not None:
            check_labels(*span, self.num_outputs)


def _scores(outputs: Any) -> Tensor:
    return outputs[0] if isinstance(outputs, tuple) else outputs


def span_of(labels: Tensor) -> tuple[int, int]:
    """The smallest and the largest label; this waits for the device.

    >>> span_of(torch.tensor([3, 1, 2]))
    (1, 3)
    """
    low, high = torch.stack(labels.aminmax()).tolist()
    return low, high
