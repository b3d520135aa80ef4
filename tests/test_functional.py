"""`d2lhelpers.functional` against PyTorch: values, gradients, and what it refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from d2lhelpers import functional
from d2lhelpers.functional import (
    batch_norm,
    conv2d,
    conv_transpose2d,
    convolve2d,
    corr2d,
    corr2d_multi_in,
    corr2d_multi_in_out,
    corr2d_multi_in_out_1x1,
    dropout,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    pool2d,
)

PYTORCH_REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError)
UNEVEN_SAME = "ignore:Using padding='same' with even kernel lengths"

Operation = Callable[..., Tensor]


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def whole_numbers(*shape: int, seed: int = 0) -> Tensor:
    """Values of which many are equal, as after a ReLU."""
    return (draw(*shape, seed=seed) * 1.5).round()


def outcome(operation: Operation, *tensors: Tensor | None) -> list[Tensor | None]:
    """The result of `operation` and the gradient of each tensor, for one fixed gradient above."""
    leaves = [None if t is None else t.clone().requires_grad_() for t in tensors]
    y = operation(*leaves)
    torch.sum(y * draw(*y.shape, seed=99).to(y)).backward()
    return [y.detach(), *(None if leaf is None else leaf.grad for leaf in leaves)]


def assert_same(ours: Operation, theirs: Operation, *tensors: Tensor | None) -> None:
    for mine, expected in zip(outcome(ours, *tensors), outcome(theirs, *tensors), strict=True):
        assert_close(mine, expected, rtol=1e-9, atol=1e-10)


def refuses(operation: Callable[[], Any]) -> bool:
    try:
        operation()
    except PYTORCH_REFUSALS:
        return True
    return False


def refuses_with_value_error(operation: Callable[[], Any]) -> bool:
    try:
        operation()
    except ValueError as error:
        assert str(error)
        return True
    return False


def one_or_two(values: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return values | st.tuples(values, values)


batches = st.sampled_from([(), (0,), (1,), (3,)])
images = st.tuples(st.integers(1, 9), st.integers(1, 9))
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
seeds = st.integers(0, 99)

# --- the loops -----------------------------------------------------------------------------------


@given(images, kernels, seeds)
def test_corr2d_is_what_pytorch_calls_convolution(
    image: tuple[int, int], kernel: tuple[int, int], seed: int
) -> None:
    assume(kernel[0] <= image[0] and kernel[1] <= image[1])
    X, K = draw(*image, seed=seed), draw(*kernel, seed=seed + 1)
    assert_same(corr2d, lambda x, k: nn.functional.conv2d(x[None], k[None, None])[0], X, K)


def test_convolve2d_flips_the_kernel() -> None:
    x, k = draw(9), draw(4, seed=1)
    expected = torch.from_numpy(np.convolve(x.numpy(), k.numpy(), mode="valid"))
    assert_close(convolve2d(x[None], k[None])[0], expected)
    assert_close(convolve2d(x[:, None], k[:, None])[:, 0], expected)


@given(st.integers(1, 3), st.integers(1, 3), kernels, seeds)
def test_the_loops_over_channels_agree_with_pytorch(
    c_i: int, c_o: int, kernel: tuple[int, int], seed: int
) -> None:
    X, K = draw(c_i, 5, 4, seed=seed), draw(c_o, c_i, *kernel, seed=seed + 1)
    assert_same(corr2d_multi_in_out, nn.functional.conv2d, X, K)
    assert_close(corr2d_multi_in(X, K[0]), corr2d_multi_in_out(X, K)[0])
    assert_same(corr2d_multi_in_out_1x1, nn.functional.conv2d, X, K[..., :1, :1])


def test_the_loops_take_whole_numbers_with_fractions() -> None:
    Y = corr2d(torch.arange(4).reshape(2, 2), torch.tensor([[0.5]]))
    assert_close(Y, torch.tensor([[0.0, 0.5], [1.0, 1.5]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corr2d(draw(3), draw(1, 1)), "X must be (height, width) and not empty, got shape"),
        (lambda: corr2d(draw(3, 3), draw(0, 1)), "K must be (height, width) and not empty, got"),
        (
            lambda: corr2d(draw(3, 5), draw(4, 1)),
            "height: kernel_size 4 does not fit an input of 3 with padding 0",
        ),
        (lambda: convolve2d(draw(3, 3), draw(3)), "K must be (height, width) and not empty, got"),
        (
            lambda: corr2d_multi_in(draw(2, 3, 3), draw(1, 2, 2)),
            "X has 2 channels and K has 1: each input channel needs its own kernel",
        ),
        (lambda: corr2d_multi_in_out(draw(2, 3, 3), draw(2, 2, 2)), "K must be (c_o, c_i, height,"),
        (
            lambda: corr2d_multi_in_out_1x1(draw(2, 3, 3), draw(4, 2, 1, 2)),
            "for X of shape (2, 3, 3), K must be (c_o, 2, 1, 1), got (4, 2, 1, 2)",
        ),
    ],
)
def test_the_loops_say_what_does_not_fit(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


# --- convolution ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings(UNEVEN_SAME)
@settings(max_examples=250)
@given(
    batches,
    st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)),
    images,
    kernels,
    one_or_two(st.integers(1, 3)),
    one_or_two(st.integers(0, 3)) | st.sampled_from(["same", "valid"]),
    one_or_two(st.integers(1, 3)),
    st.booleans(),
    seeds,
)
def test_conv2d_agrees_with_pytorch(
    batch: tuple[int, ...],
    channels: tuple[int, int, int],
    image: tuple[int, int],
    kernel: tuple[int, int],
    stride: Any,
    padding: Any,
    dilation: Any,
    with_bias: bool,
    seed: int,
) -> None:
    groups, c_i, c_o = channels
    x = draw(*batch, groups * c_i, *image, seed=seed)
    weight = draw(groups * c_o, c_i, *kernel, seed=seed + 1)
    bias = draw(groups * c_o, seed=seed + 2) if with_bias else None
    options = (stride, padding, dilation, groups)
    if refuses(lambda: nn.functional.conv2d(x, weight, bias, *options)):
        assert refuses_with_value_error(lambda: conv2d(x, weight, bias, *options))
    else:
        assert_same(
            lambda x, w, b: conv2d(x, w, b, *options),
            lambda x, w, b: nn.functional.conv2d(x, w, b, *options),
            *(x, weight, bias),
        )


@settings(max_examples=250)
@given(
    batches.filter(lambda batch: batch != (0,)),  # of these PyTorch checks less
    st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)),
    images,
    kernels,
    one_or_two(st.integers(1, 3)),
    one_or_two(st.integers(0, 3)),
    one_or_two(st.integers(0, 2)),
    one_or_two(st.integers(1, 3)),
    st.booleans(),
    seeds,
)
def test_conv_transpose2d_agrees_with_pytorch(
    batch: tuple[int, ...],
    channels: tuple[int, int, int],
    image: tuple[int, int],
    kernel: tuple[int, int],
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    with_bias: bool,
    seed: int,
) -> None:
    groups, c_i, c_o = channels
    x = draw(*batch, groups * c_i, *image, seed=seed)
    weight = draw(groups * c_i, c_o, *kernel, seed=seed + 1)
    bias = draw(groups * c_o, seed=seed + 2) if with_bias else None
    options = (stride, padding, output_padding, groups, dilation)
    if refuses(lambda: nn.functional.conv_transpose2d(x, weight, bias, *options)):
        assert refuses_with_value_error(lambda: conv_transpose2d(x, weight, bias, *options))
    else:
        assert_same(
            lambda x, w, b: conv_transpose2d(x, w, b, *options),
            lambda x, w, b: nn.functional.conv_transpose2d(x, w, b, *options),
            *(x, weight, bias),
        )


near = st.integers(-1, 3)


@pytest.mark.filterwarnings(UNEVEN_SAME)
@settings(max_examples=400)
@given(
    st.sampled_from([(1, 2, 4, 5), (2, 4, 4), (1, 2, 0, 4), (4, 4), (1, 1, 2, 4, 4)]),
    st.sampled_from(
        [(2, 2, 2, 3), (4, 1, 1, 1), (2, 2, 0, 1), (0, 2, 1, 1), (2, 2, 3), (3, 1, 2, 2)]
    ),
    st.sampled_from([None, (1,), (2,), (4,), (2, 1), ()]),
    one_or_two(near),
    one_or_two(near) | st.sampled_from(["same", "valid", "full"]),
    one_or_two(near),
    near,
    st.booleans(),
    one_or_two(near),
)
def test_convolutions_refuse_what_pytorch_refuses(
    x_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    bias_shape: tuple[int, ...] | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    transposed: bool,
    output_padding: Any,
) -> None:
    x, weight = torch.zeros(x_shape), torch.zeros(weight_shape)
    bias = None if bias_shape is None else torch.zeros(bias_shape)
    if transposed and not isinstance(padding, str):
        options: tuple[Any, ...] = (stride, padding, output_padding, groups, dilation)
        ours: Operation = conv_transpose2d
        theirs: Operation = nn.functional.conv_transpose2d
    else:
        options = (stride, padding, dilation, groups)
        ours, theirs = conv2d, nn.functional.conv2d
    refused = refuses(lambda: theirs(x, weight, bias, *options))
    assert refuses_with_value_error(lambda: ours(x, weight, bias, *options)) == refused


def test_a_convolution_of_an_empty_batch_is_empty() -> None:
    x = torch.zeros(0, 2, 4, 5, requires_grad=True)
    assert conv2d(x, torch.zeros(3, 2, 2, 2)).shape == (0, 3, 3, 4)
    assert conv_transpose2d(x, torch.zeros(2, 3, 2, 2)).shape == (0, 3, 5, 6)
    assert refuses_with_value_error(lambda: conv2d(x, torch.zeros(3, 2, 5, 2)))


def test_a_convolution_of_no_channels_is_its_bias() -> None:
    y = conv2d(torch.zeros(1, 0, 4, 4), torch.zeros(2, 0, 3, 3), torch.tensor([1.0, 2.0]))
    assert_close(y, torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv2d(draw(1, 4, 5, 5), draw(2, 3, 3, 3)),
            "x of shape (1, 4, 5, 5) has 4 channels, but weight of shape (2, 3, 3, 3) with groups "
            "1 takes 3",
        ),
        (
            lambda: conv_transpose2d(draw(1, 4, 5, 5), draw(3, 2, 3, 3)),
            "x of shape (1, 4, 5, 5) has 4 channels, but weight of shape (3, 2, 3, 3) with groups "
            "1 takes 3",
        ),
        (
            lambda: conv2d(draw(1, 4, 5, 5), draw(3, 2, 3, 3), groups=2),
            "groups must be at least 1 and divide the first axis of weight, which must not be "
            "empty; got groups 2 and weight (3, 2, 3, 3)",
        ),
        (
            lambda: conv2d(draw(1, 1, 5, 5), draw(1, 1, 7, 3)),
            "height: kernel_size 7 does not fit an input of 5 with padding 0: the padded input is "
            "5, 2 too small; use padding >= 1 or a kernel <= 5",
        ),
        (
            lambda: conv2d(draw(1, 1, 5, 5), draw(2, 1, 3, 3), draw(1)),
            "bias must have shape (2,), one value for each output channel of weight (2, 1, 3, 3), "
            "got (1,)",
        ),
        (
            lambda: conv2d(draw(1, 1, 5, 5), draw(1, 1, 3, 3).float()),
            "x is torch.float64 but weight is torch.float32: bring both to one dtype with .to()",
        ),
        (
            lambda: conv2d(draw(1, 1, 5, 5), draw(1, 1, 3, 3), draw(1).half()),
            "x is torch.float64 but bias is torch.float16",
        ),
        (lambda: conv2d(draw(5, 5), draw(1, 1, 3, 3)), "x must be (N, C, H, W) or (C, H, W), got"),
        (lambda: conv2d(draw(1, 5, 5), draw(3, 3)), "weight must have four axes, got shape (3, 3)"),
        (
            lambda: conv2d(draw(1, 5, 5), draw(1, 1, 3, 3), stride=2, padding="same"),
            "padding 'same' needs stride 1, got (2, 2): give the padding in numbers",
        ),
        (
            lambda: conv2d(draw(1, 5, 5), draw(1, 1, 3, 3), padding="full"),
            "padding must be 'same', 'valid', an int or a pair, got 'full'",
        ),
        (
            lambda: conv2d(draw(1, 5, 5), draw(1, 1, 3, 3), groups=True),
            "groups must be an int, got True",
        ),
        (
            lambda: conv_transpose2d(draw(1, 5, 5), draw(1, 1, 3, 3), stride=2, output_padding=2),
            "height: output_padding 2 must be smaller than the larger of stride 2 and dilation 1",
        ),
    ],
)
def test_convolutions_say_what_does_not_fit(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("chunk", [1, 100, 2**20])
def test_a_batch_in_chunks_gives_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("d2lhelpers.functional._convolution._CPU_CHUNK", chunk)
    x, weight, bias = draw(5, 4, 6, 7), draw(4, 2, 3, 2, seed=1), draw(4, seed=2)
    for ours, theirs in (
        (conv2d, nn.functional.conv2d),
        (conv_transpose2d, nn.functional.conv_transpose2d),
    ):
        assert_same(
            lambda x, w, b, f=ours: f(x, w, b, groups=2),
            lambda x, w, b, f=theirs: f(x, w, b, groups=2),
            *(x, weight, bias),
        )
        assert ours(x, weight, bias, groups=2).is_contiguous()


def test_conv2d_is_the_transpose_of_conv_transpose2d() -> None:
    x, weight = draw(2, 3, 7, 8), draw(4, 3, 3, 2, seed=1)
    Ax = conv2d(x, weight, stride=2, padding=1)
    y = draw(*Ax.shape, seed=2)
    ATy = conv_transpose2d(y, weight, stride=2, padding=1, output_padding=(0, 0))
    assert ATy.shape == x.shape
    assert_close((Ax * y).sum(), (x * ATy).sum())


def test_convolutions_can_be_differentiated_twice() -> None:
    x, weight, bias = draw(2, 2, 4, 4), draw(2, 1, 2, 2, seed=1), draw(2, seed=2)
    tensors = tuple(t.requires_grad_() for t in (x, weight, bias))
    for operation in (conv2d, conv_transpose2d):

        def call(*inputs: Tensor, f: Operation = operation) -> Tensor:
            return f(*inputs, stride=2, padding=1, groups=2)

        assert gradcheck(call, tensors)
        assert gradgradcheck(call, tensors)


class Watch(TorchDispatchMode):
    """Note the name of each operation that runs and the size of the largest tensor made."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.largest = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.names.add(func.name())
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not func.is_view:
            self.largest = max(self.largest, result.numel())
        return result


