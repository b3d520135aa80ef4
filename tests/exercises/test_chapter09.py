"""Chapter 09: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import d2lhelpers as d2l


def dropped(h: Tensor, p: float, u: Tensor, training: bool) -> Tensor:
    if not training:
        return h
    return torch.zeros_like(h) if p == 1 else h * (u >= p) / (1 - p)


def dropped_in_place(h: Tensor, p: float, u: Tensor, training: bool) -> Tensor:
    return h.copy_(dropped(h.clone(), p, u, training))


def shrunk(w: Tensor, amount: float) -> Tensor:
    return w.sign() * (w.abs() - amount).clamp(min=0)


def flipped(axis: int) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda X, coins: torch.where(coins[:, None, None, None], X.flip(axis), X)


def flipped_in_place(X: Tensor, coins: Tensor) -> Tensor:
    X[coins] = X[coins].flip(3)
    return X


def crops(X: Tensor, size: int, up: bool = False) -> list[Tensor]:
    down, right = X.shape[2] - size, X.shape[3] - size
    centre = (-(-down // 2), -(-right // 2)) if up else (down // 2, right // 2)
    corners = [(0, 0), (0, right), (down, 0), (down, right), centre]
    five = [X[..., a : a + size, b : b + size] for a, b in corners]
    return five + [crop.flip(3) for crop in five]


def averaged(
    up: bool = False, first: int = 0, last: int = 10, dim: int = 1, logits: bool = False
) -> Callable[[nn.Module, Tensor, int], Tensor]:
    """The mean over ten crops, with the mistakes that are asked for."""

    def mean(net: nn.Module, X: Tensor, size: int) -> Tensor:
        outputs = torch.stack([net(crop) for crop in crops(X, size, up)[first:last]])
        if logits:
            return outputs.mean(dim=0).softmax(dim=dim)
        return outputs.softmax(dim=dim + 1).mean(dim=0)

    return mean


RIGHT: dict[str, Any] = {
    "09.1": lambda w: (w.abs().sum(), (w**2).sum()),
    "09.2": lambda strength: 2 * strength,
    "09.3": dropped,
    "09.4": lambda w, g, lr, strength: shrunk(w - lr * g, lr * strength),
    "09.5": flipped(3),
    "09.6": averaged(),
}

WRONG: dict[str, list[Any]] = {
    "09.1": [
        lambda w: ((w**2).sum(), w.abs().sum()),  # as notes in circulation have it
        lambda w: (w.abs().sum(), (w**2).sum().sqrt()),  # the norm
        lambda w: (w.abs().sum(), (w**2).sum() / 2),
        lambda w: (w.sum(), (w**2).sum()),
        lambda w: (w.abs().mean(), (w**2).mean()),
        lambda w: (w.abs().sum(), w.abs().sum() ** 2),
        lambda w: (w.abs().sum(dim=-1), (w**2).sum(dim=-1)),
        lambda w: w.abs().sum() + (w**2).sum(),
    ],
    "09.2": [
        lambda strength: strength,
        lambda strength: strength / 2,
        lambda strength: 2 * strength * 0.1,
        lambda strength: -2 * strength,
        lambda strength: strength**2,
        lambda strength: 1 - 2 * strength,
        lambda strength: "2λ",
        0.02,
    ],
    "09.3": [
        lambda h, p, u, training: h * (u >= p) if training else h,  # no division
        lambda h, p, u, training: h * (u >= p) if training else h * (1 - p),  # AlexNet's form
        lambda h, p, u, training: h * (u < p) / p if training and p else h,  # p is kept
        lambda h, p, u, training: h * (u >= p) / (1 - p) if training else h,  # 0 / 0 at p = 1
        lambda h, p, u, training: dropped(h, p, u, True),  # in evaluation too
        lambda h, p, u, training: dropped(h, p, u, not training),
        lambda h, p, u, training: torch.zeros_like(h) if training else h,
        dropped_in_place,
    ],
    "09.4": [
        lambda w, g, lr, strength: w - lr * (g + strength * w.sign()),  # jumps across 0
        lambda w, g, lr, strength: w - lr * (g + 2 * strength * w),  # L2
        lambda w, g, lr, strength: shrunk(w - lr * g, strength),
        lambda w, g, lr, strength: shrunk(w, lr * strength) - lr * g,  # the other order
        lambda w, g, lr, strength: shrunk(w - lr * g, 2 * lr * strength),
        lambda w, g, lr, strength: (w - lr * g - lr * strength).clamp(min=0),
        lambda w, g, lr, strength: (w - lr * g) * ((w - lr * g).abs() > lr * strength),  # hard
        lambda w, g, lr, strength: w.sub_(lr * g).sign() * (w.abs() - lr * strength).clamp(min=0),
    ],
    "09.5": [
        flipped(2),  # upside down
        lambda X, coins: X.flip(3),
        lambda X, coins: X.flip(0),
        lambda X, coins: torch.where(coins[:, None, None, None], X, X.flip(3)),
        lambda X, coins: X.flip(3) if coins.any() else X,  # one coin for the batch
        lambda X, coins: X[coins].flip(3),
        flipped_in_place,
    ],
    "09.6": [
        averaged(logits=True),
        averaged(last=5),  # no mirror images
        averaged(last=9),
        averaged(first=4, last=5),  # the centre alone
        averaged(dim=0),
        averaged(up=True),
        lambda net, X, size: averaged()(net, X, size).argmax(dim=1),
        lambda net, X, size: 10 * averaged()(net, X, size),
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("09.1", WRONG["09.1"][0]).message == (
        "for w=[0.25, 0.25, 0.25, 0.25], L1: you said 0.25; L1 is 1"
    )
    assert "for strength=0.5 you said 0.5" in d2l.check("09.2", WRONG["09.2"][0]).message
    assert "p=1.0" in d2l.check("09.3", WRONG["09.3"][3]).message
    assert "changed a tensor" in d2l.check("09.3", dropped_in_place).message
    assert "coins=[True]" in d2l.check("09.5", flipped(2)).message
