"""The view of a search: generation and axes. The owner's choice is shared, a watcher's is for their page only."""

from __future__ import annotations

from typing import Any

import streamlit as st
from msgspec.structs import asdict, replace

from core.sessions.commands import Axes, See, ShowWhole, Sight
from core.sessions.search_session import SearchSession
from core.sessions.session import Session
from pages.common.identity import drives

COMMANDS = {"generation": See, "axes": Axes, "whole": ShowWhole}  # of the owner, by the names of a `Sight`


def sight_of(opened: Session[Any]) -> Sight:
    """The view chosen in this session; empty for the owner, whose choice is kept in the search itself."""
    chosen = st.session_state.get("sights", {}).get(opened.token, Sight())
    return Sight() if chosen == Sight() or drives(opened) else chosen


def seen_here(opened: SearchSession) -> SearchSession:
    """The search as this browser views it, for reading only: see `SearchSession.as_seen`."""
    return opened.as_seen(sight_of(opened))


def look(opened: SearchSession, name: str, value: Any) -> None:
    """Choose another generation or other axes (see `Sight`): for all if this browser owns it, else here."""
    if drives(opened):
        opened.do(COMMANDS[name](value))
    else:
        sights = st.session_state.setdefault("sights", {})
        sights[opened.token] = replace(sights.get(opened.token, Sight()), **{name: value})


def sight_row(opened: Session[Any]) -> dict[str, Any]:
    """The chosen parts of the view, as the live channel takes them."""
    return {name: value for name, value in asdict(sight_of(opened)).items() if value is not None}
