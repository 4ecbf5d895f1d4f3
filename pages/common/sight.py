"""What this browser sees of a search: what its owner looks at; or, where it only watches, what was chosen here.

So a watcher who looks at another generation moves nobody's page but their own.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from msgspec.structs import asdict, replace

from core.sessions.commands import Axes, See, ShowWhole, Sight
from core.sessions.search_session import SearchSession
from core.sessions.session import Session
from pages.common.identity import drives

COMMANDS = {"generation": See, "axes": Axes, "whole": ShowWhole}  # of the owner, by the names of a `Sight`


def sight_of(opened: Session) -> Sight:
    """What was chosen in this session to be seen; nothing where it drives, for then all see it."""
    chosen = st.session_state.get("sights", {}).get(opened.token, Sight())
    return Sight() if chosen == Sight() or drives(opened) else chosen


def seen_here(opened: SearchSession) -> SearchSession:
    """The search as this browser sees it, to be read and not to be changed: see `SearchSession.as_seen`."""
    return opened.as_seen(sight_of(opened))


def look(opened: SearchSession, name: str, value: Any) -> None:
    """Look at another generation, or at other axes (see `Sight`): all do where this browser drives, else it alone."""
    if drives(opened):
        opened.do(COMMANDS[name](value))
    else:
        sights = st.session_state.setdefault("sights", {})
        sights[opened.token] = replace(sights.get(opened.token, Sight()), **{name: value})


def sight_row(opened: Session) -> dict[str, Any]:
    """What the live channel is to be told of it: only what was chosen."""
    return {name: value for name, value in asdict(sight_of(opened)).items() if value is not None}
