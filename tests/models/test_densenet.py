"""DenseNet: its block, and time traded for memory."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from d2lhelpers.models.densenet import DenseBlock

from .small import clothes, randomize_statistics, small


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
