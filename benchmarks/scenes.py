"""What the nudge of each scene changes, under 20 seeds: `python -m benchmarks.scenes [--seeds 20] [--markdown FILE]`.

A seed draws the weights and the order of the examples; the data are the scene's. Dev loss is compared with and without
the nudge, at the scene's horizon. Of the first scene it is also counted when dev accuracy passes 95 %, in seconds at
its speed and 30 frames a second, and what eight nudges change after 500 more steps.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.scenes.registry import FIRST, SCENES
from core.scenes.scene import Scene
from core.search.search import Search
from core.settings.table import Settings, changed
from core.training import jit
from core.training.evaluation import cost
from core.training.run_data import data_of
from core.training.stack import Stack

Array = np.ndarray
FRAMES = 30  # a second
GOAL, SOONEST, LATEST = 0.95, 8.0, 25.0  # dev accuracy; seconds after Play
FACTOR, PLAIN = 2.0, 1.5  # of a scene's own nudge; of the eight nudges of the first scene
LATER = 500  # steps after which the eight nudges are compared


@dataclass(frozen=True)
class Effect:
    """Dev loss (seeds,) without a nudge and with it, infinite where training has diverged."""

    without: Array
    with_: Array

    @property
    def ratio(self) -> Array:
        """With / without (seeds,); 1 where both have diverged."""
        both = np.isinf(self.without) & np.isinf(self.with_)
        with np.errstate(all="ignore"):
            return np.where(both, 1.0, self.with_ / self.without)

    def worse(self, factor: float) -> int:
        """Under how many seeds the nudge makes dev loss at least so many times larger."""
        return int((self.ratio >= factor).sum())

    def better(self, factor: float) -> int:
        """Under how many seeds the nudge makes dev loss at least so many times smaller."""
        return int((self.ratio <= 1 / factor).sum())


class Seeds:
    """A scene's network under many seeds, trained side by side."""

    def __init__(self, scene: Scene, count: int) -> None:
        self.settings = scene.settings
        data = data_of(scene.spec)
        self.stack = Stack(scene.spec, data, scene.settings, range(count))
        for nudge in scene.journal:
            self.train(nudge.step - self.stack.state.step)
            self.settings = changed(self.settings, {name: new for name, (_, new) in nudge.changes.items()})
            self.stack.set(self.settings)

    def train(self, steps: int) -> None:
        """Train all of them so many steps."""
        with np.errstate(all="ignore"):
            self.stack.advance(steps, np.empty((steps, self.stack.members), self.stack.dtype))

    def dev(self) -> tuple[Array, Array]:
        """Dev loss and accuracy (seeds,); infinite and 0 where training has diverged."""
        dev = self.stack.data.dev
        with np.errstate(all="ignore"):
            A = self.stack.predict(dev.X)
            loss = np.asarray(cost(self.stack, A, dev.X, dev.Y), np.float64)
        there = np.isfinite(loss)
        return np.where(there, loss, np.inf), np.where(there, (A.argmax(axis=1) == dev.labels).mean(axis=1), 0.0)

    def after(self, changes: Mapping[str, Any], steps: int) -> Array:
        """The dev loss (seeds,) so many steps after a nudge that is then taken back."""
        state = self.stack.state.copy()
        self.stack.set(changed(self.settings, changes))
        self.train(steps)
        loss, _ = self.dev()
        self.stack.restore(state, self.settings)
        return loss

    def effect(self, changes: Mapping[str, Any], steps: int) -> Effect:
        """What a nudge changes after so many steps."""
        return Effect(self.after({}, steps), self.after(changes, steps))


def effect(scene: Scene, seeds: int) -> Effect:
    """What the scene's nudge changes at its horizon; of a race, the best and the median dev loss of each search."""
    if scene.race:
        return race(scene, seeds)
    trained = Seeds(scene, seeds)
    trained.train(scene.try_at - trained.stack.state.step)
    return trained.effect(scene.nudge, scene.horizon)


def race(scene: Scene, seeds: int) -> Effect:
    """The best and the median dev loss (seeds,) of the scene's search, drawn with each seed."""
    assert scene.race
    best, median = np.empty((2, seeds))
    for seed in range(seeds):
        search = Search(replace(scene.race, seed=seed))
        search.advance(lambda: False)
        losses = np.nan_to_num(search.losses[:, -1], nan=np.inf)
        best[seed], median[seed] = losses.min(), np.median(losses)
    return Effect(best, median)