def test_a_large_batch_needs_no_large_matrix_of_windows() -> None:
    x, weight = torch.zeros(64, 8, 32, 32), torch.zeros(8, 8, 5, 5)
    with torch.no_grad(), Watch() as watch:
        y = conv2d(x, weight, padding=2)
    assert y.numel() * 25 > 2**23  # the whole matrix
    assert watch.largest <= 2**20


# --- pooling -------------------------------------------------------------------------------------


def pytorch_pool(
    x: Tensor,
    kernel_size: Any,
    mode: str,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Tensor:
    if mode == "max":
        return nn.functional.max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode)
    assert dilation in (1, (1, 1)), "avg_pool2d has no dilation"
    return nn.functional.avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad)


@settings(max_examples=400)
@given(
    batches,
    images,
    one_or_two(st.integers(1, 4)),
    st.sampled_from(["max", "avg"]),
    st.none() | one_or_two(st.integers(1, 5)),
    one_or_two(st.integers(0, 2)),
    one_or_two(st.integers(1, 3)),
    st.booleans(),
    st.booleans(),
    seeds,
)
def test_pool2d_agrees_with_pytorch(
    batch: tuple[int, ...],
    image: tuple[int, int],
    kernel_size: Any,
    mode: str,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    seed: int,
) -> None:
    x = whole_numbers(*batch, 2, *image, seed=seed)
    if mode == "avg":
        dilation = 1
    options = (kernel_size, mode, stride, padding, dilation, ceil_mode, count_include_pad)
    if refuses(lambda: pytorch_pool(x, *options)):
        assert refuses_with_value_error(lambda: pool2d(x, *options))
        return
    # Taps far apart can all miss the input; PyTorch has no gradient for such a window.
    if pytorch_pool(x, *options).isinf().any():
        assert_close(pool2d(x, *options), pytorch_pool(x, *options))
        return
    assert_same(lambda x: pool2d(x, *options), lambda x: pytorch_pool(x, *options), x)


