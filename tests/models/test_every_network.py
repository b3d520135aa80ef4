"""What every network must do: compile, export, mixed precision, copies, meta tensors, learning."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from d2lhelpers.models import create

from .small import NAMES, batch, clothes, randomize_statistics, small

EVERY = pytest.mark.parametrize("name", NAMES)


def outputs(net: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return net(images)


@EVERY
def test_compiles_without_a_graph_break(name: str) -> None:
    torch.manual_seed(0)
    torch.compiler.reset()
    net, side = small(name)
    net.eval()
    images = batch(side)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(outputs(compiled, images), outputs(net, images))
    with pytest.raises(ValueError, match=f"{name} takes images of shape"):
        net(images[0])


# One of each file, with its options: what is compiled is the same in their deeper versions.
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lenet", {"batch_norm": True}),
        ("lenet5", {}),
        ("alexnet2012", {}),
        ("nin", {}),
        ("vgg11", {"batch_norm": True}),
        ("googlenet", {}),
        ("resnet18", {}),
        ("resnet18", {"preactivation": True}),
        ("densenet", {}),
        ("densenet", {"checkpoint": True}),
    ],
)
def test_compiled_training_gives_the_same_gradients(name: str, options: dict[str, bool]) -> None:
    torch.manual_seed(0)
    torch.compiler.reset()
    net, side = small(name, **options)
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    twin = copy.deepcopy(net)
    images, labels = clothes(4, side)
    compiled = torch.compile(twin, backend="aot_eager", fullgraph=True)
    loss = getattr(net, "loss", cross_entropy)
    loss(net(images), labels).backward()
    loss(compiled(images), labels).backward()
    for mine, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        assert mine.grad is not None and theirs.grad is not None
        torch.testing.assert_close(theirs.grad, mine.grad, rtol=1e-3, atol=1e-5)
    for mine, theirs in zip(net.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(theirs, mine)


@EVERY
def test_exports(name: str) -> None:
    torch.manual_seed(0)
    net, side = small(name)
    net.eval()
    images = batch(side)
    program = torch.export.export(net, (images,))
    torch.testing.assert_close(outputs(program.module(), images), outputs(net, images))


@pytest.mark.parametrize("name", ["lenet", "lenet5", "vgg11", "resnet18", "densenet"])
def test_exports_for_any_batch_size(name: str) -> None:
    net, side = small(name)
    net.eval()
    program = torch.export.export(
        net, (batch(side),), dynamic_shapes=({0: torch.export.Dim("N", min=2, max=64)},)
    )
    images = batch(side, 5)
    torch.testing.assert_close(outputs(program.module(), images), outputs(net, images))


@EVERY
def test_autocast_to_bfloat16(name: str) -> None:
    torch.manual_seed(0)
    net, side = small(name)
    images, labels = clothes(4, side)
    net.eval()
    exact = outputs(net, images)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(images)
        loss = getattr(net, "loss", cross_entropy)(rough.float(), labels)
    loss.backward()
    # The distances are to bitmaps in full precision.
    assert rough.dtype == (torch.float32 if name == "lenet5" else torch.bfloat16)
    torch.testing.assert_close(rough.float(), exact, rtol=0.1, atol=0.1 * exact.abs().max().item())
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


@EVERY
def test_channels_last(name: str) -> None:
    torch.manual_seed(0)
    net, side = small(name)
    net.eval()
    images = batch(side)
    expected = outputs(net, images)
    net = net.to(memory_format=torch.channels_last)
    got = outputs(net, images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item())


@EVERY
def test_state_dict_round_trip(name: str) -> None:
    torch.manual_seed(0)
    net, side = small(name)
    with torch.no_grad():
        randomize_statistics(net)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other, _ = small(name)
    images = batch(side)
    assert not torch.equal(outputs(other.eval(), images), outputs(net.eval(), images))
    other.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(outputs(other, images), outputs(net, images), rtol=0, atol=0)


@EVERY
def test_deepcopy_is_equal_and_apart(name: str) -> None:
    torch.manual_seed(0)
    net, side = small(name)
    net.eval()
    twin, images = copy.deepcopy(net), batch(side)
    before = outputs(net, images)
    torch.testing.assert_close(outputs(twin, images), before, rtol=0, atol=0)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(1)
    torch.testing.assert_close(outputs(net, images), before, rtol=0, atol=0)


@EVERY
def test_on_the_meta_device(name: str) -> None:
    with torch.device("meta"):
        net = create(name, width=0.25)
    tensors = [*net.parameters(), *net.buffers()]
    assert tensors and all(tensor.is_meta for tensor in tensors)
    output = net(torch.empty(3, 1, net.image_size, net.image_size, device="meta"))
    assert output.shape == (3, 10) and output.is_meta


@EVERY
def test_trains(name: str) -> None:
    torch.manual_seed(0)
    width = {"lenet": 1.0, "lenet5": 1.0, "nin": 0.25}.get(name, 0.125)
    net, side = small(name, width)
    images, labels = clothes(64, side)
    lr = 1e-2 if name == "lenet" else 1e-3 if name.startswith("vgg") else 3e-3
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    loss_of = getattr(net, "loss", cross_entropy)
    losses: list[float] = []
    while not losses or losses[-1] > losses[0] / 2:
        assert len(losses) <= 60, f"from {losses[0]:.2f} only to {losses[-1]:.2f}"
        loss = loss_of(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # Every weight takes part: none is left without a gradient.
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("name", ["lenet", "lenet5", "nin", "vgg11", "resnet18", "densenet"])
def test_a_seed_gives_the_same_network(name: str) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(small(name)[0].state_dict())
    for key, value in states[0].items():
        torch.testing.assert_close(states[1][key], value, rtol=0, atol=0)
