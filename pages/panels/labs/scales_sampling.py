"""Panels of the scales lab: draws of α and β on the linear and the right scale, the memory of β (C4, C5)."""

from __future__ import annotations

import math

import streamlit as st

from core.charts.labs import kernel as kernel_charts
from core.charts.labs import sampling as charts
from core.labs.kernel import kernel
from core.labs.sampling import Sampling, sampling
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab
from pages.panels.labs.scales_words import aligned, choice, draw_again, seed, tex

FIRST = "▼ marks the first point: the same random u from 0 to 1, on both scales."
POINTS = lab.knob("n", "n", "points", 10, 5000, "log", integer=True)
ALPHA = [
    POINTS,
    lab.knob("low", "", "from", 1e-8, 1e-2, "log"),
    lab.knob("high", "", "to", 0.05, 10, "log"),
    lab.knob("edge", "", "share up to", 1e-6, 1, "log"),
]
BETA = [
    POINTS,
    lab.knob("low", "", "from", 0.0, 0.95, "one_minus"),
    lab.knob("high", "", "to", 0.96, 0.9999, "one_minus"),
    lab.knob("edge", "", "share up to", 0.5, 0.9995, "one_minus"),
]


@st.fragment
def alpha() -> None:
    """α drawn evenly on the linear and on the log scale (C4)."""
    if not lab.question(
        "alpha",
        "1,000 learning rates are drawn evenly from 0.0001 to 1. How many lie below 0.1?",
        ["About 10 %", "About 50 %", "About 75 %"],
        "About 10 %",
        "Nine tenths of the range lie above 0.1. On the log scale each decade gets the same share: 75 % lie below 0.1.",
    ):
        return
    controls, right = lab.sides("alpha")
    with controls:
        now = lab.dials("alpha", ALPHA, {"n": 1000, "low": 1e-4, "high": 1.0, "edge": 0.1}, compact=True)
        axis = choice("alpha-axis", "Axis", {"log": "log axis", "linear": "linear axis"})
        shown = sampling("log", now["low"], now["high"], now["edge"], now["n"], seed("alpha"), axis)
        st.caption(FIRST)
        rate = float(min(max(shown.right.values[0], 1e-6), 10))
        with st.container(horizontal=True, gap="small"):
            draw_again("alpha")
            lab.see_in_panda("alpha", lambda: (RunSpec(), Settings(learning_rate=rate)))
    with right:
        lab.charts("alpha", shown, charts.ALPHA, shape=())
        _alpha_formulas(shown)


def _alpha_formulas(shown: Sampling) -> None:
    """The first draw on both scales, and the shares, each below its chart."""
    start, stop = math.log10(shown.low), math.log10(shown.high)
    first, second = st.columns(2, gap="small")
    with first:
        _linear_formula(shown, r"\alpha")
    with second:
        aligned(*_power(shown, start, stop), rf"\alpha &= 10^r = {tex(shown.right.values[0])}")
        _share(shown, "right", "Log")


def _linear_formula(shown: Sampling, symbol: str) -> None:
    """The first draw on the linear scale, and the share there."""
    low, high = tex(shown.low), tex(shown.high)
    aligned(
        rf"u_\blacktriangledown &= {shown.draw:.4f}",
        rf"{symbol} &= {low} + ({high} - {low})\,u",
        rf"&= {tex(shown.linear.values[0])}",
    )
    _share(shown, "linear", "Linear")


def _power(shown: Sampling, start: float, stop: float) -> tuple[str, str]:
    """The first draw as the power r of ten."""
    r = start + (stop - start) * shown.draw
    return (
        rf"u_\blacktriangledown &= {shown.draw:.4f}",
        rf"r &= {start:.4g} {stop - start:+.4g}\,u = {r:.4f}",
    )


def _share(shown: Sampling, side: str, name: str) -> None:
    """The share of points up to the edge, and the expected share."""
    drawn = getattr(shown, side)
    lab.numbers({f"{name}, up to {shown.edge:.6g}": f"{drawn.share:.1%} (expected {drawn.expected:.1%})"})


@st.fragment
def beta() -> None:
    """The memory of β; and β drawn evenly on the linear scale, 1-β on the log scale (C5)."""
    if not lab.question(
        "beta",
        "About how many values does an average with β = 0.999 remember?",
        ["10", "100", "1,000"],
        "1,000",
        "About 1/(1-β). What counts is 1-β, so that is what is sampled evenly on a log scale.",
    ):
        return
    _memory()
    _beta_sampling()


@st.fragment
def _memory() -> None:
    """The weights of the average, with a dial for β."""
    controls, right = lab.sides("beta-memory")
    with controls:
        knob = lab.knob("beta", "β", "decay", 0.0, 0.9995, "one_minus")
        weights = kernel(lab.dials("beta-memory", [knob], {"beta": 0.999})["beta"])
        aligned(
            rf"\tfrac{{1}}{{1-\beta}} &= \tfrac{{1}}{{1-{weights.beta:.6g}}} = {weights.about:,.6g}",
            rf"\beta^k &= \tfrac1e\ \text{{at}}\ k = \tfrac{{-1}}{{\ln\beta}} = {weights.fallen:,.5g}",
        )
        lab.numbers({f"Weight of the newest {weights.newest:,}": f"{weights.within:.1%} of all"})
        lab.see_in_panda("beta", lambda: (RunSpec(), Settings(beta1=weights.beta)))
    with right:
        lab.charts("beta-memory", weights, [kernel_charts.NEAR, kernel_charts.WHOLE], shape=())


@st.fragment
def _beta_sampling() -> None:
    """β drawn evenly on the linear scale, and 1-β on the log scale."""
    controls, right = lab.sides("beta")
    with controls:
        now = lab.dials("beta", BETA, {"n": 1000, "low": 0.9, "high": 0.999, "edge": 0.99}, compact=True)
        axis = choice("beta-axis", "Axis", {"one_minus": "1-β axis", "linear": "linear axis"})
        shown = sampling("one_minus", now["low"], now["high"], now["edge"], now["n"], seed("beta"), axis)
        st.caption(FIRST)
        draw_again("beta")
    with right:
        lab.charts("beta", shown, charts.BETA, shape=())
        _beta_formulas(shown)


def _beta_formulas(shown: Sampling) -> None:
    """The first draw on both scales, and the shares, each below its chart."""
    start, stop = math.log10(1 - shown.low), math.log10(1 - shown.high)
    first, second = st.columns(2, gap="small")
    with first:
        _linear_formula(shown, r"\beta")
    with second:
        aligned(*_power(shown, start, stop), rf"1-\beta &= 10^r = {tex(1 - shown.right.values[0])}")
        _share(shown, "right", "1-β")