@settings(max_examples=300)
@given(
    st.sampled_from(
        [(1, 2, 4, 5), (2, 4, 4), (0, 2, 3, 3), (1, 2, 0, 4), (1, 0, 4, 4), (4, 4), (1, 1, 2, 4, 4)]
    ),
    one_or_two(near),
    st.sampled_from(["max", "avg"]),
    one_or_two(near),
    one_or_two(near),
    one_or_two(near),
    st.booleans(),
)
def test_pool2d_refuses_what_pytorch_refuses(
    shape: tuple[int, ...],
    kernel_size: Any,
    mode: str,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> None:
    if mode == "avg":
        dilation = 1
    options = (kernel_size, mode, stride, padding, dilation, ceil_mode, True)
    x = torch.zeros(shape)
    refused = refuses(lambda: pytorch_pool(x, *options))
    assert refuses_with_value_error(lambda: pool2d(x, *options)) == refused


def test_the_first_of_equal_maxima_takes_the_gradient() -> None:
    x = torch.tensor([[[0.0, 2.0], [2.0, 2.0]]], requires_grad=True)
    pool2d(x, 2).sum().backward()
    assert_close(x.grad, torch.tensor([[[0.0, 1.0], [0.0, 0.0]]]))


def test_max_pooling_takes_whole_numbers_and_keeps_not_a_number() -> None:
    x = torch.arange(-16, 0).reshape(1, 4, 4)
    assert_close(pool2d(x, 3, stride=2, padding=1), nn.functional.max_pool2d(x, 3, 2, 1))
    y = pool2d(torch.tensor([[[1.0, math.nan]]]), (1, 2))
    assert y.isnan().all()


def test_average_pooling_in_half_precision_does_not_overflow() -> None:
    x = torch.full((1, 8, 8), 60_000.0, dtype=torch.float16)
    assert_close(pool2d(x, 8, "avg"), x[:, :1, :1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pool2d(draw(1, 4, 4), 2, "mean"), "mode must be 'max' or 'avg', got 'mean'"),
        (lambda: pool2d(draw(4, 4), 2), "x must be (N, C, H, W) or (C, H, W) with nothing empty"),
        (
            lambda: pool2d(torch.ones(1, 4, 4, dtype=torch.int64), 2, "avg"),
            "mode 'avg' does not take torch.int64; convert first, as with x.float()",
        ),
        (lambda: pool2d(torch.ones(1, 4, 4) > 0, 2), "mode 'max' does not take torch.bool"),
        (lambda: pool2d(draw(1, 4, 4), 2, "avg", dilation=2), "mode 'avg' has no dilation, got 2"),
        (
            lambda: pool2d(draw(1, 4, 4), 3, padding=(0, 2)),
            "width: padding 2 is more than half of kernel_size 3",
        ),
    ],
)
def test_pool2d_says_what_does_not_fit(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


# --- normalization -------------------------------------------------------------------------------

inner = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@given(st.integers(1, 4), st.integers(1, 3), inner, st.booleans(), st.booleans(), seeds)
def test_batch_norm_in_training_agrees_with_pytorch_over_steps(
    n: int, c: int, rest: tuple[int, ...], affine: bool, tracked: bool, seed: int
) -> None:
    assume(n * math.prod(rest) > 1)
    weight, bias = (draw(c, seed=seed), draw(c, seed=seed + 1)) if affine else (None, None)
    mine, expected = [
        (draw(c, seed=7), draw(c, seed=8).square()) if tracked else (None, None) for _ in range(2)
    ]
    for step in range(3):
        x = draw(n, c, *rest, seed=seed + step) * (step + 1) + 10
        assert_same(
            lambda x, w, b: batch_norm(x, mine[0], mine[1], w, b, True, 0.3, 1e-3),
            lambda x, w, b: nn.functional.batch_norm(
                x, expected[0], expected[1], w, b, True, 0.3, 1e-3
            ),
            *(x, weight, bias),
        )
    assert_close(mine, expected)
    assert not any(t is not None and t.requires_grad for t in mine)


@given(st.integers(0, 4), st.integers(1, 3), inner, st.booleans(), seeds)
def test_batch_norm_in_evaluation_agrees_with_pytorch(
    n: int, c: int, rest: tuple[int, ...], affine: bool, seed: int
) -> None:
    mean, var = draw(c, seed=seed), draw(c, seed=seed + 1).square()
    weight, bias = (draw(c, seed=seed), draw(c, seed=seed + 1)) if affine else (None, None)
    kept = mean.clone(), var.clone()
    assert_same(
        lambda x, w, b: batch_norm(x, mean, var, w, b, eps=1e-3),
        lambda x, w, b: nn.functional.batch_norm(x, mean, var, w, b, eps=1e-3),
        *(draw(n, c, *rest, seed=seed + 2), weight, bias),
    )
    assert torch.equal(mean, kept[0]) and torch.equal(var, kept[1])


def test_an_empty_batch_leaves_the_running_statistics_alone() -> None:
    mean, var = torch.zeros(3), torch.ones(3)
    assert batch_norm(torch.zeros(0, 3, 2, 2), mean, var, training=True).shape == (0, 3, 2, 2)
    assert instance_norm(torch.zeros(0, 3, 2, 2), mean, var).shape == (0, 3, 2, 2)
    assert torch.equal(mean, torch.zeros(3)) and torch.equal(var, torch.ones(3))


@given(st.integers(0, 3), inner, inner.filter(bool), st.booleans(), seeds)
def test_layer_norm_agrees_with_pytorch(
    n: int, rest: tuple[int, ...], shape: tuple[int, ...], affine: bool, seed: int
) -> None:
    weight, bias = (draw(*shape, seed=seed), draw(*shape, seed=seed + 1)) if affine else (None,) * 2
    assert_same(
        lambda x, w, b: layer_norm(x, shape, w, b, 1e-3),
        lambda x, w, b: nn.functional.layer_norm(x, shape, w, b, 1e-3),
        *(draw(n, *rest, *shape, seed=seed + 2) + 10, weight, bias),
    )


@given(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), inner, st.booleans(), seeds)
def test_group_norm_agrees_with_pytorch(
    n: int, groups: int, in_a_group: int, rest: tuple[int, ...], affine: bool, seed: int
) -> None:
    assume(n * in_a_group * math.prod(rest) != 1)
    c = groups * in_a_group
    weight, bias = (draw(c, seed=seed), draw(c, seed=seed + 1)) if affine else (None, None)
    assert_same(
        lambda x, w, b: group_norm(x, groups, w, b, 1e-3),
        lambda x, w, b: nn.functional.group_norm(x, groups, w, b, 1e-3),
        *(draw(n, c, *rest, seed=seed + 2) + 10, weight, bias),
    )


