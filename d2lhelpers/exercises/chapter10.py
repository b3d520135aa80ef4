"""The checks of chapter 10, optimizers."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from ._exercise import Wrong, call, describe, difference, exercise, first_wrong


@exercise(
    "10.1",
    "One step multiplies w_i by (1 − η·h_i). Find the η at which this factor reaches −1 for the "
    "first of the h_i.",
)
def largest_rate(answer: Any) -> str | None:
    """A function (curvatures) -> the rate above which plain gradient descent diverges."""
    cases = [[1.0], [1.0, 100.0], [100.0, 1.0], [0.5, 0.25], [3.0, 7.0, 5.0], [10.0, 10.0]]
    for curvatures in cases:
        case = f"curvatures={curvatures}"
        said = call(answer, list(curvatures), case=case)
        if isinstance(said, Tensor) and said.numel() == 1:
            said = said.item()
        if isinstance(said, bool) or not isinstance(said, (int, float)):
            return f"for {case} you returned {describe(said)}; a number is expected"
        below, above = (_grown(curvatures, factor * said) for factor in (0.99, 1.01))
        if not (said > 0 and below < 1):
            return (
                f"for {case} you said {said:.6g}; at 0.99 times that rate torch.optim.SGD already "
                f"flies away from 1"
            )
        if above <= 1:
            return (
                f"for {case} you said {said:.6g}; at 1.01 times that rate torch.optim.SGD still "
                f"comes nearer to 0"
            )
    return None


def _grown(curvatures: list[float], lr: float) -> float:
    """The largest of the weights after 300 steps from 1; infinite for a rate that is refused."""
    if not lr >= 0:
        return torch.inf
    h = torch.tensor(curvatures, dtype=torch.float64)
    w = torch.ones_like(h)
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(300):
        w.grad = h * w
        optimizer.step()
    return w.abs().nan_to_num(torch.inf).max().item()


def _walk(optimizer: torch.optim.Optimizer, w: Tensor, gradients: list[Tensor]) -> None:
    for g in gradients:
        w.grad = g.clone()
        optimizer.step()


def _unchanged(given: list[Tensor], before: list[Tensor], case: str) -> None:
    if not all(torch.equal(a, b) for a, b in zip(given, before, strict=True)):
        raise Wrong(f"for {case} your function changed a tensor that it was given: make new ones")


def _vectors(generator: torch.Generator, count: int, size: int = 3) -> list[Tensor]:
    return [
        torch.randn(size, generator=generator, dtype=torch.float64).round(decimals=2)
        for _ in range(count)
    ]


def _numbers(x: Tensor) -> str:
    return str([round(value, 4) for value in x.tolist()])


@exercise(
    "10.2",
    "Two lines. First the buffer, as in plain momentum. Then w moves against the gradient plus μ "
    "times the new buffer.",
)
def nesterov_step(answer: Any) -> str | None:
    """A function (w, g, v, lr, mu) -> (w, v) after PyTorch's step with nesterov=True."""
    generator = torch.Generator().manual_seed(0)
    for lr, mu in [(0.1, 0.5), (0.1, 0.9), (0.01, 0.9), (1.0, 0.8)]:
        start, *gradients = _vectors(generator, 4)
        w, v = start.clone(), torch.zeros_like(start)
        optimizer = torch.optim.SGD([w], lr=lr, momentum=mu, nesterov=True)
        for step, g in enumerate(gradients, start=1):
            case = f"step {step}, w={_numbers(w)}, g={_numbers(g)}, v={_numbers(v)}, {lr=}, {mu=}"
            given = [w.clone(), g.clone(), v.clone()]
            said = call(answer, *given, lr, mu, case=case)
            _unchanged(given, [w, g, v], case)
            _walk(optimizer, w, [g])
            v = optimizer.state[w]["momentum_buffer"].clone()
            if not (isinstance(said, (tuple, list)) and len(said) == 2):
                return f"for {case} you returned {describe(said)}; a pair (w, v) is expected"
            for name, ours, theirs in zip(("v", "w"), (said[1], said[0]), (v, w), strict=True):
                problem = difference(ours, theirs, "PyTorch gives")
                if problem:
                    return f"for {case}, the new {name}: {problem}"
    return None


