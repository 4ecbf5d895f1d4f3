"""Size of the gradient and of the update of each layer's weights against steps, on logarithmic axes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import key_of, line, panels
from core.charts.marks import marked
from core.charts.numbers import Y
from core.charts.palette import GREY, colour, dash
from core.runs.run import Run
from core.training.update import NO_CLIPPING

LEAST = 1e-10  # stands for what is smaller, and for 0, which a logarithmic axis cannot show
LIMIT = f"clipped to {Y}<extra></extra>"
RULE = 1e-3  # an update of about a thousandth of the weights is a common rule of thumb


def numbers(run: Run) -> tuple[layers.Array, layers.Array, layers.Array, layers.Array]:
    """Steps (n,); ||dW[l]|| and ||change of W[l]|| / ||W[l]||, (layers, n) each, the output layer last; and the norm
    (1, n) of the gradient of all that learns."""
    steps, norms, ratios, total = layers.columns(run, "gradient_norm", "update_ratio", "total_norm")
    return steps, norms, ratios, total


def limits(run: Run, steps: layers.Array) -> layers.Array:
    """The norm at which the gradient was clipped in each of these steps (n,); NaN where it was not to be clipped."""
    found = np.full(steps.shape, run.start.clip_norm, np.float32)
    for nudge in run.journal:
        if "clip_norm" in nudge.changes:
            found[steps > nudge.step] = nudge.changes["clip_norm"][1]
    return np.where(found < NO_CLIPPING, found, np.float32(np.nan))


def clipped(run: Run) -> tuple[int, int]:
    """How many measured steps were clipped, and how many could have been."""
    limit = limits(run, run.history.steps)
    norms, trained = run.history.column("total_norm")[:, 0], run.history.steps > 0
    return int((norms > limit).sum()), int((np.isfinite(limit) & trained).sum())


def skeleton(run: Run) -> go.Figure:
    """Two panels with an empty line for each layer, the whole gradient's, and the rule of thumb."""
    names = layers.names(run, output=True)
    entries = [(colour(i), dash(i), name) for i, name in enumerate(names)] + [(GREY, "solid", "whole gradient")]
    shape = panels("gradients", ["‖dW‖", "‖ΔW‖ / ‖W‖"], key_of(entries, "layer"), log=True)
    rule = line("rule", "rule of thumb", yaxis="y2", line={"color": GREY, "dash": "dot", "width": 1.5})
    said = {"hovertemplate": f"all that learns: {Y} at step %{{x:,}}<extra></extra>"}
    total = line("total", "all that learns", line={"color": GREY, "width": 1.5}, **said)
    limit = line("limit", "clipping", line={"color": GREY, "dash": "dash", "width": 1.5}, hovertemplate=LIMIT)
    return go.Figure([rule, total, limit, *layers.traces("norm", names), *layers.traces("ratio", names, 2)], shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, norms, ratios, total = numbers(run)
    rule = {"rule.x": np.array([0, run.step], np.float32), "rule.y": np.full(2, RULE, np.float32)}
    rule |= {"total.x": steps, "total.y": np.maximum(total[0], np.float32(LEAST))}
    rule |= {"limit.x": steps, "limit.y": limits(run, steps)}
    for name, values in (("norm", norms), ("ratio", ratios)):
        rule |= layers.moved(name, steps, np.maximum(values, np.float32(LEAST)))
    return rule


def share_clipped(run: Run) -> str | None:
    """A sentence on how many measured steps were clipped, or why the chart is empty."""
    count, among = clipped(run)
    words = f"Clipped: {count:,} of {among:,} measured steps ({count / among:.0%})." if among else None
    return layers.before_training(run) or words


CHART: Chart[Run] = marked(
    Chart(
        "gradients",
        "Gradients and updates",
        "Norm of each layer's gradient, in grey of the whole gradient, and of each layer's update relative to its "
        "weights, against training steps, on logarithmic axes; dotted at 0.001, a common rule of thumb for the ratio; "
        "dashed at the norm to which the gradient is clipped.",
        skeleton,
        frame,
        hint=share_clipped,
        guide=Guide(
            "Lines of ‖ΔW‖ / ‖W‖ near the dots at 0.001. Far above them α is large, far below it is small. A gradient "
            "that shrinks from the output layer to the first layer vanishes; one that jumps up comes before a "
            "divergence.",
            ("C1", "C4", "C20"),
        ),
    ),
    panels=2,
)
