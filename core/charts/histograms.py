"""Histograms of z, z_norm and a of each hidden layer at the present step, over units and training examples."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from core.charts import inside, layers
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, head, layout, names_axis
from core.charts.numbers import X
from core.charts.palette import colour, faded
from core.runs.run import Run

Array = np.ndarray
KINDS = ("z", "z_norm", "a")  # attributes of a layer, each with a panel of that name
PANELS = ((0.0, 0.28), (0.36, 0.64), (0.72, 1.0))
BINS = 32
HIGH = 0.88  # of the tallest bin of a histogram, in rows
VALUES = 8192  # of one layer that are counted, about
LARGEST = 1e37  # values that are larger count as that, because axes are float32
NORMAL = 4.0  # z_norm is shown from -4 to 4, because its deviation is about 1
USUAL = 99  # percent of the values that lie within the limits; those beyond are counted in the first and the last bin


def numbers(run: Run) -> dict[str, tuple[Array, Array]]:
    """By kind ("z", "z_norm", "a"): centres of the bins (BINS,), the same for all layers, and the share of each layer's
    values in each bin (hidden layers, BINS), float32. Shares are NaN for z_norm without batch norm."""
    found = inside.hidden_layers(run, inside.inputs(run))
    return {kind: _histograms(run, kind, [_some(getattr(layer, kind)) for layer in found]) for kind in KINDS}


def _some(values: Array | None) -> Array:
    """About `VALUES` of values (n_l, m), of all units alike, those that are finite; none for None."""
    if values is None:
        return np.empty(0)
    some = values[:, : max(1, VALUES // len(values))].ravel()
    finite: Array = some[np.isfinite(some)].astype(np.float64).clip(-LARGEST, LARGEST)
    return finite


def _histograms(run: Run, kind: str, by_layer: list[Array]) -> tuple[Array, Array]:
    low, high = limits(run, kind, np.concatenate(by_layer))
    width = (high - low) / BINS
    shares = np.full((len(by_layer), BINS), np.nan, np.float32)
    for l, values in enumerate(by_layer):
        if values.size:
            places = ((values.clip(low, high) - low) / width).astype(int).clip(0, BINS - 1)
            shares[l] = np.bincount(places, minlength=BINS) / values.size
    return (low + width * (np.arange(BINS) + 0.5)).astype(np.float32), shares


def limits(run: Run, kind: str, values: Array) -> tuple[float, float]:
    """The ends of the axis: those of the activation, or round numbers so that they change seldom."""
    bounds = run.stack.network.activation.bounds
    if kind == "a" and bounds:
        return bounds
    if kind == "z_norm":
        return -NORMAL, NORMAL
    most = rounded(float(np.percentile(np.abs(values), USUAL))) if values.size else 1.0
    return (0.0 if kind == "a" and values.size and values.min() > -most / 10 else -most), most


def rounded(size: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that is not below `size`; 1 for 0."""
    if not size:
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= size)


def skeleton(run: Run) -> go.Figure:
    """Three panels side by side, with a row for each hidden layer, the first layer highest, and empty histograms."""
    names = layers.names(run)
    count = len(names)
    rows = {"tickvals": [row(l, count) + 0.4 for l in range(count)], "ticktext": [f"layer {name}" for name in names]}
    shape = layout("histograms", left=58, bottom=22)
    shape["yaxis"] = names_axis(names, range=[-0.06, count], **rows)
    shape["margin"]["t"] = 22
    for i, (kind, (left, right)) in enumerate(zip(KINDS, PANELS, strict=True)):
        fixed = {"range": [-NORMAL, NORMAL], "dtick": NORMAL / 2} if kind == "z_norm" else {}
        shape[axis_key(i)] = axis(domain=[left, right], anchor="y", nticks=4, **fixed)
        shape["annotations"].append(head(kind, left))
    traces = [_empty(kind, l, name, i) for i, kind in enumerate(KINDS) for l, name in enumerate(names)]
    return go.Figure(traces, shape)


def axis_key(panel: int) -> str:
    """The name of the x axis of a panel, counted from 0."""
    return f"xaxis{panel + 1 if panel else ''}"


def row(l: int, count: int) -> int:
    """Where the histograms of layer l + 1 of `count` stand."""
    return count - 1 - l


def _empty(kind: str, l: int, name: str, panel: int) -> go.Scatter:
    """The empty histogram of layer l + 1 in a panel."""
    said = f"layer %{{meta}}: %{{text}} of {kind} near {X}<extra></extra>"
    style = {"line": {"width": 1.2, "shape": "hvh", "color": colour(l)}, "fill": "toself", "hoveron": "points"}
    place = {"xaxis": axis_key(panel).replace("axis", ""), "fillcolor": faded(colour(l), 0.35), "text": []}
    return go.Scatter(uid=f"{kind}{l + 1}", x=[], y=[], mode="lines", meta=name, hovertemplate=said, **style, **place)


def frame(run: Run) -> Frame:
    """The histograms at the present step: outlines that begin and end on their row, each as high as the others."""
    arrays: Frame = {}
    for kind, (centres, shares) in numbers(run).items():
        half = (centres[1] - centres[0]) / 2
        x = np.concatenate([centres[:1] - half, centres, centres[-1:] + half])
        for l, share in enumerate(shares):
            high = np.pad(share * (HIGH / share.max()), 1)
            uid = f"{kind}{l + 1}"
            arrays[f"{uid}.x"], arrays[f"{uid}.y"] = x, (row(l, len(shares)) + high).astype(np.float32)
            arrays[f"{uid}.text"] = [f"{part:.2%}" for part in np.pad(share, 1, mode="edge").tolist()]
    return arrays


def hint(run: Run) -> str | None:
    """Why the panel of z_norm is empty, or None if it is not."""
    return None if run.settings.batch_norm else "Batch norm is off: there is no z_norm."


CHART: Chart[Run] = Chart(
    "histograms",
    "Histograms of z and a",
    "How the values of each hidden layer are spread at test time, over its units and the training examples: z, z_norm "
    "(z minus the running mean, over the running deviation) and the activations a. Values beyond an axis count at its "
    "end.",
    skeleton,
    frame,
    hint=hint,
    every=2,
    guide=Guide(
        "z that grows wide or moves away from 0, and activations piled up at 0 or at a bound: such units hardly learn. "
        "Batch norm keeps z_norm near mean 0 and deviation 1.",
        ("C10", "C14", "C15"),
    ),
)
