"""The optimizer explorer: every path is the one that ``torch.optim`` walks."""

from __future__ import annotations

import math
import random
import re
from typing import Any

import pytest
import torch
from torch import Tensor

import d2lhelpers as d2l
from d2lhelpers.explore._descent import FAR, NEAR, OPTIMIZERS, STEPS, descend
from d2lhelpers.explore._surfaces import SURFACES, contour_path
from d2lhelpers.explore.optimizer import DECAYS, MOMENTA, RATES, render
from tests.explore.states import median_milliseconds, sample, value, words

SPACE: dict[str, Any] = {
    "optimizer": OPTIMIZERS,
    "lr": RATES,
    "momentum": MOMENTA,
    "surface": list(SURFACES),
    "decay": DECAYS,
    "step": range(STEPS + 1),
}
NAMES = list(SURFACES)


def heights(w: Tensor) -> Tensor:
    """The five surfaces, each at its own row of w, (..., 5, 2)."""
    x, y = (part.unbind(-1) for part in w.unbind(-1))
    return torch.stack(
        [
            (x[0] ** 2 + y[0] ** 2) / 2,
            (x[1] ** 2 + 100 * y[1] ** 2) / 2,
            ((x[2] + y[2]) ** 2 + 100 * (x[2] - y[2]) ** 2) / 4,
            (1 - x[3]) ** 2 + 100 * (y[3] - x[3] ** 2) ** 2,
            x[4] ** 2 / 2 + y[4] ** 4 / 4 - y[4] ** 2 / 2,
        ]
    )


Setting = tuple[str, float, float, float]


def torch_optimizers(settings: list[Setting], ws: list[Tensor]) -> list[torch.optim.Optimizer]:
    """One optimizer a class, with a group of parameters for each setting."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for (name, lr, mu, decay), w in zip(settings, ws, strict=True):
        group: dict[str, Any] = {"params": [w], "lr": lr, "weight_decay": decay, "foreach": False}
        if name.startswith("Adam"):
            group["betas"] = (mu, 0.999)
        elif name != "SGD":
            group |= {"momentum": mu, "nesterov": name == "Nesterov" and mu > 0}
        kind = getattr(torch.optim, name if name.startswith("Adam") else "SGD")
        groups.setdefault(kind, []).append(group)
    return [kind(of_kind, lr=0.1) for kind, of_kind in groups.items()]


def torch_paths(settings: list[Setting], steps: int, shift: float = 0.0) -> Tensor:
    """(steps + 1, settings, surfaces, 2): where torch.optim's walks are."""
    start = torch.tensor([s.start for s in SURFACES.values()], dtype=torch.float64) + shift
    ws = [start.clone() for _ in settings]
    optimizers = torch_optimizers(settings, ws)
    seen = [torch.stack(ws)]
    for _ in range(steps):
        stacked = seen[-1].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(heights(stacked).sum(), stacked)
        for w, g in zip(ws, gradient, strict=True):
            w.grad = g
        for optimizer in optimizers:
            optimizer.step()
        seen.append(torch.stack(ws))
    return torch.stack(seen)


def places(states: list[Any]) -> Tensor:
    return torch.tensor([state[:2] for state in states], dtype=torch.float64)


def test_a_thousand_states_walk_as_torch_optim_does() -> None:
    draw, steps, compared, diverged = random.Random(0), 40, 0, 0
    every = [
        (name, lr, mu, decay)
        for name in OPTIMIZERS
        for lr in RATES
        for mu in (MOMENTA if name != "SGD" else MOMENTA[:1])
        for decay in DECAYS
    ]
    settings = draw.sample(every, 200)
    theirs = torch_paths(settings, steps)
    # Where a shift of 1e-10 grows into another path, so does rounding: compare up to there.
    shifted = torch_paths(settings, steps, shift=1e-10)
    steady = ((theirs - shifted).abs() < 1e-7 * (1 + theirs.abs())).all(-1)
    for i, setting in enumerate(settings):
        for j, surface in enumerate(NAMES):
            path = descend(surface, *setting)
            chaos = (~steady[:, i, j]).nonzero().flatten().tolist()
            ours = places(path.states[: min([steps + 1, *chaos])])
            torch.testing.assert_close(ours, theirs[: len(ours), i, j], rtol=1e-6, atol=1e-8)
            compared += len(ours)
            diverged += path.diverged
    assert 1000 * steps * 0.7 < compared and 100 < diverged < 600


