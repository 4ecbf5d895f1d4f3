"""The list of a person's searches, with actions to open, rename and delete; and exports of the current search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.export.searches import SEARCH_EXPORTS
from core.sessions.search_registry import SEARCH_SESSIONS
from core.sessions.search_session import SearchSession
from core.settings.table import FIELDS
from core.store import SearchEntry, the_store
from pages.common.escape import plain
from pages.common.identity import owner_token, remembered
from pages.common.links import continue_elsewhere
from pages.panels.runs.listed import ago, number, since
from pages.panels.runs.row_menu import MENU_STYLE, restore_button, row_menu, saved, undo_button

PAGE = 10
UNDO_SECONDS = 60.0  # for so long a deleted search stays in the list with an Undo button
STYLE = """<style>
[class*="st-key-search-row-"] p { font-size: 0.875rem; line-height: 1.4; text-align: left }
[class*="st-key-search-row-"] [data-testid="stCaptionContainer"] p { font-size: 0.75rem }
[class*="st-key-search-open-"] button { justify-content: start; min-height: 0; padding: 0; white-space: normal }
[class*="st-key-search-open-"] button > div { justify-content: start }
[class*="st-key-search-open-"] button:hover p { text-decoration: underline }
</style>"""


def searches(opened: SearchSession) -> None:
    """The list, read from the store each time."""
    st.html(STYLE + MENU_STYLE)
    if not remembered():
        st.caption("This browser keeps no cookies, so this list lasts only for this visit.")
    store, owner, now = the_store(), owner_token(), time.time()
    titles = store.tables.of(owner)
    there, deleted = store.searches.of(owner), store.searches.of(owner, deleted=True)
    lately = [entry for entry in deleted if since(entry.deleted, now) < UNDO_SECONDS]
    shown = sorted([*there, *lately], key=lambda entry: -entry.changed)
    if not shown:
        st.caption("No searches yet. Press Play, and the search is listed here.")
    pages = max(1, -(-len(shown) // PAGE))
    at = min(st.session_state.get("searches-page", 1), pages)
    for entry in shown[(at - 1) * PAGE : at * PAGE]:
        _row(entry, titles, entry.id == opened.token, now)
    if pages > 1:
        st.pagination(pages, key="searches-page")
    _deleted([entry for entry in deleted if entry not in lately], titles, now)
    continue_elsewhere(opened, "search")
    renaming = st.session_state.pop("searches-renaming", None)
    for entry in there:
        if entry.id == renaming:
            _rename_dialog(entry, called(entry, titles))


def called(entry: SearchEntry, titles: dict[str, str]) -> str:
    """The name of a search, or what it searches on which data. `titles` are those of uploaded tables."""
    data = titles.get(entry.dataset) or FIELDS["dataset"].word(entry.dataset)
    return entry.name or f"{entry.about} on {data}"


def _row(entry: SearchEntry, titles: dict[str, str], in_hand: bool, now: float) -> None:
    """One row: a search, or an Undo button if it was just deleted."""
    name = plain(called(entry, titles))
    with st.container(key=f"search-row-{entry.id}", horizontal=True, vertical_alignment="center", gap="small"):
        if entry.deleted:
            st.markdown(f"Deleted “{name}”.", width="stretch")
            undo_button(entry.id, name, _bring_back, entry)
            return
        with st.container(gap=None, width="stretch"):
            if st.button(f"**{name}**" if in_hand else name, key=f"search-open-{entry.id}", type="tertiary"):
                _open(entry)
            st.caption(" · ".join(_about(entry, in_hand, now)))
        row_menu(entry.id, name, ACTIONS, entry, "Rename or delete")


def _about(entry: SearchEntry, in_hand: bool, now: float) -> list[str]:
    """What a row says below its name."""
    models = f"{entry.models:,} model{'s' * (entry.models != 1)}"
    several = f" in {entry.generations} generations" if entry.generations > 1 else ""
    words = [f"best dev loss {number(entry.best)}", models + several, ago(now - entry.changed)]
    return ["open"] * in_hand + words + ["not finished"] * (not entry.done)


def _deleted(entries: Sequence[SearchEntry], titles: dict[str, str], now: float) -> None:
    """The ones deleted in the last 30 days, with a button to restore each."""
    if not entries:
        return
    with st.expander(f"Deleted in the last 30 days: {len(entries):,}"):
        for entry in entries[:PAGE]:
            name = plain(called(entry, titles))
            st.markdown(f":small[{name} :gray[deleted {ago(since(entry.deleted, now))}]]")
            restore_button(entry.id, name, _bring_back, entry)


# actions


def _open(entry: SearchEntry) -> None:
    """Make it the current search. A link would leave the old address in the browser, because the page is the same."""
    st.query_params["search"] = entry.id
    st.session_state["search-in-hand"] = entry.id
    st.rerun(scope="app")


def _rename(entry: SearchEntry) -> None:
    st.session_state["searches-renaming"] = entry.id


def _delete(entry: SearchEntry) -> None:
    """Delete it and close it, so that its link says that it is gone."""
    if saved(the_store().searches.delete(entry.id, owner_token()).result):
        SEARCH_SESSIONS.close(entry.id)


def _bring_back(entry: SearchEntry) -> None:
    saved(the_store().searches.bring_back(entry.id, owner_token()).result)


ACTIONS: dict[str, tuple[str, Callable[[SearchEntry], None]]] = {
    "rename": (":material/edit: Rename", _rename),
    "delete": (":material/delete: Delete", _delete),
}


@st.dialog("Rename this search")
def _rename_dialog(entry: SearchEntry, about: str) -> None:
    """The dialog that renames a search. Without a name it is called by what it searches."""
    with st.form("searches-rename", border=False):
        name = st.text_input("Name", entry.name, max_chars=80, placeholder=about)
        asked = st.form_submit_button("Save", type="primary")
        if asked and saved(the_store().searches.rename(entry.id, owner_token(), name).result):
            st.rerun()


# exports


def exports(opened: SearchSession) -> None:
    """Downloads of the shown generation, made on request."""
    with st.popover("Export", icon=":material/download:", width="stretch"):
        if len(opened.generations) > 1:
            st.caption(f"Generation {opened.viewing.generation + 1}, the selected one.")
        for name, export in SEARCH_EXPORTS.items():
            words = export.missing()
            st.download_button(
                export.label,
                partial(export.make, opened.search),
                export.file_name(opened.search),
                export.media_type,
                key=f"search-export-{name}",
                on_click="ignore",
                width="stretch",
                disabled=bool(words),
            )
            if words:
                st.caption(words)
