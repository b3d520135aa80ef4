"""What the networks share: the check of what comes in, channel counts at a width, first weights."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """A network of the book: it knows its own name and refuses wrong images before any layer runs.

    ``image_size`` is the side of the images that it was published for, or built for; ``min_size``
    the smallest side that reaches its last layer. ``accepts`` is the range of sides that its
    dense layers were built for, ``None`` where every side from ``min_size`` up works.

    >>> net = Network("tiny", in_channels=1, image_size=32, min_size=8)
    >>> net.fc = nn.Linear(2, 2)
    >>> net.check(torch.zeros(2, 1, 32, 32))
    >>> net.check(torch.zeros(2, 1, 5, 32))
    Traceback (most recent call last):
    ValueError: tiny needs images of at least 8×8; got 5×32: pass resize=32 to \
load_data_fashion_mnist, or any size from 8 up
    """

    has_image_size = False

    def __init__(
        self,
        name: str,
        in_channels: int,
        image_size: int,
        min_size: int,
        accepts: range | None = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.in_channels = in_channels
        self.image_size = image_size
        self.min_size = min_size
        self.accepts = accepts
        # Two numbers, because torch.compile follows numbers in all versions and ranges in new ones.
        self._least = accepts[0] if accepts else min_size
        self._most = accepts[-1] if accepts else None

    def check(self, images: Tensor) -> None:
        """Raise ``TypeError`` or ``ValueError`` where ``images`` is not what the network takes.

        It takes floating-point images ``(N, C, H, W)``, pixels usually in [0, 1]. The message
        names what came, what was expected and what to do.

        >>> Network("tiny", 3, 32, 8).check(torch.zeros(2, 1, 32, 32))
        Traceback (most recent call last):
        ValueError: tiny was created for 3 channels; got 1 in images of shape (2, 1, 32, 32): \