def test_whole_paths_end_where_torch_optim_ends() -> None:
    settings = [(name, 0.001, 0.9, 0.01) for name in OPTIMIZERS]
    theirs = torch_paths(settings, STEPS)
    for i, setting in enumerate(settings):
        for j, surface in enumerate(NAMES):
            ours = places(descend(surface, *setting).states)
            torch.testing.assert_close(ours, theirs[:, i, j], rtol=1e-6, atol=1e-8)


def test_slopes_are_the_gradients_and_the_minima_are_minima() -> None:
    for index, (name, surface) in enumerate(SURFACES.items()):
        for x, y in [surface.start, (0.3, -0.7), (-1.1, 0.4)]:
            w = torch.tensor([[x, y]] * len(NAMES), dtype=torch.float64, requires_grad=True)
            height = heights(w)[index]
            (gradient,) = torch.autograd.grad(height, w)
            assert surface.value(x, y) == pytest.approx(height.item())
            assert surface.slope(x, y) == pytest.approx(tuple(gradient[index].tolist())), name
        for minimum in surface.minima:
            assert surface.value(*minimum) == surface.lowest
            assert surface.slope(*minimum) == (0, 0)


def test_settled_is_the_step_from_which_on_the_value_stays_near() -> None:
    seen = set()
    for state in sample(SPACE, 200):
        surface = SURFACES[state["surface"]]
        mu = state["momentum"]
        path = descend(state["surface"], state["optimizer"], state["lr"], mu, state["decay"])
        near = [surface.value(*s[:2]) - surface.lowest < NEAR for s in path.states]
        expected = next((i for i in range(len(near)) if all(near[i:])), None)
        assert path.settled == expected
        seen.add(expected is None)
    assert seen == {True, False}


def last_pair(line: str) -> tuple[float, float]:
    x, y = re.findall(r"\(([^\s()]+), ([^\s()]+)\)", line)[-1]
    return value(x), value(y)


def worked_out(state: dict[str, Any], numbers: list[float]) -> list[float]:
    """The terms of the last line's sum."""
    lr, mu = state["lr"], state["momentum"]
    if state["optimizer"].startswith("Adam"):
        kept = 1 - lr * state["decay"] if state["optimizer"] == "AdamW" else 1
        return [kept * numbers[0], -lr * numbers[1] / (numbers[2] or math.inf)]
    if state["optimizer"] == "Nesterov":
        return [numbers[0], -lr * numbers[1], -lr * mu * numbers[2]]
    return [numbers[0], -lr * numbers[1]]


def test_the_numbers_on_screen_are_the_path_s() -> None:
    for state in sample(SPACE, 200):
        picture = render(**state)
        path = descend(*(state[k] for k in ("surface", "optimizer", "lr", "momentum", "decay")))
        last = min(state["step"], len(path.states) - 1)
        there = path.states[last]
        text = words(picture)
        assert f"after step {last}: f = " in text
        said = value(re.findall(r"after step \d+: f = (\S+)", text)[0].removesuffix("lower"))
        true = SURFACES[state["surface"]].value(*there[:2])
        assert said == pytest.approx(true, rel=1e-3, abs=1e-11)
        if last:
            (line,) = re.findall(r">(w ← [^<]*)<", str(picture))
            assert last_pair(line) == pytest.approx(there[:2], rel=1e-3, abs=1e-11)
            # The formula as it is written, with the numbers that are written, gives its result.
            left = line.split(" = ")[1]
            pairs = re.findall(r"\(([^\s()]+), ([^\s()]+)\)", left)
            for axis in (0, 1):
                terms = worked_out(state, [value(pair[axis]) for pair in pairs])
                size = sum(map(abs, terms))
                assert sum(terms) == pytest.approx(there[axis], rel=0, abs=2e-3 * size + 1e-11)
        if path.diverged:
            assert f"beyond {FAR:,.0f} at step {len(path.states) - 1}" in text


