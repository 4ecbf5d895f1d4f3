"""The journal of a run: every nudge, what it did to the dev loss, notes, and a way to undo the last. Course row C7."""

from __future__ import annotations

import streamlit as st

from core.errors import UserError
from core.runs.journal import Gesture, gestures
from core.runs.run import Run
from core.sessions.commands import Annotate, DropSeedTest, KeepTwins, StartSeedTest, Undo
from core.sessions.run_session import RunSession
from pages.common.escape import plain
from pages.common.identity import drives
from pages.common.sentences import callback
from pages.live.server import component
from pages.live.server.frames import watched

SHOWN = 12
LONGEST_NOTE = 500


def journal_panel(opened: RunSession) -> None:
    """The nudges, newest first. The fragment around them runs again after each new nudge."""
    run, mine = opened.run, drives(opened)
    made = gestures(run.journal)
    if not made:
        st.caption(
            "No nudges yet. Each change of a setting is listed here with its effect, and the last can be undone."
        )
    elif mine and st.button("Undo the last nudge", icon=":material/undo:", width="stretch"):
        _undo(opened)
    twin, seed_test = st.columns(2, gap="small", vertical_alignment="center")
    with twin:
        _twin_switch(opened, mine)
    if made and mine:
        with seed_test:
            _luck_button(opened)
    component.words(
        opened, "twin", watch={name: watched(opened)[name] for name in ("nudges", "line", "pending", "luck")}
    )
    component.words(opened, "luck")
    _entries(opened, made, mine)


def _luck_button(opened: RunSession) -> None:
    words = "Dismiss" if opened.run.seed_test else "Luck or nudge?"
    asked = "Repeats the steps since the last nudge under 16 other seeds, with and without it: is it more than chance? "
    asked += "Decide first after how many steps to ask: whoever looks again and again finds luck at some time."
    if st.button(words, icon=":material/casino:", width="stretch", help=None if opened.run.seed_test else asked):
        try:
            opened.do(DropSeedTest() if opened.run.seed_test else StartSeedTest())
        except UserError as error:
            st.toast(plain(str(error)), icon=":material/error:")
        else:
            st.rerun(scope="app")


def _twin_switch(opened: RunSession, mine: bool) -> None:
    @callback
    def switch() -> None:
        opened.do(KeepTwins(st.session_state["twins"]))

    st.session_state["twins"] = opened.run.twins
    help = "A copy of the run without the last nudge trains beside it on the same mini-batches, dotted in the charts."
    st.toggle("Keep a twin", key="twins", help=help, on_change=switch, disabled=not mine)


def _entries(opened: RunSession, made: list[Gesture], mine: bool) -> None:
    run, end = opened.run, opened.run.step
    shown = len(made) if st.session_state.get("all-nudges") else SHOWN
    for gesture in made[: -shown - 1 : -1]:
        with st.container(gap=None):
            words, note = st.columns([6, 1], gap="small", vertical_alignment="center")
            words.markdown(f":small[**{when(gesture)}** · {gesture.words}]")
            if mine:
                help, key = "Write a note on this nudge", f"menu-note-{gesture.place}"
                label = f"Note on the nudge at step {gesture.step:,}"
                with note.popover(label, icon=":material/edit_note:", help=help, type="tertiary", key=key):
                    _note_field(opened, gesture.place)
            st.caption(effect(run, gesture, end))
            if written := run.journal[gesture.place].note:
                st.text(written)
        end = gesture.first
    if len(made) > SHOWN:
        st.toggle(f"All {len(made):,} nudges", key="all-nudges")


def _note_field(opened: RunSession, place: int) -> None:
    key = f"note-{opened.token}-{place}-{opened.run.journal[place].step}"

    @callback
    def write() -> None:
        opened.do(Annotate(place, st.session_state[key].strip()))

    st.text_area("Note", opened.run.journal[place].note, key=key, max_chars=LONGEST_NOTE, on_change=write)


def when(gesture: Gesture) -> str:
    """Such as "Step 120" or, of a drag, "Steps 120 to 135": a twin counts from the first."""
    first, last = gesture.first, gesture.step
    return f"Step {last:,}" if first == last else f"Steps {first:,} to {last:,}"


def effect(run: Run, gesture: Gesture, end: int) -> str:
    """Such as "dev loss 0.31 → 0.12 at step 400": before a gesture and at the step `end`."""
    before, after = (run.history.at(step, "dev_loss") for step in (gesture.first, end))
    if end == gesture.first:
        return f"dev loss {before:.4g}, no steps since"
    return f"dev loss {before:.4g} → {after:.4g} at step {end:,}"


def _undo(opened: RunSession) -> None:
    try:
        undone = opened.do(Undo())
    except UserError as error:
        st.toast(plain(str(error)), icon=":material/error:")
        return
    st.toast(f"Undone: {undone.words}. The run is back at step {undone.first:,}.", icon=":material/undo:")
    st.rerun(scope="app")
