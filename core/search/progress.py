"""The progress, speed and time left of a search.

Each part of the work has an estimate in seconds. Progress is the share of the estimates that is done; the time left is
the rest of them, scaled by how long the last parts really took.
"""

from __future__ import annotations

import math
from time import perf_counter

PAUSE = 0.5  # seconds between slices from which on they are not counted
MEMORY = 10.0  # seconds over which the measured speed is averaged
TRUST = 0.01  # weight of the first estimate against the measured speed, in seconds of work


class ProgressClock:
    """Measures progress, speed and time left, from estimates of the parts of the work and the time of its slices.

    Time between slices counts, as it is spent on frames and on other sessions; a pause does not.
    """

    def __init__(self, ahead: float) -> None:
        self._finished, self._total, self._progress = 0.0, ahead, 0.0
        self._slice = [0.0, 0.0]  # estimated seconds and model-steps of the present slice
        self._recent = [0.0, 0.0, 0.0]  # estimated seconds, model-steps and seconds, averaged over MEMORY
        self._start = self._stop = -math.inf

    def count(self, estimate: float, model_steps: int = 0) -> None:
        """Count a part of the work as done, with the seconds it was estimated to take."""
        self._finished += estimate
        self._slice[0] += estimate
        self._slice[1] += model_steps

    def ahead(self, estimate: float) -> None:
        """Set the estimated seconds of the work still to come."""
        self._total = self._finished + estimate

    def skip(self, estimate: float) -> None:
        """Count a part of the work that was done elsewhere or before, without its time."""
        self._finished += max(0.0, estimate)

    def start(self) -> None:
        """Begin a slice of work."""
        now = perf_counter()
        self._start = self._stop if now - self._stop < PAUSE else now

    def stop(self) -> None:
        """End the slice."""
        self._stop = perf_counter()
        seconds = self._stop - self._start
        kept = math.exp(-seconds / MEMORY)
        self._recent = [kept * old + new for old, new in zip(self._recent, (*self._slice, seconds), strict=True)]
        self._slice = [0.0, 0.0]

    @property
    def progress(self) -> float:
        """The share of the work that is done, which never falls; less than 1."""
        self._progress = max(self._progress, min(self._finished / max(self._total, 1e-9), 0.999))
        return self._progress

    @property
    def rate(self) -> float:
        """Model-steps a second, lately; 0 before the first slice."""
        return self._recent[1] / self._recent[2] if self._recent[2] else 0.0

    @property
    def left(self) -> float:
        """Seconds until the end at the present speed; at first, as estimated."""
        return max(0.0, self._total - self._finished) * (self._recent[2] + TRUST) / (self._recent[0] + TRUST)
