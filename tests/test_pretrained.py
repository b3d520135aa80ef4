"""The shipped network: it loads, and it is as good as its description says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch

import d2lhelpers as d2l
from d2lhelpers import pretrained
from d2lhelpers.data import fashion_mnist


def promised() -> list[float]:
    """The accuracies in the docstring: the full test set's, then the shipped images'."""
    return [
        float(number) / 100 for number in re.findall(r"([\d.]+) %", pretrained.load.__doc__ or "")
    ]


def test_it_loads_in_evaluation_mode_in_float32() -> None:
    net = pretrained.load()
    assert not any(module.training for module in net.modules())
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert sum(p.numel() for p in net.parameters()) == 44_426
    assert net(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_accuracy_on_the_shipped_images_is_the_promised_one() -> None:
    full, mini = promised()
    _, test_iter = d2l.load_data_fashion_mnist(500, subset="mini", device="cpu")
    measured = d2l.evaluate_accuracy(pretrained.load(), test_iter)
    assert abs(measured - mini) <= 0.001  # rounding on another processor turns an image or two
    assert full >= 0.9 and abs(full - mini) < 0.02


def test_accuracy_on_the_full_test_set_is_the_promised_one() -> None:
    if fashion_mnist.locate() is None:
        text = f"no full Fashion-MNIST: {fashion_mnist.HOW_TO_GET}"
        if os.environ.get("D2L_NO_SKIP"):
            pytest.fail(text)
        pytest.skip(text)
    _, test_iter = d2l.load_data_fashion_mnist(500, subset="full", device="cpu")
    assert abs(d2l.evaluate_accuracy(pretrained.load(), test_iter) - promised()[0]) <= 0.001


def test_the_first_layer_looks_for_what_chapter_00_says() -> None:
    image = torch.zeros(1, 1, 28, 28)
    image[..., 9:19, 9:19] = 1  # a bright square
    maps = pretrained.load().features[:2](image)[0]
    side, middle = slice(9, 15), slice(10, 14)
    places = {
        "left": maps[:, side, 5:9],
        "right": maps[:, side, 15:19],
        "upper": maps[:, 5:9, side],
        "lower": maps[:, 15:19, side],
        "inside": maps[:, middle, middle],
    }
    found = torch.stack([place.mean(dim=(1, 2)) for place in places.values()])
    for row, channel in enumerate((0, 1, 2, 3, 5)):
        assert found[:, channel].argmax() == row
    assert found[[0, 1, 2, 3], [0, 1, 2, 3]].min() > 0.5 and found[4, 5] > 1


def test_it_is_small_and_holds_tensors_alone() -> None:
    (path,) = pretrained.FOLDER.glob("*.pt")
    assert path.stat().st_size < 200_000
    state = torch.load(path, weights_only=True)
    assert {value.dtype for value in state.values()} == {torch.float16}
    assert [path.stem] == list(pretrained.NETWORKS)


def test_loading_twice_gives_two_networks() -> None:
    one, other = pretrained.load(), pretrained.load()
    with torch.no_grad():
        next(one.parameters()).zero_()
    assert next(other.parameters()).abs().sum() > 0


def test_an_unknown_name_and_a_missing_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="'vgg11'.*'lenet'"):
        pretrained.load("vgg11")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"lenet\.pt is missing: install d2lhelpers again"):
        pretrained.load()
