"""The form for a new run: what is fixed during a run, on one screen, and which settings it begins with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.registry import DATASETS
from core.errors import UserError
from core.scenes.registry import FIRST, SCENES
from core.sessions.run_session import RunSession
from core.settings.names import DEFAULTS, changed_words
from core.settings.table import SPEC, Settings
from pages.common.current_run import hold, others, start
from pages.common.escape import plain
from pages.panels.panda import controls
from pages.panels.panda.open_file import open_file
from pages.panels.panda.own_data import own_data
from pages.panels.runs.listed import name_of
from pages.panels.scenes.pictures import go_to

SELDOM = ("data_seed", "dev_share", "normalize")
KEEP, RESET = "keep", "defaults"


def new_run_panel(opened: RunSession) -> None:
    """The form, and other ways to a run: own data, a saved file, and the runs that were open before."""
    chosen = _form(opened)
    settings = _first_settings(opened)
    if st.button("Start a new run", type="primary", width="stretch"):
        try:
            start(replace(opened.run.spec, **chosen), settings)
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")
    with st.expander("Your own data (CSV)"):
        own_data(opened)
    if st.button("To the scenes", icon=":material/theaters:", width="stretch"):
        go_to(SCENES[FIRST])
    with st.expander("Open a saved run"):
        open_file()
    for other in others():
        label = f"Back to {plain(name_of(other))}, step {other.run.step:,}"
        if st.button(label, key=f"back-{other.token}", icon=":material/undo:", width="stretch"):
            hold(other)
            st.rerun(scope="app")


def kept_words(settings: Settings) -> str:
    """The settings that differ from the defaults, such as "α 1, m 1"; "" where none does."""
    return changed_words({**DEFAULTS, **asdict(settings)})


def _form(opened: RunSession) -> dict[str, Any]:
    """Inputs for the fields of a spec, two beside each other; returns what they hold."""
    spec, cells = opened.run.spec, _cells()
    with st.container(gap="xsmall"):
        with next(cells):
            chosen = controls.spec_inputs(opened, ["dataset"])
        fitting = SimpleNamespace(**chosen)
        data = (field.name for field in SPEC if field.group == "data" and not field.idle(fitting))
        often = [name for name in data if name not in ("dataset", *SELDOM)]
        for name in (*often, "seed"):
            with next(cells):
                chosen |= controls.spec_inputs(opened, [name])
        for cell, name in zip(st.columns(2, gap="small"), ("activation", "initialization"), strict=True):
            with cell:
                chosen |= controls.spec_inputs(opened, [name])
        same_data = chosen["dataset"] == spec.dataset
        hidden = spec.hidden if same_data else DATASETS[chosen["dataset"]].hidden
        chosen["hidden"] = controls.layers_input(opened, hidden)
        with st.popover("More about the data", width="stretch"):
            return chosen | controls.spec_inputs(opened, SELDOM)


def _cells() -> Iterator[DeltaGenerator]:
    """The cells of rows of two, made as they are needed."""
    while True:
        yield from st.columns(2, gap="small")


def _first_settings(opened: RunSession) -> Settings:
    """The settings that the new run begins with: the present ones, or the defaults where a person prefers them."""
    kept = kept_words(opened.run.settings)
    if not kept:
        st.caption("It begins at step 0 with the default settings. This run is kept.")
        return opened.run.settings
    said = {KEEP: f"Keep {plain(kept)}", RESET: "All settings at their defaults"}
    which = st.radio("Settings of the new run", list(said), format_func=said.get, key=f"settings-{opened.token}")
    return opened.run.settings if which == KEEP else Settings()
