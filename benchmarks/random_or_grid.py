"""Random points or a grid, at the same budget: which finds the better model? `python -m benchmarks.random_or_grid`.

On digits, 64 trials of each under 20 seeds, which draw the points, the weights and the split; a minute or two. Course
row C2; the figure is what it is, whichever wins. `--json` keeps its numbers, `--chart` draws them for docs, and
`--redraw` does so from what was kept.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.random_or_grid_chart import svg
from core.search.outcome import outcome_of
from core.search.plan import Plan
from core.search.random_vs_grid import SIDES, RandomVsGrid
from core.search.sampling import sides
from core.search.search import Search
from core.search.space import SEARCHABLE, Space
from core.settings.table import FIELDS, RunSpec, Settings

QUANTILES = (0, 0.25, 0.5, 0.75, 1)
Found = dict[str, Any]  # "models", "steps", "settings", and of each side a list of "loss", "accuracy" and "point"


def space(names: list[str]) -> Space:
    """These settings of a network 64-64-32-10, with a learning rate that decays."""
    return Space(RunSpec(dataset="digits", hidden=(64, 32)), Settings(decay="inverse"), ranges_of(names))


def ranges_of(names: list[str]) -> tuple[Any, ...]:
    """Each on its usual range."""
    return tuple(SEARCHABLE[name] for name in names)


def searched(names: list[str], models: int, steps: int, seeds: int) -> Found:
    """Both searches under every seed, and the best model of each."""
    first = [Search(Plan(space(names), side, models, steps)) for side in SIDES]
    contest = RandomVsGrid(first, seeds)
    contest.advance(lambda: False)
    best = {side: [asdict(one) for one in contest.found[side]] for side in SIDES}
    return {"models": models, "steps": steps, "settings": names} | best


def losses(found: Found) -> np.ndarray:
    """The best dev losses, (2, seeds)."""
    return np.array([[one["loss"] for one in found[side]] for side in SIDES])


def title(found: Found) -> str:
    """What was searched."""
    searched = space(found["settings"])
    grid = " × ".join(str(side) for side in sides(searched, found["models"]))
    labels = ", ".join(FIELDS[one.name].label if one.name in FIELDS else one.name for one in searched.ranges)
    return f"digits, {found['models']} trials of {found['steps']:,} steps over {labels} (grid {grid})"


def report(found: Found) -> list[str]:
    """The distributions, and who wins how often."""
    lines = [f"{title(found)}; {len(found['grid'])} seeds"]
    lines.append("best dev loss of a search   least    25 %  median    75 %    most   median accuracy")
    for side, row in zip(SIDES, losses(found), strict=True):
        quantiles = " ".join(f"{value:7.4f}" for value in np.quantile(row, QUANTILES))
        lines.append(f"  {side:22} {quantiles}   {np.median([one['accuracy'] for one in found[side]]):.2%}")
    return [*lines, outcome_of(*losses(found)).words]


def write(found: Found, path: Path) -> None:
    """As JSON, a search a line."""
    rows = {name: json.dumps(value) for name, value in found.items() if name not in SIDES}
    for side in SIDES:
        rows[side] = "[\n  " + ",\n  ".join(json.dumps(one) for one in found[side]) + "\n ]"
    text = ",\n ".join(f"{json.dumps(name)}: {row}" for name, row in rows.items())
    path.write_text(f"{{\n {text}\n}}\n", encoding="utf-8")


def main() -> None:
    """Print the figures; write and draw them where that was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--models", type=int, default=64)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--settings", nargs="+", default=["learning_rate", "beta1", "decay_rate"], choices=SEARCHABLE)
    parser.add_argument("--json", type=Path, help="write every search's best model to this file")
    parser.add_argument("--chart", type=Path, help="draw the distributions as an SVG")
    parser.add_argument("--redraw", type=Path, help="take the numbers from such a file and train nothing")
    chosen = parser.parse_args()
    if chosen.redraw:
        found = json.loads(chosen.redraw.read_text(encoding="utf-8"))
    else:
        with threadpool_limits(1):
            found = searched(chosen.settings, chosen.models, chosen.steps, chosen.seeds)
    print(*report(found), sep="\n")
    if chosen.json:
        write(found, chosen.json)
    if chosen.chart:
        chosen.chart.write_text(svg(losses(found), title(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
