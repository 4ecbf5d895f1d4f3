"""A panel of the softmax lab: the boundaries that softmax draws between points that a person moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.charts.labs import boundaries as charts
from core.errors import UserError
from core.labs import boundaries as plane
from core.settings.table import RunSpec, Settings
from pages.common.current_run import keep_table
from pages.common.escape import plain
from pages.common.sentences import panel
from pages.panels.labs import lab, tex
from pages.panels.labs.softmax_panel import SIDES, STAYS


@panel
def boundaries() -> None:
    """The plane divided between a person's points, without hidden layers and with."""
    ask = "Softmax with no hidden layer, four classes: what boundaries can it draw?"
    why = "Two classes are equally likely where their z are equal, and each z is linear in x."
    if not lab.question("boundaries", ask, ["Straight lines", "Circles", "Any curve"], "Straight lines", why):
        return
    held = lab.state("boundaries", {"preset": "groups", "classes": 4, "points": plane.preset("groups", 4)})
    controls, figures = lab.sides("boundaries", SIDES, low=True)
    with controls:
        held["layers"] = _point_controls(held)
        if held["layers"] == "none":
            st.caption("Panda's networks have hidden layers: choose one or two to see this there.")
        else:
            lab.see_in_panda("boundaries", lambda: _own_run(held["points"], held["layers"]), ["decision_map", "loss"])
    with figures:
        _plane(held)


@st.fragment
def _plane(held: dict[str, Any]) -> None:
    """The charts of both networks. Moving a point runs only this fragment again."""
    points, layers, wrong = held["points"], held["layers"], held.pop("wrong", "")
    linear, problem = _divided(points, "none")
    deeper = None if layers == "none" else _divided(points, layers)[0]
    shown = charts.Boundaries(linear, deeper)
    chosen = [charts.LINEAR] + ([charts.DEEPER[layers]] if deeper else [])
    lab.charts("boundaries", shown, chosen, heard=lambda message: _hear(held, message))
    if wrong:
        st.error(plain(wrong))
    if problem:
        st.info(plain(problem))
        return
    accuracies, border = st.columns([1, 1.6], gap="medium")
    with accuracies:
        lab.numbers(_accuracies(shown, layers))
    border.latex(_border(linear))


def _point_controls(held: dict[str, Any]) -> str:
    """Controls for presets, classes, hidden layers and the class of new points. Returns the chosen key of `LAYERS`."""
    counts = range(3, 7)

    def start(name: str) -> None:
        held.update(preset=name, points=plane.preset(name, held["classes"]))

    def clear() -> None:
        nothing = np.zeros(0)
        held["points"] = plane.Points(nothing, nothing, np.zeros(0, np.int64), held["classes"])

    def count() -> None:
        held["classes"] = st.session_state["boundaries-classes"]
        start(held["preset"])

    st.segmented_control(
        "Classes", counts, default=held["classes"], key="boundaries-classes", required=True, on_change=count
    )
    layers = st.segmented_control("Hidden layers", list(plane.LAYERS), default="none", key="boundaries-layers", **STAYS)
    with st.container(horizontal=True, gap="xsmall"):
        for name in plane.PRESETS:
            st.button(name.capitalize(), key=f"boundaries-{name}", on_click=start, args=(name,))
        st.button("Clear", key="boundaries-clear", icon=":material/delete:", on_click=clear)
    options = range(1, held["classes"] + 1)
    key = f"boundaries-label-{held['classes']}"
    held["label"] = st.segmented_control("A click adds a point of class", options, default=1, key=key, **STAYS) - 1
    st.caption("Drag a point to move it; click it to remove it.")
    return layers


def _divided(points: plane.Points, layers: str) -> tuple[plane.Divided, str]:
    """The plane divided by a network with these layers and ""; or undivided, and why."""
    try:
        return plane.divided(points, plane.LAYERS[layers]), ""
    except UserError as error:
        return plane.undivided(points, plane.LAYERS[layers]), str(error)


def _hear(held: dict[str, Any], message: dict[str, Any]) -> None:
    """Apply what a person did to a point."""
    try:
        held["points"] = plane.heard(held["points"], message, held["label"])
    except UserError as error:
        held["wrong"] = str(error)


def _accuracies(shown: charts.Boundaries, layers: str) -> dict[str, str]:
    """Train accuracy of what is shown."""
    rows = {"none": shown.linear} | ({layers: shown.deeper} if shown.deeper else {})
    return {f"Train accuracy, hidden layers {name}": f"{100 * it.accuracy:.1f} %" for name, it in rows.items()}


def _border(linear: plane.Divided) -> str:
    """The equation of the boundary between classes 1 and 2, with the present weights."""
    (u, v), c = linear.W[0] - linear.W[1], float(linear.b[0, 0] - linear.b[1, 0])
    line = rf"{tex.number(float(u), 3)}\, x_1 {tex.shifted(float(v))}\, x_2 {tex.shifted(c)} = 0"
    return rf"z_1 - z_2 = {line}"


def _own_run(points: plane.Points, layers: str) -> tuple[RunSpec, Settings]:
    """A run that learns these points with the same layers and settings."""
    table = plane.table(points)
    keep_table(table, "points of the softmax lab")
    spec = RunSpec(
        dataset=table.name,
        dev_share=0.05,
        normalize=False,
        hidden=plane.LAYERS[layers],
        activation=plane.ACTIVATION,
        initialization="xavier",
    )
    return spec, plane.settings(points)
