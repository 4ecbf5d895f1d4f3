"""How far some work is and how fast it goes: what a search shows of its progress and the time that is left.

Estimates of its parts say how much of it a part is, and the time that the last parts took says how long the rest takes.
"""

from __future__ import annotations

import math
from time import perf_counter

PAUSE = 0.5  # seconds without a slice that count as a pause
MEMORY = 10.0  # seconds that the measured speed remembers
TRUST = 0.01  # seconds of work that the first estimate weighs beside what is measured


class ProgressClock:
    """How far the work is and how fast it goes, from estimates of its parts and from the time that they took.

    Time between slices counts, as it goes to frames and to others who take their turns; a pause does not.
    """

    def __init__(self, ahead: float) -> None:
        self._did, self._total, self._progress = 0.0, ahead, 0.0
        self._since = [0.0, 0.0]  # estimated seconds and model-steps of the present slice
        self._late = [0.0, 0.0, 0.0]  # estimated seconds, model-steps and seconds of late
        self._start = self._stop = -math.inf

    def count(self, estimate: float, model_steps: int = 0) -> None:
        """A part of the work is done, which was estimated to take so many seconds."""
        self._did += estimate
        self._since[0] += estimate
        self._since[1] += model_steps

    def ahead(self, estimate: float) -> None:
        """What is known anew of the work to come, in estimated seconds."""
        self._total = self._did + estimate

    def skip(self, estimate: float) -> None:
        """A part of the work was done elsewhere, or before."""
        self._did += max(0.0, estimate)

    def start(self) -> None:
        """A slice of work begins."""
        now = perf_counter()
        self._start = self._stop if now - self._stop < PAUSE else now

    def stop(self) -> None:
        """It ends."""
        self._stop = perf_counter()
        took = self._stop - self._start
        kept = math.exp(-took / MEMORY)
        self._late = [kept * old + new for old, new in zip(self._late, (*self._since, took), strict=True)]
        self._since = [0.0, 0.0]

    @property
    def progress(self) -> float:
        """The share of the work that is done, which never falls; less than 1."""
        self._progress = max(self._progress, min(self._did / max(self._total, 1e-9), 0.999))
        return self._progress

    @property
    def rate(self) -> float:
        """Model-steps a second of late; 0 before the first slice."""
        return self._late[1] / self._late[2] if self._late[2] else 0.0

    @property
    def left(self) -> float:
        """Seconds until the end at the speed of late; at first, as estimated."""
        return max(0.0, self._total - self._did) * (self._late[2] + TRUST) / (self._late[0] + TRUST)
