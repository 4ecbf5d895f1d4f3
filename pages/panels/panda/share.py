"""Sharing a run: a link to it, a link with its settings only, one to continue it, its file, scripts and tables."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.errors import UserError
from core.export import EXPORTS, Export, stem
from core.runs import run_file
from core.sessions.commands import Read
from core.sessions.run_session import RunSession
from core.settings.link import to_query
from pages.common.escape import plain
from pages.common.links import continue_elsewhere, link
from pages.panels.runs.listed import name_of


def share_panel(opened: RunSession) -> None:
    """Links and downloads."""
    st.markdown("**Link to this run.** Others can watch it and make a branch of their own. Only you can change it.")
    st.code(link({"run": opened.token}), language=None, wrap_lines=True)
    st.markdown("**Link with the settings only.** It starts a new run and shows nothing of yours.")
    try:
        run = opened.shown
        st.code(link(to_query(run.spec, run.settings)), language=None, wrap_lines=True)
    except UserError as error:
        st.caption(plain(str(error)))
    continue_elsewhere(opened, "run")
    st.markdown("**Files** of the run at this step.")
    name = name_of(opened)
    st.download_button(
        "Run, to open it again (JSON)",
        lambda: opened.do(Read(lambda it: run_file.dump(it.run))),
        f"{stem(opened.run, name)}.panda.json",
        "application/json",
        on_click="ignore",
        icon=":material/save:",
        width="stretch",
    )
    for kind, export in EXPORTS.items():
        st.download_button(
            export.label,
            partial(_exported, opened, export),
            export.file_name(opened.run, name),
            export.media_type,
            key=f"export-{kind}",
            on_click="ignore",
            width="stretch",
        )


def _exported(opened: RunSession, export: Export) -> bytes:
    """The run as it is now, in the form of an export."""
    made: bytes = opened.do(Read(lambda it: export.make(it.run)))
    return made
