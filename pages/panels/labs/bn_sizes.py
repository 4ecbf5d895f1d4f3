"""A panel of the batch norm lab: how noisy mu and sigma^2 of small mini-batches are. Course row C14."""

from __future__ import annotations

import streamlit as st

from core.charts.labs import batch_sizes as charts
from core.labs.batch_sizes import SIZES, Noise, noise
from core.settings.table import RunSpec, Settings
from pages.panels.labs import lab

KEY = "sizes"
FIELDS = (
    lab.knob("size", "m", "mini-batch size", 2, charts.LARGEST, "log", integer=True, help="Examples in a mini-batch."),
)


@st.fragment
def sizes() -> None:
    """The distributions of mu and sigma^2 over a thousand mini-batches, with a dial for their size."""
    asked = "Mini-batches of 64 instead of 4: how much less does their μ vary?"
    if not lab.question(KEY, asked, ["16 times", "4 times", "2 times"], "4 times", "Its standard deviation is σ/√m."):
        return
    with lab.together(KEY):
        controls, formula, numbers = st.columns([1.15, 1, 1.3], gap="large")
        with controls:
            shown = noise(int(lab.dials(KEY, FIELDS, {"size": 64})["size"]))
            st.caption("This noise regularizes a little: a unit cannot rely on its exact z̃.")
            lab.see_in_panda(KEY, lambda: (RunSpec(), Settings(batch_size=shown.size)), ["loss", "statistics", "z"])
        with formula:
            root = rf"\frac{{{shown.variance**0.5:.3g}}}{{\sqrt{{{shown.size}}}}}"
            st.latex(rf"\frac{{\sigma}}{{\sqrt m}} = {root} = {shown.expected:.3g}")
        with numbers:
            deviations(shown)
        lab.charts(KEY, shown, [charts.MEANS, charts.VARIANCES, charts.SPREAD], shape=())


def deviations(shown: Noise) -> None:
    """A table of standard deviations for a few sizes and the chosen one."""
    rows = []
    for one in (noise(size) for size in sorted({*SIZES, shown.size})):
        name = f"**{one.size}**" if one is shown else str(one.size)
        rows.append([name, *(f"{x:.3g}" for x in (one.means.std(), one.expected, one.variances.std()))])
    lab.table(KEY, ["m", "deviation of μ", "σ/√m", "deviation of σ²"], rows)
