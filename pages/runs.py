"""Runs: the list of this person's runs, with search, rename, copy, compare, delete and restore. Course row C7.

The list is read from the store each time. A run that is open elsewhere writes its progress there every second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.charts.sparkline import sparkline
from core.errors import UserError
from core.store import the_store
from pages.common.escape import plain, spoken
from pages.common.identity import owner_token, remembered
from pages.common.sentences import say
from pages.panels.runs.listed import SORTS, Listed, ago, fitting, listed, number, since, told_apart
from pages.panels.runs.row_menu import MENU_STYLE, restore_button, row_menu, undo_button
from pages.panels.runs.run_actions import ACTIONS, bring_back, clear, comparison, rename_dialog, tick

PAGE = 25
CURVE = (160, 40)  # pixels
MOST_COMPARED = 8
UNDO_SECONDS = 60.0  # for so long a deleted run stays in the list with an Undo button
STYLE = """<style>
:is([class*="st-key-run-"], [class*="st-key-gone-"]) :is(p, a) { font-size: 0.875rem; line-height: 1.4 }
[class*="st-key-run-"] [data-testid="stPageLink-NavLink"] { padding: 0; background: none }
[class*="st-key-run-"] [data-testid="stPageLink-NavLink"] p { font-weight: 600 }
[class*="st-key-run-"] [data-testid="stPageLink-NavLink"]:hover p { text-decoration: underline }
[class*="st-key-run-"] [data-testid="stElementToolbar"] { display: none }
[data-testid="stBottomBlockContainer"] { padding-block: 0.75rem }
@media (max-width: 640px) {
  .st-key-runs-bar > * { flex: 1 1 100% !important }
  [class*="st-key-run-"] { gap: 0.25rem 0.5rem; padding-bottom: 0.5rem; justify-content: space-between }
  [class*="st-key-run-"] :is(p, a) { font-size: 0.8125rem }
  [class*="st-key-run-"] > :nth-child(2) { flex: 1 1 calc(100% - 8rem) }
  [class*="st-key-run-"] > :nth-child(n + 3) { order: 1; width: 8.5rem; flex: none }
  [class*="st-key-run-"] > :nth-child(3) { width: 6.5rem }
  [class*="st-key-run-"] > :nth-child(4), [class*="st-key-run-"] > :nth-child(4) * { width: 5.5rem !important }
  [class*="st-key-run-"] > :nth-child(6) { order: 0; width: auto }
  [class*="st-key-gone-"]:not([data-testid="stExpander"] *) { min-height: 5.5rem }
}
</style>"""


def toolbar() -> tuple[str, str]:
    """The search field and the order. Returns both."""
    with st.container(key="runs-bar", horizontal=True, vertical_alignment="center", gap="small"):
        search = st.text_input(
            "Search",
            key="runs-search",
            type="search",
            placeholder="Name, data or layers",
            icon=":material/search:",
            live=True,
            label_visibility="collapsed",
            persist_state="session",
            on_change=_from_the_top,
        )
        sort = st.selectbox(
            "Order",
            list(SORTS),
            key="runs-sort",
            width=210,
            label_visibility="collapsed",
            persist_state="session",
            on_change=_from_the_top,
        )
    return search, sort


def _from_the_top() -> None:
    st.session_state["runs-turned"] += 1


def _page_key() -> str:
    """The key of the page selector. It changes with every search or order, so that the selector starts at page 1."""
    return f"runs-page-{st.session_state['runs-turned']}"


def chosen_bar(ticked: Sequence[Listed]) -> bool:
    """The bar below the list while runs are ticked. Returns whether Compare was clicked."""
    if not ticked:
        return False
    with st.bottom, st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        few = len(ticked) < 2
        words = f"Compare {len(ticked)} runs" if not few else "Tick another run to compare"
        asked = st.button(words, icon=":material/ssid_chart:", type="primary", disabled=few)
        st.button("Clear", on_click=clear)
    return asked


def row(it: Listed, now: float) -> None:
    """One row: a run, or an Undo button if it was just deleted."""
    if it.entry.deleted:
        with st.container(key=f"gone-{it.entry.id}", horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"Deleted “{plain(it.name)}”.", width="content")
            undo_button(it.entry.id, plain(it.name), bring_back, it)
        return
    with st.container(key=f"run-{it.entry.id}", horizontal=True, vertical_alignment="center", gap="small"):
        _tick_box(it)
        _words(it)
        _pair(f"{it.entry.line.step:,} :gray[steps]", f":gray[{ago(now - it.entry.changed)}]")
        st.image(sparkline(*it.entry.line.curve, *CURVE), width=CURVE[0], alt=f"dev loss of {it.name}")
        accuracy = it.entry.line.accuracy
        share = "–" if accuracy is None else f"{100 * accuracy:.1f} %"
        _pair(f"**{plain(number(it.entry.best))}** :gray[best dev loss]", f"**{share}** :gray[dev accuracy]")
        row_menu(it.entry.id, plain(it.name), ACTIONS, it, "Rename, duplicate or delete")


def _tick_box(it: Listed) -> None:
    ticked, key = st.session_state["runs-ticked"], f"tick-{it.entry.id}"
    here = it.entry.id in ticked
    st.checkbox(
        f"Compare {spoken(it.name)}",
        here,
        key=key,
        label_visibility="collapsed",
        disabled=not here and len(ticked) >= MOST_COMPARED,
        on_change=lambda: tick(it, st.session_state[key]),
    )


def _words(it: Listed) -> None:
    entry = it.entry
    about = ([it.about] if entry.name else []) + ([f"{entry.lines} branches"] if entry.lines > 1 else [])
    with st.container(gap=None, width="stretch"):
        st.page_link("panda.py", label=plain(it.name), query_params={"run": entry.id})
        if about:
            st.caption(plain(" · ".join(about)))


def _pair(first: str, second: str) -> None:
    """Two short lines in a column of their own."""
    st.markdown(f"{first}  \n{second}", width=150)


def page_of(runs: Sequence[Listed]) -> Sequence[Listed]:
    """The runs on the present page of the list."""
    pages = max(1, -(-len(runs) // PAGE))
    at = min(st.session_state.get(_page_key(), 1), pages)
    return runs[(at - 1) * PAGE : at * PAGE]


def deleted_runs(runs: Sequence[Listed], now: float) -> None:
    """The ones deleted in the last 30 days, with a button to restore each."""
    if not runs:
        return
    with st.expander(f"Deleted in the last 30 days: {len(runs):,}"):
        for it in sorted(runs, key=lambda it: since(it.entry.deleted, now))[:PAGE]:
            about = ([it.about] if it.entry.name else []) + [f"deleted {ago(since(it.entry.deleted, now))}"]
            with st.container(key=f"gone-{it.entry.id}", horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(f"{plain(it.name)}  \n:gray[{plain(', '.join(about))}]", width="stretch")
                restore_button(it.entry.id, plain(it.name), bring_back, it)
        if len(runs) > PAGE:
            st.caption(f"And {len(runs) - PAGE:,} more: search for a name to find them.")


def everything() -> None:
    """The toolbar, the list, deleted runs and dialogs, read from the store each time."""
    store, owner, now = the_store(), owner_token(), time.time()
    titles = store.tables.of(owner)
    entries = [*store.runs_of(owner), *store.runs_of(owner, deleted=True)]
    everyone = told_apart(listed(entry, titles) for entry in entries)
    there = [it for it in everyone if not it.entry.deleted]
    deleted = [it for it in everyone if it.entry.deleted]
    if not there and not deleted:
        st.markdown("No runs yet. A run that you train or change on the Panda page is listed here.")
        st.page_link("panda.py", label="Open Panda", icon=":material/monitor_heart:")
        return
    search, sort = toolbar()
    lately = [it for it in deleted if since(it.entry.deleted, now) < UNDO_SECONDS]
    shown = sorted(fitting([*there, *lately], search), key=SORTS[sort])
    for it in page_of(shown):
        row(it, now)
    if len(shown) > PAGE:
        st.pagination(-(-len(shown) // PAGE), key=_page_key())
    if not shown:
        st.markdown(f"No run has “{plain(search)}” in its name, data or layers." if search else "No runs are left.")
    deleted_runs([it for it in fitting(deleted, search) if it not in lately], now)
    _dialogs({it.entry.id: it for it in there})


def _dialogs(there: dict[str, Listed]) -> None:
    """At most one dialog: the comparison, or a rename."""
    ticked = [there[run] for run in st.session_state["runs-ticked"] if run in there]
    renaming = st.session_state.pop("runs-renaming", None)
    if chosen_bar(ticked):
        comparison(ticked)
    elif renaming in there:
        rename_dialog(there[renaming])


if (
    "run" in st.query_params
):  # a link of a run that is opened in a new tab leads here, because Panda's own address is empty
    st.switch_page("panda.py", query_params=st.query_params.to_dict())
st.html(STYLE + MENU_STYLE)
st.session_state.setdefault("runs-ticked", {})
st.session_state.setdefault("runs-turned", 0)
if not remembered():
    st.caption(
        "This browser keeps no cookies, so this list lasts only for this visit. "
        "To change a run later, keep its link from “Continue elsewhere” under Share."
    )
try:
    everything()
except UserError as error:
    say(error)
