"""Where samples fall: a strip with a tick for each, and a histogram, on an axis that stays where it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, layout, titled
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.charts.searches.setting_axes import TICKS
from core.labs.sampling import BINS, Sampled, Sampling
from core.search.view import short
from core.settings.scales import SCALES

Array = np.ndarray
NOWHERE = np.array([np.nan])  # a trace without points vanishes, and the chart is then drawn whole
GRAIN = 240  # places of the strip that can be told apart
FOOT = -0.13  # where the tick labels stand, below the histogram's 0..1


def _skeleton(name: str, symbol: str) -> go.Figure:
    shape = layout(
        name,
        left=50,
        bottom=26,
        right=24,
        xaxis=axis(range=[0, 1], fixedrange=True, showticklabels=False, anchor="y", showgrid=False,
                   title=titled(symbol, 4), ticks=""),
        yaxis=axis(range=[-0.22, 1.04], domain=[0, 0.82], fixedrange=True, tickformat=".0%", tickvals=[0, 0.5, 1],
                   title=titled("share of the points")),
        yaxis2=axis(range=[0, 1.5], domain=[0.86, 1], fixedrange=True, visible=False),
        bargap=0.06,
    )  # fmt: skip
    quiet = {"hoverinfo": "skip"}
    traces = [
        go.Bar(uid="bars", x=[], y=[], marker={"color": faded(GREY, 0.75)}, hovertemplate="%{y:.1%}<extra></extra>"),
        _ticks("outside", faded(GREY, 0.9)),
        _ticks("inside", BLUE),
        go.Scatter(uid="edge", x=[], y=[], mode="lines", line={"color": BLUE, "dash": "dash", "width": 1.5}, **quiet),
        go.Scatter(uid="said", x=[], y=[], text=[], mode="text", textfont={"size": 13}, textposition=[],
                   **quiet),
        go.Scatter(uid="first", x=[], y=[], mode="markers", yaxis="y2", cliponaxis=False, **quiet,
                   marker={"color": VERMILLION, "symbol": "triangle-down", "size": 9}),
        go.Scatter(uid="labels", x=[], y=[], text=[], mode="text", cliponaxis=False, **quiet),
    ]  # fmt: skip
    return go.Figure(traces, shape)


def _ticks(uid: str, ink: str) -> go.Scatter:
    return go.Scatter(
        uid=uid, x=[], y=[], mode="lines", yaxis="y2", hoverinfo="skip", line={"color": ink, "width": 1.25}
    )


def _frame(shown: Sampling, drawn: Sampled) -> Frame:
    middles, shares = shown.bars(drawn.values)
    inside = drawn.values <= shown.edge
    edge = float(shown.places(np.array([shown.edge]))[0])
    marks = _marks(shown)
    frame: Frame = {
        "bars.x": middles,
        "bars.y": shares,
        "edge.x": np.array([edge, edge]),
        "edge.y": np.array([0.0, 1.0]),
        "first.x": shown.places(drawn.values[:1]),
        "first.y": np.array([1.25]),
        "labels.x": shown.places(marks),
        "labels.y": np.full(marks.size, FOOT),
        "labels.text": [short(value) for value in marks.tolist()],
    }
    for uid, which in (("inside", inside), ("outside", ~inside)):
        frame[f"{uid}.x"], frame[f"{uid}.y"] = _strip(shown.places(drawn.values[which]))
    return frame | _said(edge, f"{drawn.share:.1%} up to {short(shown.edge)}")


def _marks(shown: Sampling) -> Array:
    """Values that are labelled: powers of ten of α or 1 - β, or where there are few, values at equal distances."""
    powers = 10.0 ** np.arange(-9, 2)
    if shown.axis != "linear":
        marks = powers if shown.axis == "log" else np.sort(1 - powers)
        marks = marks[(marks >= shown.low * (1 - 1e-9)) & (marks <= shown.high * (1 + 1e-9))]
        if marks.size > 2:
            return marks[:: -(-marks.size // TICKS)]
    return np.asarray(SCALES[shown.axis].from_unit(np.linspace(0, 1, TICKS), shown.low, shown.high))


def _strip(places: Array) -> tuple[Array, Array]:
    """A tick of the strip for each of `places` (n,) that can be told apart, with a gap after each."""
    at = np.unique(np.rint(places * GRAIN)) / GRAIN if places.size else NOWHERE
    return np.repeat(at, 3), np.tile([0.0, 1.0, np.nan], at.size)


def _said(edge: float, words: str) -> Frame:
    """Words beside the edge, on its longer side."""
    side = "left" if edge > 0.5 else "right"
    return {"said.x": np.array([edge]), "said.y": np.array([0.93]), "said.text": [f"\u00a0{words}\u00a0"],
            "said.textposition": [f"middle {side}"]}  # fmt: skip


def _chart(name: str, symbol: str, title: str, chosen: Callable[[Sampling], Sampled]) -> Chart[Sampling]:
    summary = f"{title}: a strip with a tick for each point, and a histogram of {BINS} bars with the share of each."
    return Chart(
        name, title, summary, lambda shown: _skeleton(name, symbol), lambda shown: _frame(shown, chosen(shown))
    )


ALPHA = [
    _chart("alpha-linear", "α", "Even on the linear scale", lambda shown: shown.linear),
    _chart("alpha-log", "α", "Even on the log scale", lambda shown: shown.right),
]
BETA = [
    _chart("beta-linear", "β", "β even on the linear scale", lambda shown: shown.linear),
    _chart("beta-log", "β", "1 - β even on the log scale", lambda shown: shown.right),
]
