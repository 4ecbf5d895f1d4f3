"""Copies of a run at some of its steps, from which it can go back: nearest snapshot, then replay.

Their gaps grow with age, so that their number grows with the run's logarithm and going back k steps replays about k.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.settings import Settings
from core.stack import State
from core.vitals import History

EVERY = 128  # steps between two
BYTES = 16 * 2**20  # of one run; a large network has fewer snapshots and rewinds more slowly


@dataclass(frozen=True)
class Snapshot:
    """A run as it was when it reached a step, before any nudge at that step; `nudges` counts those before."""

    state: State
    settings: Settings
    nudges: int
    since: dict[str, int]
    history: History

    @property
    def bytes(self) -> int:
        """Roughly what it takes in memory."""
        return self.state.bytes + self.history.bytes


class Snapshots:
    """The snapshots of one run by step; the one at step 0 is never dropped."""

    def __init__(self, start: Snapshot) -> None:
        self._by_step = {0: start}

    def __len__(self) -> int:
        return len(self._by_step)

    @property
    def steps(self) -> list[int]:
        """The steps at which there is one, in order."""
        return sorted(self._by_step)

    def keep(self, snapshot: Snapshot) -> None:
        """Add the newest, and thin out the others."""
        now = snapshot.state.step
        self._by_step[now] = snapshot
        steps = self.steps
        for before, step, after in zip(steps, steps[1:], steps[2:], strict=False):
            if before in self._by_step and after - before <= (now - after) / 2:
                del self._by_step[step]
        while len(self) > max(3, BYTES // snapshot.bytes):
            del self._by_step[self._least_missed(now)]

    def _least_missed(self, now: int) -> int:
        """The step, not the first or last, without which the gap that it leaves is smallest for its age."""
        steps = self.steps
        between = zip(steps, steps[1:], steps[2:], strict=False)
        gaps = {step: (after - before) / (now - before) for before, step, after in between}
        return min(gaps, key=gaps.__getitem__)

    def back_to(self, step: int) -> Snapshot:
        """The nearest one before `step`, or the start; those after `step` are dropped."""
        self._by_step = {at: snapshot for at, snapshot in self._by_step.items() if at <= step}
        return self._by_step[max(at for at in self._by_step if at < step or at == 0)]

    def copy(self) -> Snapshots:
        """The same snapshots, to be kept and dropped apart from these."""
        other = Snapshots(self._by_step[0])
        other._by_step = dict(self._by_step)
        return other
