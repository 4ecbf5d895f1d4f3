"""One example's t = exp(z) on a logarithmic axis, and its probabilities beside hardmax and the uniform share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, names_axis, titled
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.labs.from_z import FromZ
from core.settings.digits import in_full

DECADES = 5  # t is shown from 1e-5 to 1e5
APART = 8  # pixels from the numbers of an axis to its title
CLEAR = "rgba(0,0,0,0)"
KEY = [(BLUE, "square", "softmax"), (VERMILLION, "square", "hardmax (outlined)"), (GREY, "dash", "uniform, 1/C")]


def _classes(C: int) -> dict[str, Any]:
    return names_axis([str(j + 1) for j in range(C)], title=titled("class"), range=[-0.6, C - 0.4])


def _bars(uid: str, **more: Any) -> go.Bar:
    return go.Bar(uid=uid, x=[], y=[], hoverinfo="skip", **more)


def _texts() -> go.Scatter:
    style = {"mode": "text", "textposition": "top center", "textfont": {"size": 10}, "hoverinfo": "skip"}
    return go.Scatter(uid="said", x=[], y=[], text=[], **style)


@lru_cache
def _exponentials_skeleton(C: int) -> go.Figure:
    yaxis = axis(type="log", range=[-DECADES, DECADES], title=titled("t, log scale", APART), fixedrange=True)
    shape = layout("exponentials", left=60, xaxis=_classes(C), yaxis=yaxis)
    return go.Figure([_bars("t", marker={"color": faded(BLUE, 0.55)}, width=0.62), _texts()], shape)


def _exponentials(shown: FromZ) -> Frame:
    """Where t leaves the axis its bar ends with it, and its number says how far it went."""
    places, high = np.arange(shown.t.size), 10.0**DECADES
    drawn = np.clip(shown.t, 1 / high, high)
    texts = [in_full(t, 3) for t in shown.t.tolist()]
    return {
        "t.x": places,
        "t.y": drawn,
        "said.x": places,
        "said.y": np.clip(drawn, None, high / 8),
        "said.text": texts,
    }


@lru_cache
def _probabilities_skeleton(C: int) -> go.Figure:
    yaxis = axis(range=[0, 1.12], title=titled("a", APART), fixedrange=True)
    shape = layout("probabilities", key_of(KEY), xaxis=_classes(C), yaxis=yaxis, barmode="overlay")
    outline = {"color": CLEAR, "line": {"color": VERMILLION, "width": 1.5}}
    uniform = {"line": {"color": GREY, "dash": "dash", "width": 1.5}, "hoverinfo": "skip"}
    traces = [
        _bars("a", marker={"color": faded(BLUE, 0.75)}, width=0.62),
        _bars("hard", marker=outline, width=0.78),
        go.Scatter(uid="uniform", x=[], y=[], mode="lines", **uniform),
        _texts(),
    ]
    return go.Figure(traces, shape)


def _probabilities(shown: FromZ) -> Frame:
    places, C = np.arange(shown.a.size), shown.a.size
    return {
        "a.x": places,
        "a.y": shown.a,
        "hard.x": places,
        "hard.y": shown.hard,
        "uniform.x": np.array([-0.6, C - 0.4]),
        "uniform.y": np.full(2, 1 / C),
        "said.x": places,
        "said.y": shown.a,
        "said.text": [f"{a:.3f}" if C < 8 else f"{a:.2f}" for a in shown.a.tolist()],
    }


EXPONENTIALS: Chart[FromZ] = Chart(
    "exponentials",
    "t, the exponential of z",
    "A bar for each class: the exponential of its z, always positive, on a logarithmic axis.",
    lambda shown: _exponentials_skeleton(shown.z.size),
    _exponentials,
)
PROBABILITIES: Chart[FromZ] = Chart(
    "probabilities",
    "a = t / Σt, which sum to 1",
    "A bar for each class: its softmax probability, beside hardmax, which gives 1 to the largest, and the uniform 1/C.",
    lambda shown: _probabilities_skeleton(shown.z.size),
    _probabilities,
)
