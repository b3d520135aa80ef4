"""The optimizers of ``torch.optim`` on two numbers, in plain Python: 1000 steps in about 1 ms.

``torch.optim`` needs some 50 µs a step, too long for a picture that follows a slider. The tests
hold every path to it.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from ._surfaces import SURFACES, gap

OPTIMIZERS = ("SGD", "momentum", "Nesterov", "Adam", "AdamW")
STEPS = 1000
NEAR = 0.01
FAR = 1e6
BETA2, EPS = 0.999, 1e-8


class State(NamedTuple):
    """Where the weights are after a step, and the numbers that took them there.

    ``g`` is the gradient that the step used, an L2 term included; ``v`` the momentum buffer or
    Adam's first moment; ``s`` Adam's second moment.
    """

    x: float
    y: float
    gx: float = 0.0
    gy: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    sx: float = 0.0
    sy: float = 0.0


# A State as it is kept: a plain tuple is made in a fifth of the time.
Plain = tuple[float, ...]


class Path(NamedTuple):
    """All states from the start on, and whether the last one is too far away to go on.

    ``settled`` is the step from which on the value stays within ``NEAR`` of the lowest one.
    """

    states: list[Plain]
    diverged: bool
    settled: int | None


@functools.lru_cache(maxsize=256)
def descend(surface: str, optimizer: str, lr: float, momentum: float, decay: float) -> Path:
    """The path of an optimizer over ``STEPS`` steps, or until a weight lies beyond ``FAR``.

    ``momentum`` is μ, or Adam's β₁; SGD has none. ``decay`` is ``weight_decay``: an L2 term in the
    gradient for all but AdamW. https://docs.pytorch.org/docs/stable/optim.html

    >>> descend("bowl", "SGD", 1.0, 0.0, 0.0).settled
    1
    """
    walk = _adam if optimizer.startswith("Adam") else _sgd
    states, diverged = walk(surface, optimizer, lr, momentum, decay)
    ground = SURFACES[surface]
    settled = len(states)
    while settled and gap(ground, *states[settled - 1][:2]) < NEAR:
        settled -= 1
    return Path(states, diverged, None if settled == len(states) else settled)


def _sgd(
    surface: str, optimizer: str, lr: float, momentum: float, decay: float
) -> tuple[list[Plain], bool]:
    mu = 0.0 if optimizer == "SGD" else momentum
    slope, (x, y) = SURFACES[surface].slope, SURFACES[surface].start
    vx = vy = 0.0
    states: list[Plain] = [State(x, y)]
    for _ in range(STEPS):
        gx, gy = slope(x, y)
        gx, gy = gx + decay * x, gy + decay * y
        vx, vy = mu * vx + gx, mu * vy + gy
        if optimizer == "Nesterov":
            x, y = x - lr * (gx + mu * vx), y - lr * (gy + mu * vy)
        else:
            x, y = x - lr * vx, y - lr * vy
        states.append((x, y, gx, gy, vx, vy, 0.0, 0.0))
        if not (abs(x) < FAR and abs(y) < FAR):
            return states, True
    return states, False


def _adam(
    surface: str, optimizer: str, lr: float, momentum: float, decay: float
) -> tuple[list[Plain], bool]:
    slope, (x, y) = SURFACES[surface].slope, SURFACES[surface].start
    l2, shrink = (0.0, 1 - lr * decay) if optimizer == "AdamW" else (decay, 1.0)
    mx = my = sx = sy = 0.0
    power1 = power2 = 1.0
    sqrt = math.sqrt
    states: list[Plain] = [State(x, y)]
    for _ in range(STEPS):
        gx, gy = slope(x, y)
        gx, gy = gx + l2 * x, gy + l2 * y
        mx, my = momentum * mx + (1 - momentum) * gx, momentum * my + (1 - momentum) * gy
        sx, sy = BETA2 * sx + (1 - BETA2) * gx * gx, BETA2 * sy + (1 - BETA2) * gy * gy
        power1, power2 = power1 * momentum, power2 * BETA2
        rate, root = lr / (1 - power1), sqrt(1 - power2)
        x = shrink * x - rate * mx / (sqrt(sx) / root + EPS)
        y = shrink * y - rate * my / (sqrt(sy) / root + EPS)
        states.append((x, y, gx, gy, mx, my, sx, sy))
        if not (abs(x) < FAR and abs(y) < FAR):
            return states, True
    return states, False
