"""Mean softmax output of each class over the dev set against steps, beside the class's true share."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, layout, line, lines_key, shared_word, short, steps_axis
from core.charts.thinning import per_line, thinned
from core.run import Run

Array = np.ndarray


def numbers(run: Run) -> tuple[Array, Array, Array]:
    """Steps (n,), mean outputs (C, n) and true shares (C,) over the dev set."""
    history = run.history
    at = thinned(history.steps.size, per_line(run.data.n_classes))
    shares = run.data.dev.Y.mean(axis=1, dtype=np.float64).astype(np.float32)
    return history.steps[at].astype(np.float32), history.column("mean_output")[at].T, shares


def skeleton(run: Run) -> go.Figure:
    """An empty line for each class, and a dotted one for its true share."""
    names = run.data.class_names
    word, rest = shared_word(names)
    key = lines_key([short(name) for name in rest], f"··· true share; {word}".rstrip("; "))
    dotted = {"dash": "dot", "width": 1.2}
    traces = [
        line(f"share{i}", name, i, line=dotted, hoverinfo="skip", hovertemplate=None) for i, name in enumerate(names)
    ]
    said = "%{meta}: %{y:.3f} at step %{x:,}<extra></extra>"
    traces += [line(f"class{i}", name, i, meta=name, hovertemplate=said) for i, name in enumerate(names)]
    return go.Figure(traces, layout("mean_output", key, xaxis=steps_axis(), yaxis=axis()))


def frame(run: Run) -> Frame:
    """All lines as they are now."""
    steps, outputs, shares = numbers(run)
    ends = np.array([0, run.step], np.float32)
    arrays: Frame = {}
    for i, share in enumerate(shares):
        arrays |= {f"class{i}.x": steps, f"class{i}.y": outputs[i]}
        arrays |= {f"share{i}.x": ends, f"share{i}.y": np.full(2, share, np.float32)}
    return arrays


CHART = Chart(
    "mean_output",
    "Mean output",
    "Mean softmax output of each class over the dev set against training steps; dotted is the share of examples that "
    "truly have that class.",
    skeleton,
    frame,
)
