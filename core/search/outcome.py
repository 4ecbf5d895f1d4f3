"""The outcome of random search against grid search under many seeds, in numbers and in words (C2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.runs.seed_test import LEVEL, matters, sign_test

Array = np.ndarray
ABOUT_EQUAL = 0.01  # of a median loss: what differs by less is about the same


@dataclass(frozen=True)
class Outcome:
    """Under how many seeds random, the grid, or neither found the better model; `chance` is the p-value of the sign
    test."""

    words: str
    random: int
    grid: int
    equal: int
    chance: float


def outcome_of(random: Array, grid: Array) -> Outcome:
    """The outcome of best dev losses (seeds,), seed by seed; one that is not finite is worse than any other."""
    random, grid = (np.where(np.isfinite(losses), losses, np.inf) for losses in (random, grid))
    counts = int(np.sum(random < grid)), int(np.sum(grid < random)), int(np.sum(random == grid))
    chance = sign_test(*counts[:2])
    enough = matters(random, grid)
    words = " ".join(filter(None, [_counted(*counts, chance, enough), _medians(random, grid), _broken(random, grid)]))
    return Outcome(words, *counts, chance)


def _counted(random: int, grid: int, equal: int, chance: float, enough: bool) -> str:
    seeds = random + grid + equal
    if equal == seeds:
        return f"Neither random nor grid found the better model under any of {seeds} seeds."
    names = ("Random", "grid") if random >= grid else ("Grid", "random")
    more, fewer = max(random, grid), min(random, grid)
    same = f", neither under {equal}" if equal else ""
    said = "more than chance" if chance <= LEVEL else "no clear difference"
    said += "" if enough or chance > LEVEL else ", but too little to matter"
    return (
        f"{names[0]} found the better model under {more} of {seeds} seeds, {names[1]} under {fewer}{same}: {said} "
        f"(sign test, p = {chance:.2g})."
    )


def _medians(random: Array, grid: Array) -> str:
    both = np.isfinite(random) & np.isfinite(grid)
    if not both.any():
        return ""
    of_each = [np.median(losses) for losses in (random, grid)]
    words = [f"{median:.3g}" if np.isfinite(median) else "not a number" for median in of_each]
    size = np.median(random[both] - grid[both])
    by = f"{abs(size):.2g} {'lower' if size < 0 else 'higher'} at random"
    by = "about the same" if abs(size) < ABOUT_EQUAL * min(of_each) else by
    return f"Median best dev loss {words[0]} at random, {words[1]} on the grid; seed by seed {by} (median)."


def _broken(random: Array, grid: Array) -> str:
    counts = {"at random": np.isinf(random).sum(), "on the grid": np.isinf(grid).sum()}
    words = [f"under {count} of {random.size} seeds {where}" for where, count in counts.items() if count]
    return f"Every model diverged {' and '.join(words)}." if words else ""
