"""A panel of the batch norm lab: one unit's z over one mini-batch, step by step. Course rows C10, C11, C13."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.charts.labs import one_batch as charts
from core.labs.one_batch import EXAMPLES, OneBatch, one_batch, undoing
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab

KEY = "one-batch"
Z = (-3.0, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.0)
OWN = {"gamma": 1.0, "beta": 0.0, "b": 3.0, "epsilon": 1e-5}
DEFAULTS = OWN | {f"z{k}": z for k, z in enumerate(Z, start=1)}
FIELDS = (
    lab.knob("gamma", "γ", "scale", 0.0, 5.0),
    lab.knob("beta", "β", "shift", -8.0, 8.0),
    lab.knob("b", "b", "bias", -4.0, 4.0),
    lab.knob("epsilon", "ε", "epsilon", 1e-10, 1.0, "log"),
    *(lab.knob(f"z{k}", "wa", f"example {k}", -4.0, 4.0) for k in range(1, EXAMPLES + 1)),
)


@st.fragment
def one_mini_batch() -> None:
    """z, mu, sigma^2, z_norm and z~ of eight examples, with a dial for each input."""
    asked = "b adds 3 to the z of all eight examples. What happens to z̃, the output of batch norm?"
    why = "Subtracting the mean removes whatever all have in common."
    if not lab.question(KEY, asked, ["z̃ grows by 3", "Nothing at all", "z̃ is scaled"], "Nothing at all", why):
        return
    controls, figures = lab.sides(KEY, [1.15, 2])
    with controls:
        values = lab.dials(KEY, FIELDS, DEFAULTS, compact=True)
        shown = now(values)
        identity_button(shown, values)
        differences(shown)

        def make() -> tuple[RunSpec, Settings]:
            return RunSpec(), Settings(bn_epsilon=values["epsilon"])

        lab.see_in_panda(KEY, make, ["loss", "z", "scale_shift", "activations"])
    with figures:
        lab.charts(KEY, shown, [charts.DOTS, charts.HISTOGRAMS], shape=())
        formulas(shown, values)


def now(values: dict[str, Any]) -> OneBatch:
    """The mini-batch with the values of the dials."""
    wa = [values[f"z{k}"] for k in range(1, EXAMPLES + 1)]
    return one_batch(wa, values["b"], values["gamma"], values["beta"], values["epsilon"])


def identity_button(shown: OneBatch, values: dict[str, Any]) -> None:
    """A button that sets gamma and beta so that batch norm does nothing, and one that resets the dials."""

    def undo() -> None:
        held = lab.state(KEY, DEFAULTS)
        held["gamma"], held["beta"] = undoing(shown, values["epsilon"])

    with st.container(horizontal=True):
        st.button(
            "γ = √(σ²+ε), β = μ",
            key=f"{KEY}-identity",
            on_click=undo,
            help="With these values, batch norm gives z back.",
        )
        st.button("Reset", key=f"{KEY}-reset", on_click=lambda: lab.state(KEY, DEFAULTS).update(DEFAULTS))


def formulas(shown: OneBatch, values: dict[str, Any]) -> None:
    """The formulas with the present numbers, and a table of all steps."""
    gamma, beta, epsilon = values["gamma"], values["beta"], values["epsilon"]
    root = rf"\sqrt{{{shown.variance:.4g} + {power(epsilon)}}}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.latex(rf"\mu = {shown.mean:.4g}", width="content")
        st.latex(rf"\sigma^2 = {shown.variance:.4g}", width="content")
        st.latex(rf"z_\text{{norm}} = \frac{{z - {signed(shown.mean)}}}{{{root}}}", width="content")
        st.latex(rf"\tilde z = {gamma:.4g}\,z_\text{{norm}} {beta:+.4g}", width="content")
    st.caption("σ² is biased: the sum of squares is divided by m, not by m - 1. So are the σ² that training averages.")
    steps(shown)


def differences(shown: OneBatch) -> None:
    """The largest change of the output by b, and of z by batch norm."""
    moved = {"b moves z̃ by at most": shown.from_b, "z̃ differs from z by at most": shown.from_z}
    lab.numbers({name: f"{number:.2g}" for name, number in moved.items()})


def steps(shown: OneBatch) -> None:
    """A table of each example's z, z - mu, z_norm and z~."""
    named = {"z": shown.z, "z − μ": shown.z - shown.mean, "z norm": shown.z_norm, "z̃": shown.out}
    rows = [[name, *(f"{number:.2f}" for number in numbers)] for name, numbers in named.items()]
    lab.table(KEY, ["", *(str(k) for k in range(1, shown.z.size + 1))], rows)


def signed(number: float) -> str:
    """A number to be written after a minus sign, in brackets if it is negative."""
    return f"({number:.4g})" if number < 0 else f"{number:.4g}"


def power(number: float) -> str:
    """A small number in LaTeX: 1e-05 as a power of ten."""
    digits, _, exponent = f"{number:.3g}".partition("e")
    return rf"{digits}\cdot 10^{{{int(exponent)}}}" if exponent else digits
