"""Fashion-MNIST in batches that are made where they are used.

The textbook's loader converts and resizes one image at a time, in Python, in every epoch. Here the
images lie on the device as bytes, and a batch is indexed, converted, resized and augmented there in
one operation each.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from ..device import try_gpu
from . import fashion_mnist

Augment = Callable[[Tensor], Tensor]


class Batches:
    """Batches (X, y) of images and labels that stay on the device where they lie.

    X is ``float32 (n, C, H, W)`` with pixels x/255 in [0, 1], exactly as torchvision's
    ``ToTensor`` gives them; y is ``int64 (n,)``. ``len`` counts the batches; the last one may be
    smaller. Each ``for`` is one epoch. Shuffled batches draw one number from PyTorch's global
    generator an epoch, whatever the device, so `set_seed` makes their order repeat exactly.

    Args:
        images: ``uint8 (N, C, H, W)``.
        labels: whole numbers ``(N,)``, on the images' device.
        batch_size: images a batch.
        shuffle: a new order each epoch, as for training; else the order given.
        resize: the new height and width, one number or a pair; bilinear. Enlarging gives
            torchvision's ``Resize`` of the float images, and of PIL images within 1/255, for PIL
            rounds to whole grey levels. Reducing antialiases, as torchvision does.
        augment: takes X, after resizing, to the X that is given out.
        classes: the names of labels 0, 1, …

    Attributes:
        images, labels, classes, batch_size, shuffle, num_samples: as given; they may be read.

    Raises:
        TypeError, ValueError: an argument does not fit.

    >>> digits = torch.arange(5)
    >>> images = digits.view(5, 1, 1, 1).expand(5, 1, 4, 4).to(torch.uint8)
    >>> [(tuple(X.shape), y.tolist()) for X, y in Batches(images, digits, batch_size=2)]
    [((2, 1, 4, 4), [0, 1]), ((2, 1, 4, 4), [2, 3]), ((1, 1, 4, 4), [4])]
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        *,
        shuffle: bool = False,
        resize: int | tuple[int, int] | None = None,
        augment: Augment | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        if images.dtype != torch.uint8 or images.dim() != 4:
            raise TypeError(
                f"images are {images.dtype} of shape {tuple(images.shape)}; Batches takes uint8 "
                "(N, C, H, W): pass (255 * images).round().to(torch.uint8), with a channel axis"
            )
        if labels.shape != images.shape[:1] or labels.is_floating_point():
            raise ValueError(
                f"labels are {labels.dtype} of shape {tuple(labels.shape)}; {len(images)} images "
                f"need whole numbers of shape ({len(images)},)"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; a batch holds 1 image or more")
        self.size = None if resize is None else _pair(resize)
        self.images = images
        if self.size is not None:
            self.rows, self.columns = (
                _resizing(old, new).to(images.device)
                for old, new in zip(images.shape[2:], self.size, strict=True)
            )
        self.labels = labels.to(images.device, torch.int64)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.augment = augment
        self.classes = tuple(classes)

    @property
    def num_samples(self) -> int:
        """How many images there are."""
        return len(self.images)

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size)

    def __repr__(self) -> str:
        height, width = self.size or self.images.shape[2:]
        return (
            f"Batches({self.num_samples} images of {self.images.shape[1]}×{height}×{width}, "
            f"{len(self)} batches of {self.batch_size}, "
            f"{'shuffled, ' if self.shuffle else ''}on {self.images.device})"
        )

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # Drawn here rather than at the first batch: two iterators that are read in turn then see
        # the same orders as two that are read one after the other.
        return self.parts(0, 1)

    def parts(self, first: int, count: int, equal: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of every ``count``-th image of each batch, from image ``first`` on.

        The other images are not prepared: of ``count`` processes each does its part of the work.

        Args:
            first: 0 ≤ first < count.
            count: how many parts a batch has.
            equal: leave out the last images of a batch that ``count`` does not divide.

        >>> images = torch.zeros(5, 1, 4, 4, dtype=torch.uint8)
        >>> batches = Batches(images, torch.arange(5), batch_size=5)
        >>> [y.tolist() for _, y in batches.parts(1, 2)]
        [[1, 3]]
        """
        return self._epoch(self._order() if self.shuffle else None, first, count, equal)

    def _order(self) -> Tensor:
        # The order is made on the CPU, so that a seed gives the same one on every device.
        seed = int(torch.randint(2**62, (), dtype=torch.int64))
        order = torch.randperm(self.num_samples, generator=torch.Generator().manual_seed(seed))
        return order.to(self.images.device)

    def _epoch(
        self, order: Tensor | None, first: int, count: int, equal: bool
    ) -> Iterator[tuple[Tensor, Tensor]]:
        # All labels at once are cheaper than one more operation a batch.
        labels = self.labels if order is None else self.labels[order]
        for start in range(0, self.num_samples, self.batch_size):
            end = min(start + self.batch_size, self.num_samples)
            if equal:
                end -= (end - start) % count
            if start + first >= end:
                continue
            chosen = slice(start + first, end, count)
            images = (
                self.images[chosen] if order is None else self.images.index_select(0, order[chosen])
            )
            yield self._prepare(images), labels[chosen]

    def _prepare(self, images: Tensor) -> Tensor:
        X = images.div(255)
        if self.size is not None:
            X = self.rows @ (X @ self.columns.T)
        return X if self.augment is None else self.augment(X)


def load_data_fashion_mnist(
    batch_size: int,
    resize: int | tuple[int, int] | None = None,
    subset: str = "auto",
    augment: Augment | None = None,
    device: torch.device | str | None = None,
) -> tuple[Batches, Batches]:
    """Fashion-MNIST as ``(train_iter, test_iter)``: real images of ten kinds of clothing.

    Args:
        batch_size: images a batch.
        resize: the new height and width of the 28×28 images; see `Batches`.
        subset: ``"mini"`` is the part that comes with the package, 8,000 training and 2,000 test
            images; ``"full"`` is all 60,000 and 10,000 (`fashion_mnist` says where they come
            from); ``"auto"`` is the full set on an accelerator and the part on a CPU.
        augment: applied to training batches alone, such as `random_flip`.
        device: where the images lie; `try_gpu` where none is named.

    Returns:
        shuffled training batches, test batches in their original order.

    Raises:
        ValueError: an argument does not fit, or a file is truncated or altered.
        FileNotFoundError: ``"full"`` and nothing to be had, or ``D2L_DATA`` lacks a file.

    Xiao, Rasul and Vollgraf, 2017, *Fashion-MNIST*, https://arxiv.org/abs/1708.07747

    >>> train_iter, test_iter = load_data_fashion_mnist(256, subset="mini", device="cpu")
    >>> test_iter
    Batches(2000 images of 1×28×28, 8 batches of 256, on cpu)
    >>> X, y = next(iter(test_iter))
    >>> X.shape, text_labels(y[:4])
    (torch.Size([256, 1, 28, 28]), ['ankle boot', 'pullover', 'trouser', 'trouser'])
    """
    if subset not in ("auto", "mini", "full"):
        raise ValueError(f"subset is {subset!r}; it can be 'auto', 'mini' or 'full'")
    device = try_gpu() if device is None else torch.device(device)
    files = _read(subset, device)
    splits = []
    for split in ("train", "t10k"):
        training = split == "train"
        images = files[f"{split}-images-idx3-ubyte"].unsqueeze(1)
        splits.append(
            Batches(
                images.to(device),
                files[f"{split}-labels-idx1-ubyte"].to(device),
                batch_size,
                shuffle=training,
                resize=resize,
                augment=augment if training else None,
                classes=fashion_mnist.CLASSES,
            )
        )
    return splits[0], splits[1]


def _read(subset: str, device: torch.device) -> dict[str, Tensor]:
    if subset == "full":
        return fashion_mnist.read_full()
    if subset == "mini" or device.type == "cpu":
        return fashion_mnist.read_mini()
    try:
        return fashion_mnist.read_full()
    except fashion_mnist.NotAvailable as error:
        # The book runs with no network: on such a machine "auto" means what there is.
        warnings.warn(f"training on the shipped 8,000 images: {error}", stacklevel=3)
        return fashion_mnist.read_mini()


def text_labels(labels: Iterable[int | Tensor]) -> list[str]:
    """The names of Fashion-MNIST's labels.

    Args:
        labels: whole numbers from 0 to 9, a tensor ``(n,)`` or any other sequence.

    Raises:
        ValueError: a label is not from 0 to 9.

    >>> text_labels([0, 9])
    ['t-shirt', 'ankle boot']
    """
    numbers = [int(label) for label in labels]
    wrong = [number for number in numbers if not 0 <= number < len(fashion_mnist.CLASSES)]
    if wrong:
        raise ValueError(f"label {wrong[0]} is none of Fashion-MNIST's, which are 0 to 9")
    return [fashion_mnist.CLASSES[number] for number in numbers]


def _resizing(old: int, new: int) -> Tensor:
    """The matrix ``(new, old)`` that resizes an axis: bilinear resizing is linear in each.

    On a CPU two products with it take about 60 % of the time of ``interpolate``.
    """
    axis = torch.eye(old).view(1, 1, old, old)
    size = (new, old)
    return nn.functional.interpolate(axis, size, mode="bilinear", antialias=new < old)[0, 0]


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"resize is {size}; a height and a width are 1 pixel or more")
    return height, width
