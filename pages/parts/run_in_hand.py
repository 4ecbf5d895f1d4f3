"""Which run this page shows: the one in the address, else the one that this session looked at last, else a new one."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.open_runs import OPEN_RUNS, OpenRun
from core.run import Run, data_of
from core.settings import RunSpec, Settings


def run_in_hand() -> OpenRun:
    """The open run to show. Its token is in the address, so that a reload or a second tab finds it."""
    asked = st.query_params.get("run")
    opened = OPEN_RUNS.get(asked) if asked else _latest()
    if asked and opened is None:
        st.info("The run in this address is no longer open here. This is a new one.")
    return hold(opened or OPEN_RUNS.open(Run()))


def hold(opened: OpenRun) -> OpenRun:
    """Make this the run in hand."""
    tokens = _tokens()
    if opened.token in tokens:
        tokens.remove(opened.token)
    tokens.append(opened.token)
    if st.query_params.get("run") != opened.token:
        st.query_params["run"] = opened.token
    return opened


def start(spec: RunSpec, settings: Settings) -> OpenRun:
    """Start a new run and hold it; the one before stays open."""
    before = _latest()
    most = data_of(spec).train.labels.size
    opened = OPEN_RUNS.open(Run(spec, replace(settings, batch_size=min(settings.batch_size, most))))
    if before:
        before.do(OpenRun.pause)
        opened.speed = before.speed
    return hold(opened)


def others() -> list[OpenRun]:
    """The other runs that this session has held and that are still open, the latest first."""
    found = (OPEN_RUNS.get(token) for token in reversed(_tokens()[:-1]))
    return [opened for opened in found if opened]


def title(opened: OpenRun) -> str:
    """A run in a few words: its data and its layers."""
    run = opened.run
    return f"{run.spec.dataset.replace('_', ' ')} {'-'.join(map(str, run.sizes))}"


def _tokens() -> list[str]:
    return st.session_state.setdefault("tokens", [])


def _latest() -> OpenRun | None:
    tokens = _tokens()
    return OPEN_RUNS.get(tokens[-1]) if tokens else None
