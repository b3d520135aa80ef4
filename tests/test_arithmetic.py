"""`d2lhelpers.arithmetic` against PyTorch: what it answers, refuses and advises."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from d2lhelpers import arithmetic
from d2lhelpers.arithmetic import (
    ReceptiveField,
    conv_macs,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
    linear_macs,
    linear_parameters,
    pool_output_size,
    receptive_field,
    same_padding,
)

REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError)


def height_of(call: Callable[[], Tensor]) -> int | None:
    """The height of the image that PyTorch computes, or None where it refuses."""
    try:
        return call().shape[-2]
    except REFUSALS:
        return None


def answer(call: Callable[..., Any], *arguments: Any) -> Any:
    """What `arithmetic` answers, or None where it raises the one error that it may raise."""
    try:
        return call(*arguments)
    except ValueError as error:
        assert str(error)
        return None


def torch_conv(n: int, k: int, s: int, p: int, d: int) -> int | None:
    image, kernel = torch.zeros(1, 1, n, 1), torch.zeros(1, 1, max(k, 0), 1)
    return height_of(lambda: nn.functional.conv2d(image, kernel, None, (s, 1), (p, 0), (d, 1)))


def torch_max_pool(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int | None:
    image = torch.zeros(1, 1, n, 1)
    return height_of(
        lambda: nn.functional.max_pool2d(image, (k, 1), (s, 1), (p, 0), (d, 1), ceil_mode)
    )


def torch_conv_transpose(n: int, k: int, s: int, p: int, o: int, d: int) -> int | None:
    image, kernel = torch.zeros(1, 1, n, 1), torch.zeros(1, 1, max(k, 0), 1)
    return height_of(
        lambda: nn.functional.conv_transpose2d(
            image, kernel, None, (s, 1), (p, 0), (o, 0), 1, (d, 1)
        )
    )


def differences(ours: Callable[..., Any], theirs: Callable[..., Any], *axes: Any) -> list[Any]:
    cases = [(case, answer(ours, *case), theirs(*case)) for case in product(*axes)]
    return [case for case in cases if case[1] != case[2]]


def test_conv_agrees_with_pytorch_on_the_whole_grid() -> None:
    grid = (range(13), range(6), range(4), range(-1, 3), range(4))
    assert differences(conv_output_size, torch_conv, *grid) == []


def test_pool_agrees_with_pytorch_on_the_whole_grid() -> None:
    grid = (range(9), range(6), range(5), range(-1, 4), range(4), (False, True))
    assert differences(pool_output_size, torch_max_pool, *grid) == []


def test_average_pooling_has_the_same_sizes() -> None:
    def torch_avg_pool(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int | None:
        image = torch.zeros(1, 1, n, 1)
        return height_of(lambda: nn.functional.avg_pool2d(image, (k, 1), (s, 1), (p, 0), ceil_mode))

    grid = (range(9), range(6), range(5), range(-1, 4), (1,), (False, True))
    assert differences(pool_output_size, torch_avg_pool, *grid) == []


def test_conv_transpose_agrees_with_pytorch_on_the_whole_grid() -> None:
    grid = (range(5), range(4), range(4), range(-1, 3), range(-1, 4), range(4))
    assert differences(conv_transpose_output_size, torch_conv_transpose, *grid) == []


sizes = st.integers(1, 60)
small = st.integers(1, 12)
padding = st.integers(0, 8)


@given(sizes, small, small, padding, st.integers(1, 6))
def test_conv_agrees_with_pytorch_further_out(n: int, k: int, s: int, p: int, d: int) -> None:
    assert answer(conv_output_size, n, k, s, p, d) == torch_conv(n, k, s, p, d)


@given(sizes, small, small, padding, st.integers(1, 6), st.booleans())
def test_pool_agrees_with_pytorch_further_out(
    n: int, k: int, s: int, p: int, d: int, ceil_mode: bool
) -> None:
    expected = torch_max_pool(n, k, s, p, d, ceil_mode)
    assert answer(pool_output_size, n, k, s, p, d, ceil_mode) == expected


@given(sizes, small, small, padding, padding, st.integers(1, 6))
def test_conv_transpose_agrees_with_pytorch_further_out(
    n: int, k: int, s: int, p: int, o: int, d: int
) -> None:
    expected = torch_conv_transpose(n, k, s, p, o, d)
    assert answer(conv_transpose_output_size, n, k, s, p, o, d) == expected


@given(sizes, small, small, padding, st.integers(1, 6))
def test_output_padding_gives_every_size_that_a_convolution_maps_to_one(
    n: int, k: int, s: int, p: int, d: int
) -> None:
    smaller = answer(conv_output_size, n, k, s, p, d)
    assume(smaller is not None)
    bases = [conv_output_size(m, k, s, p, d) for m in range(n, n + s)]
    o = bases.count(smaller)  # how far up from n the sizes go that share the output
    biggest = n + o - 1
    missing = biggest - ((smaller - 1) * s - 2 * p + d * (k - 1) + 1)
    assert conv_transpose_output_size(smaller, k, s, p, missing, d) == biggest


def test_pooling_stride_defaults_to_the_kernel() -> None:
    assert pool_output_size(10, 3) == pool_output_size(10, 3, 3) == 3
    assert pool_output_size((10, 10), (3, 2)) == (3, 5)


def test_same_padding_keeps_the_size() -> None:
    for k, d in product(range(1, 9), range(1, 6)):
        p = answer(same_padding, k, d)
        if d * (k - 1) % 2:
            assert p is None
        else:
            assert torch_conv(50, k, 1, p, d) == 50


# --- ints and pairs ---------------------------------------------------------------------------


@given(st.tuples(sizes, sizes), st.tuples(small, small), st.tuples(small, small), padding)
def test_a_pair_is_two_ints(
    n: tuple[int, int], k: tuple[int, int], s: tuple[int, int], p: int
) -> None:
    each = [answer(conv_output_size, n[i], k[i], s[i], p) for i in (0, 1)]
    both = answer(conv_output_size, n, k, s, p)
    assert both == (None if None in each else tuple(each))


def test_one_pair_makes_a_pair() -> None:
    assert conv_output_size(5, 3, padding=(0, 1)) == (3, 5)
    assert pool_output_size(5, 2, stride=(1, 2)) == (4, 2)
    assert conv_transpose_output_size(3, 3, output_padding=(0, 1), stride=2) == (7, 8)
    assert same_padding(3, dilation=(1, 2)) == (1, 2)
    assert conv_output_size([5, 6], 3) == (3, 4)  # type: ignore[type-var]  # as PyTorch takes it
    assert conv_output_size(torch.zeros(5, 6).shape, 3) == (3, 4)  # type: ignore[type-var]


def test_a_pair_that_does_not_fit_names_the_axis() -> None:
    with pytest.raises(ValueError, match="^height: kernel_size 7 does not fit an input of 5 "):
        conv_output_size((5, 9), 7)
    with pytest.raises(ValueError, match="^width: padding 2 is more than half of kernel_size 3"):
        pool_output_size(9, 3, padding=(1, 2))


@pytest.mark.parametrize("value", [True, 1.0, "1", None, (True, 1), (1, 1.0), (1, 1, 1), (1,), ()])
def test_only_ints_and_pairs_of_ints_are_sizes(value: Any) -> None:
    with pytest.raises(ValueError, match=r"padding must be an int or a \(height, width\) pair"):
        conv_output_size(5, 3, padding=value)
    with pytest.raises(ValueError, match=r"kernel_size must be an int or a \(height, width\) pair"):
        conv_parameters(1, 1, value)


@pytest.mark.parametrize("value", [True, 1.0, None, (True, 1), (1, 1.0), (1, 1, 1)])
def test_pytorch_takes_no_bool_and_no_float_for_a_size_either(value: Any) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        nn.functional.conv2d(torch.zeros(1, 1, 5, 5), torch.zeros(1, 1, 3, 3), dilation=value)


@pytest.mark.parametrize("two", [torch.tensor(2), torch.arange(3).numpy()[2]])
def test_other_integers_become_ints(two: Any) -> None:
    size = conv_output_size(9, 3, stride=two)
    assert size == 4 and type(size) is int


# --- what the errors say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv_output_size(5, 7),
            "kernel_size 7 does not fit an input of 5 with padding 0: the padded input is 5, 2 too "
            "small; use padding >= 1 or a kernel <= 5",
        ),
        (
            lambda: conv_output_size(5, 3, padding=1, dilation=4),
            "kernel_size 3 with dilation 4 spans 9 and does not fit an input of 5 with padding 1: "
            "the padded input is 7, 2 too small; use padding >= 2 or a dilation <= 3 or a kernel "
            "<= 2",
        ),
        (
            lambda: pool_output_size(1, 5, 4, ceil_mode=True),
            "kernel_size 5 does not fit an input of 1 with padding 0: the padded input is 1, and "
            "ceil_mode lets a window reach 3 past it, 1 too small; use padding >= 1 or a kernel "
            "<= 4",
        ),
        (
            lambda: pool_output_size(1, 2),
            "kernel_size 2 does not fit an input of 1 with padding 0: the padded input is 1, 1 too "
            "small; use padding >= 1 or a kernel <= 1",
        ),
        (
            lambda: pool_output_size(1, 7, 1, 2),
            "kernel_size 7 does not fit an input of 1 with padding 2: the padded input is 5, 2 too "
            "small; use padding >= 3 or a kernel <= 5",
        ),
        (
            lambda: pool_output_size(9, 3, padding=2),
            "padding 2 is more than half of kernel_size 3, so a window could hold nothing but "
            "padding; use padding <= 1 or a kernel >= 4",
        ),
        (
            lambda: conv_transpose_output_size(3, 3, 2, output_padding=2),
            "output_padding 2 must be smaller than the larger of stride 2 and dilation 1; use "
            "output_padding <= 1",
        ),
        (
            lambda: conv_transpose_output_size(1, 3, padding=2),
            "padding 2 on each side takes 4 off an output of 3, which leaves -1; use padding <= 1",
        ),
        (
            lambda: conv_transpose_output_size(2, 3, padding=2),
            "padding 2 on each side takes 4 off an output of 4, which leaves 0; use padding <= 1",
        ),
        (
            lambda: same_padding(4),
            "kernel_size 4 with dilation 1 spans 4 positions, an even number: to keep the size it "
            "needs 3 of padding in all, which two sides cannot share equally; use kernel_size 3 or "
            "5, or pad unevenly, 1 before and 2 after",
        ),
        (lambda: conv_output_size(5, 3, stride=0), "stride must be at least 1, got 0"),
        (lambda: conv_output_size(5, 3, padding=-1), "padding must be at least 0, got -1"),
        (
            lambda: receptive_field([(3, 1, 0, 1), (3, 0, 0, 1)]),
            "layer 2: stride must be at least 1, got 0",
        ),
        (
            lambda: receptive_field([(3, 1)]),  # type: ignore[list-item]
            "layer 1 must be (kernel_size, stride, padding, dilation), got (3, 1)",
        ),
        (
            lambda: conv_parameters(4, 6, 3, groups=3),
            "groups 3 does not divide in_channels 4: 1 left over; use a common divisor of "
            "in_channels 4 and out_channels 6",
        ),
        (lambda: conv_macs(1, 1, 1, (5, 0)), "output_size must be at least 1, got 0"),
        (
            lambda: linear_parameters(2.0, 1),  # type: ignore[arg-type]
            "in_features must be an int, got 2.0",
        ),
    ],
)
def test_an_error_says_what_does_not_fit_and_by_how_much(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


@settings(max_examples=200)
@given(
    st.integers(1, 20), st.integers(1, 30), small, padding, st.integers(1, 6), *[st.booleans()] * 2
)
@example(n=1, k=8, s=1, p=2, d=5, pooling=True, ceil_mode=False)
def test_advice_on_a_window_that_does_not_fit_is_true_and_no_stricter_than_needed(
    n: int, k: int, s: int, p: int, d: int, pooling: bool, ceil_mode: bool
) -> None:
    def size(k: int, p: int, d: int, n: int = n) -> int | None:
        if pooling:
            return answer(pool_output_size, n, k, s, p, d, ceil_mode)
        return answer(conv_output_size, n, k, s, p, d)

    assume(size(k, p, d) is None and not (pooling and p > k // 2))
    with pytest.raises(ValueError) as caught:
        if pooling:
            pool_output_size(n, k, s, p, d, ceil_mode)
        else:
            conv_output_size(n, k, s, p, d)
    advice = dict(re.findall(r"(padding|dilation|kernel|input) [<>]= (\d+)", str(caught.value)))
    assert advice and (pooling or {"padding", "kernel"} <= set(advice))
    if "kernel" in advice:
        largest = int(advice["kernel"])
        assert size(largest, p, d) is not None and size(largest + 1, p, d) is None
    if "padding" in advice:
        enough = int(advice["padding"])
        assert size(k, enough, d) is not None and size(k, enough - 1, d) is None
    if "dilation" in advice:
        widest = int(advice["dilation"])
        assert size(k, p, widest) is not None and size(k, p, widest + 1) is None
    else:
        assert d == 1 or size(k, p, 1) is None
    if "input" in advice:
        smallest = int(advice["input"])
        assert size(k, p, d, smallest) is not None and size(k, p, d, smallest - 1) is None


# --- receptive fields ---------------------------------------------------------------------------

layer = st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2))


def seen_by(layers: list[tuple[int, int, int, int]], n: int, unit: int) -> tuple[int, int]:
    """First and last row of an image of n rows on which the unit's gradient is not zero."""
    image = torch.zeros(1, 1, n, 1, dtype=torch.float64, requires_grad=True)
    y = image
    for k, s, p, d in layers:
        kernel = torch.ones(1, 1, k, 1, dtype=torch.float64)
        y = nn.functional.conv2d(y, kernel, None, (s, 1), (p, 0), (d, 1))
    y[0, 0, unit, 0].backward()
    assert image.grad is not None
    rows = image.grad.flatten().nonzero().flatten()
    return int(rows[0]), int(rows[-1])


