"""The checks of chapter 19, where the time goes."""

from __future__ import annotations

from typing import Any

import torch

from ._exercise import Wrong, call, difference, exercise, first_wrong


@exercise(
    "19.1",
    "Let the whole take 1 before. Each part then takes its share divided by its factor; what no "
    "part covers takes what it took. The speed-up is 1 divided by the new total.",
)
def overall(answer: Any) -> str | None:
    """A function (shares, factors) -> the speed-up of the whole."""

    def truth(shares: list[float], factors: list[float]) -> float:
        rest = 1 - sum(shares)
        after = sum(share / factor for share, factor in zip(shares, factors, strict=True))
        return 1 / (rest + after)

    cases = [
        ([0.5], [2.0]),
        ([0.75], [10.0]),
        ([], []),
        ([1.0], [3.0]),
        ([0.25, 0.5], [2.0, 4.0]),
        ([0.5, 0.25, 0.125], [4.0, 0.5, 8.0]),
    ]
    return first_wrong(answer, cases, truth, ("shares", "factors"), "the speed-up is")


@exercise(
    "19.2",
    "Two cases. Without workers the times add. With them, both go on at once, and the slower side "
    "sets the pace: how often do several workers together hand over a batch?",
)
def seconds_a_batch(answer: Any) -> str | None:
    """A function (prepare, compute, workers) -> seconds from one batch to the next."""

    def truth(prepare: float, compute: float, workers: int) -> float:
        return max(prepare / workers, compute) if workers else prepare + compute

    cases = [
        (0.5, 0.25, 0),
        (0.5, 0.25, 1),
        (0.5, 0.25, 2),
        (0.5, 0.25, 4),
        (0.125, 1.0, 1),
        (2.0, 0.25, 4),
        (0.125, 1.0, 0),
    ]
    return first_wrong(answer, cases, truth, ("prepare", "compute", "workers"), "a batch takes")


@exercise(
    "19.3",
    "permute moves the axis of the channels; a reshape would mix pixels with channels. mean and "
    "std have the shape (3,): mean[:, None, None] lines them up with (N, 3, H, W).",
)
def normalized(answer: Any) -> str | None:
    """A function (images, mean, std) -> float32 (N, 3, H, W), normalised."""
    draw = torch.Generator().manual_seed(0)
    for shape in [(1, 1, 1, 3), (2, 4, 6, 3), (3, 3, 3, 3), (1, 5, 2, 3)]:
        images = torch.randint(256, shape, generator=draw, dtype=torch.uint8)
        mean = torch.rand(3, generator=draw)
        std = torch.rand(3, generator=draw) + 0.5
        truth = images.permute(0, 3, 1, 2).float() / 255
        truth = (truth - mean.view(3, 1, 1)) / std.view(3, 1, 1)
        case = f"images of shape {shape}"
        if shape == (1, 1, 1, 3):
            case = (
                f"one pixel {images.flatten().tolist()}, mean="
                f"{[round(value, 2) for value in mean.tolist()]}, "
                f"std={[round(value, 2) for value in std.tolist()]}"
            )
        given = images.clone()
        said = call(answer, given, mean.clone(), std.clone(), case=case)
        if not torch.equal(given, images):
            return f"for {case} your function changed the images that it was given: make new ones"
        problem = difference(said, truth, "the right one is")
        if problem:
            return f"for {case} {problem}"
        if said.dtype != torch.float32:
            return f"for {case} you returned {said.dtype}; torch.float32 is expected"
    return None


@exercise(
    "19.4",
    "A batch's mean times its number of images is the sum over its images. Add those sums, which "
    "stay tensors, and divide by the number of images, which Python knows.",
)
def mean_loss(answer: Any) -> str | None:
    """A function (losses, sizes) -> the mean over all images, a tensor that nobody has read."""
    for values, sizes in [
        ([2.0], [64]),
        ([1.0, 3.0], [64, 64]),
        ([1.0, 3.0], [64, 16]),
        ([0.5, 0.25, 4.0], [32, 32, 1]),
    ]:
        case = f"losses={values} (as tensors), sizes={sizes}"
        said = call(answer, [torch.tensor(value) for value in values], list(sizes), case=case)
        total = sum(value * size for value, size in zip(values, sizes, strict=True))
        problem = difference(said, torch.tensor(total / sum(sizes)), "the mean is")
        if problem:
            return f"for {case} {problem}"
    # Tensors on this device have a shape and no values: reading one is an error.
    unknown = [torch.empty((), device="meta") for _ in range(3)]
    try:
        with torch.device("meta"):
            call(answer, unknown, [64, 64, 32], case="three losses on a device")
    except Wrong as wrong:
        return f"the values are right, but your function reads a number on its way ({wrong})"
    return None
