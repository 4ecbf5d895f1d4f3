"""The lab of softmax: from z to probabilities, loss and gradient, and the boundaries they draw. Course rows C16-C19."""

from __future__ import annotations

import streamlit as st

from pages.panels.labs import lab
from pages.panels.labs.softmax_boundaries import boundaries
from pages.panels.labs.softmax_from_z import from_z_to_a
from pages.panels.labs.softmax_loss import loss
from pages.panels.labs.softmax_two_classes import two_classes_panel

STYLE = """<style>
.stMarkdown table { width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums }
.stMarkdown table :is(td, th) { padding: 0.125rem 0.375rem; border-width: 0 0 1px }
.stMain .katex-display { margin: 0 }
.stMain .katex { font-size: 1.1em }
[class*="st-key-from-z-classes"] button { padding: 0 0.5625rem }
[class*="st-key-boundaries-"] button { padding: 0 0.625rem; min-height: 2rem }
</style>"""
PANELS = {
    "From z to a": from_z_to_a,
    "Two classes": two_classes_panel,
    "Loss and gradient": loss,
    "Boundaries": boundaries,
}

st.html(STYLE)
st.subheader("Softmax")
lab.panels("softmax-panel", PANELS)
