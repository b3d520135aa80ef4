"""Matplotlib figures in one style, shown with their alternative text."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import torch
from cycler import cycler
from matplotlib.figure import Figure

from .svg import INK, INPUT, KERNEL, MUTED, OUTPUT, RULE, SERIES, shade

if TYPE_CHECKING:
    from .training import History

__all__ = [
    "INPUT",
    "KERNEL",
    "OUTPUT",
    "Shown",
    "label",
    "show",
    "show_images",
    "subplots",
    "training_curves",
]

STYLE: Any = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.labelsize": 11.5,
    "axes.prop_cycle": cycler(color=SERIES),
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 2.0,
    "font.size": 11,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
}
_DPI = 144
_WIDEST = 9.5


class Shown:
    """A finished figure with its alternative text; a notebook shows it as a picture."""

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure, self.alt = figure, alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        buffer = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        width = round(self.figure.get_figwidth() * 100)
        png = base64.b64encode(buffer.getvalue()).decode("ascii")
        return (
            {"image/png": png, "text/plain": self.alt},
            {"image/png": {"alt": self.alt, "width": width}},
        )


def subplots(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.0, 3.6), **options: Any
) -> tuple[Figure, Any]:
    """A figure of ``size`` inches in the book's style, and its axes (one, or an array of them).

    ``options`` go to :meth:`matplotlib.figure.Figure.subplots`. The figure belongs to nobody but
    you: pyplot does not know it, so nothing is drawn twice. End the cell with :func:`show`.

    >>> figure, axes = subplots(1, 2)
    >>> axes.shape
    (2,)
    """
    if size[0] > _WIDEST:
        raise ValueError(f"size {size} is {size[0]} inches wide; a slide holds at most {_WIDEST}")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, **options)
    return figure, axes


def show(figure: Figure, alt: str) -> Shown:
    """Show a figure; ``alt`` says in words what it shows, for readers who don't see it.

    Raises ``ValueError`` when ``alt`` is too short to say anything.
    """
    if len(alt.split()) < 4:
        raise ValueError(f"alt {alt!r} does not say what the figure shows: write a sentence")
    return Shown(figure, alt)


def show_images(
    images: torch.Tensor | Sequence[torch.Tensor],
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.15,
    alt: str | None = None,
) -> Shown:
    """Draw the first ``num_rows × num_cols`` images in a grid.

    ``images``: (N, H, W), (N, 1, H, W) or (N, 3, H, W), or a sequence of such single images;
    whole numbers 0–255 or floats, each image drawn from its smallest value to its largest.
    Raises ``ValueError`` when there are fewer images than places.

    >>> shown = show_images(torch.rand(4, 1, 8, 8), 1, 4, titles=list("abcd"))
    >>> shown
    4 images: a, b, c, d
    """
    count = num_rows * num_cols
    if len(images) < count:
        raise ValueError(f"{num_rows}×{num_cols} places need {count} images; got {len(images)}")
    figure, axes = subplots(
        num_rows,
        num_cols,
        size=(num_cols * scale, num_rows * scale * (1.25 if titles else 1.0)),
        squeeze=False,
    )
    for index, axis in enumerate(axes.flat):
        axis.imshow(_picture(images[index]), cmap="gray")
        axis.set_axis_off()
        if titles is not None:
            axis.set_title(titles[index], fontsize=11, fontweight="normal", color=INK)
    named = f": {', '.join(titles[:count])}" if titles is not None else ""
    return Shown(figure, alt or f"{count} images{named}")


def _picture(image: torch.Tensor) -> np.ndarray:
    """(H, W), (1, H, W) or (3, H, W) as matplotlib wants it."""
    array = image.detach().float().cpu()
    if array.ndim == 3:
        array = array[0] if array.shape[0] == 1 else array.permute(1, 2, 0)
    low, high = array.min(), array.max()
    if array.ndim == 3 and high > low:
        array = (array - low) / (high - low)
    return array.numpy()


def training_curves(history: History, alt: str | None = None) -> Shown:
    """Loss on the left, accuracies on the right, over the epochs of a training run."""
    figure, (left, right) = subplots(1, 2, size=(8.0, 3.2))
    epochs = range(1, len(history.train_loss) + 1)
    left.plot(epochs, history.train_loss, marker="o", markersize=4)
    left.set(title="Training loss", xlabel="epoch", ylabel="loss")
    # The higher curve's name stands above its end: two close ends don't hide each other.
    train_on_top = history.train_acc[-1:] >= history.test_acc[-1:]
    label(right, epochs, history.train_acc, "train", lift=6 if train_on_top else -6)
    label(right, epochs, history.test_acc, "test", lift=-6 if train_on_top else 6)
    right.set(title="Accuracy", xlabel="epoch", ylabel="share correct")
    right.margins(x=0.15)
    for axis in (left, right):
        axis.xaxis.get_major_locator().set_params(integer=True)
    words = f"Loss and accuracy over {len(epochs)} epochs of training"
    return Shown(figure, alt or words)


def label(
    axis: Any, x: Sequence[float], y: Sequence[float], name: str, lift: float = 0, **style: Any
) -> None:
    """Plot a line and write its name at its right end, in its own colour.

    ``lift`` moves the name up by so many points, away from that of a line that ends nearby.
    """
    (drawn,) = axis.plot(x, y, **{"marker": "o", "markersize": 4, **style})
    if len(y):
        color = drawn.get_color()
        axis.annotate(
            name,
            (x[len(y) - 1], y[-1]),
            xytext=(6, lift),
            textcoords="offset points",
            va="center",
            color=shade(color) if color.startswith("#") else color,
            fontweight="bold",
        )
