"""The lab of scales: where α and β are sampled, and what an exponentially weighted average remembers. Rows C2-C5."""

from __future__ import annotations

import streamlit as st

from core.charts.labs import averages as average_charts
from core.labs.averages import averaged, mini_batch_losses
from core.settings import RunSpec, Settings
from pages.parts import lab


@st.fragment
def averages() -> None:
    """β under the finger: an average of about 1/(1-β) values (C5)."""
    controls, charts = st.columns([1.15, 3], gap="medium")
    with controls:
        beta = lab.dials("averages", [lab.knob("beta", "β", "decay", 0.0, 0.999, "one_minus")], {"beta": 0.9})["beta"]
        shown = averaged(mini_batch_losses(), beta)
        st.latex(rf"v_t = {beta:.6g}\,v_{{t-1}} + {1 - beta:.3g}\,\theta_t")
        st.latex(rf"\frac{{1}}{{1-\beta}} = {shown.about:,.4g}\text{{ values}}")
        lab.see_in_panda("averages", lambda: (RunSpec(), Settings(batch_size=16, beta1=beta)))
    with charts:
        lab.charts("averages", shown, [average_charts.WHOLE, average_charts.START])


PANELS = {"Averages": averages}

st.title("Scales")
for tab, panel in zip(st.tabs(list(PANELS), key="scales-panel", on_change="rerun"), PANELS.values(), strict=True):
    if tab.open is not False:
        with tab:
            panel()
