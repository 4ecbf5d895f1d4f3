"""Who this browser belongs to. The owner of a run may change it; everybody else with its link watches."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.sessions.session import Session
from core.store import key_of, new_token
from pages.live.server.owner_cookie import owner_in

KEY = "key"  # in a link that continues elsewhere; never left in the address, which is shown and shared


def owner_token() -> str:
    """The owner token of this browser: from its cookie, else one for this session only."""
    return _from_cookie() or st.session_state.setdefault("owner", new_token())


def remembered() -> bool:
    """Whether this browser keeps the cookie, so that it is recognised at its next visit."""
    return _from_cookie() is not None


def recognised(opened: Session[Any]) -> bool:
    """Whether this browser may also change the run at its next visit."""
    return remembered() and opened.drives(key_of(owner_token(), opened.token))


def _from_cookie() -> str | None:
    return owner_in(st.context.headers.get_all("Cookie"))


def take_key(opened: Session[Any]) -> None:
    """Take the key out of the address. If it drives `opened`, this session drives it from now on."""
    asked = st.query_params.get(KEY)
    if asked is None:
        return
    del st.query_params[KEY]
    if opened.drives(asked):
        st.session_state.setdefault("keys", {})[opened.token] = asked


def token_for(opened: Session[Any]) -> str:
    """The token of this browser for a run: the one that may change it if there is one, else the one that reads it."""
    mine = key_of(owner_token(), opened.token)
    taken = st.session_state.get("keys", {}).get(opened.token, "")
    return next((token for token in (mine, taken) if opened.drives(token)), opened.token)


def drives(opened: Session[Any]) -> bool:
    """Whether this browser may change the run."""
    return token_for(opened) != opened.token
