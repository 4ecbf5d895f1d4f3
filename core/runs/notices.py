"""Sentences about a run as it is now. A notice names a condition under which training cannot work as expected.

Each notice is a function from a run to a sentence or None; a new one is one function and one row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.nn.schedules import SCHEDULES
from core.runs.journal import MOST_STEPS
from core.runs.run import Run
from core.training.members import picked

SMALL = 1e-7  # a learning rate below which a step is tried: does it change anything?


def batch_of_one(run: Run) -> str | None:
    """Batch norm on one example: z - mu is 0, whatever the weights are; on two, only its sign is left (C10)."""
    if not run.settings.batch_norm or run.stack.batch > 2:
        return None
    if run.stack.batch == 1:
        return (
            "The hidden weights learn nothing: with one example in the mini-batch, batch norm subtracts each z from "
            "itself, so only the shift β[l] is left. Choose a larger mini-batch, or switch batch norm off."
        )
    return (
        "With two examples in the mini-batch, batch norm turns each z into 1 or -1, whatever its size. Choose a larger "
        "mini-batch, or switch batch norm off."
    )


def small_last_batch(run: Run) -> str | None:
    """Batch norm on a last mini-batch of one or two examples: its sigma^2 is 0 or a bad estimate (C10, C15)."""
    size, last = run.stack.batch, run.stack.last_batch
    if not run.settings.batch_norm or size <= 2 or last > 2:
        return None
    what = "one example, so its σ² is 0" if last == 1 else "two examples, from which σ² is badly estimated"
    return (
        f"The last mini-batch of each epoch has only {what}: it spoils the running variance, which test time uses. "
        f"There are {run.data.train.labels.size:,} training examples in mini-batches of {size:,}. Switch on “drop the "
        "last partial mini-batch” (Advanced), or choose another size."
    )


def nothing_moves(run: Run) -> str | None:
    """A learning rate that its schedule has made too small to change a float32 parameter, and will not raise again."""
    if run.settings.decay == "none" or run.learning_rate >= SMALL or _last_rate(run) > run.learning_rate:
        return None
    if _moves(run):
        return None
    return f"The schedule has set the learning rate to {run.learning_rate:.1e}, too small to change the weights."


def _last_rate(run: Run) -> float:
    """The learning rate at the end of the schedule."""
    now = run.settings
    return float(now.learning_rate * SCHEDULES[now.decay].factor(MOST_STEPS, now.decay_rate, now.decay_every))


def _moves(run: Run) -> bool:
    """Whether the next step changes a parameter, tried on a copy."""
    copy = picked(run.stack, [0])
    with np.errstate(all="ignore"):
        copy.advance(1, np.empty((1, 1), copy.dtype))
    return not np.array_equal(copy.state.theta, run.stack.state.theta)


NOTICES: tuple[Callable[[Run], str | None], ...] = (batch_of_one, small_last_batch, nothing_moves)


def notices(run: Run) -> list[str]:
    """The sentences that are true of `run` now."""
    return [sentence for notice in NOTICES if (sentence := notice(run))]


def seed_test_words(run: Run) -> str:
    """The verdict of the seed test, or its progress; "" where there is none."""
    if not run.seed_test:
        return ""
    if verdict := run.seed_test.verdict:
        return verdict.words
    return f"Under {run.seed_test.seeds} other seeds, with the nudge and without it: {run.seed_test.progress:.0%} done."


def decay_words(run: Run) -> str:
    """The learning rate after its schedule, as a formula with its numbers; "" without a schedule (C20).

    Such as "α = 0.1 · 1 / (1 + k · epoch) = 0.09091, with k = 0.05 after 2 epochs of this schedule."
    """
    settings = run.settings
    if settings.decay == "none":
        return ""
    epochs = run.epoch - run.stack.state.decay_from
    every = f" and N = {settings.decay_every:,}" if "every" in SCHEDULES[settings.decay].uses else ""
    formula = f"{settings.learning_rate:.6g} · {SCHEDULES[settings.decay].formula}"
    after = f"{epochs:,} epoch{'s' * (epochs != 1)} of this schedule"
    return f"α = {formula} = {run.learning_rate:.4g}, with k = {settings.decay_rate:.6g}{every} after {after}."
