"""The journal of a run: every nudge, what it did to the dev loss, and a way to undo the last one. Course row C7."""

from __future__ import annotations

import streamlit as st

from core.errors import UserError
from core.journal import Gesture, gestures
from core.open_runs import OpenRun
from core.run import Run
from pages.live import component

SHOWN = 30


def journal_panel(opened: OpenRun) -> None:
    """The nudges, newest first; the fragment around them runs again when there is another."""
    run = opened.run
    made = gestures(run.journal)
    if not made:
        st.caption("No nudge yet. Each one is listed here with what it did, and the last can be undone.")
    elif st.button("Undo the last nudge", icon=":material/undo:", width="stretch"):
        _undo(opened)
    end = run.step
    for gesture in made[: -SHOWN - 1 : -1]:
        with st.container(gap=None):
            st.markdown(f"**Step {gesture.step:,}** · {gesture.words}")
            st.caption(effect(run, gesture, end))
        end = gesture.first
    component.dials(opened, [], key="journal", watch={"nudges": len(run.journal)})


def effect(run: Run, gesture: Gesture, end: int) -> str:
    """The dev loss before a gesture and at the step `end`, in words."""
    before, after = (run.history.at(step, "dev_loss") for step in (gesture.first, end))
    if end == gesture.first:
        return f"dev loss {before:.4g}, no step since"
    return f"dev loss {before:.4g} → {after:.4g} at step {end:,}"


def _undo(opened: OpenRun) -> None:
    try:
        undone = opened.do(OpenRun.undo)
    except UserError as error:
        st.toast(str(error), icon=":material/error:")
        return
    st.toast(f"Undone: {undone.words}. The run is back at step {undone.first:,}.", icon=":material/undo:")
    st.rerun(scope="app")
