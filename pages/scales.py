"""The lab of scales: where α and β are sampled, what an exponentially weighted average remembers, random points
against a grid, and from coarse to fine. Rows C2-C5."""

from __future__ import annotations

import streamlit as st

from pages.panels.labs import lab
from pages.panels.labs.scales_memory import averages, moves
from pages.panels.labs.scales_sampling import alpha, beta
from pages.panels.labs.scales_searching import fine, grid

PANELS = {
    "Sampling α": alpha,
    "β and its memory": beta,
    "Two moves of β": moves,
    "Averages": averages,
    "Random or grid": grid,
    "Coarse to fine": fine,
}

st.subheader("Scales")
lab.panels("scales-panel", PANELS)