def seconds_to_goal(scene: Scene, seeds: int) -> Array:
    """Seconds after Play (seeds,) at which dev accuracy first passes `GOAL`, looked at in every frame; infinite where
    it does not within `LATEST` seconds and a half more."""
    trained = Seeds(scene, seeds)
    found = np.full(seeds, np.inf)
    for frame in range(1, int(1.5 * LATEST * FRAMES)):
        trained.train(scene.speed)
        _, accuracy = trained.dev()
        found[(accuracy > GOAL) & np.isinf(found)] = frame / FRAMES
    return found


def eight(settings: Settings) -> dict[str, dict[str, Any]]:
    """Eight nudges, by what they say."""
    alpha = settings.learning_rate
    return {
        "α × 30": {"learning_rate": min(10.0, 30 * alpha)},
        "α ÷ 30": {"learning_rate": alpha / 30},
        "β 0.99": {"beta1": 0.99},
        "β 0": {"beta1": 0.0},
        f"batch norm {'off' if settings.batch_norm else 'on'}": {"batch_norm": not settings.batch_norm},
        "m 2": {"batch_size": 2},
        "gradient descent": {"optimizer": "sgd"},
        "Adam, same α": {"optimizer": "adam"},
    }


def number(value: float) -> str:
    """Three digits, or "diverged"."""
    return f"{value:.3g}" if np.isfinite(value) else "diverged"


def scenes_table(seeds: int) -> list[str]:
    """A row for each scene."""
    rows = [
        "| scene | nudge | at step | after steps | dev loss without | with | ratio, least to greatest | as asked |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scene in SCENES.values():
        found = effect(scene, seeds)
        ratio = found.ratio
        without, with_ = number(float(np.median(found.without))), number(float(np.median(found.with_)))
        span = f"{number(float(ratio.min()))} to {number(float(ratio.max()))}"
        count = found.worse(FACTOR) + found.better(FACTOR)
        what = "best and median of 64" if scene.race else scene.action
        rows.append(
            f"| {scene.title} | {what} | {scene.try_at} | {scene.horizon:,} | {without} | {with_} | {span} "
            f"| {count} of {seeds} |"
        )
    return rows


def first_tables(seeds: int) -> list[str]:
    """When the first scene has learned, and what eight nudges change there."""
    scene = SCENES[FIRST]
    took = seconds_to_goal(scene, seeds)
    among = int(((took >= SOONEST) & (took <= LATEST)).sum())
    rows = [
        f"“{scene.title}” passes {GOAL:.0%} dev accuracy {took.min():.1f} to {took.max():.1f} s after Play (median",
        f"{np.median(took):.1f}) at {scene.speed} step a frame and {FRAMES} frames a second: between {SOONEST:g} and",
        f"{LATEST:g} s in {among} of {seeds}.",
        "",
        f"| nudge of “{scene.title}” at step {scene.try_at} | dev loss after {LATER} steps, with / without | "
        f"{PLAIN} times better | {PLAIN} times worse |",
        "|---|---|---|---|",
    ]
    trained = Seeds(scene, seeds)
    trained.train(scene.try_at)
    for name, changes in eight(scene.settings).items():
        found = trained.effect(changes, LATER)
        ratio = number(float(np.median(found.ratio)))
        rows.append(f"| {name} | {ratio} | {found.better(PLAIN)} of {seeds} | {found.worse(PLAIN)} of {seeds} |")
    return rows


HEAD = """# Scenes

What the nudge of each scene changes, under {seeds} seeds that draw the weights and the order of the examples, or the
points of a race. Dev losses are medians, in nats. “As asked” counts the seeds under which the two differ by a factor of
{factor:g} or more, or only one of them diverges. This measures it again:

```
python -m benchmarks.scenes --markdown docs/scenes.md
```
"""


def main() -> None:
    """Print the tables, and write them to a file where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    jit.wait()
    with threadpool_limits(limits=1):
        parts = [HEAD.format(seeds=chosen.seeds, factor=FACTOR), *scenes_table(chosen.seeds), ""]
        parts += first_tables(chosen.seeds)
    text = "\n".join(parts) + "\n"
    print(text)
    if chosen.markdown:
        chosen.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
