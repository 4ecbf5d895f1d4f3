"""A page with one button, as bare as Streamlit has it: what `benchmarks.page_usable` compares ours with."""

import streamlit as st

st.button("Play")
