"""The menu at the end of a row of a list, and how an action from it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

from core.errors import UserError
from pages.common.escape import plain

T = TypeVar("T")
Actions = Mapping[str, tuple[str, Callable[[T], None]]]  # by name: what the menu says, and what it does

MENU_STYLE = """<style>
[class*="st-key-menu-"] button div[aria-hidden="true"] { display: none } /* one sign for the menu, its name unseen */
:is([class*="st-key-menu-"] button [data-testid="stMarkdownContainer"], [class*="st-key-bring-"] button em)
  { position: absolute; clip-path: inset(50%) } /* read out, not shown */
</style>"""


def row_menu(number: str, name: str, actions: Actions[T], it: T, tip: str) -> None:
    """The menu of a row: a screen reader says its escaped `name`; the action that is chosen is called with `it`."""
    key = f"menu-{number}"
    st.menu_button(
        f"More about {name}",
        list(actions),
        key=key,
        format_func=lambda action: actions[action][0],
        icon=":material/more_vert:",
        type="tertiary",
        help=tip,
        on_click=lambda: actions[st.session_state[key]][1](it),
    )


def undo_button(number: str, name: str, bring_back: Callable[[T], None], it: T) -> None:
    """The button "Undo" of what was just deleted; a screen reader says "Undo deleting" and the escaped `name`."""
    label = f"Undo *deleting {name.strip()}*"
    st.button(label, key=f"bring-{number}", icon=":material/undo:", on_click=bring_back, args=(it,))


def restore_button(number: str, name: str, bring_back: Callable[[T], None], it: T) -> None:
    """The button "Restore" of what was deleted before; a screen reader adds the escaped `name`."""
    st.button(f"Restore *{name.strip()}*", key=f"bring-{number}", on_click=bring_back, args=(it,))


def saved(action: Callable[[], Any]) -> bool:
    """Carry out `action`; return whether it was saved. If not, a toast says why."""
    try:
        action()
    except Exception as error:
        words = str(error) if isinstance(error, UserError) else f"This was not saved: the store says “{error}”."
        st.toast(plain(words), icon=":material/error:")
        return False
    return True
