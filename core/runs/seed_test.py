"""Luck or nudge? Trains a run with and without its last gesture under other seeds: is the effect more than chance?

Under one seed a nudge may look good by the luck of the mini-batches after it. Both ways are trained under 16 other
seeds on the same data, and compared seed by seed with a sign test.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Protocol

import numpy as np

from core.data.datasets import Data
from core.errors import UserError
from core.runs.journal import Nudge, before_last_gesture
from core.settings.digits import in_full
from core.settings.table import FIELDS, RunSpec, Settings, changed
from core.training.evaluation import dev_scores, parameters
from core.training.members import picked
from core.training.stack import PER_MEMBER, Stack, members_at_once

Array = np.ndarray
Work = Generator[None, None, None]
POINTS = 48  # most measurements after the nudge
SLICE = 0.002  # seconds of work between two calls of `should_stop`
MOST_BYTES = 512 * 2**20
LEVEL = 0.05  # of the sign test
LEAST_EFFECT = 0.01, 0.001  # of the median dev loss, and in nats: a smaller effect is none that matters


class Replayable(Protocol):
    """What a seed test reads of a run."""

    @property
    def spec(self) -> RunSpec: ...
    @property
    def data(self) -> Data: ...
    @property
    def start(self) -> Settings: ...
    @property
    def journal(self) -> tuple[Nudge, ...]: ...
    @property
    def step(self) -> int: ...
    @property
    def sizes(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class Verdict:
    """Under how many seeds the dev loss at the end is lower (better), higher (worse) or equal with the nudge."""

    words: str
    better: int
    worse: int
    equal: int
    kind: Literal["better", "worse", "no difference"]


class SeedTest:
    """The comparison for a run as it is now, worked through in slices. What happens to the run later changes nothing.

    `steps` (n,) are measured: that of the nudge, then fewer and fewer, the last is `target`. `with_` and
    `without` (n, seeds) hold dev losses there, NaN where not yet measured and infinite where training has diverged.
    Raises `UserError` where no step was trained since the last nudge, or too much memory would be needed.
    """

    def __init__(self, run: Replayable, seeds: int = 16) -> None:
        _check(run)
        self._spec, self._data, self._start = run.spec, run.data, run.start
        kept = before_last_gesture(run.journal)
        self._before, self._gesture = kept, run.journal[len(kept) :]
        self.seeds, self.step, self.target = seeds, 0, run.step
        self.first = self._gesture[0].step
        self.steps = measured_steps(self.first, self.target)
        self.with_, self.without = np.full((2, self.steps.size, seeds), np.nan)
        batch = _largest_batch(run)
        self._groups = _groups(run, seeds, batch)
        self._cost = run.data.dev.labels.size / (3 * batch)  # of evaluating one network, in training steps
        model_steps = self.first + 2 * (self.target - self.first)
        self._did, self._total = 0.0, seeds * (model_steps + 2 * self.steps.size * self._cost)
        self._work = self._all()
        self.done = False

    @property
    def progress(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return 1.0 if self.done else min(self._did / self._total, 0.999)

    def advance(self, should_stop: Callable[[], bool]) -> None:
        """Work until `should_stop()`, which is asked every few milliseconds, or to the end."""
        with np.errstate(all="ignore"):
            for _ in self._work:
                if should_stop():
                    return

    @property
    def verdict(self) -> Verdict | None:
        """The result; None until it is done."""
        return judged(self.with_[-1], self.without[-1], self.target) if self.done else None

    # the work, as generators that pause every few milliseconds

    def _all(self) -> Work:
        for members in self._groups:
            yield from self._compare(members)
        self.done = True

    def _compare(self, members: Array) -> Work:
        """Train some of the seeds: one stack up to the nudge, then with and without it side by side from that state."""
        highest = int(FIELDS["seed"].high) + 1
        seeds = [(self._spec.seed + 1 + int(k)) % highest for k in members]
        trunk = Stack(self._spec, self._data, self._start, seeds)
        yield
        for step, settings in _followed(self._start, self._before):
            yield from self._train([trunk], step)
            trunk.set(settings)
        yield from self._train([trunk], self.first)
        nudges = defaultdict(list)
        for step, settings in _followed(trunk.settings[0], self._gesture):
            nudges[step].append(settings)
        stacks = _forked(trunk, self._gesture)
        del trunk
        yield
        for step in sorted({*self.steps.tolist(), *nudges}):
            yield from self._train(stacks, step)
            if step in self.steps:
                yield from self._measure(stacks, step, members)
            for settings in nudges[step]:
                _set_first_half(stacks, settings)

    def _train(self, stacks: list[Stack], until: int) -> Work:
        """Train all of `stacks` to the step `until`, as many steps at once as fit into a slice."""
        at_once = 1
        while (left := until - stacks[0].state.step) > 0:
            steps, start = min(at_once, left), perf_counter()
            for stack in stacks:
                stack.advance(steps, np.empty((steps, stack.members), stack.dtype))
                self._did += steps * stack.members
            self.step = stacks[0].state.step
            pace = (perf_counter() - start) / steps
            at_once = max(1, min(2 * at_once, int(SLICE / max(pace, 1e-9))))
            yield

    def _measure(self, stacks: list[Stack], step: int, members: Array) -> Work:
        """The dev losses at `step`, members with the nudge before those without."""
        losses = []
        for stack in stacks:
            losses.append((yield from self._dev_losses(stack)))
        row = np.searchsorted(self.steps, step)
        self.with_[row, members], self.without[row, members] = np.concatenate(losses).reshape(2, -1)

    def _dev_losses(self, stack: Stack) -> Generator[None, None, Array]:
        """The dev loss of each member (K,), infinite where it is not finite; some examples at a time."""
        loss, _ = yield from dev_scores(stack, self._data.dev)
        self._did += self._cost * stack.members
        return np.where(np.isnan(loss), np.inf, loss)


def _check(run: Replayable) -> None:
    if not run.journal:
        raise UserError("There is no nudge to ask about yet: change a setting, train some steps, then ask again.")
    if run.journal[-1].step == run.step:
        raise UserError("No step was trained since the last nudge: train some steps first, then ask again.")


def measured_steps(first: int, target: int) -> Array:
    """The step of the nudge, at most `POINTS` after it, dense at first, and `target`: (n,) int64."""
    places = (np.arange(POINTS + 1) / POINTS) ** 3
    return np.unique(first + np.ceil((target - first) * places - 1e-9).astype(np.int64))


def _largest_batch(run: Replayable) -> int:
    sizes: list[int] = [run.start.batch_size, *(nudge.changes.get("batch_size", (0, 0))[1] for nudge in run.journal)]
    return min(max(sizes), run.data.train.labels.size)


def _groups(run: Replayable, seeds: int, batch: int) -> list[Array]:
    """Indices of the seeds in groups of two or more that are trained at once: one group unless the network is large."""
    fitting = max(2, members_at_once(run.sizes, batch) // 2)
    groups = np.array_split(np.arange(seeds), max(1, min(seeds // 2, round(seeds / fitting))))
    units, width = sum(run.sizes[1:]), run.sizes[0] + run.sizes[-1]
    of_one = 40 * parameters(run.sizes) + 2 * batch * (14 * units + 8 * width)  # for two sizes of mini-batches
    needed = 3 * groups[0].size * of_one
    if needed > MOST_BYTES:
        raise UserError(
            f"Training under other seeds would take about {needed / 2**30:.1f} GB of memory with this network and "
            f"mini-batches of {batch:,}, more than the {MOST_BYTES / 2**30:.1f} GB kept for it. Smaller ones fit."
        )
    return groups


def _followed(settings: Settings, nudges: tuple[Nudge, ...]) -> Iterator[tuple[int, Settings]]:
    """The step of each nudge and the settings that count from it on, beginning with `settings`."""
    for nudge in nudges:
        settings = changed(settings, nudge.new_values)
        yield nudge.step, settings


def _forked(trunk: Stack, gesture: tuple[Nudge, ...]) -> list[Stack]:
    """Stacks to train with and without the gesture from `trunk` (K): one of 2K, those with it first, or two of K where
    the gesture changes a setting that the members of a stack share."""
    if any(name not in PER_MEMBER for nudge in gesture for name in nudge.changes):
        return [trunk, picked(trunk, range(trunk.members))]
    return [picked(trunk, [*range(trunk.members)] * 2)]


def _set_first_half(stacks: list[Stack], settings: Settings) -> None:
    """Set the settings of the members with the nudge."""
    first = stacks[0]
    half = first.members // (3 - len(stacks))
    first.set((settings,) * half + first.settings[half:])


# the verdict


def sign_test(plus: int, minus: int) -> float:
    """The probability that `plus + minus` tosses of a fair coin are at least this uneven, in either direction.

    The exact two-sided sign test on pairs, ties left out (Dixon & Mood 1946): twice the tail of the binomial
    distribution with p = 1/2.
    """
    n = plus + minus
    tail = sum(math.comb(n, k) for k in range(max(plus, minus), n + 1))
    outcomes: int = 2**n
    return min(1.0, 2 * tail / outcomes)


def needed(n: int) -> int | None:
    """How many of `n` pairs must agree for a difference at the 5 % level, such as 13 of 16; None where even `n` are too
    few."""
    return next((k for k in range(n // 2 + 1, n + 1) if sign_test(k, n - k) <= LEVEL), None)


def judged(with_: Array, without: Array, step: int) -> Verdict:
    """The verdict on dev losses (seeds,) at `step`, seed by seed; one that is not finite is worse than any other."""
    with_, without = (np.where(np.isfinite(losses), losses, np.inf) for losses in (with_, without))
    better, worse = int(np.sum(with_ < without)), int(np.sum(with_ > without))
    equal = with_.size - better - worse
    kind: Literal["better", "worse", "no difference"] = "no difference"
    if matters(with_, without) and sign_test(better, worse) <= LEVEL:
        kind = "better" if better > worse else "worse"
    if kind != "no difference":
        said = _found(with_, without, step, kind)
    elif sign_test(better, worse) <= LEVEL:
        said = _too_small(with_, without, better, worse)
    else:
        said = _not_found(better, worse, np.isfinite(with_) | np.isfinite(without))
    return Verdict(f"{kind.capitalize()}: {said}.{_diverged(with_, without)}", better, worse, equal, kind)


def matters(with_: Array, without: Array) -> bool:
    """Whether the median difference of losses (seeds,) is as large as `LEAST_EFFECT`; infinite ones always are."""
    both = np.isfinite(with_) & np.isfinite(without)
    share, least = LEAST_EFFECT
    if np.mean(both) <= 0.5:
        return True
    size = abs(np.median(with_[both] - without[both]))
    return bool(size >= max(least, share * abs(np.median(without[both]))))


def _too_small(with_: Array, without: Array, better: int, worse: int) -> str:
    both = np.isfinite(with_) & np.isfinite(without)
    way, count = ("lower", better) if better > worse else ("higher", worse)
    size = abs(np.median(with_[both] - without[both]))
    little = f"but by too little to matter (median {in_full(size, 2)})"
    return f"the dev loss is {way} under {count} of {with_.size} seeds, {little}"


def _found(with_: Array, without: Array, step: int, kind: str) -> str:
    way, count = ("lower", with_ < without) if kind == "better" else ("higher", with_ > without)
    told = np.isfinite(with_) & np.isfinite(without)
    size = f"median {in_full(abs(np.median(with_[told] - without[told])), 2)} {way} " if told.any() else ""
    return f"with the nudge the dev loss is {way} under {count.sum()} of {with_.size} seeds ({size}at step {step:,})"


def _not_found(better: int, worse: int, finite: Array) -> str:
    """`finite` (seeds,): whether the loss is finite with the nudge or without it."""
    seeds, equal = finite.size, finite.size - better - worse
    if not finite.any():
        return f"training diverged under all {seeds} seeds, with the nudge and without it"
    if equal == seeds:
        return f"the dev loss is the same under all {seeds} seeds, to the last bit"
    chance = sign_test(better, worse)
    same = f" and the same under {equal}" if equal else ""
    count = needed(better + worse)
    would = f"; {count} either way would be a clear difference" if count else ""
    by_chance = f"chance alone gives as uneven a count in {100 * chance:.2g} % of cases"
    return f"the dev loss is lower under {better} of {seeds} seeds{same}; {by_chance}{would}"


def _diverged(with_: Array, without: Array) -> str:
    broken = [f"{np.sum(np.isinf(losses))} of {losses.size}" for losses in (with_, without)]
    if np.isfinite([with_, without]).all():
        return ""
    return f" The loss stopped being a number under {broken[0]} seeds with the nudge and {broken[1]} without."
