"""Opening a run from its file: checked, replayed, and its fingerprint compared."""

from __future__ import annotations

import streamlit as st

from core.errors import UserError
from core.runs import run_file
from core.runs.replay import Replay
from core.runs.run import Run
from core.sessions.run_session import RunSession
from pages.common.current_run import hold, keep_table, open_run
from pages.common.escape import plain
from pages.common.uploads import uploader


def open_file() -> None:
    """An uploader for a saved run, and a button that opens it as a new run."""
    uploaded = uploader("A saved run (.json)", ["json"], max_upload_size=5, key="run-file")
    if uploaded and st.button("Open and replay it", type="primary", width="stretch"):
        try:
            hold(opened_from(uploaded.getvalue(), uploaded.name))
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")


def opened_from(data: bytes, title: str) -> RunSession:
    """A session that replays the run of a file. At the end its notice says whether the fingerprint agrees,
    and first, where it does not, whether the file was made on another machine."""
    found = run_file.parse(data)
    if found.table:
        keep_table(found.table, title)
    replay = Replay(Run(found.spec, found.settings), found.journal, found.step)

    def compare(opened: RunSession) -> None:
        opened.said = found.compared(opened.run)

    return open_run(replay, found.name, compare)
