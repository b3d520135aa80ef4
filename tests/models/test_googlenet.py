"""GoogLeNet: the paths of its blocks and its auxiliary classifiers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.models import create
from d2lhelpers.models.googlenet import GoogLeNet, Inception

from .small import clothes, convs


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
