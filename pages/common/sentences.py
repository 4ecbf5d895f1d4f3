"""Shows a `UserError` as its sentence, wherever it comes from: a page, a panel, a widget's callback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.errors import UserError
from core.sessions.session import Session
from core.store import DamagedError, the_store
from pages.common.escape import plain

P = ParamSpec("P")
TOLD = "store-trouble"  # in the session: what the frame of the pages has said in this run of the script


def say(error: Exception) -> None:
    """The sentence of an error on the page, unless the frame has said it above."""
    if str(error) != st.session_state.get(TOLD):
        st.error(plain(str(error)))


def say_store_trouble() -> None:
    """Above every page: why nothing can be saved, where the store's file is damaged, gone or replaced."""
    st.session_state.pop(TOLD, None)
    try:
        the_store().health.check()
    except DamagedError as error:
        say(error)
        st.session_state[TOLD] = str(error)


def panel(show: Callable[P, None]) -> Callable[P, None]:
    """Make a part of a page a fragment that says its errors, and shows nothing of a run that is not saved."""

    @st.fragment
    @wraps(show)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            for opened in args:
                if isinstance(opened, Session):
                    opened.settle()
            show(*args, **kwargs)
        except UserError as error:
            say(error)

    return guarded


def callback(action: Callable[P, object]) -> Callable[P, None]:
    """Make an action a widget's callback that says its errors in a toast, as the page is drawn after it."""

    @wraps(action)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except UserError as error:
            st.toast(plain(str(error)), icon=":material/error:")

    return guarded


def said(error: Exception) -> bool:
    """What nobody has caught: say it where it is a sentence, and return whether it was."""
    if not isinstance(error, UserError):
        return False
    say(error)
    return True
