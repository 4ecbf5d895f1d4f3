"""The plane of two features, coloured by the predicted class, and the examples of both sets on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.class_picture import picture
from core.charts.guide import Guide
from core.charts.layout import axis, key_of, layout, titled
from core.charts.names import LETTER, distinct, room, shared_word, short
from core.charts.numbers import among, ticks
from core.charts.palette import colour, symbol
from core.data.datasets import Data, remembered
from core.runs.run import Run

Array = np.ndarray
SIDE = 64  # points of the grid along each feature
MARGIN = 0.08  # of the data's range, on each side
DRAWN = {"train": 1500, "dev": 500}  # most examples drawn of each set


@remembered
def grid(data: Data) -> tuple[Array, list[float]]:
    """Standardized points (2, SIDE * SIDE) of a grid over the plane, lowest row first; its extent [x0, x1, y0, y1]."""
    raw = np.concatenate([data.raw(data.train.X), data.raw(data.dev.X)], axis=1)  # (2, m)
    low, high = raw.min(axis=1), raw.max(axis=1)
    pad = np.maximum(MARGIN * (high - low), 1e-6)
    ends = list(zip((low - pad).tolist(), (high + pad).tolist(), strict=True))
    centres = [start + (np.arange(SIDE) + 0.5) / SIDE * (end - start) for start, end in ends]
    x, y = np.meshgrid(*centres)
    return data.standardize(np.stack([x.ravel(), y.ravel()])), [float(end) for pair in ends for end in pair]


def numbers(run: Run) -> tuple[Array, Array, list[float]]:
    """Likeliest class and confidence (SIDE, SIDE) over the plane of raw features, and its extent.

    Confidence is 0 where all classes are equally likely and 1 where one is certain.
    """
    points, extent = grid(run.data)
    with np.errstate(all="ignore"):
        P = run.stack.predict(points)[0]  # (C, SIDE * SIDE)
        best = P.max(axis=0)
        confidence = np.nan_to_num((best - 1 / len(P)) / (1 - 1 / len(P)))
    return np.argmax(P, axis=0).reshape(SIDE, SIDE), confidence.clip(0, 1).reshape(SIDE, SIDE), extent


def skeleton(run: Run) -> go.Figure:
    """The examples, which do not move. The coloured plane comes with each frame."""
    data, (word, names) = run.data, shared_word(run.data.class_names)
    x0, x1, y0, y1 = grid(data)[1]
    entries = ((colour(i), symbol(i), name) for i, name in enumerate(distinct(names, room(len(names)))))
    key = key_of(entries, word and short(word))
    titles = [titled(name) for name in distinct(data.feature_names, 24)]
    upright, letters = ticks(y0, y1)
    left = max(46, round(LETTER * letters) + 24)
    axes: dict[str, Any] = {
        "xaxis": axis(range=[x0, x1], title=titles[0], showgrid=False, **ticks(x0, x1)[0]),
        "yaxis": axis(range=[y0, y1], title=titles[1], showgrid=False, **upright),
    }
    said = f"%{{x:{among(x0, x1)}}}, %{{y:{among(y0, y1)}}}"
    traces = [_points(data, split, i, said) for split in DRAWN for i in range(len(names))]
    return go.Figure(traces, layout("decision_map", key, left=left, **axes))


def _points(data: Data, split: str, i: int, place: str) -> go.Scatter:
    """The examples of class i, with their `place` on hover: small in the training set, outlined in the dev set."""
    examples, most = getattr(data, split), DRAWN[split]
    X = data.raw(examples.X[:, :most][:, examples.labels[:most] == i])
    small = {"size": 4, "line": {"width": 0.5, "color": "rgba(0,0,0,0.6)"}}
    outlined = {"size": 7, "line": {"width": 1, "color": "#FFFFFF"}}
    style = {"symbol": symbol(i), "color": colour(i)} | (small if split == "train" else outlined)
    said = f"%{{meta}}, {split} set<br>{place}<extra></extra>"  # not the name: it may have %{
    over = {"meta": distinct(data.class_names, 40)[i], "hovertemplate": said}
    return go.Scatter(uid=f"{split}{i}", x=X[0], y=X[1], mode="markers", marker=style, **over)


def frame(run: Run) -> Frame:
    """The plane as the network divides it at the present step."""
    classes, confidence, extent = numbers(run)
    return {"image": picture(classes, confidence, run.data.n_classes, extent)}


CHART: Chart[Run] = Chart(
    "decision_map",
    "Decision map",
    "The plane of the two features coloured by the predicted class, stronger where the network is surer, "
    "with the training examples small and the dev examples outlined.",
    skeleton,
    frame,
    applies=lambda run: run.data.n_x == 2,
    guide=Guide(
        "Borders that follow the examples. Pale stretches are where the network is unsure. A border that bends "
        "around single small points overfits them.",
        ("C16", "C7"),
    ),
)