def test_a_rate_above_two_over_the_curvature_diverges_in_words() -> None:
    assert "within 0.01 of the lowest from step" in words(render(lr=0.019))
    above = render(lr=0.021, step=STEPS)
    assert "diverged: beyond 1,000,000 at step" in words(above)
    assert "lower the rate" in words(above)
    explorer = d2l.explore.optimizer(surface="Rosenbrock", lr=1.0)
    assert "diverged" in explorer.picture.value


def test_what_the_chapter_says_can_be_seen() -> None:
    def steps(*setting: Any) -> int:
        settled = descend(*setting).settled
        assert settled is not None
        return settled

    plain, momentum, nesterov = (steps("ravine", o, 0.01, 0.9, 0.0) for o in OPTIMIZERS[:3])
    assert plain > 3 * momentum and momentum > 1.3 * nesterov
    across = steps("tilted ravine", "Adam", 0.1, 0.9, 0.0)
    assert 3.5 < across / steps("ravine", "Adam", 0.1, 0.9, 0.0) < 4.5
    adam, adamw = (descend("Rosenbrock", o, 0.1, 0.9, 1.0).states[-1] for o in OPTIMIZERS[3:])
    assert math.hypot(*adamw[:2]) < 0.5 * math.hypot(*adam[:2])


def test_contour_lines_lie_at_their_level() -> None:
    for name, surface in SURFACES.items():
        left, right, bottom, top = surface.view
        points = re.findall(r"[ML](\S+?) ([\d.]+)", contour_path(name, 100, 100))
        assert len(points) > 200
        spread = max(surface.levels) - surface.lowest
        for a, b in points[::7]:
            x = left + float(a) / 100 * (right - left)
            y = top - float(b) / 100 * (top - bottom)
            gaps = [abs(surface.value(x, y) - level) for level in surface.levels]
            assert min(gaps) < 0.03 * spread, name


def test_the_path_starts_and_ends_where_the_weights_do() -> None:
    picture = str(render(surface="bowl", lr=0.1, step=5))
    (path,) = [p for p in re.findall(r'<polyline points="(.*?)"', picture) if " " in p][:1]
    points = [tuple(map(float, p.split(","))) for p in path.split()]
    expected = [(4 * 0.9**t, 2 * 0.9**t) for t in range(6)]
    shown = [(10 * a / 530 - 5, 3 - 6 * b / 330) for a, b in points]
    assert len(shown) == 6
    for ours, true in zip(shown, expected, strict=True):
        assert ours == pytest.approx(true, abs=1e-3)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"optimizer": "RMSprop"}, "optimizer must be one of 'SGD'.*got 'RMSprop'"),
        ({"surface": "hill"}, "surface must be one of 'bowl'.*got 'hill'"),
        ({"lr": -0.1}, "lr is -0.1; a learning rate is 0 or more"),
        ({"lr": math.nan}, "lr is nan"),
        ({"momentum": 1.0}, "momentum is 1.0; it must be from 0 to below 1"),
        ({"decay": -1.0}, "decay is -1.0"),
        ({"step": STEPS + 1}, f"step is {STEPS + 1}; the path has the steps 0 to {STEPS}"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**state)


def test_redraw_takes_at_most_5_ms() -> None:
    for name in NAMES:
        contour_path(name, 530.0, 330.0)
    descend.cache_clear()
    assert median_milliseconds(render, sample(SPACE, 200)) <= 5


def test_every_control_changes_the_picture_in_place() -> None:
    explorer = d2l.explore.optimizer(optimizer="momentum")
    for name, setting in (
        ("lr", 0.005),
        ("momentum", 0.95),
        ("decay", 0.1),
        ("step", 20),
        ("surface", "saddle"),
        ("optimizer", "AdamW"),
    ):
        before = explorer.picture.value
        explorer.controls[name].value = setting
        assert explorer.picture.value != before
    assert explorer.picture.value == render("AdamW", 0.005, 0.95, "saddle", 0.1, 20)


def test_a_start_between_the_slider_s_values_is_kept() -> None:
    explorer = d2l.explore.optimizer(lr=0.0123)
    assert explorer.controls["lr"].value == 0.0123
    assert explorer.picture.value == render(lr=0.0123)