@given(st.integers(1, 3), st.integers(1, 3), inner, *[st.booleans()] * 3, seeds)
def test_instance_norm_agrees_with_pytorch(
    n: int,
    c: int,
    rest: tuple[int, ...],
    affine: bool,
    tracked: bool,
    use_input_stats: bool,
    seed: int,
) -> None:
    assume(math.prod(rest) > 1 and (tracked or use_input_stats))
    weight, bias = (draw(c, seed=seed), draw(c, seed=seed + 1)) if affine else (None, None)
    mine, expected = [
        (draw(c, seed=7), draw(c, seed=8).square()) if tracked else (None, None) for _ in range(2)
    ]
    assert_same(
        lambda x, w, b: instance_norm(x, mine[0], mine[1], w, b, use_input_stats, 0.3, 1e-3),
        lambda x, w, b: nn.functional.instance_norm(
            x, expected[0], expected[1], w, b, use_input_stats, 0.3, 1e-3
        ),
        *(draw(n, c, *rest, seed=seed + 2) + 10, weight, bias),
    )
    assert_close(mine, expected)
    assert not any(t is not None and t.requires_grad for t in mine)


@given(
    st.integers(0, 3),
    st.integers(0, 7),
    inner.filter(bool),
    st.integers(1, 9),
    st.sampled_from([(1e-4, 0.75, 1.0), (1e-4, 0.75, 2.0), (0.5, 1.5, 0.5)]),
    seeds,
)
def test_local_response_norm_agrees_with_pytorch(
    n: int,
    c: int,
    rest: tuple[int, ...],
    size: int,
    constants: tuple[float, float, float],
    seed: int,
) -> None:
    assert_same(
        lambda x: local_response_norm(x, size, *constants),
        lambda x: nn.functional.local_response_norm(x, size, *constants),
        draw(n, c, *rest, seed=seed) * 3,
    )


