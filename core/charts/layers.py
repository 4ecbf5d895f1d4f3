"""One line per layer against steps, for charts that show a column of the history layer by layer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Frame
from core.charts.layout import line
from core.charts.numbers import Y
from core.charts.thinning import per_line, thinned
from core.runs.run import Run

Array = np.ndarray


def names(run: Run, output: bool = False) -> list[str]:
    """ "1", "2", ... for the hidden layers, and "output"."""
    return [str(l) for l in range(1, len(run.sizes) - 1)] + ["output"] * output


def columns(run: Run, *wanted: str) -> tuple[Array, ...]:
    """Steps (n,) and each wanted column of the history as (layers, n), float32, thinned alike."""
    history = run.history
    at = thinned(history.steps.size, per_line(len(wanted) * (len(run.sizes) - 2)))
    return history.steps[at].astype(np.float32), *(history.column(name)[at].T for name in wanted)


def traces(prefix: str, layers: list[str], panel: int = 1, **more: object) -> list[go.Scatter]:
    """An empty line for each layer in the panel of that number, with uids such as "mean1", "mean2"."""
    return [trace(f"{prefix}{i + 1}", name, i, panel, **more) for i, name in enumerate(layers)]


def trace(uid: str, name: str, i: int, panel: int = 1, **more: object) -> go.Scatter:
    """The empty line of layer i in the panel of that number."""
    place = {"yaxis": f"y{panel}"} if panel > 1 else {}
    said = f"layer %{{meta}}: {Y} at step %{{x:,}}<extra></extra>"
    return line(uid, name, i, **{"meta": name, "hovertemplate": said} | place | more)


def moved(prefix: str, steps: Array, values: Array) -> Frame:
    """The frame of `traces`: values (layers, n) at steps (n,)."""
    arrays: Frame = {}
    for i, row in enumerate(values, start=1):
        arrays[f"{prefix}{i}.x"], arrays[f"{prefix}{i}.y"] = steps, row
    return arrays


def before_training(run: Run) -> str | None:
    """Why a chart of what training steps measure is empty, or None if it is not."""
    return None if run.step else "Nothing is measured before the first step."


def without_batch_norm(run: Run) -> str | None:
    """Why a chart of batch norm is empty or ends early, or None if it does not."""
    if run.settings.batch_norm:
        return before_training(run)
    return "Batch norm is off: nothing is measured."
