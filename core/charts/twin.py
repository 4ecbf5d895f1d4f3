"""The twin of a run in its charts: the run as it would be without its last nudge, faint and dotted.

Run and twin share their past, so the twin's lines begin where the two part.
"""

from __future__ import annotations

import numpy as np

from core.charts.layout import SPACE
from core.charts.palette import SWATCHES, faded
from core.charts.thinning import thinned
from core.runs.run import Run

Array = np.ndarray
POINTS = 64  # of a line, at most
MOST = 192  # of all lines of a chart
OPACITY = 0.75
KEY = f"{SPACE}<b>{SWATCHES['dot']}</b> twin"


def key(run: Run) -> str:
    """What a chart's key says of the twin, if there is one."""
    return KEY if run.twin else ""


def style(colour: str) -> dict[str, object]:
    """The line of a twin beside a line of this colour."""
    return {"color": faded(colour, OPACITY), "dash": "dot", "width": 2}


def parting(run: Run) -> int:
    """The step from which on the run and its twin differ: that of the first nudge that the twin has not."""
    shared = len(run.twin.journal) if run.twin else len(run.journal)
    return run.journal[shared].step if shared < len(run.journal) else run.step


def since(run: Run, steps: Array, lines: int) -> Array:
    """Indices of what to draw of a twin's `steps` (n,) in a chart with so many of its lines: few points, from the last
    one before the parting on."""
    after = int(np.searchsorted(steps, parting(run), side="right"))
    shared = np.arange(max(0, after - 1), after)
    return np.append(shared, after + thinned(steps.size - after, max(16, min(POINTS, MOST // lines))))