@exercise(
    "10.3",
    "After one step the correction undoes what starting at 0 did: m̂ is g itself, and ŝ is g². "
    "Put both into the last formula, and mind that √(g²) is not g.",
)
def first_move(answer: Any) -> str | None:
    """A function (g, lr, eps) -> what Adam's first step adds to the weight."""

    def truth(g: float, lr: float, eps: float) -> float:
        w = torch.zeros(1, dtype=torch.float64)
        optimizer = torch.optim.Adam([w], lr=lr, eps=eps)
        _walk(optimizer, w, [torch.tensor([g], dtype=torch.float64)])
        return w.item()

    cases = itertools.product((1.0, 1000.0, -2.0, 0.5, 0.01, -0.01, 0.0), (1.0, 10.0), (1e-8, 0.01))
    return first_wrong(answer, cases, truth, ("g", "lr", "eps"), "PyTorch moves it by")


Betas = tuple[float, float]
# Rates so large that a difference in the order of two operations shows.
_SETTINGS: list[tuple[float, Betas, float, int]] = [
    (0.1, (0.9, 0.999), 1e-8, 1),
    (0.1, (0.9, 0.999), 1e-8, 2),
    (0.5, (0.8, 0.99), 1e-8, 5),
    (0.1, (0.9, 0.5), 0.1, 5),
    (1.0, (0.0, 0.9), 1e-3, 4),
]


def _adam_check(answer: Any, decays: list[float] | None) -> str | None:
    """Compare with Adam, or with AdamW for each of the decays."""
    generator = torch.Generator().manual_seed(0)
    for (lr, (beta1, beta2), eps, count), decay in itertools.product(_SETTINGS, decays or [0.0]):
        start, *gradients = _vectors(generator, count + 1)
        w = start.clone()
        options = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": decay}
        kind = torch.optim.Adam if decays is None else torch.optim.AdamW
        _walk(kind([w], **options), w, gradients)  # type: ignore[arg-type]
        case = f"{count} gradient{'s' if count > 1 else ''}, {lr=}, {beta1=}, {beta2=}, {eps=}"
        case += f", weight_decay={decay}" if decays else ""
        given = [start.clone(), *(g.clone() for g in gradients)]
        last = (decay,) if decays else ()
        said = call(answer, given[0], given[1:], lr, beta1, beta2, eps, *last, case=case)
        _unchanged(given, [start, *gradients], case)
        problem = difference(said, w, "PyTorch gives")
        if problem:
            return f"for {case} {problem}"
    return None


@exercise(
    "10.4",
    "Count the steps from t = 1: at t = 0 the correction 1 − βᵗ would be 0. Divide both moments by "
    "their own correction; eps stands outside the root.",
)
def adam(answer: Any) -> str | None:
    """A function (w, gradients, lr, beta1, beta2, eps) -> w after Adam's steps."""
    return _adam_check(answer, None)


@exercise(
    "10.5",
    "Before each of Adam's steps multiply w by (1 − lr·weight_decay). The gradient, and so both "
    "moments, must know nothing of the decay.",
)
def adamw(answer: Any) -> str | None:
    """A function (w, gradients, lr, beta1, beta2, eps, weight_decay) -> w after AdamW's steps."""
    return _adam_check(answer, [0.0, 0.1, 0.5])


@exercise(
    "10.6",
    "Give torch.optim.SGD a list of two dictionaries, each with 'params' and 'weight_decay'. "
    "p.dim() says how many axes a parameter has; each parameter belongs to one of the two lists.",
)
def optimizer_for(answer: Any) -> str | None:
    """A function (net, lr, decay) -> SGD with momentum 0.9 that decays kernels and matrices."""
    with torch.random.fork_rng(devices=[]):
        nets: dict[str, nn.Module] = {
            "nn.Linear(3, 2)": nn.Linear(3, 2),
            "convolution, batch norm, linear": nn.Sequential(
                nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2)
            ),
        }
    for (name, net), (lr, decay) in itertools.product(nets.items(), [(0.1, 0.01), (0.05, 5e-4)]):
        case = f"net={name}, {lr=}, {decay=}"
        optimizer = call(answer, net, lr, decay, case=case)
        if not isinstance(optimizer, torch.optim.SGD):
            return f"for {case} you returned {describe(optimizer)}; a torch.optim.SGD is expected"
        place = {p: group for group in optimizer.param_groups for p in group["params"]}
        for key, p in net.named_parameters():
            if p not in place:
                return f"for {case} the parameter {key} is in no group: it is never trained"
            wanted = {"lr": lr, "momentum": 0.9, "weight_decay": decay if p.dim() > 1 else 0}
            wanted |= {"dampening": 0, "nesterov": False, "maximize": False}
            for setting, value in wanted.items():
                said = place[p][setting]
                if said != value:
                    return (
                        f"for {case} the parameter {key}, of shape {tuple(p.shape)}, has "
                        f"{setting}={said}; {value} is expected"
                    )
    return None
