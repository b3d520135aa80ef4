"""Chapter 08: wrong answers that readers do give, and what they are told."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import d2lhelpers as d2l

MAPS = (0, 2, 3)


def normed(X: Tensor, gamma: Tensor, beta: Tensor, eps: float, **how: Any) -> Tensor:
    dims, correction = how.get("dims", MAPS), how.get("correction", 0)
    mean = X.mean(dims, keepdim=True)
    root = (X.var(dims, correction=correction, keepdim=True) + eps).sqrt()
    return gamma.reshape(1, -1, 1, 1) * (X - mean) / root + beta.reshape(1, -1, 1, 1)


def updated(
    mean: Tensor, var: Tensor, X: Tensor, m: float, correction: int = 1
) -> tuple[Tensor, Tensor]:
    new_var = (1 - m) * var + m * X.var(MAPS, correction=correction)
    return (1 - m) * mean + m * X.mean(MAPS), new_var


def in_place(mean: Tensor, var: Tensor, X: Tensor, m: float) -> tuple[Tensor, Tensor]:
    F.batch_norm(X, mean, var, training=True, momentum=m)
    return mean, var


def folded(w: Tensor, b: Tensor, m: Tensor, v: Tensor, g: Tensor, s: Tensor, e: float) -> Any:
    factor = g / (v + e).sqrt()
    return factor.reshape(-1, 1, 1, 1) * w, factor * (b - m) + s


def interleaved(X: Tensor, G: int, eps: float) -> Tensor:
    N, C, H, W = X.shape
    mixed = X.reshape(N, C // G, G, H, W).transpose(1, 2).reshape(X.shape)
    y = F.group_norm(mixed, G, eps=eps).reshape(N, G, C // G, H, W)
    return y.transpose(1, 2).reshape(X.shape)


WRONG: dict[str, list[Any]] = {
    "08.1": [
        lambda kind, N, C, H, W, G: {"batch": N, "layer": N, "instance": N * C}.get(kind, N * G),
        lambda kind, N, C, H, W, G: {"batch": C, "layer": C, "instance": N * C}.get(kind, N * G),
        lambda kind, N, C, H, W, G: {"batch": C, "layer": N, "instance": C}.get(kind, N * G),
        lambda kind, N, C, H, W, G: {"batch": C, "layer": N, "instance": N * C}.get(kind, G),
        lambda kind, N, C, H, W, G: {"batch": C, "layer": 1, "instance": N * C}.get(kind, N * G),
    ],
    "08.2": [
        lambda X, g, b, e: normed(X, g, b, e, correction=1),  # the unbiased variance
        lambda X, g, b, e: normed(X, g, b, e, dims=(0,)),  # a mean for each place
        lambda X, g, b, e: normed(X, g, b, e, dims=(2, 3)),  # instance normalization
        lambda X, g, b, e: normed(X, g, torch.zeros_like(b), e),  # forgets beta
        lambda X, g, b, e: (
            ((X - X.mean(MAPS, keepdim=True)) / (X.std(MAPS, correction=0, keepdim=True) + e))
            * g.reshape(1, -1, 1, 1)
            + b.reshape(1, -1, 1, 1)
        ),  # eps outside the root
        lambda X, g, b, e: g * X + b,  # broadcasts over the last axis
    ],
    "08.3": [
        lambda mean, var, X, m: updated(mean, var, X, m, correction=0),  # the biased variance
        lambda mean, var, X, m: updated(mean, var, X, 1 - m),  # the weight of the old value
        lambda mean, var, X, m: (X.mean(MAPS), X.var(MAPS)),  # forgets the old ones
        lambda mean, var, X, m: updated(mean, var, X, m)[::-1],
        lambda mean, var, X, m: updated(mean, var, X, m)[0],
        in_place,
    ],
    "08.4": [
        lambda X, e: (X.var(0, correction=0), X.mean(0)),  # the variance, not its root
        lambda X, e: (X.std(0, correction=0), X.mean(0)),  # forgets eps
        lambda X, e: ((X.var(0) + e).sqrt(), X.mean(0)),  # the unbiased variance
        lambda X, e: (X.mean(0), (X.var(0, correction=0) + e).sqrt()),  # the wrong way round
        lambda X, e: ((X.var(0, correction=0) + e).rsqrt(), -X.mean(0)),  # the inverse
        lambda X, e: (torch.ones(1), X.mean()),
    ],
    "08.5": [
        interleaved,  # every G-th channel
        lambda X, G, eps: F.group_norm(X, X.shape[1] // G, eps=eps),  # G as the group's size
        lambda X, G, eps: F.layer_norm(X, X.shape[1:], eps=eps),
        lambda X, G, eps: F.instance_norm(X, eps=eps),
        lambda X, G, eps: F.group_norm(X, G),  # another eps
        lambda X, G, eps: X.reshape(X.shape[0], G, -1),  # not shaped back
    ],
    "08.6": [
        lambda w, b, m, v, g, s, e: (folded(w, b, m, v, g, s, e)[0], g * (b - m) + s),
        lambda w, b, m, v, g, s, e: folded(w, 0 * b, m, v, g, s, e),  # forgets the bias
        lambda w, b, m, v, g, s, e: folded(w, b, m, v, g, s, 0.0),  # forgets eps
        lambda w, b, m, v, g, s, e: folded(w, b, m, v.square(), g, s, e),  # no root
        lambda w, b, m, v, g, s, e: (
            (g / (v + e).sqrt()).reshape(1, -1, 1, 1) * w,  # scales the input channels
            folded(w, b, m, v, g, s, e)[1],
        ),
        lambda w, b, m, v, g, s, e: folded(w, b, m, v, g, s, e)[0],
    ],
    "08.7": [
        lambda n, k, a, b: {"size": n, "alpha": a, "beta": b, "k": k},
        lambda n, k, a, b: {"size": n, "alpha": a / n, "beta": b, "k": k},
        lambda n, k, a, b: {"size": n, "alpha": a * n, "beta": b},  # PyTorch's k is 1
        lambda n, k, a, b: {"n": n, "alpha": a * n, "beta": b, "k": k},
        lambda n, k, a, b: (n, a * n, b, k),
    ],
}

RIGHT: dict[str, Any] = {
    "08.1": lambda kind, N, C, H, W, G: {"batch": C, "layer": N, "instance": N * C}.get(
        kind, N * G
    ),
    "08.2": normed,
    "08.3": updated,
    "08.4": lambda X, e: ((X.var(0, correction=0) + e).sqrt(), X.mean(0)),
    "08.5": lambda X, G, eps: F.group_norm(X, G, eps=eps),
    "08.6": folded,
    "08.7": lambda n, k, a, b: {"size": n, "alpha": a * n, "beta": b, "k": k},
}


def test_what_readers_are_told() -> None:
    swapped = d2l.check("08.3", lambda mean, var, X, m: updated(mean, var, X, 1 - m))
    assert "momentum=0.1, the running mean: at index" in swapped.message
    assert "changed its arguments" in d2l.check("08.3", in_place).message
    assert "there is" in d2l.check("08.4", WRONG["08.4"][0]).message
    assert "refuses your arguments" in d2l.check("08.7", WRONG["08.7"][3]).message
