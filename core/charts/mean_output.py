"""Mean softmax output of each class over the dev set against steps, beside the class's true share.

With more than `MANY` classes the lines would hide each other, so the difference from the share is shown instead.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, layout, line, lines_key, steps_axis, titled
from core.charts.marks import marked
from core.charts.names import distinct, room, shared_word, short
from core.charts.palette import GREY
from core.charts.thinning import per_line, thinned
from core.runs.run import Run

Array = np.ndarray
MANY = 5  # most classes that are drawn with a line for the mean and a line for the share


def numbers(run: Run) -> tuple[Array, Array, Array]:
    """Steps (n,), mean outputs (C, n) and true shares (C,) over the dev set."""
    history = run.history
    at = thinned(history.steps.size, per_line(run.data.n_classes))
    shares = run.data.dev.Y.mean(axis=1, dtype=np.float64).astype(np.float32)
    return history.steps[at].astype(np.float32), history.column("mean_output")[at].T, shares


def skeleton(run: Run) -> go.Figure:
    """An empty line for each class, and a dotted one for its true share; with many classes one dotted line at 0."""
    names = run.data.class_names
    word, rest = shared_word(names)
    many = len(names) > MANY
    before = f"··· true share{f'; {short(word)}' if word else ''}"
    key = lines_key(distinct(rest, room(len(names))), before)
    dotted = {"dash": "dot", "width": 1.2} | ({"color": GREY} if many else {})
    traces = [
        line(f"share{i}", "true share", i, line=dotted, hoverinfo="skip", hovertemplate=None)
        for i in range(1 if many else len(names))
    ]
    said = f"%{{meta}}: %{{y:{'+' if many else ''}.3f}} at step %{{x:,}}<extra></extra>"
    style = {"width": 1.5} if many else {}
    for i, name in enumerate(distinct(names, 40)):
        traces.append(line(f"class{i}", f"class {i}", i, meta=name, hovertemplate=said, line=dict(style)))
    yaxis = axis(title=titled("mean output − true share", 3)) if many else axis()
    shape = layout("mean_output", key, left=58 if many else 46, xaxis=steps_axis(), yaxis=yaxis, meta={"steps": True})
    return go.Figure(traces, shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, outputs, shares = numbers(run)
    if len(shares) > MANY:
        outputs, shares = outputs - shares[:, None], np.zeros(1, np.float32)
    ends = np.array([0, run.step], np.float32)
    arrays: Frame = {}
    for i, values in enumerate(outputs):
        arrays |= {f"class{i}.x": steps, f"class{i}.y": values}
    for i, share in enumerate(shares):
        arrays |= {f"share{i}.x": ends, f"share{i}.y": np.full(2, share, np.float32)}
    return arrays


CHART: Chart[Run] = marked(
    Chart(
        "mean_output",
        "Mean output",
        "Mean softmax output of each class over the dev set against training steps; dotted is the share of examples "
        "that truly have that class, which is subtracted where there are more than five classes.",
        skeleton,
        frame,
        guide=Guide(
            "Solid lines that find the dotted ones soon: the easiest thing to learn is how frequent each class is. A "
            "line far from its dots later on is a class that is said too often or too seldom.",
            ("C16", "C19"),
        ),
    )
)
