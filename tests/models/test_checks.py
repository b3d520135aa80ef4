"""What the networks refuse, before any layer runs, and how small an image may be."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from d2lhelpers.models import Network, create

from .small import NAMES, small

MINIMUM = {
    **dict.fromkeys(NAMES, 1),
    **{"lenet": 28, "lenet5": 32, "alexnet": 67, "alexnet2012": 63, "nin": 67},
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), 32),
    **dict.fromkeys(("densenet", "densenet121", "densenet161", "densenet169", "densenet201"), 29),
}


class Unchecked:
    """Runs a network without its check of the input."""

    def __init__(self, net: Network) -> None:
        self.net = net

    def __call__(self, images: Tensor) -> Any:
        self.net.check = lambda images: None  # type: ignore[method-assign]
        return self.net(images)


def built_for(name: str, side: int) -> Network:
    options = {"image_size": side} if name.startswith("alexnet") else {}
    with torch.device("meta"):
        return create(name, width=0.05, **options).eval()


def images(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_minimum(name: str) -> None:
    least = MINIMUM[name]
    net = built_for(name, least)
    assert net.min_size == least
    assert net(images(2, 1, least, least)).shape == (2, 10)
    below = least - 1
    for shape in ((2, 1, below, below), (2, 1, least, below), (2, 1, below, least)):
        with pytest.raises(ValueError, match=rf"{name} needs images of at least {least}×{least}"):
            net(images(*shape))
    # PyTorch itself can't run them, so the minimum is exact and no caution.
    with pytest.raises((RuntimeError, ValueError)):
        Unchecked(net)(images(2, 1, below, below))


def test_the_minimum_with_auxiliary_classifiers() -> None:
    with torch.device("meta"):
        net = create("googlenet", aux=True)
    assert [tuple(y.shape) for y in net(images(2, 1, 65, 65))] == [(2, 10)] * 3
    with pytest.raises(ValueError, match="at least 65×65; got 64×64"):
        net(images(2, 1, 64, 64))
    with pytest.raises(RuntimeError):
        Unchecked(net)(images(2, 1, 64, 64))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("lenet", 28, 31), ("lenet5", 32, 35), ("alexnet", 195, 226), ("alexnet2012", 223, 254)],
)
def test_the_sizes_that_dense_layers_accept(name: str, first: int, last: int) -> None:
    with torch.device("meta"):
        net = create(name, width=0.05).eval()
    for size in (first, last):
        assert net(images(1, 1, size, size)).shape == (1, 10)
    for size in (first - 1, last + 1):
        with pytest.raises(ValueError, match=rf"{name}.* got {size}×{size}: pass resize="):
            net(images(1, 1, size, size))
        if name != "lenet5":
            with pytest.raises((RuntimeError, ValueError)):
                Unchecked(net)(images(1, 1, size, size))
            del net.check
    for shape in ((first, last + 1), (last + 1, first)):
        with pytest.raises(ValueError, match=f"got {shape[0]}×{shape[1]}"):
            net(images(1, 1, *shape))


def test_the_words_for_a_small_image() -> None:
    with torch.device("meta"):
        alexnet, vgg = create("alexnet"), create("vgg11")
    with pytest.raises(ValueError) as caught:
        alexnet(images(1, 1, 28, 28))
    assert str(caught.value) == (
        "alexnet needs images of at least 67×67; got 28×28: pass resize=224 to "
        "load_data_fashion_mnist, or create it with image_size= a size of your own from 67 up"
    )
    with pytest.raises(ValueError) as caught:
        vgg(images(1, 1, 28, 30))
    assert str(caught.value) == (
        "vgg11 needs images of at least 32×32; got 28×30: pass resize=224 to "
        "load_data_fashion_mnist, or any size from 32 up"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda s: torch.zeros(s, s), ValueError, r"2 axes: images\[None, None\]"),
        (lambda s: torch.zeros(1, s, s), ValueError, r"3 axes: images.unsqueeze\(0\)"),
        (lambda s: torch.zeros(1, 1, 1, s, s), ValueError, "5 axes"),
        (lambda s: torch.zeros(2, 3, s, s), ValueError, r"1 channels; got 3 .*images.mean\(1"),
        (lambda s: torch.zeros(2, s, s, 1), ValueError, r"images.permute\(0, 3, 1, 2\)"),
        (
            lambda s: torch.zeros(2, 1, s, s).byte(),
            TypeError,
            r"uint8: pass images.float\(\) / 255",
        ),
        (lambda s: torch.zeros(2, 1, s, s).bool(), TypeError, "floating-point"),
        (lambda s: torch.zeros(2, 1, s, s).double(), TypeError, r"images.to\(torch.float32\)"),
        (lambda s: torch.zeros(2, 1, s, s).numpy(), TypeError, "tensor of images.*got ndarray"),
    ],
    ids=["2d", "3d", "5d", "colour", "channels last", "bytes", "bool", "double", "numpy"],
)
def test_wrong_images(name: str, make: Any, error: type[Exception], words: str) -> None:
    net, side = small(name, 0.05)
    ran: list[nn.Module] = []
    for part in list(net.modules())[1:]:
        part.register_forward_pre_hook(lambda module, args: ran.append(module))
    with pytest.raises(error, match=words) as caught:
        net(make(side))
    assert name in str(caught.value)
    assert not ran


def test_colour_images_asked_for() -> None:
    net = create("lenet", in_channels=3)
    with pytest.raises(ValueError, match=r"in_channels=1, or pass images.expand\(-1, 3, -1, -1\)"):
        net(torch.zeros(2, 1, 28, 28))
    with pytest.raises(ValueError, match="create it with in_channels=4$"):
        net(torch.zeros(2, 4, 28, 28))


def test_a_double_network_takes_double_images() -> None:
    net = create("lenet").double()
    assert net(torch.zeros(1, 1, 28, 28).double()).dtype == torch.float64
    with pytest.raises(TypeError, match=r"images.to\(torch.float64\)"):
        net(torch.zeros(1, 1, 28, 28))
