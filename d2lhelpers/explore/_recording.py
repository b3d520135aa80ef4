"""A network's answer to images, layer by layer, kept for the feature maps explorer."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ._png import Pixels, photograph, shrunk

# A longer list than this is no help: deep networks are then listed by their blocks.
MOST_LAYERS = 128
# Maps are kept no larger than they are drawn, large or small.
LARGE, SMALL = 112, 56


@dataclass(frozen=True)
class Maps:
    """One layer's output for one image.

    ``shape`` is its (C, H, W); ``large`` and ``small`` are the maps averaged to at most 112 × 112
    and 56 × 56, ``lows`` and ``highs`` the least and greatest value of each map, ``strongest`` the
    channels by falling standard deviation; where a map is one number, by its distance from 0.
    """

    shape: tuple[int, int, int]
    large: Pixels
    small: Pixels
    lows: list[float]
    highs: list[float]
    strongest: list[int]


class Recording:
    """What ``net`` makes of ``images``: the outputs of one layer for one image at a time.

    ``images`` is ``(N, C, H, W)``. ``layers`` names every layer and block whose output has
    channels, height and width, in the order in which they finish; of deep networks the blocks down
    to the level where at most 128 remain. ``net`` runs in evaluation mode without gradients, on its
    own device, and is left as it was. What it gave is kept: after training on, make a new one.

    Raises ``ValueError`` for images of another rank, no image, ``titles`` of another length, a
    network without such layers, and what ``net`` raises for a wrong input.

    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten())
    >>> recording = Recording(net, torch.zeros(2, 1, 8, 8))
    >>> recording.layers, recording.maps(1, "0").shape
    (['0', '1'], (6, 4, 4))
    """

    def __init__(
        self,
        net: nn.Module,
        images: Tensor,
        titles: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        if not isinstance(images, Tensor) or images.dim() != 4 or not len(images):
            got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
            raise ValueError(
                f"images must be a tensor (N, C, H, W) of at least one image; got {got}: "
                "image[None] adds the first axis"
            )
        if titles is not None and len(titles) != len(images):
            raise ValueError(
                f"titles must name each of the {len(images)} images; got {len(titles)}"
            )
        self.net, self.images = net, images
        self.titles = list(titles) if titles else [f"image {i}" for i in range(len(images))]
        self.classes = classes
        self.layers = self._listed()
        self.maps = functools.lru_cache(maxsize=64)(self._maps)
        self.photograph = functools.lru_cache(maxsize=64)(self._photograph)
        self.answer = functools.lru_cache(maxsize=256)(self._answer)

    def _listed(self) -> list[str]:
        found: dict[str, bool] = {}

        def note(name: str, _: nn.Module, __: Any, output: Any) -> None:
            if name and isinstance(output, Tensor) and output.dim() == 4:
                found[name] = True

        self._run(0, note)
        if not found:
            raise ValueError(
                f"no layer of this {type(self.net).__name__} gives maps (N, C, H, W): there is "
                "nothing to draw"
            )
        depths = {name: name.count(".") for name in found}
        for depth in range(max(depths.values()), -1, -1):
            layers = [name for name in found if depths[name] <= depth]
            if len(layers) <= MOST_LAYERS:
                break
        return layers

    def _run(self, image: int, note: Any, only: str | None = None) -> Any:
        """The network's output for one image; ``note(name, module, args, output)`` sees layers."""
        tensor = next(iter([*self.net.parameters(), *self.net.buffers()]), None)
        x = self.images[image : image + 1]
        x = x if tensor is None else x.to(tensor.device)
        with _evaluating(self.net), torch.no_grad():
            hooks = [
                module.register_forward_hook(functools.partial(note, name))
                for name, module in self.net.named_modules()
                if only in (None, name)
            ]
            try:
                return self.net(x)
            finally:
                for hook in hooks:
                    hook.remove()

    def _maps(self, image: int, layer: str) -> Maps:
        kept: list[Tensor] = []

        def note(_: str, __: nn.Module, ___: Any, output: Tensor) -> None:
            # The next layer may work in place.
            kept.append(output[0].float().cpu().clone())

        self._run(image, note, layer)
        maps = kept[-1]
        flat = maps.flatten(1)
        strength = flat.abs()[:, 0] if flat.shape[1] == 1 else flat.std(1, correction=0)
        return Maps(
            (len(maps), maps.shape[1], maps.shape[2]),
            shrunk(maps, LARGE).numpy(),
            shrunk(maps, SMALL).numpy(),
            flat.amin(1).tolist(),
            flat.amax(1).tolist(),
            strength.argsort(descending=True, stable=True).tolist(),
        )

    def _photograph(self, image: int) -> str:
        """The image as a data address."""
        return photograph(shrunk(self.images[image].float().cpu(), LARGE))

    def _answer(self, image: int) -> list[tuple[str, float]]:
        """The three most probable classes of one image and their probabilities, most probable
        first; empty where the output is no row of scores.

        They are the softmax of the outputs, or, for a network whose ``predict`` picks the smallest
        output (a distance), of the outputs' negatives.
        """
        outputs = self._run(image, lambda *_: None, "")
        scores = outputs[0] if isinstance(outputs, tuple) else outputs
        if not isinstance(scores, Tensor) or scores.dim() != 2:
            return []
        scores = scores.float().cpu()
        predict = getattr(self.net, "predict", None)
        if predict is not None and predict(scores).item() == scores.argmin(1).item():
            scores = -scores
        top = scores.softmax(1)[0].topk(min(3, scores.shape[1]))
        return [
            (self._class(index), value)
            for index, value in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]

    def _class(self, index: int) -> str:
        known = self.classes is not None and index < len(self.classes)
        return str(self.classes[index]) if known and self.classes else f"class {index}"


@contextmanager
def _evaluating(net: nn.Module) -> Iterator[None]:
    """``net`` in evaluation mode for a while; every part's own mode comes back."""
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
