"""Links to this server's pages, to copy from the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from core.sessions.session import Session
from pages.common.identity import KEY, drives, recognised, token_for


def link(query: dict[str, str]) -> str:
    """This page's address with another query."""
    here = urlsplit(str(st.context.url or ""))
    return here._replace(query=urlencode(query), fragment="").geturl()


def continue_elsewhere(opened: Session[Any], what: str) -> None:
    """A button that shows the link with which its owner can go on changing this `what`, "run" or "search", in another
    browser. It is on the page only after that click: whoever has the link can change it too."""
    if not drives(opened):
        return
    st.markdown(f"**Continue elsewhere.** A link of your own, with which you can change this {what} in any browser.")
    if not recognised(opened):
        st.caption(f"This browser can change the {what} until this page is reloaded or closed. Keep that link.")
    if st.button("Show the link that can change it", key=f"continue-{what}", icon=":material/key:", width="stretch"):
        st.code(link({what: opened.token, KEY: token_for(opened)}), language=None, wrap_lines=True)
        st.caption("Do not share it or show it on a projector. It disappears with your next click here.")
