"""The lab of batch norm: one layer's z normalized step by step, and why it works. Course rows C9-C15."""

from __future__ import annotations

import streamlit as st

st.title("Batch norm")
