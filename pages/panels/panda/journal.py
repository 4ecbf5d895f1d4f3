"""The journal of a run: every nudge, what it did to the dev loss, notes, and a way to undo the last. Course row C7."""

from __future__ import annotations

import streamlit as st

from core.errors import UserError
from core.runs.journal import Gesture, gestures
from core.runs.run import TWIN_STEPS, Run
from core.sessions.commands import Annotate, DropSeedTest, KeepTwins, StartSeedTest, Undo
from core.sessions.run_session import RunSession
from pages.common.current_run import TWINS
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
    elif mine:
        if st.button("Undo the last nudge", icon=":material/undo:", width="stretch"):
            _undo(opened)
        st.caption(f"It goes back to step {made[-1].first:,} and pauses. The steps after it stay as a branch.")
    twin, seed_test = st.columns(2, gap="small", vertical_alignment="center")
    with twin:
        _twin_switch(opened, mine)
    if made and mine:
        with seed_test:
            _luck_button(opened)
    component.helped(opened, "")
    watch = {name: watched(opened)[name] for name in ("nudges", "line", "pending", "luck")}
    component.words(opened, "luck", watch=watch)
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
        st.session_state[TWINS] = st.session_state["twins"]
        opened.do(KeepTwins(st.session_state["twins"]))

    st.session_state["twins"] = opened.run.twins
    help = f"After each nudge, a copy of the run without it trains beside it for {TWIN_STEPS:,} steps, on the same "
    help += "mini-batches, dotted in the charts. A new nudge replaces it by the run without that one."
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
                label = f"Note on the nudge at step {gesture.first:,}"
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
    """Such as "Step 120" or, of a drag, "Step 120, moved until 135": twin and undo go by the first."""
    first, last = gesture.first, gesture.step
    return f"Step {first:,}" if first == last else f"Step {first:,}, moved until {last:,}"


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
    words = f"Undone: {undone.gesture.words}. The run is paused, {back_at(undone.gesture.first, undone.left)}."
    st.toast(words, icon=":material/undo:")
    st.rerun(scope="app")


def back_at(step: int, left: int) -> str:
    """Such as "back at step 1,200; the 11,000 steps after it stay as a branch"."""
    steps = "the step" if left == 1 else f"the {left:,} steps"
    stay = f"; {steps} after it stay{'s' * (left == 1)} as a branch" if left else ""
    return f"back at step {step:,}{stay}"
