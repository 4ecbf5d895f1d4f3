"""The network itself: layers from left to right, what each unit does, and the weights between units.

The live page draws the picture on a canvas (pages/live/client/network.js), a static page from `network_still.traces`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts import network_still
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, layout
from core.charts.names import distinct, left_of
from core.charts.network_marks import DEAD, MOSTLY, NEAR, SATURATED
from core.charts.network_units import Column, most, numbers
from core.runs.run import Run

Array = np.ndarray
LETTERS = 9  # of a name beside the picture
MARGIN = 18  # pixels beside the picture where no names are


def skeleton(run: Run) -> go.Figure:
    """No traces: `layout.meta.network` has a row for each layer, and the names of features and classes.

    Tiles are drawn in `ink`: "sign" is blue for positive and orange for negative, "class" the colour of the class.
    """
    inputs, outputs = names(run)
    last = len(run.sizes) - 1
    heads = ["pixels" if run.data.picture else "features", *(f"layer {l}" for l in range(1, last)), "outputs"]
    shown = [min(size, most(run, l)) for l, size in enumerate(run.sizes)]
    shown[0] = shown[0] if inputs else 1  # the pixels together
    rows: list[dict[str, Any]] = [
        {"title": head, "size": size, "shown": count, "ink": "sign"}
        for head, size, count in zip(heads, run.sizes, shown, strict=True)
    ]
    rows[0] |= {"names": inputs, "ink": "grey" if run.data.picture else "sign"}
    rows[-1] |= {"names": outputs, "ink": "class"}
    left, right = left_of(inputs) if inputs else MARGIN, left_of(outputs)
    meta = {"network": {"columns": rows, "pixels": bool(run.data.picture), "smooth": run.data.n_x == 2}}
    axes = {key: axis(visible=False, fixedrange=True, range=[-1, 1]) for key in ("xaxis", "yaxis")}
    return go.Figure([], layout("network", left=left, bottom=8, right=right, **{"meta": meta} | axes))


def names(run: Run) -> tuple[list[str], list[str]]:
    """Short names of the features, none of pixels, and of the classes; no two of a list are alike."""
    features = [] if run.data.picture else distinct(run.data.feature_names, LETTERS)
    return features, distinct(run.data.class_names, LETTERS)


def frame(run: Run) -> Frame:
    """The picture at the present step. All lists go through the layers and from top to bottom:

    `units` the index of each shown unit, `marks` (see `Column`), `words` what is said of it, `shapes` (layers, 2) and
    `tiles` the pictures of each layer's units, a byte a point, 128 for 0 and 1 and 255 for -1 and 1; `weights`, a row
    for each unit of the later layer.
    """
    columns, weights = numbers(run)
    tiles = [column.tiles for column in columns]
    points = np.nan_to_num(np.concatenate([tile.ravel() for tile in tiles])).clip(-1, 1)
    return {
        "network": {
            "units": np.concatenate([column.units for column in columns]),
            "marks": np.concatenate([column.mark for column in columns]),
            "words": [text for l, column in enumerate(columns) for text in words(run, l, column)],
            "shapes": np.array([tile.shape[1:] for tile in tiles], np.int32),
            "tiles": np.rint(128 + 127 * points).astype(np.uint8),
            "weights": np.concatenate([W.ravel() for W in weights]).astype(np.float32),
        }
    }


def words(run: Run, l: int, column: Column) -> list[str]:
    """What is said of each shown unit of layer l, the first line its name."""
    if l == 0 and run.data.picture:
        return [f"{run.sizes[0]} pixels\nthe mean of the training examples"]
    return ["\n".join(filter(None, lines)) for lines in zip(*_lines(run, l, column), strict=True)]


def _lines(run: Run, l: int, column: Column) -> list[Sequence[str]]:
    """The lines of `words`, each of all units."""
    ends = {0: run.data.feature_names, len(run.sizes) - 1: run.data.class_names}
    called = distinct(ends[l], 24) if l in ends else [f"layer {l}, unit {i + 1}" for i in range(run.sizes[l])]
    numbers_of = zip(column.mean.tolist(), column.deviation.tolist(), strict=True)
    return [
        [called[i] for i in column.units],
        [f"mean {mean:,.6g}, deviation {deviation:,.6g}" for mean, deviation in numbers_of],
        _parameters(run, l, column.units),
        _states(run, column),
    ]


def _parameters(run: Run, l: int, units: Array) -> list[str]:
    """The bias of each unit, or batch norm's scale and shift."""
    theta = run.stack.network.theta
    if l == 0:
        return [""] * len(units)
    if l < len(run.sizes) - 1 and run.settings.batch_norm:
        pairs = zip(theta.gamma[l][0, units, 0].tolist(), theta.beta[l][0, units, 0].tolist(), strict=True)
        return [f"γ {gamma:,.6g}, β {beta:,.6g}" for gamma, beta in pairs]
    return [f"b {b:,.6g}" for b in theta.b[l][0, units, 0].tolist()]


def _states(run: Run, column: Column) -> list[str]:
    """Dead, saturated, or for how many examples a unit is at rest."""
    place = f"within {NEAR} of a bound" if run.stack.network.activation.bounds else "0"
    said = {DEAD: "dead: 0 for every example", SATURATED: f"saturated: {place} for {{:.1%}} of the examples"}
    alive = f"{place} for {{:.1%}} of the examples"
    pairs = zip(column.mark.tolist(), column.share.tolist(), strict=True)
    return [said.get(mark, alive if share else "").format(share) for mark, share in pairs]


CHART: Chart[Run] = Chart(
    "network",
    "Network",
    "Layers from left to right. A unit shows its output over the plane of two features, its weights where features are "
    "pixels, or its mean activation for each class: blue is positive and orange negative; outputs have the colours of "
    "their classes. Lines are weights, the wider the larger, orange and dashed if negative. A cross marks a dead unit, "
    "which gives 0 for every example, a thick frame a saturated one, whose activation is within "
    f"{NEAR} of a bound for more than {MOSTLY:.0%} of the examples. Wide layers show their most important units.",
    skeleton,
    frame,
    every=2,
    guide=Guide(
        "Units whose pictures differ: two that look alike do the same work. Watch simple pictures become shapes from "
        "layer to layer, and for units that die or saturate.",
        ("C7", "C16"),
    ),
    below=network_still.traces,
)
