"""Who this browser belongs to. The owner of a run may change it; everybody else with its link watches."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.sessions.session import Session
from core.store import key_of, new_token
from pages.live.server.owner_cookie import owner_in

KEY = "key"  # in the address, only where the browser keeps no cookie


def owner_token() -> str:
    """The owner token of this browser: from its cookie, else one for this session only."""
    return _from_cookie() or st.session_state.setdefault("owner", new_token())


def remembered() -> bool:
    """Whether this browser keeps the cookie, so that it is recognised at its next visit."""
    return _from_cookie() is not None


def _from_cookie() -> str | None:
    return owner_in(st.context.headers.get_all("Cookie"))


def token_for(opened: Session[Any]) -> str:
    """The token of this browser for a run: the one that may change it if there is one, else the one that reads it."""
    mine = key_of(owner_token(), opened.token)
    in_address = st.query_params.get(KEY, "")
    return next((token for token in (mine, in_address) if opened.drives(token)), opened.token)


def drives(opened: Session[Any]) -> bool:
    """Whether this browser may change the run."""
    return token_for(opened) != opened.token
