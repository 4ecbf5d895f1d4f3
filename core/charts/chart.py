"""A chart is a skeleton, a figure without data that is made once, and a frame: the arrays that fill it.

The live page sends the skeleton once and then only frames; `figure` puts both together for a static page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import plotly.graph_objects as go

from core.charts.class_picture import heatmap
from core.charts.guide import Guide

T = TypeVar("T")  # what a chart shows: a run, a search, the numbers of a lab
Array = np.ndarray
Frame = dict[str, Any]  # "uid.attribute" -> array, list of strings or number; "image" or another name -> a picture
THEMES = {
    False: {"text": "#31333F", "grid": "rgba(49,51,63,0.11)", "line": "rgba(49,51,63,0.28)"},
    True: {"text": "#FAFAFA", "grid": "rgba(250,250,250,0.11)", "line": "rgba(250,250,250,0.28)"},
}


def always(shown: object) -> bool:
    """True: the chart applies to everything."""
    return True


def no_hint(shown: object) -> str | None:
    """None: there is nothing to say beside the chart."""
    return None


def image_below(whole: go.Figure, frame: Frame) -> list[Any]:
    """The picture "image" of a frame as a heatmap, if there is one."""
    return [heatmap(frame["image"])] if "image" in frame else []


@dataclass(frozen=True)
class Chart(Generic[T]):
    """A row of a registry of charts. `summary` says what it shows, `guide` what to look for in it (a chart of a run has
    one); `hint(shown)` is a sentence beside it, such as why it is empty, or None.

    The keys of `frame(shown)` are "uid.attribute" of the traces of `skeleton(shown)`, or the name of a picture that the
    live page draws on a canvas, such as "image" (see core/charts/class_picture.py). `below(figure, frame)` are the
    traces that draw pictures in a static figure.
    """

    name: str
    title: str
    summary: str
    skeleton: Callable[[T], go.Figure]
    frame: Callable[[T], Frame]
    applies: Callable[[T], bool] = always
    hint: Callable[[T], str | None] = no_hint
    every: int = 1  # drawn in every n-th frame
    guide: Guide | None = None
    below: Callable[[go.Figure, Frame], list[Any]] = image_below


def figure(shown: T, chart: Chart[T], dark: bool = False) -> go.Figure:
    """The static figure of a chart, for a light or a dark page."""
    whole = chart.skeleton(shown)
    traces = {trace.uid: trace for trace in whole.data}
    frame = chart.frame(shown)
    for key, value in frame.items():
        if "." in key:
            uid, _, attribute = key.partition(".")
            traces[uid][attribute] = value
    if below := chart.below(whole, frame):
        whole.add_traces(below)
        whole.data = (*whole.data[-len(below) :], *whole.data[: -len(below)])
    return dressed(whole, THEMES[dark])


def dressed(whole: go.Figure, theme: Mapping[str, str]) -> go.Figure:
    """A figure in the colours of a row of `THEMES`."""
    lines = {"gridcolor": theme["grid"], "linecolor": theme["line"], "zerolinecolor": theme["line"]}
    whole.update_layout(font_color=theme["text"])
    whole.update_xaxes(**lines)
    whole.update_yaxes(**lines)
    return whole
