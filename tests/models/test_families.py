"""What sets each network apart: its blocks, options and first weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.models import create
from d2lhelpers.models.densenet import DenseBlock
from d2lhelpers.models.googlenet import GoogLeNet, Inception
from d2lhelpers.models.preactivation import PreActivation
from d2lhelpers.models.resnet import Bottleneck, Residual

from .small import batch, clothes, randomize_statistics, small


def convs(net: nn.Module) -> list[nn.Conv2d]:
    return [m for m in net.modules() if isinstance(m, nn.Conv2d)]


# --- LeNet and AlexNet


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


# --- VGG and NiN


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


# --- GoogLeNet


def test_the_inception_paths_of_the_paper() -> None:
    with torch.device("meta"):
        net = create("googlenet")
    widths = [
        sum(list(convs(path))[-1].out_channels for path in block.children())
        for block in net.modules()
        if isinstance(block, Inception)
    ]
    assert widths == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


def test_auxiliary_classifiers_run_in_training_only() -> None:
    torch.manual_seed(0)
    net = create("googlenet", width=0.125, aux=True)
    assert isinstance(net, GoogLeNet)
    images, labels = clothes(4, 65)
    outputs = net(images)
    assert isinstance(outputs, tuple) and [y.shape for y in outputs] == [(4, 10)] * 3
    entropies = [functional.cross_entropy(y, labels) for y in outputs]
    expected = entropies[0] + 0.3 * (entropies[1] + entropies[2])
    torch.testing.assert_close(net.loss(outputs, labels), expected)
    assert torch.equal(net.predict(outputs), outputs[0].argmax(1))
    net.loss(outputs, labels).backward()
    assert all(p.grad is not None for p in net.parameters())
    net.eval()
    logits = net(images)
    assert isinstance(logits, Tensor)
    assert torch.equal(net.predict(logits), logits.argmax(1))
    torch.testing.assert_close(net.loss(logits, labels), functional.cross_entropy(logits, labels))
    plain = create("googlenet", width=0.125).eval()
    plain.load_state_dict({k: v for k, v in net.state_dict().items() if not k.startswith("aux")})
    torch.testing.assert_close(plain(images), logits)


def test_auxiliary_classifiers_at_224_are_the_papers() -> None:
    with torch.device("meta"):
        net = create("googlenet", 3, 1000, aux=True)
        maps = {"4a": torch.empty(1, 512, 14, 14), "4d": torch.empty(1, 528, 14, 14)}
    for name, x in maps.items():
        pool, adapt, *rest = net.aux[name]
        x = pool(x)
        assert x.shape[2:] == (4, 4) and adapt(x).shape == x.shape
        assert [m.out_features for m in rest if isinstance(m, nn.Linear)] == [1024, 1000]
    extra = sum(p.numel() for p in net.aux.parameters())
    head = 128 * 16 * 1024 + 1024 + 1024 * 1000 + 1000
    assert extra == 128 * (512 + 1) + 128 * (528 + 1) + 2 * head


# --- ResNet


@pytest.mark.parametrize(
    "block",
    [Residual(8, 8), Bottleneck(8, 2), Residual(8, 16, stride=2), Bottleneck(8, 4, stride=2)],
    ids=["basic", "bottleneck", "basic/2", "bottleneck/2"],
)
def test_a_block_without_its_last_scale_is_its_shortcut(block: nn.Module) -> None:
    last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
    nn.init.zeros_(last.weight)
    x = torch.randn(2, 8, 6, 6).relu()
    kept = x if block.downsample is None else block.downsample(x)
    torch.testing.assert_close(block(x), kept.relu())


def test_where_the_stride_is() -> None:
    today, paper = Bottleneck(8, 4, 2), Bottleneck(8, 4, 2, stride_in_1x1=True)
    assert [m.stride[0] for m in (today.conv1, today.conv2, today.conv3)] == [1, 2, 1]
    assert [m.stride[0] for m in (paper.conv1, paper.conv2, paper.conv3)] == [2, 1, 1]
    with torch.device("meta"):
        a, b = create("resnet50"), create("resnet50", stride_in_1x1=True)
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(a)) == 3
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(b)) == 0
    with torch.device("meta"):
        c = create("resnet50", stride_in_1x1=True, preactivation=True)
    assert sum(m.stride == (2, 2) and m.kernel_size == (3, 3) for m in convs(c)) == 0


def test_preactivation_passes_its_input_on_unchanged() -> None:
    block = PreActivation(8, 2, bottleneck=True)
    nn.init.zeros_(list(block.residual)[-1].weight)
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(block(x), x)


def test_preactivation_by_its_formula() -> None:
    torch.manual_seed(0)
    block = PreActivation(6, 4, stride=2).eval()
    with torch.no_grad():
        randomize_statistics(block)
    bn1, bn2 = (m for m in block.modules() if isinstance(m, nn.BatchNorm2d))
    conv1, conv2, short = convs(block)
    x = torch.randn(2, 6, 8, 8)
    active = torch.relu(bn1(x))
    assert short.kernel_size == (1, 1) and conv1.stride == short.stride == (2, 2)
    expected = short(active) + conv2(torch.relu(bn2(conv1(active))))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_preactivation_normalizes_before_every_convolution(name: str) -> None:
    net = create(name, width=0.125, preactivation=True).eval()
    order: list[nn.Module] = []
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ReLU, nn.BatchNorm2d)):
            module.register_forward_hook(lambda m, args, y: order.append(m))
    assert net(batch(32)).shape == (2, 10)
    plain = [m for m in order if not (isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1))]
    kinds = "".join(type(m).__name__[0] for m in plain)
    if name == "resnet18":
        # The stem's C B R serves the first block; then C (B R C), B R before each, B R at the end.
        assert kinds == "CBR" + "CBRC" + "BRCBRC" * 7 + "BR"
    assert len([m for m in order if isinstance(m, nn.ReLU)]) == int(name[6:]) - 1
    assert isinstance(order[-1], nn.ReLU)


# --- DenseNet


def test_a_dense_block_joins_all_that_came_before() -> None:
    torch.manual_seed(0)
    block = DenseBlock(3, 5, 2, bottleneck=True).eval()
    with torch.no_grad():
        randomize_statistics(block)
        x = torch.randn(2, 5, 4, 4)
        expected = x
        for layer in block.children():
            y = layer.conv1(torch.relu(layer.norm1(expected)))
            assert y.shape[1] == 8
            y = layer.conv2(torch.relu(layer.norm2(y)))
            expected = torch.cat((expected, y), 1)
        torch.testing.assert_close(block(x), expected)
    assert expected.shape == (2, 11, 4, 4)


class Saved:
    """Counts the bytes that the backward pass keeps besides the weights."""

    def __init__(self, net: nn.Module) -> None:
        self.weights = {p.untyped_storage().data_ptr() for p in net.parameters()}

    def __enter__(self) -> Saved:
        self.kept: dict[int, int] = {}
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self.pack, lambda t: t)
        self.hooks.__enter__()
        return self

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.weights:
            self.kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def __exit__(self, *error: object) -> None:
        self.hooks.__exit__(*error)

    @property
    def nbytes(self) -> int:
        return sum(self.kept.values())


@pytest.mark.parametrize(
    ("name", "norms", "share"), [("densenet", 16, 0.7), ("densenet121", 116, 0.5)]
)
def test_checkpoint_trades_time_for_memory_and_nothing_else(
    name: str, norms: int, share: float
) -> None:
    torch.manual_seed(0)
    plain, _ = small(name)
    thrifty, _ = small(name, checkpoint=True)
    thrifty.load_state_dict(plain.state_dict())
    images, labels = clothes(8, 32)
    kept, runs = [], [0, 0]
    for i, net in enumerate((plain, thrifty)):
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.register_forward_hook(
                    lambda m, args, y, i=i: runs.__setitem__(i, runs[i] + 1)
                )
        for _ in range(2):  # the second step starts from the first one's statistics
            with Saved(net) as saved:
                loss = functional.cross_entropy(net(images), labels)
            loss.backward()
        kept.append(saved.nbytes)
    assert kept[1] < kept[0] * share
    # Each normalization of the dense layers ran a second time in each of the two steps.
    assert runs[1] - runs[0] == 2 * norms
    for mine, theirs in zip(plain.parameters(), thrifty.parameters(), strict=True):
        torch.testing.assert_close(theirs.grad, mine.grad, rtol=0, atol=0)
    for mine, theirs in zip(plain.buffers(), thrifty.buffers(), strict=True):
        torch.testing.assert_close(theirs, mine, rtol=0, atol=0)
    before = copy.deepcopy(thrifty.state_dict())
    thrifty.eval()(images)
    for key, value in thrifty.state_dict().items():
        assert torch.equal(value, before[key])
    assert all(
        m.momentum == 0.1 and m.num_batches_tracked == 2
        for m in thrifty.modules()
        if isinstance(m, nn.BatchNorm2d)
    )
