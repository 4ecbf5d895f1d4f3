"""A panel of the softmax lab: with two classes, softmax is the logistic sigmoid. Course row C18."""

from __future__ import annotations

import streamlit as st

from core.charts.labs import two_classes as charts
from core.labs.two_classes import REACH, two_classes
from core.settings.table import RunSpec, Settings
from pages.common.sentences import panel
from pages.panels.labs import lab, tex
from pages.panels.labs.softmax_panel import SIDES


@panel
def two_classes_panel() -> None:
    """The softmax of two classes is the logistic sigmoid of the difference of their z."""
    ask = "Two classes, z₁ = 2 and z₂ = 0. Both z grow by the same number. What happens to a₁?"
    why = "Only z₁ - z₂ counts: softmax of two classes is the sigmoid of that difference."
    if not lab.question("two-classes", ask, ["It grows", "It stays", "It shrinks"], "It stays", why):
        return
    controls, figures = lab.sides("two-classes", SIDES)
    with controls:
        fields = [
            lab.knob("difference", "z₁ - z₂", "", -REACH, REACH, help="z of the first class minus z of the second."),
            lab.knob("z2", "z₂", "of the second class", -REACH, REACH, help="z₁ is z₂ plus the difference."),
        ]
        values = lab.dials("two-classes", fields, {"difference": 2.0, "z2": 0.0})
        shown = two_classes(**values)
        lab.numbers({"Largest difference": f"{shown.largest:.2g}"})
        lab.see_in_panda("two-classes", lambda: (RunSpec(dataset="moons", hidden=(8, 8)), Settings()), ["outputs", "z"])
    with figures:
        lab.charts("two-classes", shown, [charts.CURVES, charts.REST])
        first, second = st.columns(2, gap="medium")
        z1, z2 = (tex.number(z) for z in shown.z)
        first.latex(
            rf"\frac{{e^{{z_1}}}}{{e^{{z_1}} + e^{{z_2}}}} = \frac{{e^{{{z1}}}}}{{e^{{{z1}}} + e^{{{z2}}}}}"
            rf" = {shown.softmax_here:.6f}"
        )
        second.latex(
            rf"\frac{{1}}{{1 + e^{{-(z_1 - z_2)}}}} = \frac{{1}}{{1 + e^{{{tex.number(-shown.here)}}}}}"
            rf" = {shown.sigmoid_here:.6f}"
        )