@given(st.lists(layer, min_size=1, max_size=4), st.integers(0, 8))
def test_receptive_field_is_where_the_gradient_is(
    layers: list[tuple[int, int, int, int]], shift: int
) -> None:
    field = receptive_field(layers)
    assert isinstance(field.size, int) and isinstance(field.jump, int)
    assert isinstance(field.start, float)
    unit = 15 + shift
    first = field.start + unit * field.jump - (field.size - 1) / 2
    assume(first >= 0)
    assert seen_by(layers, 600, unit) == (first, first + field.size - 1)


def test_receptive_field_of_pairs_and_of_nothing() -> None:
    assert receptive_field([]) == ReceptiveField(size=1, jump=1, start=0.0)
    assert receptive_field([(3, 1, 1, 1), ((1, 2), 2, 0, 1)]) == ReceptiveField(
        size=(3, 4), jump=(2, 2), start=(0.0, 0.5)
    )
    assert receptive_field([(3, 1, 1, d) for d in (1, 2, 4)]).size == 15


def test_a_receptive_field_cannot_be_changed() -> None:
    field = receptive_field([])
    with pytest.raises(FrozenInstanceError):
        field.size = 2  # type: ignore[misc]


# --- costs --------------------------------------------------------------------------------------


def macs_of(net: nn.Module, image: Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        net(image)
    return counter.get_total_flops() // 2


def parameters_of(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def test_conv_parameters_agree_with_pytorch_and_refuse_the_same() -> None:
    def torch_parameters(c_i: int, c_o: int, k: int, groups: int, bias: bool) -> int | None:
        try:
            net = nn.Conv2d(c_i, c_o, k, groups=groups, bias=bias)
            net(torch.zeros(1, c_i, 3, 3))
        except REFUSALS:
            return None
        return parameters_of(net)

    # PyTorch accepts a kernel of 0 where there is no input channel either; nothing else of size 0.
    grid = (range(-1, 7), range(-1, 7), (-1, 1, 2), range(-1, 5), (False, True))
    no_kernel = (range(1, 3), range(1, 3), (0,), (1,), (False, True))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
        assert differences(conv_parameters, torch_parameters, *grid) == []
        assert differences(conv_parameters, torch_parameters, *no_kernel) == []


def test_linear_parameters_agree_with_pytorch_and_refuse_the_same() -> None:
    def torch_parameters(in_features: int, out_features: int, bias: bool) -> int | None:
        try:
            return parameters_of(nn.Linear(in_features, out_features, bias))
        except REFUSALS:
            return None

    grid = (range(-1, 5), range(-1, 5), (False, True))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
        assert differences(linear_parameters, torch_parameters, *grid) == []


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 3),
)
def test_macs_agree_with_pytorchs_counter(
    groups: int, c_i: int, c_o: int, k: tuple[int, int], s: int
) -> None:
    c_i, c_o = c_i * groups, c_o * groups
    image = torch.zeros(1, c_i, 7, 9)
    conv = nn.Conv2d(c_i, c_o, k, s, groups=groups)
    output_size = conv_output_size((7, 9), k, s)
    assert conv_macs(c_i, c_o, k, output_size, groups) == macs_of(conv, image)
    transposed = nn.ConvTranspose2d(c_i, c_o, k, s, groups=groups)
    assert conv_macs(c_i, c_o, k, (7, 9), groups) == macs_of(transposed, image)
    assert conv_parameters(c_i, c_o, k, groups) == parameters_of(transposed)
    assert linear_macs(c_i, c_o) == macs_of(nn.Linear(c_i, c_o), torch.zeros(1, c_i))


def test_counts_that_the_papers_give() -> None:
    assert conv_parameters(16, 120, 5) == 48_120  # LeNet-5, C5
    assert linear_parameters(120, 84) == 10_164  # LeNet-5, F6
    assert linear_parameters(512 * 7 * 7, 4096) == 102_764_544  # VGG-16, first dense layer
    assert conv_parameters(8, 8, 3, bias=False) == 9 * 8 * 8


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, d2lhelpers.arithmetic; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(arithmetic.__all__) <= set(vars(arithmetic))
