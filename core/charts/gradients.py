"""Size of the gradient and of the update of each layer's weights against steps, on logarithmic axes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.layout import line, lines_key, panels
from core.charts.palette import GREY
from core.runs.run import Run

LEAST = 1e-10  # stands for what is smaller, and for 0, which a logarithmic axis cannot show
RULE = 1e-3  # an update of about a thousandth of the weights is a common rule of thumb


def numbers(run: Run) -> tuple[layers.Array, layers.Array, layers.Array]:
    """Steps (n,), ||dW[l]|| and ||change of W[l]|| / ||W[l]||, (layers, n) each, the output layer last."""
    steps, norms, ratios = layers.columns(run, "gradient_norm", "update_ratio")
    return steps, norms, ratios


def skeleton(run: Run) -> go.Figure:
    """Two panels with an empty line for each layer, and the rule of thumb."""
    names = layers.names(run, output=True)
    shape = panels("gradients", ["‖dW‖", "‖ΔW‖ / ‖W‖"], lines_key(names), log=True)
    rule = line("rule", "rule of thumb", yaxis="y2", line={"color": GREY, "dash": "dot", "width": 1.5})
    return go.Figure([rule, *layers.traces("norm", names), *layers.traces("ratio", names, 2)], shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, norms, ratios = numbers(run)
    rule = {"rule.x": np.array([0, run.step], np.float32), "rule.y": np.full(2, RULE, np.float32)}
    for name, values in (("norm", norms), ("ratio", ratios)):
        rule |= layers.moved(name, steps, np.maximum(values, np.float32(LEAST)))
    return rule


CHART: Chart[Run] = Chart(
    "gradients",
    "Gradients and updates",
    "Norm of each layer's gradient, and of its update relative to its weights, against training steps, on logarithmic "
    "axes; dotted at 0.001, a common rule of thumb for the ratio.",
    skeleton,
    frame,
    hint=layers.before_training,
)
