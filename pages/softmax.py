"""The lab of softmax: from z to probabilities, loss and gradient. Course rows C16-C19."""

from __future__ import annotations

import streamlit as st

st.title("Softmax")
