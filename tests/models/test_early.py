"""LeNet, AlexNet, VGG and NiN: their options, sizes and first weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.models import create

from .small import batch, convs, randomize_statistics, small


def test_lenet_options_compute_what_they_say() -> None:
    torch.manual_seed(0)
    net = create("lenet", activation="relu", pool="avg", batch_norm=True).eval()
    images = batch(28)
    with torch.no_grad():
        randomize_statistics(net)
        x, tensors = images, iter(net.state_dict().values())

        def norm(x: Tensor) -> Tensor:
            scale, shift, mean, var, _ = (next(tensors) for _ in range(5))
            return functional.batch_norm(x, mean, var, scale, shift)

        for _ in range(2):
            x = functional.conv2d(x, next(tensors), next(tensors))
            x = functional.avg_pool2d(torch.relu(norm(x)), 2)
        x = x.flatten(1)
        for _ in range(2):
            x = functional.linear(x, next(tensors), next(tensors))
            x = torch.relu(norm(x))
        x = functional.linear(x, next(tensors), next(tensors))
        torch.testing.assert_close(net(images), x)


def test_alexnet2012_is_two_towers_that_meet_in_layer_3() -> None:
    torch.manual_seed(0)
    net = create("alexnet2012", 3, 10, width=0.25)
    layers = convs(net)
    assert [m.groups for m in layers] == [1, 2, 1, 2, 2]
    first, second, third = layers[0].out_channels, layers[1].out_channels, layers[2]
    # Half of layer 1's maps reach half of layer 2's maps; layer 3 sees all.
    x = torch.zeros(1, first, 9, 9)
    x[:, : first // 2] = torch.randn(1, first // 2, 9, 9)
    y = layers[1](x) - layers[1](torch.zeros_like(x))
    assert y[:, : second // 2].abs().max() > 0 and y[:, second // 2 :].abs().max() == 0
    assert (third(y) - third(torch.zeros_like(y))).abs().amin((0, 2, 3)).shape == (96,)
    assert [m.kernel_size for m in net.modules() if isinstance(m, nn.MaxPool2d)] == [3, 3, 3]


def test_alexnet2012_normalizes_with_the_papers_constants() -> None:
    net = create("alexnet2012", width=0.1)
    layer = next(m for m in net.modules() if isinstance(m, nn.LocalResponseNorm))
    a = torch.rand(1, 7, 2, 2, dtype=torch.float64) * 50
    expected = torch.empty_like(a)
    for i in range(7):
        window = a[:, max(0, i - 2) : i + 3].square().sum(1)
        expected[:, i] = a[:, i] / (2 + 1e-4 * window) ** 0.75
    torch.testing.assert_close(layer(a), expected)


def test_alexnet_sizes_at_224() -> None:
    with torch.device("meta"):
        net, old = create("alexnet"), create("alexnet2012", 3, 1000)
    sides = []
    x = torch.empty(1, 1, 224, 224, device="meta")
    for layer in net.features:
        x = layer(x)
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
            sides.append(x.shape[2])
    assert sides == [54, 26, 26, 12, 12, 12, 12, 5]
    assert net.classifier[1].in_features == 6400
    assert old.features(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 256, 6, 6)


def test_vgg19_keeps_the_variance_of_its_activations() -> None:
    torch.manual_seed(0)
    net = create("vgg19", image_size=32)
    variances: list[float] = []
    for layer in convs(net):
        layer.register_forward_hook(lambda m, args, y: variances.append(y.var().item()))
    with torch.no_grad():
        net.features(batch(128, 4))
    assert len(variances) == 16
    assert max(variances) / min(variances) < 10


def test_vgg_takes_any_size_from_32() -> None:
    net, _ = small("vgg11")
    net = create("vgg11", width=0.05).eval()
    assert net.classifier[1].in_features == convs(net)[-1].out_channels * 49
    for side in (32, 61, 224):
        assert net(torch.rand(1, 1, side, side)).shape == (1, 10)


def test_every_map_of_nin_starts_alive() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        net = create("nin", width=0.25).eval()
        with torch.no_grad():
            assert (net(batch(67, 64)) > 0).any(0).all()
