"""Official weights: torchvision's networks, randomly initialised, and ours with their state."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from d2lhelpers.models import Network, create, load_torchvision_state

CLASSES = 12
NETWORKS = [
    *((f"vgg{depth}", norm) for depth in (11, 13, 16, 19) for norm in (False, True)),
    *((f"resnet{depth}", False) for depth in (18, 34, 50, 101, 152)),
    *((f"densenet{depth}", False) for depth in (121, 161, 169, 201)),
]


def on_meta(make: Any, *args: Any, **options: Any) -> Any:
    with torch.device("meta"):
        return make(*args, **options)


def pair(name: str, batch_norm: bool) -> tuple[nn.Module, Network]:
    """torchvision's network with random tensors and ours with none yet.

    Both are made without memory first: their own initialisation of 140 million weights would take
    longer than the test.
    """
    theirs = on_meta(
        torchvision.models.get_model,
        name + "_bn" * batch_norm,
        num_classes=CLASSES,
        **(
            {"init_weights": False}
            if name.startswith(("vgg", "densenet1")) and "vgg" in name
            else {}
        ),
    ).to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(40_009, generator=generator)
    for key, tensor in theirs.state_dict().items():
        if key.endswith("num_batches_tracked"):
            tensor.fill_(3)
        elif tensor.dim() > 1:
            repeated = noise.repeat(tensor.numel() // len(noise) + 1)[: tensor.numel()]
            tensor.copy_(repeated.view_as(tensor) * (2 / tensor[0].numel()) ** 0.5)
        else:
            tensor.uniform_(0.5, 1.5, generator=generator)
    options = {"batch_norm": True} if batch_norm else {}
    ours = on_meta(create, name, 3, CLASSES, **options).to_empty(device="cpu")
    return theirs, ours


def step(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    torch.manual_seed(5)  # the dropout's
    net.train()
    loss = cross_entropy(net(images), labels)
    loss.backward()
    return loss


def close(got: Tensor, expected: Tensor) -> bool:
    return bool((got - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max().item()))


@pytest.mark.parametrize(("name", "batch_norm"), NETWORKS)
def test_outputs_gradients_and_statistics_agree(name: str, batch_norm: bool) -> None:
    theirs, ours = pair(name, batch_norm)
    load_torchvision_state(ours, theirs.state_dict())
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 40, 40, generator=generator)
    with torch.no_grad():
        expected = theirs.eval()(images)
        assert expected.isfinite().all() and expected.std() > 0
        assert close(ours.eval()(images), expected)
    labels = torch.tensor([0, 7])
    assert close(step(ours, images, labels), step(theirs, images, labels))
    renamed = {ours.torchvision_key(key): value for key, value in ours.named_parameters()}
    for key, parameter in theirs.named_parameters():
        assert parameter.grad is not None and renamed[key].grad is not None
        assert close(renamed[key].grad, parameter.grad), key
    statistics = {ours.torchvision_key(key): value for key, value in ours.named_buffers()}
    for key, buffer in theirs.named_buffers():
        assert close(statistics[key].float(), buffer.float()), key
        if key.endswith("num_batches_tracked"):
            assert statistics[key] == 4


def tiny() -> Network:
    return create("resnet18", in_channels=3, num_classes=CLASSES)


def state(name: str = "resnet18", **options: Any) -> dict[str, Tensor]:
    made = torchvision.models.get_model(name, num_classes=CLASSES, **options)
    return made.state_dict()


def refused(net: Network, given: dict[str, Tensor], words: str) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=words):
        load_torchvision_state(net, given)
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_state_of_another_shape_is_refused() -> None:
    given = state()
    given["layer2.0.conv1.weight"] = torch.zeros(7, 64, 3, 3)
    given["fc.weight"] = torch.zeros(5, 5)
    refused(
        tiny(),
        given,
        r"layer2.0.conv1.weight has \(7, 64, 3, 3\) in the state and \(128, 64, 3, 3\)",
    )
    net = create("resnet18", in_channels=1, num_classes=CLASSES)
    refused(net, state(), r"conv1.weight has \(64, 3, 7, 7\) in the state and \(64, 1, 7, 7\)")


def test_a_missing_or_left_over_tensor_is_refused() -> None:
    given = state()
    del given["fc.bias"]
    refused(tiny(), given, r"fc.bias has nothing in the state and \(12,\) in the network")
    with torch.device("meta"):
        deeper = state("resnet34")
    refused(tiny(), deeper, r"layer1.2.conv1.weight has \(64, 64, 3, 3\) in the state and nothing")
    given = {**state(), "fc.bias": "not a tensor"}
    refused(tiny(), given, r"fc.bias has str in the state and \(12,\)")


def test_networks_that_torchvision_does_not_have() -> None:
    for name, options in (
        ("lenet", {}),
        ("densenet", {}),
        ("googlenet", {}),
        ("resnet50", {"preactivation": True}),
        ("resnet50", {"stride_in_1x1": True}),
    ):
        net = create(name, width=0.1, **options)
        refused(net, {}, f"torchvision has no network of the form of this {name}")


def test_the_stride_of_basic_blocks_has_no_other_place() -> None:
    net = create("resnet18", in_channels=3, num_classes=CLASSES, stride_in_1x1=True)
    load_torchvision_state(net, state())


def test_the_keys_and_gaps_of_old_files() -> None:
    with torch.device("meta"):
        new = torchvision.models.densenet121(num_classes=CLASSES).state_dict()
    old: OrderedDict[str, Tensor] = OrderedDict()
    for i, (key, tensor) in enumerate(new.items()):
        for part in ("norm", "conv"):
            for digit in "12":
                if "denselayer" in key:
                    key = key.replace(f".{part}{digit}.", f".{part}.{digit}.")
        if not key.endswith("num_batches_tracked"):
            old[key] = torch.full(tensor.shape, float(i))
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    net = create("densenet121", 3, CLASSES)
    load_torchvision_state(net, old)
    state = net.state_dict()
    for i, key in enumerate(new):
        expected = 0 if key.endswith("num_batches_tracked") else i
        assert (state[key] == expected).all(), key