one, two, three = torch.ones(1), torch.ones(2), torch.ones(3)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("batch_norm", (torch.zeros(3), three, three), {}),
        ("batch_norm", (torch.zeros(4, 3), None, None), {}),
        ("batch_norm", (torch.zeros(4, 3), None, three), {}),
        ("batch_norm", (torch.zeros(4, 3), two, three), {}),
        ("batch_norm", (torch.zeros(4, 3), three, three, two), {}),
        ("batch_norm", (torch.zeros(4, 3), three, three, None, one), {}),
        ("batch_norm", (torch.zeros(1, 3, 1, 1), three, three), {"training": True}),
        ("batch_norm", (torch.zeros(4, 3, dtype=torch.int64), three, three), {}),
        ("batch_norm", (torch.zeros(4, 3), three.double(), three.double()), {}),
        ("batch_norm", (torch.zeros(4, 3).double(), three, three), {}),
        ("batch_norm", (torch.zeros(4, 3).half(), three.half(), three.half(), three), {}),
        ("layer_norm", (torch.zeros(4, 3), 3), {}),
        ("layer_norm", (torch.zeros(4, 3), []), {}),
        ("layer_norm", (torch.zeros(4, 3), [4]), {}),
        ("layer_norm", (torch.zeros(3), [3, 3]), {}),
        ("layer_norm", (torch.zeros(4, 3), [4, 3], three), {}),
        ("layer_norm", (torch.zeros(4, 3), [3], None, two), {}),
        ("layer_norm", (torch.zeros(4, 3).double(), [3], three), {}),
        ("group_norm", (torch.zeros(4), 2), {}),
        ("group_norm", (torch.zeros(4, 3), 2), {}),
        ("group_norm", (torch.zeros(4, 3), 0), {}),
        ("group_norm", (torch.zeros(4, 3), -1), {}),
        ("group_norm", (torch.zeros(1, 3, 1), 3), {}),
        ("group_norm", (torch.zeros(4, 2), 1, one), {}),
        ("instance_norm", (torch.zeros(4, 3),), {}),
        ("instance_norm", (torch.zeros(4, 3, 1),), {}),
        ("instance_norm", (torch.zeros(4, 3, 2), None, None, two), {}),
        ("instance_norm", (torch.zeros(4, 3, 2),), {"use_input_stats": False}),
        ("local_response_norm", (torch.zeros(4, 3), 2), {}),
        ("local_response_norm", (torch.zeros(4, 3, 2), 0), {}),
        ("local_response_norm", (torch.zeros(4, 3, 2), 2.0), {}),
        ("local_response_norm", (torch.zeros(4, 3, 2), True), {}),
        ("local_response_norm", (torch.zeros(4, 3, 2, 2, dtype=torch.int32), 3), {}),
        ("dropout", (three, -0.1), {}),
        ("dropout", (three, 1.1), {"training": False}),
        ("dropout", (three, math.nan), {}),
        ("dropout", (three.int(), 0.5), {}),
    ],
)
def test_refused_here_and_by_pytorch(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    assert refuses(lambda: getattr(nn.functional, name)(*arguments, **options))
    assert refuses_with_value_error(lambda: getattr(functional, name)(*arguments, **options))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: batch_norm(torch.zeros(4, 3), two, three),
            "running_mean must have shape (3,) for x of shape (4, 3), got (2,)",
        ),
        (
            lambda: batch_norm(torch.zeros(1, 3), three, three, training=True),
            "training needs more than one value a channel, but x has shape (1, 3): use a larger",
        ),
        (
            lambda: batch_norm(torch.zeros(4, 3), None, None),
            "evaluation needs running_mean and running_var; or use training=True",
        ),
        # These four the oldest PyTorch that the book runs on lets pass.
        (
            lambda: batch_norm(torch.zeros(4, 3), three, None, training=True),
            "give both running_mean and running_var, or neither",
        ),
        (
            lambda: instance_norm(torch.zeros(4, 3, 2), None, three),
            "give both running_mean and running_var, or neither",
        ),
        (
            lambda: group_norm(torch.zeros(1, 0, 2), 1),
            "x of shape (1, 0, 2) has no more than one value to normalise",
        ),
        (
            lambda: group_norm(torch.zeros(1, 2, 0), 1),
            "x of shape (1, 2, 0) has no more than one value to normalise",
        ),
        (lambda: layer_norm(three, [3], eps=-1), "eps must be at least 0, got -1"),
        (
            lambda: layer_norm(three.half(), [3], three.double()),
            "x is torch.float16, so all others must be torch.float16 or torch.float32; got weight "
            "torch.float64",
        ),
        (
            lambda: layer_norm(torch.zeros(4, 3), (4,)),
            "x of shape (4, 3) does not end in normalized_shape (4,)",
        ),
        (
            lambda: group_norm(torch.zeros(4, 3), 2),
            "num_groups 2 does not divide the 3 channels of x",
        ),
        (
            lambda: instance_norm(torch.zeros(2, 3, 1)),
            "x of shape (2, 3, 1) has a single value a channel to normalise",
        ),
        (lambda: local_response_norm(torch.zeros(4, 3, 2), 0), "size must be at least 1, got 0"),
        (lambda: dropout(three, 2), "p must be a probability from 0 to 1, got 2"),
    ],
)
def test_normalizations_say_what_does_not_fit(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


# --- dropout -------------------------------------------------------------------------------------


def test_dropout_keeps_the_expectation_and_drops_the_share_asked_for() -> None:
    torch.manual_seed(0)
    y = dropout(torch.full((200_000,), 3.0), 0.3)
    assert set(y.unique().tolist()) == {0.0, torch.tensor(3.0 / 0.7).item()}
    assert abs((y == 0).double().mean() - 0.3) < 0.005
    assert abs(y.double().mean() - 3) < 0.02


def test_dropout_passes_the_gradient_where_it_passed_the_value() -> None:
    x = torch.full((1000,), 2.0, requires_grad=True)
    y = dropout(x, 0.25)
    y.sum().backward()
    assert_close(x.grad, y.detach() / 2)


def test_dropout_at_its_ends_and_in_evaluation() -> None:
    x = draw(10)
    assert dropout(x, 0.9, training=False) is x
    assert torch.equal(dropout(x, 0), x)
    assert torch.equal(dropout(x, 1), torch.zeros_like(x))


# --- all together --------------------------------------------------------------------------------


def every_operation(x: Tensor) -> Iterator[tuple[str, Operation, list[Tensor]]]:
    """Name, operation and tensors made of `x` (2, 4, 6, 6) for each batched operation."""
    weight, vector = x[:, :, :3, :3], x[0, :, 0, 0]
    square = vector.square() + 0.5
    options: dict[str, Any] = {"stride": 2, "padding": 1}
    yield "conv2d", partial(conv2d, **options), [x, weight, vector[:2]]
    yield "conv2d same", partial(conv2d, padding="same"), [x, weight]
    yield (
        "conv_transpose2d",
        partial(conv_transpose2d, **options),
        [x, x[0].unsqueeze(1), vector[:1]],
    )
    yield "max", partial(pool2d, kernel_size=3, mode="max", **options), [x]
    yield "avg", partial(pool2d, kernel_size=3, mode="avg", ceil_mode=True, **options), [x]
    yield "batch_norm", lambda x, w, b: batch_norm(x, None, None, w, b, True), [x, vector, square]
    yield "batch_norm evaluating", batch_norm, [x, vector, square, vector, vector]
    yield "layer_norm", lambda x, *t: layer_norm(x, (6,), *t), [x, x[0, 0, 0], x[0, 0, 1]]
    yield "group_norm", lambda x, *t: group_norm(x, 2, *t), [x, vector, square]
    yield "instance_norm", lambda x, *t: instance_norm(x, None, None, *t), [x, vector, square]
    yield "local_response_norm", lambda x: local_response_norm(x, 3, 1.0), [x]
    yield "dropout", dropout, [x]


accelerators = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


@pytest.mark.parametrize("device", ["meta", *accelerators])
def test_results_stay_on_the_device(device: str) -> None:
    x = draw(2, 4, 6, 6).float()
    for (name, operation, tensors), (_, _, at_home) in zip(
        every_operation(x.to(device)), every_operation(x), strict=True
    ):
        y = operation(*tensors)
        assert y.device.type == device, name
        assert y.shape == operation(*at_home).shape, name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_floating_dtype_is_kept_and_as_precise_as_it_can_be(dtype: torch.dtype) -> None:
    x = draw(2, 4, 6, 6).to(dtype)
    for (name, operation, tensors), (_, _, exact) in zip(
        every_operation(x), every_operation(x.double()), strict=True
    ):
        torch.manual_seed(0)
        y = operation(*tensors)
        assert y.dtype == dtype, name
        if name != "dropout":
            scale = 40 * torch.finfo(dtype).eps
            assert_close(y.double(), operation(*exact), rtol=scale, atol=scale)


def test_half_precision_goes_with_single_precision_parameters() -> None:
    x, weight, bias = draw(4, 3, 5).bfloat16(), draw(3).float(), draw(3, seed=1).float()
    mean, var = torch.zeros(3), torch.ones(3)
    expected_mean, expected_var = torch.zeros(3), torch.ones(3)
    y = batch_norm(x, mean, var, weight, bias, training=True)
    expected = nn.functional.batch_norm(x, expected_mean, expected_var, weight, bias, training=True)
    assert y.dtype == torch.bfloat16
    assert_close(y, expected)
    assert_close((mean, var), (expected_mean, expected_var))


def test_autocast_works_as_for_pytorchs_own() -> None:
    x, weight, bias = draw(2, 3, 5, 5).float(), draw(3, 3, 3, 3).float(), draw(3).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for ours, theirs in (
            (conv2d, nn.functional.conv2d),
            (conv_transpose2d, nn.functional.conv_transpose2d),
        ):
            for image in (x, x.bfloat16()):
                y, expected = ours(image, weight, bias), theirs(image, weight, bias)
                assert y.dtype == expected.dtype == torch.bfloat16
                assert_close(y, expected, rtol=0.05, atol=0.05)


def test_nothing_calls_the_function_that_it_teaches() -> None:
    taught = re.compile("conv|pool|_norm|dropout|im2col|col2im")
    x = draw(2, 4, 6, 6)
    with Watch() as watch:
        for _, operation, tensors in every_operation(x):
            leaves = [tensor.clone().requires_grad_() for tensor in tensors]
            if operation is batch_norm:  # running statistics take no gradient
                leaves[1:3] = tensors[1:3]
            operation(*leaves).sum().backward()
    assert len(watch.names) > 20
    assert [name for name in watch.names if taught.search(name)] == []
