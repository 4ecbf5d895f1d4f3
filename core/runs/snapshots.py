"""Snapshots of a run. To go back, it restores the nearest one and trains again from there.

The gaps between them grow with age: their number grows with the logarithm of the run's length, and going back k steps
trains about k steps again.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core.data.safe_load import read_npz, write_npz
from core.errors import UserError
from core.runs.history import History
from core.runs.journal import Nudge
from core.settings.table import Settings
from core.training.state import State
from core.training.state_arrays import state_from_arrays, state_to_arrays

EVERY = 128  # steps from one snapshot to the next
BYTES = 16 * 2**20  # of the snapshots of one run; a large network has fewer and rewinds more slowly


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
        """Approximate size in memory."""
        return self.state.bytes + self.history.bytes

    def pack(self) -> builtins.bytes:
        """All that is not in the run's journal, as an .npz file."""
        arrays = state_to_arrays(self.state)
        arrays["counts"] = np.append(arrays["counts"], self.nudges)
        return write_npz(arrays | {f"history_{name}": array for name, array in self.history.arrays().items()})

    @classmethod
    def unpack(cls, data: builtins.bytes, like: Snapshot, start: Settings, journal: Sequence[Nudge]) -> Snapshot | None:
        """The snapshot that `pack` gave, of a run that began with `start`. None if it has not the shapes of `like` or
        has seen more nudges than `journal` has: a snapshot only saves time, so one that does not fit is ignored."""
        try:
            arrays = read_npz(data, 4 * like.bytes + 2**20)
            arrays["counts"], nudges = arrays["counts"][:-1], int(arrays["counts"][-1])
            state = state_from_arrays(arrays, like.state)
            history = like.history.copy()
            history.take({name[8:]: array for name, array in arrays.items() if name.startswith("history_")})
        except (UserError, IndexError, KeyError, TypeError, ValueError):
            return None
        if not 0 <= nudges <= len(journal):
            return None
        seen = journal[:nudges]
        settings = asdict(start) | {name: new for nudge in seen for name, new in nudge.new_values.items()}
        since = like.since | {name: nudge.step for nudge in seen for name in nudge.changes}
        return cls(state, Settings(**settings), nudges, since, history)


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
        """The step, not the first or last, whose removal leaves the smallest gap relative to its age."""
        steps = self.steps
        between = zip(steps, steps[1:], steps[2:], strict=False)
        gaps = {step: (after - before) / (now - before) for before, step, after in between}
        return min(gaps, key=gaps.__getitem__)

    def unpack(self, packed: Iterable[bytes], journal: tuple[Nudge, ...], step: int) -> Snapshot | None:
        """Keep those of `packed` that fit this run and `journal`, up to `step`; returns the last of them, if any."""
        start = self._by_step[0]
        fitting = (one for data in packed if (one := Snapshot.unpack(data, start, start.settings, journal)))
        found = sorted((one for one in fitting if one.state.step <= step), key=lambda one: one.state.step)
        for snapshot in found:
            self.keep(snapshot)
        return found[-1] if found else None

    def back_to(self, step: int) -> Snapshot:
        """The nearest one before `step`, or the start; those after `step` are dropped."""
        self._by_step = {at: snapshot for at, snapshot in self._by_step.items() if at <= step}
        return self._by_step[max(at for at in self._by_step if at < step or at == 0)]

    def copy(self) -> Snapshots:
        """An independent collection of the same snapshots."""
        other = Snapshots(self._by_step[0])
        other._by_step = dict(self._by_step)
        return other
