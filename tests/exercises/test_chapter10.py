"""Chapter 10: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import d2lhelpers as d2l


def nesterov(w: Tensor, g: Tensor, v: Tensor, lr: float, mu: float) -> tuple[Tensor, Tensor]:
    v = mu * v + g
    return w - lr * (g + mu * v), v


def in_place(w: Tensor, g: Tensor, v: Tensor, lr: float, mu: float) -> tuple[Tensor, Tensor]:
    v.mul_(mu).add_(g)
    w -= lr * (g + mu * v)
    return w, v


def adam(
    order: str = "none",
    correct: bool = True,
    first: int = 1,
    inside: bool = False,
    swapped: bool = False,
) -> Callable[..., Tensor]:
    """Adam with the mistakes that are asked for; ``order`` says where decay comes."""

    def walk(
        w: Tensor,
        gradients: list[Tensor],
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        decay: float = 0.0,
    ) -> Tensor:
        if swapped:
            beta1, beta2 = beta2, beta1
        m = s = torch.zeros_like(w)
        for t, g in enumerate(gradients, start=first):
            if order == "before":
                w = (1 - lr * decay) * w
            if order == "without the rate":
                w = (1 - decay) * w
            if order == "in the gradient":
                g = g + decay * w
            m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g**2
            m_hat, s_hat = (m / (1 - beta1**t), s / (1 - beta2**t)) if correct else (m, s)
            root = (s_hat + eps).sqrt() if inside else s_hat.sqrt() + eps
            w = w - lr * m_hat / root
            if order == "after":
                w = (1 - lr * decay) * w
        return w

    return walk


def changed_in_place(w: Tensor, gradients: list[Tensor], *settings: float) -> Tensor:
    w -= w - adam()(w, gradients, *settings)
    return w


def grouped(net: nn.Module, lr: float, decay: float) -> torch.optim.SGD:
    some = [p for p in net.parameters() if p.dim() > 1]
    rest = [p for p in net.parameters() if p.dim() <= 1]
    groups = [{"params": some, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=lr, momentum=0.9)


def matrices_only(net: nn.Module, lr: float, decay: float) -> torch.optim.SGD:
    some = [p for p in net.parameters() if p.dim() > 1]
    return torch.optim.SGD(some, lr=lr, momentum=0.9, weight_decay=decay)


def by_name(net: nn.Module, lr: float, decay: float) -> torch.optim.SGD:
    """Spares what is called bias, and forgets that γ is called weight."""
    groups = [
        {"params": [p], "weight_decay": 0.0 if "bias" in name else decay}
        for name, p in net.named_parameters()
    ]
    return torch.optim.SGD(groups, lr=lr, momentum=0.9)


RIGHT: dict[str, Any] = {
    "10.1": lambda curvatures: 2 / max(curvatures),
    "10.2": nesterov,
    "10.3": lambda g, lr, eps: -lr * g / (abs(g) + eps),
    "10.4": adam(),
    "10.5": adam("before"),
    "10.6": grouped,
}

WRONG: dict[str, list[Any]] = {
    "10.1": [
        lambda curvatures: 1 / max(curvatures),  # the best rate for one weight, not the limit
        lambda curvatures: 2 / min(curvatures),
        lambda curvatures: 2 * len(curvatures) / sum(curvatures),  # of the mean
        lambda curvatures: 2 / curvatures[-1],
        lambda curvatures: 2 * max(curvatures),
        lambda curvatures: -2 / max(curvatures),
        lambda curvatures: "2/h",
        0.02,
    ],
    "10.2": [
        lambda w, g, v, lr, mu: (w - lr * (mu * v + g), mu * v + g),  # plain momentum
        lambda w, g, v, lr, mu: (w - lr * (g + mu * v), mu * v + g),  # the old buffer
        lambda w, g, v, lr, mu: (
            w - lr * (g + mu * (mu * v + (1 - mu) * g)),
            mu * v + (1 - mu) * g,
        ),
        lambda w, g, v, lr, mu: nesterov(w, g, v, lr, mu)[::-1],
        lambda w, g, v, lr, mu: nesterov(w, g, v, lr, mu)[0],
        lambda w, g, v, lr, mu: (w - (mu * v + lr * g), mu * v + lr * g),
        in_place,
    ],
    "10.3": [
        lambda g, lr, eps: -lr * g,  # plain SGD
        lambda g, lr, eps: -lr,  # the sign
        lambda g, lr, eps: lr * g / (abs(g) + eps),
        lambda g, lr, eps: -lr * g / (g + eps),  # the root of g² is |g|
        lambda g, lr, eps: -lr * 0.1 * g / ((0.001 * g * g) ** 0.5 + eps),  # no correction
        lambda g, lr, eps: -lr * g / (g * g + eps) ** 0.5,  # eps under the root
        lambda g, lr, eps: -lr * ((g > 0) - (g < 0)),  # no eps
    ],
    "10.4": [
        adam(correct=False),
        adam(first=2),
        adam(first=0),  # divides by 0
        adam(inside=True),
        adam(swapped=True),
        lambda w, gradients, lr, b1, b2, eps: w - lr * sum(gradients),
        lambda w, gradients, *rest: adam()(w, gradients[:1], *rest),
        changed_in_place,
    ],
    "10.5": [
        adam("none"),
        adam("in the gradient"),  # Adam with L2
        adam("without the rate"),
        adam("after"),
        adam("before", correct=False),
    ],
    "10.6": [
        lambda net, lr, decay: torch.optim.SGD(
            net.parameters(), lr=lr, momentum=0.9, weight_decay=decay
        ),
        matrices_only,
        by_name,
        lambda net, lr, decay: torch.optim.SGD(
            grouped(net, lr, decay).param_groups, lr=lr
        ).__class__(net.parameters(), lr=lr, momentum=0.9),
        lambda net, lr, decay: torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=decay),
        lambda net, lr, decay: grouped(net, 0.1, decay),
        lambda net, lr, decay: grouped(net, lr, 0.01),
        lambda net, lr, decay: list(net.parameters()),
    ],
}


def test_answers_say_the_first_case() -> None:
    assert d2l.check("10.1", lambda curvatures: 1 / max(curvatures)).message == (
        "for curvatures=[1.0] you said 1; at 1.01 times that rate torch.optim.SGD still comes "
        "nearer to 0"
    )
    assert "flies away" in d2l.check("10.1", lambda curvatures: 2 / min(curvatures)).message
    assert "changed a tensor" in d2l.check("10.2", in_place).message
    assert "the new w" in d2l.check("10.2", WRONG["10.2"][0]).message
    assert "weight_decay=0.1" in d2l.check("10.5", adam("none")).message
    assert "never trained" in d2l.check("10.6", matrices_only).message
    assert "1.weight, of shape (2,)" in d2l.check("10.6", by_name).message