create it with in_channels=1, or pass images.expand(-1, 3, -1, -1)
        """
        if not isinstance(images, Tensor):
            raise TypeError(
                f"{self.name} takes a tensor of images (N, C, H, W); got {type(images).__name__}: "
                "torch.as_tensor makes one"
            )
        shape = tuple(images.shape)
        if images.dim() != 4:
            hint = {
                2: "images[None, None] adds the batch and channel axes",
                3: "images.unsqueeze(0) adds the batch axis of one image, "
                "images.unsqueeze(1) the channel axis of a batch",
            }.get(images.dim(), "reshape it")
            raise ValueError(
                f"{self.name} takes images of shape (N, C, H, W); got {shape}, "
                f"which has {images.dim()} axes: {hint}"
            )
        if shape[1] != self.in_channels:
            raise ValueError(
                f"{self.name} was created for {self.in_channels} channels; got {shape[1]} in "
                f"images of shape {shape}: {self._channel_hint(shape)}"
            )
        if not images.is_floating_point():
            raise TypeError(
                f"{self.name} takes floating-point images; got {images.dtype}: "
                "pass images.float() / 255 for pixels from 0 to 255"
            )
        weights = next(self.parameters()).dtype
        if (images.dtype == torch.float64) != (weights == torch.float64):
            raise TypeError(
                f"{self.name} holds {weights} weights; got images of {images.dtype}: "
                f"pass images.to({weights})"
            )
        height, width = shape[2:]
        if height < self.min_size or width < self.min_size:
            raise ValueError(
                f"{self.name} needs images of at least {self.min_size}×{self.min_size}; got "
                f"{height}×{width}: {self._size_hint()}"
            )
        if self._most is not None and not (
            self._least <= height <= self._most and self._least <= width <= self._most
        ):
            raise ValueError(
                f"the dense layers of this {self.name} were built for images of "
                f"{self.image_size}×{self.image_size}; got {height}×{width}: {self._size_hint()}"
            )

    def _channel_hint(self, shape: tuple[int, ...]) -> str:
        if shape[3] == self.in_channels:
            return "images.permute(0, 3, 1, 2) puts the channels second"
        create = f"create it with in_channels={shape[1]}"
        if shape[1] == 1:
            return f"{create}, or pass images.expand(-1, {self.in_channels}, -1, -1)"
        return (
            f"{create}, or pass images.mean(1, keepdim=True)" if self.in_channels == 1 else create
        )

    def _size_hint(self) -> str:
        resize = f"pass resize={self.image_size} to load_data_fashion_mnist"
        if self.accepts is None:
            return f"{resize}, or any size from {self.min_size} up"
        create = f", or create it with image_size= a size of your own from {self.min_size} up"
        return resize + create if self.has_image_size else resize

    def torchvision_key(self, key: str) -> str:
        """The name that torchvision's network gives to this network's tensor ``key``.

        Raises ``ValueError`` where torchvision has no network of the same form.

        >>> Network("tiny", 1, 32, 8).torchvision_key("weight")
        Traceback (most recent call last):
        ValueError: torchvision has no network of the form of this tiny
        """
        raise ValueError(f"torchvision has no network of the form of this {self.name}")


def scaled(channels: int, width: float, multiple: int = 1) -> int:
    """``channels`` times ``width``, to the nearest multiple of ``multiple``, at least one of them.

    >>> scaled(64, 0.25), scaled(16, 0.01), scaled(96, 0.1, multiple=2)
    (16, 1, 10)
    """
    return max(1, round(channels * width / multiple)) * multiple


def map_size(layers: nn.Module, size: int) -> int:
    """The side of the map that ``layers``, run one after the other, make of a ``size``-sided image.

    Each convolution or pooling window takes n to ⌊(n + 2p − k)/s⌋ + 1. 0 where a window does not
    fit, for then PyTorch refuses the image.

    >>> stem = nn.Sequential(nn.Conv2d(1, 8, 11, stride=4), nn.MaxPool2d(3, 2))
    >>> map_size(stem, 224), map_size(stem, 15)
    (26, 0)
    """
    for layer in layers.modules():
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
            kernel, stride, padding = (
                int(value[0] if isinstance(value, tuple) else value)
                for value in (layer.kernel_size, layer.stride, layer.padding)
            )
            size = (size + 2 * padding - kernel) // stride + 1
            if size < 1:
                return 0
    return size


def smallest(layers: nn.Module) -> int:
    """The smallest side of an image that passes ``layers``.

    >>> smallest(nn.Sequential(nn.Conv2d(1, 8, 5), nn.MaxPool2d(2)))
    6
    """
    return next(size for size in itertools.count(1) if map_size(layers, size))


def same_map(layers: nn.Module, size: int, name: str) -> range:
    """The sides of the images of which ``layers`` make a map as large as of ``size``.

    Raises ``ValueError`` where ``size`` is too small for ``layers``.

    >>> same_map(nn.Conv2d(1, 8, 11, stride=4), 224, "alexnet")
    range(223, 227)
    """
    least, side = smallest(layers), map_size(layers, size)
    if size < least:
        raise ValueError(f"image_size {size} is too small: {name} needs at least {least}")
    first = next(n for n in range(size, least - 2, -1) if map_size(layers, n - 1) != side)
    return range(first, next(n for n in itertools.count(size) if map_size(layers, n) != side))


def kaiming(net: nn.Module) -> None:
    """Weights from N(0, 2/fan_in), biases 0: a layer of ReLUs then keeps the signal's size.

    The last dense layer, after which no ReLU follows, has N(0, 1/fan_in). He et al., 2015,
    *Delving deep into rectifiers*.

    >>> layer = nn.Linear(200, 200)
    >>> kaiming(nn.Sequential(layer, nn.ReLU(), nn.Linear(200, 10)))
    >>> round(layer.weight.std().item(), 2), layer.bias.abs().max().item()
    (0.1, 0.0)
    """
    layers = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        last = layer is layers[-1] and isinstance(layer, nn.Linear)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if last else "relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
