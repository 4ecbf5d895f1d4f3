"""Three networks trained in step: their losses, and mean and variance of what goes into one of their layers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, panels, steps_axis, titled
from core.charts.numbers import Y
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION
from core.labs.side_by_side import NAMES, SideBySide

Array = np.ndarray
INKS = ((VERMILLION, "dash"), (BLUE, "solid"), (ORANGE, "dashdot"))
POINTS = 250  # of one line, at most
LOW, HIGH = 1e-4, 20.0  # ends of the marks


class Shown(Protocol):
    """What is looked at: see `core.sessions.lab_session.Shown`."""

    @property
    def trained(self) -> SideBySide:
        """The three networks."""

    @property
    def layer(self) -> int:
        """The layer (2 to LAYERS + 1) whose inputs are looked at."""


def _key() -> str:
    return key_of((*ink, name) for ink, name in zip(INKS, NAMES, strict=True))


def _lines(prefix: str, yaxis: str = "y") -> list[go.Scatter]:
    said = {"mode": "lines", "hovertemplate": f"{Y} at step %{{x:,}}", "yaxis": yaxis, "x": [], "y": []}
    return [
        go.Scatter(uid=f"{prefix}{i}", name=name, line={"color": ink, "dash": dash, "width": 2}, **said)
        for i, (name, (ink, dash)) in enumerate(zip(NAMES, INKS, strict=True))
    ]


def _losses_skeleton(shown: Shown) -> go.Figure:
    yaxis = axis(type="log", title=titled("loss, in nats"), range=[-3, 0.8], nticks=4)
    shape = layout("side-losses", _key(), left=54, xaxis=steps_axis(), yaxis=yaxis)
    line = {"color": GREY, "width": 1, "dash": "dot"}
    marks = go.Scatter(uid="pushes", x=[], y=[], mode="lines", line=line, hoverinfo="skip")
    return go.Figure([marks, *_lines("loss")], shape)


def _losses_frame(shown: Shown) -> Frame:
    pushes = np.repeat(np.array(shown.trained.pushes, np.float32), 3)
    frame: Frame = {
        "pushes.x": pushes,
        "pushes.y": np.tile(np.array([LOW, HIGH, np.nan], np.float32), pushes.size // 3),
    }
    for i, net in enumerate(shown.trained.nets):
        frame |= {f"loss{i}.x": net.losses.steps.copy(), f"loss{i}.y": net.losses.average.copy()}
    return frame


def _inputs_skeleton(shown: Shown) -> go.Figure:
    return go.Figure(_lines("mean") + _lines("variance", "y2"), panels("side-inputs", ["mean", "variance"], _key()))


def _inputs_frame(shown: Shown) -> Frame:
    step = shown.trained.step
    at = np.unique(np.linspace(0, max(step - 1, 0), min(step, POINTS)).astype(int))
    frame: Frame = {}
    for i, net in enumerate(shown.trained.nets):
        mean, variance = net.moments[at, shown.layer - 2].T
        frame |= {f"mean{i}.x": at + 1, f"variance{i}.x": at + 1, f"mean{i}.y": mean, f"variance{i}.y": variance}
    return frame


def _halved(shown: Shown) -> str:
    """After how many steps each network had halved its loss, beside the chart."""
    if not shown.trained.step:
        return "Press Play to train the three."
    steps = ", ".join(f"{net.halved_at:,}" if net.halved_at else "–" for net in shown.trained.nets)
    return f"halved after {steps} steps"


def _wandered(shown: Shown) -> str | None:
    """How far the means of each network's inputs stray, beside the chart."""
    if shown.trained.step < 2:
        return "Press Play to train the three."
    return f"means vary by {', '.join(f'{net.wandering(shown.layer):.2f}' for net in shown.trained.nets)} σ"


LOSSES: Chart[Shown] = Chart(
    "side-losses",
    "Loss of the mini-batches",
    "The averaged mini-batch loss of three networks against training steps, with a line at every push.",
    _losses_skeleton,
    _losses_frame,
    hint=_halved,
)
INPUTS: Chart[Shown] = Chart(
    "side-inputs",
    "A layer's input from unit 1",
    "Mean and variance of what unit 1 gives to one layer of the three networks, over each mini-batch, against steps.",
    _inputs_skeleton,
    _inputs_frame,
    hint=_wandered,
    every=2,
)
SIDE_CHARTS: dict[str, Chart[Shown]] = {chart.name: chart for chart in (LOSSES, INPUTS)}
