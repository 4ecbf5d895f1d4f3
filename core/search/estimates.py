"""Estimates of a search: the steps at which its models are measured, and the seconds of work still to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.search.plan import Plan
from core.search.trials import Group

Array = np.ndarray
MEASUREMENTS = (16, 32)  # of a model, at least and at most
MEASURING = 0.07  # of the time that training takes: the measurements are so many that they take no more


def spaced(steps: int, points: int) -> Array:
    """Step 0 and up to `points` after it, dense at first and ending with `steps`: (n,) int64."""
    return np.unique(np.ceil(steps * (np.arange(points + 1) / points) ** 3 - 1e-9).astype(np.int64))


def measured_steps(plan: Plan, groups: Sequence[Group]) -> Array:
    """The steps (p,) at which models are measured: as many as are cheap beside the training, and those of halving."""
    training = sum(group.step_seconds(len(group.trials)) for group in groups)
    measuring = sum(group.measuring_seconds(len(group.trials)) for group in groups)
    share = MEASURING / 2 if plan.halving else MEASURING  # halving saves more training than measurements
    points = int(np.clip(share * plan.steps * training / measuring, *MEASUREMENTS))
    return np.unique(np.append(plan.first_step + spaced(plan.steps, points), [*plan.halving_steps]))


def origin_seconds(plan: Plan, groups: Sequence[Group]) -> float:
    """Estimated seconds to train the origin again; 0 where there is none or its state is known."""
    origin = plan.origin
    return origin.step * groups[0].step_seconds(1) if origin and not origin.state else 0.0


def seconds_ahead(plan: Plan, groups: Sequence[Group], steps: Array, rung: int) -> float:
    """Estimated seconds of the work from the measurement `rung` of `steps` (p,) on, the origin left out. What halving
    will stop is not counted."""
    going = [sum(trial.going for trial in group.trials) for group in groups]
    gaps = np.diff(steps, prepend=plan.first_step)
    seconds, count = 0.0, sum(going)
    left = count
    for stop in [*np.flatnonzero(np.isin(steps, [*plan.halving_steps])), steps.size - 1]:
        if stop >= rung and count:
            members = [left / count * number for number in going]
            training = sum(group.step_seconds(n) for group, n in zip(groups, members, strict=True))
            measuring = sum(group.measuring_seconds(n) for group, n in zip(groups, members, strict=True))
            seconds += gaps[rung : stop + 1].sum() * training + (stop + 1 - rung) * measuring
            rung, left = stop + 1, -(-left // 2)
    return float(seconds)
