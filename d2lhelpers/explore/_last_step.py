"""An optimizer's last step as formulas with its numbers in them."""

from __future__ import annotations

import math

from ._descent import BETA2, EPS, Plain, State


def last_step(
    optimizer: str, lr: float, momentum: float, decay: float, shown: list[Plain]
) -> list[str]:
    """The last of the ``shown`` states in formulas with their numbers, a line each.

    >>> states = [(4.0, 2.0, *[0.0] * 6), (2.0, 1.0, 4.0, 2.0, 4.0, 2.0, 0.0, 0.0)]
    >>> for line in last_step("SGD", 0.5, 0.0, 0.0, states):
    ...     print(line)
    step 1:   η = 0.5,   w = (4, 2),   g = ∇f = (4, 2)
    w ← w − η·g = (4, 2) − 0.5·(4, 2) = (2, 1)
    (SGD has no momentum: that control does nothing here)
    """
    t = len(shown) - 1
    if t == 0:
        return ["step 0: no step yet. Move “step”."]
    before, now = State._make(shown[-2]), State._make(shown[-1])
    w, g, v = (before.x, before.y), (now.gx, now.gy), (now.vx, now.vy)
    rate, mu, end = brief(lr), brief(momentum), pair(now.x, now.y)
    l2 = decay > 0 and optimizer != "AdamW"
    name = f"∇f + λ·w = ∇f + {brief(decay)}·w" if l2 else "∇f"
    lines = [f"step {t}:   η = {rate},   w = {pair(*w)},   g = {name} = {pair(*g)}"]
    if optimizer == "SGD":
        lines.append(f"w ← w − η·g = {pair(*w)} − {rate}·{pair(*g)} = {end}")
        lines.append("(SGD has no momentum: that control does nothing here)")
        return lines
    if not optimizer.startswith("Adam"):
        old = pair(before.vx, before.vy)
        lines.append(f"v ← μ·v + g = {mu}·{old} + {pair(*g)} = {pair(*v)}")
        if optimizer == "momentum":
            lines.append(f"w ← w − η·v = {pair(*w)} − {rate}·{pair(*v)} = {end}")
        else:
            both = f"({pair(*g)} + {mu}·{pair(*v)})"
            lines.append(f"w ← w − η·(g + μ·v) = {pair(*w)} − {rate}·{both} = {end}")
        return lines
    s = (now.sx, now.sy)
    one, two = 1 - momentum**t, 1 - BETA2**t
    lines.append(f"m ← β₁·m + (1 − β₁)·g = {pair(*v)},   β₁ = {mu}")
    lines.append(f"s ← β₂·s + (1 − β₂)·g² = {pair(*s)},   β₂ = {BETA2}")
    hats = [
        pair(v[0] / one, v[1] / one),
        pair(math.sqrt(s[0] / two) + EPS, math.sqrt(s[1] / two) + EPS),
    ]
    lines.append(f"m̂ = m/(1 − β₁ᵗ) = {hats[0]},   √ŝ + ε = √(s/(1 − β₂ᵗ)) + 10⁻⁸ = {hats[1]}")
    if optimizer == "AdamW" and decay > 0:
        kept = 1 - lr * decay
        start = f"w ← (1 − ηλ)·w − η·m̂/(√ŝ + ε) = {brief(kept)}·{pair(*w)}"
    else:
        start = f"w ← w − η·m̂/(√ŝ + ε) = {pair(*w)}"
    lines.append(f"{start} − {rate}·{hats[0]}/{hats[1]} = {end}")
    return lines


def brief(value: float) -> str:
    """Four digits, whatever the size; what is rounding error alone is 0.

    >>> brief(-0.123456), brief(2.5e-6), brief(1e-17)
    ('−0.1235', '2.5e−6', '0')
    """
    if abs(value) < 1e-12:
        return "0"
    return f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def pair(x: float, y: float) -> str:
    """A point or a vector as it is written.

    >>> pair(4.0, -1.5)
    '(4, −1.5)'
    """
    return f"({brief(x)}, {brief(y)})"
