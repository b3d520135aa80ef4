from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from d2lhelpers.device import set_seed
from d2lhelpers.training import fit
from d2lhelpers.training._placement import placed

from .toy import CPU, images, one_thread, plain, same, weights, without_times

__all__ = ["one_thread", "plain"]


# Memory format and precision


class Recorder(nn.Module):
    """Remembers the order in memory and the type of what passes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bool, torch.dtype]] = []

    def forward(self, X: Tensor) -> Tensor:
        last = X.is_contiguous(memory_format=torch.channels_last) and not X.is_contiguous()
        self.seen.append((last, X.dtype))
        return X


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("mixed", [False, True])
def test_feature_maps_follow_the_policy(
    monkeypatch: pytest.MonkeyPatch, last: bool, mixed: bool
) -> None:
    monkeypatch.setenv("D2L_CHANNELS_LAST", str(int(last)))
    monkeypatch.setenv("D2L_MIXED_PRECISION", str(int(mixed)))
    recorder = Recorder()
    net = nn.Sequential(nn.Conv2d(1, 4, 3), recorder, nn.Flatten(), nn.Linear(144, 2))
    history = fit(net, images(), images(), 8, device="cpu")
    assert set(recorder.seen) == {(last, torch.bfloat16 if mixed else torch.float32)}
    assert history.test_acc[-1] > 0.9
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert all(p.is_contiguous() for p in net.parameters())


@pytest.mark.parametrize("last", [False, True])
def test_weights_and_images_follow_the_policy_and_weights_come_back(
    monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    monkeypatch.setenv("D2L_CHANNELS_LAST", str(int(last)))
    recorder, conv = Recorder(), nn.Conv2d(3, 4, 3)
    # Outside the network's modules: it sees the images before the first layer does.
    conv.register_forward_pre_hook(lambda module, inputs: (recorder(inputs[0]),))
    with placed(conv, CPU) as place:
        place(torch.rand(2, 3, 8, 8))
        assert conv.weight.is_contiguous() is not last
        assert conv.weight.is_contiguous(memory_format=torch.channels_last) is last
    assert recorder.seen == [(last, torch.float32)]
    assert conv.weight.is_contiguous()


def test_a_network_that_uses_view_trains_as_it_would_without_channels_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class View(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.2)
            self.features = nn.Sequential(*layers)
            self.head = nn.Linear(144, 2)

        def forward(self, X: Tensor) -> Tensor:
            X = self.features(X)
            return self.head(X.view(X.shape[0], -1))

    def run() -> tuple[tuple[list[float], ...], list[Tensor]]:
        net = View()
        set_seed(6)
        return without_times(fit(net, images(), images(), 2, device="cpu")), weights(net)

    history, trained = run()
    monkeypatch.setenv("D2L_CHANNELS_LAST", "0")
    expected, expected_weights = run()
    assert history == expected and same(trained, expected_weights)
