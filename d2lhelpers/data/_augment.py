"""Random changes of a whole batch of images, for ``load_data_fashion_mnist(augment=...)``."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def random_flip(X: Tensor) -> Tensor:
    """Mirror each image of a batch left to right with probability 1/2.

    Args:
        X: ``(N, C, H, W)``; the result has the same shape.

    Krizhevsky, Sutskever and Hinton, 2012, *ImageNet classification with deep convolutional neural
    networks*, section 4.1.

    >>> batch = torch.tensor([1.0, 2.0]).expand(64, 1, 1, 2)
    >>> random_flip(batch).unique(dim=0).tolist()
    [[[[1.0, 2.0]]], [[[2.0, 1.0]]]]
    """
    flipped = torch.rand(len(X), 1, 1, 1, device=X.device) < 0.5
    return torch.where(flipped, X.flip(3), X)


def random_crop(X: Tensor, padding: int) -> Tensor:
    """Shift each image of a batch by −padding to +padding pixels, at random, down and right.

    It is the random crop of size H×W from the image with ``padding`` rows and columns of zeros
    around it.

    Args:
        X: ``(N, C, H, W)``; the result has the same shape.
        padding: the largest shift, in pixels, 0 or more.

    Raises:
        ValueError: ``padding`` is negative.

    He, Zhang, Ren and Sun, 2016, *Deep residual learning for image recognition*, section 4.2.

    >>> random_crop(torch.ones(8, 1, 28, 28), padding=2).shape
    torch.Size([8, 1, 28, 28])
    """
    if padding < 0:
        raise ValueError(f"padding is {padding}; use 0 or more pixels")
    number, channels, height, width = X.shape
    padded = nn.functional.pad(X, (padding,) * 4)
    corner = torch.randint(2 * padding + 1, (2, number, 1), device=X.device)
    rows = corner[0] + torch.arange(height, device=X.device)
    columns = corner[1] + torch.arange(width, device=X.device)
    image = torch.arange(number, device=X.device).view(number, 1, 1, 1)
    channel = torch.arange(channels, device=X.device).view(channels, 1, 1)
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
