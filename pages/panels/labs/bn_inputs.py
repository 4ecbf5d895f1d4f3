"""A panel of the batch norm lab: gradient descent with inputs as they are and normalized. Course row C9."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from core.charts.labs import inputs as charts
from core.labs.inputs import Descent, TwoDescents, two_descents
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab

KEY = "inputs"
BEST = "inputs-best"
FIELDS = (
    lab.knob("alpha", "α", "learning rate", 1e-3, 3.0, "log", help="How far one step moves."),
    lab.knob("spread", "σ₁/σ₂", "spread", 1.0, 20.0, "log", help="The standard deviation of x₁ divided by that of x₂."),
    lab.knob("mean", "μ/σ", "mean", 0.0, 3.0, help="The mean of each input, in its own standard deviations."),
)
DEFAULTS = {"alpha": 0.07, "spread": 5.0, "mean": 0.0}


@st.fragment
def inputs() -> None:
    """Gradient descent from the same start, with inputs of different spread and with normalized inputs."""
    asked = "x₁ spreads 5 times as far as x₂. How much more does the cost curve along w₁ than along w₂?"
    why = "The curvature grows with the square of the spread."
    if not lab.question(KEY, asked, ["5 times", "25 times", "The same"], "25 times", why):
        return
    controls, figures = lab.sides(KEY, [1.15, 3])
    with controls:
        st.session_state.setdefault(BEST, True)
        best = st.toggle("Use the best α for each", key=BEST, persist_state="session")
        idle = {"alpha": "no effect: each uses its own best"} if best else {}
        values = lab.dials(KEY, FIELDS, DEFAULTS, idle=idle)
        shown = two_descents(values["spread"], values["mean"], values["alpha"], best)
        lab.see_in_panda(KEY, lambda: (RunSpec("wine", normalize=False, hidden=(16,)), Settings(batch_norm=False)))
    with figures:
        lab.charts(KEY, shown, [charts.RAW, charts.NORMALIZED], shape=())
        st.latex(
            rf"\frac{{\lambda_\text{{max}}}}{{\lambda_\text{{min}}}} = {shown.raw.condition:,.4g}"
            rf"\ \to\ {shown.normalized.condition:,.4g}"
        )
        numbers(shown)


def numbers(shown: TwoDescents) -> None:
    """A table of both descents."""
    said: dict[str, Callable[[Descent], str]] = {
        "condition number": lambda one: f"{one.condition:,.4g}",
        "α must be below": lambda one: f"{one.most_alpha:.3g}",
        "α": lambda one: f"{one.alpha:.3g}",
        "steps to within 0.01 of the lowest cost": lambda one: steps(one.steps),
    }
    rows = [[name, say(shown.raw), say(shown.normalized)] for name, say in said.items()]
    lab.table(KEY, ["inputs", "as they are", "normalized"], rows)


def steps(count: float) -> str:
    """A number of steps in words."""
    return f"{count:,.0f}" if math.isfinite(count) else "never"
