"""Actions on a run of the list: rename, duplicate, delete, restore, tick, compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.charts.compare import compare
from core.charts.marks import label
from core.charts.swatch import swatch
from core.runs.journal import Gesture, gestures
from core.runs.journal_json import journal_of
from core.sessions.run_recorder import load
from core.sessions.run_registry import RUN_SESSIONS
from core.store import Progress, the_store
from pages.common.escape import plain
from pages.common.identity import owner_token
from pages.panels.runs.listed import Listed, differing, number
from pages.panels.runs.row_menu import saved

LINE = "line"  # the column with the pictures
NUDGES_SHOWN, TICKS = 3, 60  # the last nudges of a run in the table, and in the chart


def delete(it: Listed) -> None:
    """Delete the run and close it, so that its link says that it is gone."""
    if saved(the_store().delete(it.entry.id, owner_token()).result):
        RUN_SESSIONS.close(it.entry.id)
        tick(it, False)


def bring_back(it: Listed) -> None:
    """Undo a deletion."""
    saved(the_store().bring_back(it.entry.id, owner_token()).result)


def duplicate(it: Listed) -> None:
    """Copy the run as it is now. The list shows the copy at once, before it is replayed."""
    store, line, name = the_store(), it.entry.line, f"Copy of {it.name}"

    def copy() -> None:
        replay = load(store, it.entry, line.id)
        replay.run.twins = it.entry.twins
        opened = RUN_SESSIONS.open(replay, owner_token(), name)
        come = Progress(line.step, line.best, line.dev, line.accuracy, line.curve)
        if opened.recorder:
            store.advance(opened.recorder.line, come).result()

    if saved(copy):
        st.toast(f"“{plain(name)}” is in the list.", icon=":material/content_copy:")


def rename(it: Listed) -> None:
    """Open the dialog that renames it."""
    st.session_state["runs-renaming"] = it.entry.id


ACTIONS: dict[str, tuple[str, Callable[[Listed], None]]] = {
    "rename": (":material/edit: Rename", rename),
    "duplicate": (":material/content_copy: Duplicate", duplicate),
    "delete": (":material/delete: Delete", delete),
}


def tick(it: Listed, ticked: bool) -> None:
    """Add a run to the comparison, or remove it."""
    kept: dict[str, None] = st.session_state["runs-ticked"]
    kept.pop(it.entry.id, None)
    if ticked:
        kept[it.entry.id] = None


def clear() -> None:
    """Empty the comparison."""
    for run in st.session_state["runs-ticked"]:
        st.session_state[f"tick-{run}"] = False
    st.session_state["runs-ticked"] = {}


@st.dialog("Rename this run")
def rename_dialog(it: Listed) -> None:
    """The dialog that renames a run. Without a name it is called by its data, layers and settings."""
    with st.form("runs-rename", border=False):
        name = st.text_input("Name", it.entry.name, max_chars=80, placeholder=it.about)
        asked = st.form_submit_button("Save", type="primary")
        if asked and saved(the_store().rename(it.entry.id, owner_token(), name).result):
            st.rerun()


@st.dialog("Dev loss, step by step", width="large")
def comparison(runs: Sequence[Listed]) -> None:
    """A chart with the dev loss of each run's current line and ticks at its nudges, and a table with a row for each:
    its line, losses, nudges, and the settings in which they differed at first."""
    dark = st.context.theme.type == "dark"
    curves = [(it.name, *it.entry.line.curve) for it in runs]
    made = [gestures(journal_of(the_store().journal(it.entry.line.id))) for it in runs]
    config = {"showSendToCloud": False, "displaylogo": False}
    figure = compare(curves, dark, [[gesture.first for gesture in some[-TICKS:]] for some in made])
    st.plotly_chart(figure, theme=None, height=380, config=config, alt="Dev loss of the chosen runs")
    columns = {
        LINE: [swatch(i) for i in range(len(runs))],
        "run": [it.name for it in runs],
        "steps": [f"{it.entry.line.step:,}" for it in runs],
        "final dev loss": [number(it.entry.line.dev) for it in runs],
        "best dev loss": [number(it.entry.line.best) for it in runs],
        "nudges": [nudges_words(some) for some in made],
    }
    pictures = {LINE: st.column_config.ImageColumn(width=60)}
    st.dataframe(columns | differing(runs), hide_index=True, height="content", column_config=pictures)


def nudges_words(made: Sequence[Gesture]) -> str:
    """Such as "2: α 1 at 400, Adam at 900"; of many, the last few."""
    if not made:
        return "none"
    shown = [f"{label(one)} at {one.first:,}" for one in made[-NUDGES_SHOWN:]]
    return f"{len(made):,}: {'… ' * (len(made) > NUDGES_SHOWN)}{', '.join(shown)}"
