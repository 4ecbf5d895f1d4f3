"""Inputs for the selected region of a search: the same as a drag in the charts, by keyboard."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import UserError
from core.search.regions import Region, typed
from core.search.space import Range
from core.search.view import short
from core.sessions.commands import Narrow
from core.sessions.search_session import SearchSession
from pages.common.escape import plain
from pages.common.sentences import callback

ENDS = ("from", "to")
HOW = "An empty field sets no limit on its side."
STYLE = """<style>
.st-key-region-typed [data-testid="stNumberInput"] button { display: none } /* room for the numbers; arrow keys step */
.st-key-region-typed [data-testid="stNumberInput"] [role="button"] { display: none }
</style>"""


def region_inputs(opened: SearchSession) -> None:
    """One row for each searched setting. The rows show the region and change it."""
    st.html(STYLE)
    with st.expander("Type a region", key="region-typed"):
        st.caption(HOW)
        for searched in opened.search.plan.space.ranges:
            (_choices if searched.choices else _ends)(opened, searched)
        if words := st.session_state.pop("region-wrong", ""):
            st.error(plain(words))


def _ends(opened: SearchSession, searched: Range) -> None:
    """Two number inputs for one setting. An empty one means the end of the searched range."""
    field, whole = searched.field, (searched.low, searched.high)
    ends = opened.viewing.region.get(searched.name, whole)
    kind: dict[str, Any] = {"step": 1} if field.integer else {"step": _step(searched), "format": "%.6g"}
    with st.container(gap=None):
        st.markdown(_title(searched))
        with st.container(horizontal=True, gap="small"):
            for end, word in enumerate(ENDS):
                key = f"region-{searched.name}-{word}"
                _follow(key, None if ends[end] == whole[end] else ends[end])
                kind |= {"placeholder": f"{word} {short(whole[end])}", "args": (opened, searched, end, key)}
                st.number_input(f"{field.label}, {word}", value=None, key=key, label_visibility="collapsed",
                                on_change=_type, **kind)  # fmt: skip


def _follow(key: str, value: Any) -> None:
    """Set an input to `value`, but only if it differs: somebody may be typing there."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _title(searched: Range) -> str:
    return f":small[**{searched.field.symbol} {searched.field.label}**]"


def _step(searched: Range) -> float:
    """The step of the arrow keys: the distance of values at the dense end of the setting's scale."""
    ends = {"log": searched.low, "log_from_0": searched.low, "one_minus": 1 - searched.high}
    near = ends.get(searched.field.scale, 0.0)
    return near or (searched.high - searched.low) / 100 or 1e-3


def _choices(opened: SearchSession, searched: Range) -> None:
    """Pills for the choices of one setting. None selected means all."""
    key = f"region-{searched.name}"
    _follow(key, [*opened.viewing.region.get(searched.name, ())])
    st.pills(_title(searched), searched.choices, selection_mode="multi", format_func=searched.field.word, key=key,
             on_change=_choose, args=(opened, searched, key))  # fmt: skip


def _type(opened: SearchSession, searched: Range, end: int, key: str) -> None:
    try:
        now = opened.viewing.region.get(searched.name, ())
        _narrow(opened, {searched.name: typed(searched, now, end, st.session_state[key])})
    except UserError as error:
        st.session_state["region-wrong"] = str(error)


@callback
def _choose(opened: SearchSession, searched: Range, key: str) -> None:
    _narrow(opened, {searched.name: tuple(st.session_state[key])})


def _narrow(opened: SearchSession, region: Region) -> None:
    opened.do(Narrow(region))
