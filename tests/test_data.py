from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as transforms

from d2lhelpers import data
from d2lhelpers.data import Batches, load_data_fashion_mnist
from d2lhelpers.device import set_seed

# Batches


def images_of(number: int, size: int = 28, channels: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    shape = (number, channels, size, size)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def test_batches_are_what_the_textbook_loader_gives() -> None:
    images, labels = images_of(10), torch.arange(10)
    pictures = [Image.fromarray(image[0].numpy()) for image in images]
    pairs: Any = [(transforms.to_tensor(p), int(y)) for p, y in zip(pictures, labels, strict=True)]
    textbook: Any = torch.utils.data.DataLoader(pairs, batch_size=4)
    ours = Batches(images, labels, 4)
    assert len(ours) == len(textbook) == 3
    for _ in range(2):
        for (X, y), (X_textbook, y_textbook) in zip(ours, textbook, strict=True):
            assert torch.equal(X, X_textbook) and X.dtype == torch.float32
            assert torch.equal(y, y_textbook) and y.dtype == torch.int64


def test_shuffled_batches_give_each_image_once_in_a_new_order() -> None:
    set_seed(1)
    numbers = torch.arange(100, dtype=torch.uint8)
    batches = Batches(numbers.view(-1, 1, 1, 1), numbers, 32, shuffle=True)

    def epoch() -> list[int]:
        return torch.cat([(X * 255).round().flatten().int() for X, _ in batches]).tolist()

    first, second = epoch(), epoch()
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second and first != sorted(first)
    for X, y in batches:
        assert torch.equal((X * 255).round().flatten().long(), y)


def test_a_seed_repeats_the_order_exactly() -> None:
    train_iter, test_iter = load_data_fashion_mnist(512, subset="mini", device="cpu")

    def orders() -> Tensor:
        return torch.stack([torch.cat([y for _, y in train_iter]) for _ in range(2)])

    set_seed(5)
    first = orders()
    assert not torch.equal(first, orders())
    set_seed(5)
    assert torch.equal(first, orders())
    assert not first[0].equal(first[1])
    tests = torch.cat([y for _, y in test_iter])
    assert torch.equal(tests, test_iter.labels)


@pytest.mark.parametrize("size", [56, 61, (40, 96), 28, 14, (14, 40)])
def test_resize_is_torchvisions(size: int | tuple[int, int]) -> None:
    images = images_of(6, channels=3)
    pair = (size, size) if isinstance(size, int) else size
    ((X, _),) = Batches(images, torch.arange(6), 6, resize=size)
    assert X.shape == (6, 3, *pair)
    expected = transforms.resize(images.div(255), list(pair), antialias=True)
    torch.testing.assert_close(X, expected, atol=2e-6, rtol=0)
    for image, ours in zip(images, X, strict=True):
        picture = transforms.resize(transforms.to_pil_image(image), list(pair))
        # PIL rounds to whole grey levels after each of its two passes.
        assert (transforms.to_tensor(picture) - ours).abs().max() <= 1 / 255 + 1e-6


def test_augment_sees_resized_training_batches_alone() -> None:
    shapes = []

    def augment(X: Tensor) -> Tensor:
        shapes.append(tuple(X.shape))
        return torch.zeros_like(X)

    train_iter, test_iter = load_data_fashion_mnist(
        4000, resize=10, subset="mini", augment=augment, device="cpu"
    )
    assert all(X.abs().max() == 0 for X, _ in train_iter)
    assert shapes == [(4000, 1, 10, 10)] * 2
    assert all(X.max() > 0.5 for X, _ in test_iter)
    assert len(shapes) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": torch.zeros(3, 1, 2, 2)}, "images are torch.float32 of shape"),
        ({"images": torch.zeros(3, 2, 2, dtype=torch.uint8)}, "takes uint8"),
        ({"labels": torch.zeros(2, dtype=torch.int64)}, r"3 images need whole numbers of shape"),
        ({"labels": torch.zeros(3)}, "labels are torch.float32"),
        ({"batch_size": 0}, "batch_size is 0; a batch holds 1 image or more"),
        ({"resize": 0}, "resize is 0; a height and a width are 1 pixel or more"),
        ({"resize": (4, -1)}, "resize is "),
    ],
)
def test_batches_refuse(change: dict, message: str) -> None:
    arguments = {"images": images_of(3), "labels": torch.arange(3), "batch_size": 2, **change}
    with pytest.raises((TypeError, ValueError), match=message):
        Batches(**arguments)


def test_batches_describe_themselves() -> None:
    train_iter, _ = load_data_fashion_mnist(256, resize=96, subset="mini", device="cpu")
    assert repr(train_iter) == (
        "Batches(8000 images of 1×96×96, 32 batches of 256, shuffled, on cpu)"
    )
    assert train_iter.classes[9] == "ankle boot"
    assert (train_iter.batch_size, train_iter.shuffle) == (256, True)


def test_text_labels() -> None:
    assert data.text_labels(torch.tensor([3, 5])) == ["dress", "sandal"]
    with pytest.raises(ValueError, match="label 10 is none of Fashion-MNIST's, which are 0 to 9"):
        data.text_labels([0, 10])
    with pytest.raises(ValueError, match="label -1"):
        data.text_labels([-1])


# Augmentation


def test_random_flip_mirrors_about_half_of_the_images_left_to_right() -> None:
    set_seed(0)
    X = images_of(400, size=5, channels=2).float()
    flipped = data.random_flip(X)
    mirrored = torch.tensor(
        [bool(torch.equal(a, b.flip(2))) for a, b in zip(flipped, X, strict=True)]
    )
    same = torch.tensor([bool(torch.equal(a, b)) for a, b in zip(flipped, X, strict=True)])
    assert bool((mirrored ^ same).all())
    assert 160 <= int(mirrored.sum()) <= 240


def test_random_crop_shifts_each_image_on_its_own() -> None:
    set_seed(0)
    X = 1 + images_of(300, size=6, channels=2).float()
    cropped = data.random_crop(X, padding=2)
    padded = torch.nn.functional.pad(X, (2, 2, 2, 2))
    found = []
    for image, result in zip(padded, cropped, strict=True):
        shifts = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if torch.equal(image[:, i : i + 6, j : j + 6], result)
        ]
        assert len(shifts) == 1
        found += shifts
    assert set(found) == {(i, j) for i in range(5) for j in range(5)}
    assert torch.equal(data.random_crop(X, padding=0), X)
    with pytest.raises(ValueError, match="padding is -1"):
        data.random_crop(X, padding=-1)
