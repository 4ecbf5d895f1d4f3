"""A panel of the batch norm lab: one example has no mini-batch, test time uses running averages. Course row C15."""

from __future__ import annotations

import streamlit as st

from core.charts.labs import running as charts
from core.labs.running import DATA, DEV, SETTINGS, SPEC, STEPS, Moment, moment
from core.settings.table import FIELDS as SETTINGS_FIELDS
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab

KEY = "test-time"
RHO = SETTINGS_FIELDS["bn_decay"]
FIELDS = (
    lab.knob("step", "t", "steps trained", 1, STEPS, integer=True, help="Go through the run as it trained."),
    lab.knob("decay", RHO.symbol, RHO.label, 0.0, 0.999, "one_minus", help=RHO.help),
    lab.knob("example", "i", "dev example", 1, DEV, integer=True, help="Which example is predicted."),
)
DEFAULTS = {"step": 300, "decay": 0.9, "example": 4}


@st.fragment
def test_time() -> None:
    """Statistics and their running averages up to a step, and one example's prediction with both."""
    asked = "A trained network normalizes a single example by its own mean and variance. What does it predict?"
    why = "z − μ is 0 in every unit, so only the shifts β are left."
    if not lab.question(KEY, asked, ["The right class", "Anything", "Always the same"], "Always the same", why):
        return
    controls, figures = lab.sides(KEY, [1.15, 3])
    with controls:
        values = lab.dials(KEY, FIELDS, DEFAULTS)
        shown = moment(values["step"], values["decay"], values["example"] - 1)
        formula(shown)
        lab.see_in_panda(KEY, lambda: like(shown), ["loss", "statistics", "outputs", "z"])
    with figures:
        lab.charts(KEY, shown, [charts.STATISTICS, charts.OUTPUTS], shape=(), stays=int(lab.last(KEY) == "example"))
        numbers(shown)


def like(shown: Moment) -> tuple[RunSpec, Settings]:
    """Spec and settings of this panel's run, with the chosen decay."""
    return SPEC, Settings(SETTINGS.learning_rate, batch_size=SETTINGS.batch_size, bn_decay=shown.decay)


def formula(shown: Moment) -> None:
    """The formula of the running mean with the present numbers."""
    st.latex(rf"v_t = {shown.decay:.4g}\,v_{{t-1}} + {1 - shown.decay:.3g}\cdot {shown.batch[0, -1]:.4g}")
    st.latex(
        rf"\mu_\text{{running}} = \frac{{v_t}}{{1-{shown.decay:.4g}^{{{shown.step}}}}} = {shown.running[0, -1]:.4g}"
    )


def numbers(shown: Moment) -> None:
    """A table of both predictions, and the dev accuracy of each kind."""
    heads = ["", *DATA.class_names, "dev accuracy"]
    rows = [
        [name, *(f"{p:.3f}" for p in outputs), f"{accuracy:.1%}"]
        for name, outputs, accuracy in (
            ("its own statistics", shown.alone, shown.alone_accuracy),
            ("running statistics", shown.tested, shown.tested_accuracy),
        )
    ]
    lab.table(KEY, heads, rows)
    lab.numbers({"Largest difference between two dev examples with their own statistics": f"{shown.alone_differs:.2g}"})
