"""The twin of a run in its charts: the same run without its last nudge, faint and dotted.

Run and twin share their past, so the twin's lines begin at the step at which it diverged.
"""

from __future__ import annotations

import numpy as np

from core.charts.layout import SPACE
from core.charts.palette import SWATCHES, faded
from core.charts.thinning import thinned
from core.runs.run import Run

Array = np.ndarray
POINTS = 64  # most points of a line
MOST = 192  # most points of all lines of a chart together
OPACITY = 0.75
KEY = f"{SPACE}<b>{SWATCHES['dot']}</b> twin"


def key(run: Run) -> str:
    """The twin's entry in a chart's key, "" without a twin."""
    return KEY if run.twin else ""


def style(colour: str) -> dict[str, object]:
    """The line of a twin beside a line of this colour."""
    return {"color": faded(colour, OPACITY), "dash": "dot", "width": 2}


def parting(run: Run) -> int:
    """The step at which the twin diverged: that of the first nudge that it does not have."""
    shared = len(run.twin.journal) if run.twin else len(run.journal)
    return run.journal[shared].step if shared < len(run.journal) else run.step


def since(run: Run, steps: Array, lines: int) -> Array:
    """Which of a twin's `steps` (n,) to draw, as indices, in a chart with `lines` lines of the twin.

    They begin with the last step before it diverged, so that its lines are joined to the run's.
    """
    after = int(np.searchsorted(steps, parting(run), side="right"))
    shared = np.arange(max(0, after - 1), after)
    return np.append(shared, after + thinned(steps.size - after, max(16, min(POINTS, MOST // lines))))
