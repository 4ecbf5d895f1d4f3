"""Random points or a grid, at the same budget: which finds the better model? `python -m benchmarks.random_or_grid`.

On digits, 64 trials of each under a number of seeds, which draw the points, the weights and the split. About 5 seconds
a seed. Course row C2; the figure is what it is, whichever wins.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.caviar import Caviar, Plan
from core.luck import sign_test
from core.search import SEARCHABLE, Space, sides
from core.settings import FIELDS, RunSpec, Settings

KINDS = ("random", "grid")
QUANTILES = (0, 0.25, 0.5, 0.75, 1)


@dataclass
class Best:
    """The best model of a search: its dev loss and accuracy at the end, and where it is."""

    loss: float
    accuracy: float
    point: dict[str, Any]


def best(kind: str, names: list[str], seed: int, models: int, steps: int) -> Best:
    """One search under one seed, and its best model by the dev loss at the end."""
    spec = RunSpec(dataset="digits", hidden=(64, 32), seed=seed, data_seed=seed)
    space = Space(spec, Settings(decay="inverse"), tuple(SEARCHABLE[name] for name in names))
    search = Caviar(Plan(space, kind, models, steps, seed))
    search.advance(lambda: False)
    trial = min((trial for trial in search.trials if trial.state == "done"), key=lambda trial: trial.loss)
    return Best(trial.loss, trial.accuracy, trial.point)


def report(names: list[str], models: int, steps: int, found: dict[str, list[Best]]) -> list[str]:
    """The distributions, and who wins how often."""
    losses = {kind: np.array([one.loss for one in found[kind]]) for kind in KINDS}
    seeds = losses["grid"].size
    space = Space(RunSpec(), Settings(), tuple(SEARCHABLE[name] for name in names))
    grid = " x ".join(str(side) for side in sides(space, models))
    labels = ", ".join(FIELDS[one.name].label if one.name in FIELDS else one.name for one in space.ranges)
    lines = [f"digits 64-64-32-10, {models} trials of {steps:,} steps, {seeds} seeds; {labels}; the grid is {grid}"]
    lines.append("best dev loss of a search   least    25 %  median    75 %    most   median accuracy")
    for kind in KINDS:
        quantiles = " ".join(f"{value:7.4f}" for value in np.quantile(losses[kind], QUANTILES))
        lines.append(f"  {kind:22} {quantiles}   {np.median([one.accuracy for one in found[kind]]):.2%}")
    wins, lost = (int(np.sum(sign * (losses["grid"] - losses["random"]) > 0)) for sign in (1, -1))
    size = np.median(losses["grid"] - losses["random"])
    chance = sign_test(wins, lost)
    lines.append(f"random is better under {wins} of {seeds} seeds, the grid under {lost}; by chance alone so or more")
    lines.append(f"unevenly {chance:.1%} of the time; the grid's best loss is {size:+.4f} of random's (median)")
    return lines


def main() -> None:
    """Print the figures, and write them where that was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--models", type=int, default=64)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--settings", nargs="+", default=["learning_rate", "beta1", "decay_rate"], choices=SEARCHABLE)
    parser.add_argument("--json", type=Path, help="write every search's best model to this file")
    chosen = parser.parse_args()
    found: dict[str, list[Best]] = {kind: [] for kind in KINDS}
    with threadpool_limits(1):
        for seed in range(chosen.seeds):
            for kind in KINDS:
                found[kind].append(best(kind, chosen.settings, seed, chosen.models, chosen.steps))
    print(*report(chosen.settings, chosen.models, chosen.steps, found), sep="\n")
    if chosen.json:
        whole = {"models": chosen.models, "steps": chosen.steps, "settings": chosen.settings}
        whole |= {kind: [vars(one) for one in found[kind]] for kind in KINDS}
        chosen.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
