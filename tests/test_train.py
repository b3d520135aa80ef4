"""The command line: every network, and a wrong value gets a usage line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from d2lhelpers import models, presets, train


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        train.main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("usage: python -m d2lhelpers.train")
    return error.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lent"], "no network 'lent'; did you mean lenet?"),
        (["lenet", "--epochs", "0"], "'0' is not a whole number of 1 or more"),
        (["lenet", "--epochs", "x"], "'x' is not a whole number"),
        (["lenet", "--lr", "-1"], "'-1' is not a number above 0"),
        (["lenet", "--width", "nan"], "'nan' is not a number above 0"),
        (["lenet", "--data", "/nowhere"], "'/nowhere' is not a folder"),
        (["lenet", "--device", "abacus"], "'abacus' can't be used here"),
        (["lenet", "--preset", "huge"], "invalid choice: 'huge'"),
        (["lenet", "--optimizer", "lion"], "invalid choice: 'lion'"),
        ([], "required: NETWORK"),
    ],
)
def test_a_wrong_value(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert words in refused(capsys, *arguments)


def test_it_trains_resumes_and_writes_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["lenet", "--preset", "small", "--device", "cpu", "--batch-size", "1000"]
    common += ["--checkpoint", str(tmp_path / "a.pt"), "--weights", str(tmp_path / "w.pt")]
    train.main([*common, "--epochs", "1"])
    first = capsys.readouterr().out
    train.main([*common, "--epochs", "2"])
    second = capsys.readouterr().out
    assert first.count("epoch ") == 1 and second.count("epoch ") == 2
    assert first.splitlines()[1] == second.splitlines()[1]  # the first epoch came from the file
    net = models.create("lenet")
    net.load_state_dict(torch.load(tmp_path / "w.pt", weights_only=True))


def test_what_was_given_replaces_the_preset() -> None:
    given = train.parser().parse_args(["vgg11", "--lr", "0.5", "--preset", "full"])
    chosen = train.settings(given, torch.device("cpu"))
    assert chosen.lr == 0.5 and chosen.resize == presets.preset("vgg11", "full").resize


def test_an_image_too_small_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="vgg11 needs images of at least 32×32"):
        train.main(["vgg11", "--preset", "small", "--resize", "16", "--device", "cpu"])


@pytest.mark.parametrize("size", presets.SIZES)
@pytest.mark.parametrize("name", models.names())
def test_every_preset_fits_its_network(name: str, size: str) -> None:
    chosen = presets.preset(name, size)
    options = dict(chosen.options)
    if name.startswith("alexnet"):
        options["image_size"] = chosen.resize
    with torch.device("meta"):
        net = models.create(name, width=chosen.width, **options).eval()
        shape = net(torch.empty(2, 1, chosen.resize, chosen.resize)).shape
    assert shape == (2, 10)


def test_presets_refuse_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no network 'lent'"):
        presets.preset("lent")
    with pytest.raises(ValueError, match="no preset 'huge': there are small, full"):
        presets.preset("lenet", "huge")


@pytest.mark.parametrize(("options", "least"), [((), 0.70), ((("batch_norm", True),), 0.80)])
def test_the_small_preset_of_lenet_learns(options: tuple[tuple[str, bool]], least: float) -> None:
    """The chapters assert the same of the other networks; the chapter on LeNet picks its own."""
    chosen = replace(presets.preset("lenet", "small"), options=options)
    _, history = presets.run("lenet", chosen, device="cpu")
    assert history.test_acc[-1] >= least
