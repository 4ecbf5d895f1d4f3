"""Mean and variance of each hidden layer's z before and after batch norm."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import SPACE, head, lines_key, panels, steps_axis
from core.charts.marks import marked
from core.charts.numbers import Y
from core.charts.palette import SWATCHES
from core.runs.run import Run

SPLIT = (0.41, 0.6)  # where the left panels end and the right ones begin
HALF = 130  # width of a panel in pixels


class Moments(NamedTuple):
    """Means and variances over a layer's units and the mini-batch, (hidden layers, n) each, float32 (C10).

    Those of z_norm and of z~ are NaN without batch norm. The mean of z_norm is 0.
    """

    steps: layers.Array  # (n,)
    before_mean: layers.Array  # of z
    after_mean: layers.Array  # of z~ = gamma z_norm + beta
    before_variance: layers.Array
    after_variance: layers.Array
    norm_variance: layers.Array  # of z_norm: sigma^2 / (sigma^2 + epsilon)


def numbers(run: Run) -> Moments:
    """The moments of a run's z, z_norm and z~."""
    steps, *moments, statistic = layers.columns(
        run, "z_mean", "zt_mean", "z_variance", "zt_variance", "zn_variance", "batch_mean"
    )
    for i in (1, 3):
        moments[i] = np.where(np.isnan(statistic), np.float32(np.nan), moments[i])
    return Moments(steps, *moments)


def skeleton(run: Run) -> go.Figure:
    """Four panels, mean over variance, before beside after, with an empty line for each hidden layer, and on the right
    a dotted one for z_norm."""
    names = layers.names(run)
    shape = panels("z", ["mean", "variance"], f"{lines_key(names)}{SPACE}<b>{SWATCHES['dot']}</b> z_norm")
    left, right = SPLIT
    shape["xaxis"]["domain"], shape["xaxis"]["nticks"] = [0, left], 4
    shape["xaxis2"] = steps_axis(domain=[right, 1], anchor="y4", nticks=4)
    for number, same in ((3, "yaxis"), (4, "yaxis2")):
        shape[f"yaxis{number}"] = shape[same] | {"anchor": "x2", "title": None}
    shape["annotations"] += [head("z", 0), head("γ · z_norm + β[l]", right)]
    shape["margin"]["t"] += 14
    shape["annotations"][0]["yshift"] += 14
    places: dict[str, dict[str, Any]] = {
        "before_mean": {"panel": 1},
        "after_mean": {"panel": 3, "xaxis": "x2"},
        "before_variance": {"panel": 2},
        "after_variance": {"panel": 4, "xaxis": "x2"},
    }
    said = f"z_norm of layer %{{meta}}: {Y} at step %{{x:,}}<extra></extra>"
    dotted: dict[str, Any] = {"line": {"dash": "dot", "width": 1.2}, "hovertemplate": said}
    norms = [layers.traces(f"norm_{of}", names, **places[f"after_{of}"], **dotted) for of in ("mean", "variance")]
    return go.Figure(sum([layers.traces(part, names, **place) for part, place in places.items()] + norms, []), shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, *moments = found = numbers(run)
    arrays = layers.moved("norm_mean", steps, 0 * found.norm_variance)
    for name, values in zip(found._fields[1:], moments, strict=True):
        arrays |= layers.moved(name, steps, values)
    return arrays


def hint(run: Run) -> str | None:
    """What γ and β[l] make of z_norm in the first layer, or why there is none."""
    if not run.settings.batch_norm:
        return "Batch norm is off: there is no z_norm."
    if not run.step:
        return layers.before_training(run)
    mean, variance = (float(run.history.column(name)[-1, 0]) for name in ("zt_mean", "zt_variance"))
    return f"Layer 1: β[1] shifts mean 0 to {mean:.2f}, γ stretches variance 1 to {variance:.2f}."


CHART: Chart[Run] = marked(
    Chart(
        "z",
        "z before and after batch norm",
        "Mean and variance of each hidden layer's z before batch norm, of z_norm, and of z after scale and shift, "
        "against training steps.",
        skeleton,
        frame,
        hint=hint,
        every=2,
        guide=Guide(
            "Batch norm turns z into z_norm, dotted: mean 0, variance 1, whatever z does on the left. Then γ stretches "
            "it, so that the variance becomes about γ² + the spread of β[l], and β[l] shifts its mean. Lines on the "
            "right that leave the dots are what γ and β[l] have learnt.",
            ("C10", "C12", "C11"),
        ),
    ),
    panels=4,
    pixels=HALF,
)
