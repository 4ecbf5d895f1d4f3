"""Panels of the scales lab: two moves of β, and exponentially weighted averages of a noisy series (C5)."""

from __future__ import annotations

import streamlit as st

from core.charts.labs import averages as charts
from core.labs.averages import SERIES, Averaged, Move, averaged, move
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab
from pages.panels.labs.scales_words import aligned, choice, tex

COURSE = {"b1": 0.9, "a1": 0.9005, "b2": 0.999, "a2": 0.9995}
PAIRS = [
    lab.knob(name, "β", words, 0.0, 0.9999, "one_minus")
    for name, words in (("b1", "first"), ("a1", "→"), ("b2", "second"), ("a2", "→"))
]


@st.fragment
def moves() -> None:
    """Two moves of β side by side, and what they do to the average of a noisy series."""
    if not lab.question(
        "moves",
        "β moves by 0.0005: from 0.9, or from 0.999. Which changes the average more?",
        ["From 0.9", "From 0.999", "Both the same"],
        "From 0.999",
        "Near 1, a small move doubles the memory. Near 0.9 it changes almost nothing.",
    ):
        return
    controls, right = lab.sides("moves")
    with controls:
        now = lab.dials("moves", PAIRS, COURSE, compact=True)
        st.caption("The series: a run's mini-batch loss. At step 1,000 its α is raised.")
        st.button("The course's moves", key="moves-back", icon=":material/undo:", on_click=_course)
        lab.see_in_panda("moves", lambda: (RunSpec(), Settings(beta1=now["b2"])))
    both = [move(now["b1"], now["a1"]), move(now["b2"], now["a2"])]
    with right:
        lab.charts("moves", both, charts.MOVES, shape=(), stays=int(lab.last("moves") in ("b2", "a2")))
        for column, moved in zip(st.columns(2, gap="small"), both, strict=True):
            with column:
                _move_formula(moved)


def _course() -> None:
    lab.state("moves", COURSE).update(COURSE)


def _move_formula(moved: Move) -> None:
    before, after = moved.beta
    least, most = moved.about
    aligned(
        rf"\tfrac{{1}}{{1-{before:.6g}}} &= {least:,.5g}\ \text{{values}}",
        rf"\tfrac{{1}}{{1-{after:.6g}}} &= {most:,.5g}\ \text{{values}}",
    )
    lab.numbers(
        {"Memory changes by": f"{most / least - 1:+.1%}", "The averages are apart by up to": f"{moved.apart:.3g}"}
    )


@st.fragment
def averages() -> None:
    """An average with a dial for β, with and without bias correction, and one of its steps in numbers."""
    if not lab.question(
        "averages",
        "An average starts from v₀ = 0 with β = 0.9. How much of the first value is v₁?",
        ["All of it", "90 %", "10 %"],
        "10 %",
        "Only 1-β of the first value gets in. Bias correction divides by 1-βᵗ, here 0.1, which gives all of it.",
    ):
        return
    controls, right = lab.sides("averages")
    with controls:
        name = choice("averages-series", "Series", {name: series.title for name, series in SERIES.items()})
        size = SERIES[name].values().size
        held = lab.state("averages", {"beta": 0.9, "t": 1})
        fields = [
            lab.knob("beta", "β", "decay", 0.0, 0.999, "one_minus"),
            lab.knob("t", "t", "step in the formula", 1, size, "log", integer=True),
        ]
        if isinstance(held["t"], int) and held["t"] > size:  # of a longer series
            held["t"] = size
        now = lab.dials("averages", fields, {"beta": 0.9, "t": 1})
        corrected = st.toggle("Bias correction", True, key="averages-bias", persist_state="session")
        shown = averaged(name, now["beta"], now["t"], corrected)
        _step_formula(shown, corrected)
        lab.see_in_panda(
            "averages",
            lambda: (RunSpec(), Settings(batch_size=16, beta1=shown.beta, bias_correction=corrected)),
        )
    with right:
        lab.charts("averages", shown, [charts.WHOLE, charts.START], shape=name)
        if corrected:
            st.caption(
                "The solid line divides by 1-βᵗ: right from the first step, and later the same as the dashed one."
            )
        else:
            st.caption("The dashed line starts from 0. After 1/(1-β) steps this 0 still has about 37 % of the weight.")


def _step_formula(shown: Averaged, corrected: bool) -> None:
    """The formula of the average at the chosen step, and its bias correction."""
    beta, t = f"{shown.beta:.6g}", shown.t
    lines = [
        rf"v_{{{t}}} &= \beta\,v_{{{t - 1}}} + (1-\beta)\,\theta_{{{t}}}",
        rf"&= {beta}\cdot {tex(shown.before)}",
        rf"&\quad + {1 - shown.beta:.4g}\cdot {tex(shown.theta)}",
        rf"&= {tex(shown.now)}",
    ]
    if corrected:
        share = rf"1-{beta}^{{{t}}}"
        lines.append(rf"\tfrac{{v_{{{t}}}}}{{{share}}} &= \tfrac{{{tex(shown.now)}}}{{{tex(shown.correction)}}}")
        lines.append(rf"&= {tex(shown.mended)}")
    aligned(*lines)
    lab.numbers({"Averages about": f"{shown.about:,.4g} values"})
