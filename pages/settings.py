"""The reference page of all settings, made from the table of settings."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core.settings.table import GROUPS, SETTINGS, SPEC, Field, RunSpec, Settings


def row(field: Field, default: object) -> dict[str, str]:
    """One field as a row of the page's table."""
    return {
        "Symbol": field.symbol,
        "Setting": field.label,
        "Default": field.word(default),
        "Range": field.range_words() if not field.choices else ", ".join(field.choices.values()),
        "What it does": field.help,
        "Name in code": field.name,
        "Course": field.course,
    }


defaults = asdict(RunSpec()) | asdict(Settings())

NARROW = """<style>
@media (max-width: 640px) { /* the tables fit, so that nothing has to be scrolled sideways */
  [data-testid="stTable"] :is(th, td) { padding: 0.1875rem !important; font-size: 0.75rem; overflow-wrap: anywhere }
  [data-testid="stTable"] :is(th, td):nth-child(6) { display: none } /* the name in code */
}
</style>"""

st.html(NARROW)
st.title("Settings")
st.write(
    "You can change these while a run trains. They are in the order of the course: what to tune first comes first (C1)."
)
for group, words in GROUPS.items():
    st.subheader(words)
    st.table([row(field, defaults[field.name]) for field in SETTINGS if field.group == group])
st.subheader("Data and network")
st.write("Fixed during a run: changing one of these starts a new run.")
st.table([row(field, defaults[field.name]) for field in SPEC])
