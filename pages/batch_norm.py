"""The lab of batch norm: one layer's z normalized step by step, and why it works. Course rows C9-C15."""

from __future__ import annotations

import streamlit as st

from pages.panels.labs import lab
from pages.panels.labs.bn_batch import one_mini_batch
from pages.panels.labs.bn_inputs import inputs
from pages.panels.labs.bn_sizes import sizes
from pages.panels.labs.bn_test_time import test_time
from pages.panels.labs.bn_why import why

PANELS = {
    "One mini-batch": one_mini_batch,
    "Inputs": inputs,
    "Why it works": why,
    "Test time": test_time,
    "Mini-batch size": sizes,
}

st.subheader("Batch norm")
lab.panels("bn-panel", PANELS)
