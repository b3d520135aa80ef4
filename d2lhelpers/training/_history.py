"""What a training run measured, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(repr=False)
class History:
    """The course of a training run: four lists with one entry an epoch.

    Attributes:
        train_loss: the loss, averaged over the images of the epoch as they were trained on: in
            training mode, each batch before its own step. Hence the first entry is the average of
            a network that learns meanwhile, and dropout and augmentation are at work in it.
        train_acc: the share of those images, 0 to 1, that the network answered rightly then.
        test_acc: the share of test images answered rightly in evaluation mode after the epoch.
        seconds: how long the epoch took, training and evaluation together.

    >>> history = History()
    >>> history.append(train_loss=2.3, train_acc=0.1, test_acc=0.125, seconds=1.5)
    >>> history
    History(1 epoch in 1.5 s: train loss 2.300, train acc 0.100, test acc 0.125)
    """

    train_loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    test_acc: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def append(self, train_loss: float, train_acc: float, test_acc: float, seconds: float) -> None:
        """Add an epoch.

        >>> history = History()
        >>> history.append(train_loss=2.3, train_acc=0.1, test_acc=0.125, seconds=1.5)
        >>> history.test_acc
        [0.125]
        """
        self.train_loss.append(train_loss)
        self.train_acc.append(train_acc)
        self.test_acc.append(test_acc)
        self.seconds.append(seconds)

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.train_loss)

    def summary(self) -> str:
        """The number of epochs, their time, and the last epoch's loss and accuracies.

        >>> History().summary()
        'no epoch finished'
        """
        if not self.epochs:
            return "no epoch finished"
        return (
            f"{self.epochs} epoch{'s' if self.epochs > 1 else ''} in {sum(self.seconds):.1f} s: "
            f"train loss {self.train_loss[-1]:.3f}, train acc {self.train_acc[-1]:.3f}, "
            f"test acc {self.test_acc[-1]:.3f}"
        )

    def plot(self) -> Any:
        """Draw loss and accuracies over the epochs, as ``d2l.plot.training_curves`` does.

        >>> history = History([2.3, 1.0], [0.1, 0.6], [0.5, 0.7], [1.5, 1.4])
        >>> figure = history.plot()
        """
        from ..plot import training_curves

        return training_curves(self)

    def __repr__(self) -> str:
        return f"History({self.summary()})"
