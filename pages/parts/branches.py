"""The branches of a run as a small tree: each with its dev loss as a curve, to be opened, named or deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from core.charts.sparkline import sparkline
from core.errors import UserError
from core.open_runs import OpenRun
from core.store import Line
from pages.parts.owner import drives
from pages.parts.plain import plain


def branches_panel(opened: OpenRun) -> None:
    """The tree; the journal above it is drawn anew when the run goes on as another branch, and so is this."""
    keeper = opened.keeper
    if not keeper:
        return
    if opened.saving:
        opened.saving.result()
    lines = keeper.store.lines(opened.token)
    if len(lines) < 2:
        st.caption("One line so far. Go back on the timeline and go on from there: that is a branch, and none is lost.")
        return
    for line, depth in in_order(lines):
        _row(opened, line, depth, line.id == keeper.line)


def in_order(lines: Sequence[Line]) -> Iterator[tuple[Line, int]]:
    """The lines with how deep each is, every branch below the one that it comes from."""
    known = {line.id for line in lines}

    def below(parent: str | None, depth: int) -> Iterator[tuple[Line, int]]:
        for line in lines:
            if (line.parent if line.parent in known else None) == parent:
                yield line, depth
                yield from below(line.id, depth + 1)

    return below(None, 0)


def called(line: Line) -> str:
    """A line's name, or what can be said of it."""
    if line.name:
        return line.name
    return f"from step {line.forked_at:,}" if line.parent else "the first line"


def _row(opened: OpenRun, line: Line, depth: int, in_hand: bool) -> None:
    indent = min(depth, 4)
    widths = [0.25 * indent, 5, 1.6, 1.5] if indent else [5, 1.6, 1.5]
    *_, words, curve, more = st.columns(widths, gap="small", vertical_alignment="center")
    with words.container(gap=None):
        st.markdown(f"**{plain(called(line))}**" if in_hand else plain(called(line)))
        best = "" if line.best is None else f" · best dev loss {line.best:.3g}"
        st.caption(f"step {line.step:,}{best}")
    curve.image(sparkline(*line.curve), width="stretch", alt=f"dev loss of {called(line)}")
    if drives(opened):
        with more.popover("", icon=":material/more_horiz:", help="Open, name or delete this branch", type="tertiary"):
            _actions(opened, line, in_hand)


def _actions(opened: OpenRun, line: Line, in_hand: bool) -> None:
    key, store = f"name-{line.id}", opened.keeper.store

    def rename() -> None:
        store.rename_line(opened.token, line.id, st.session_state[key]).result()

    st.text_input("Name", line.name, key=key, max_chars=80, on_change=rename)
    if in_hand:
        return
    if st.button("Open", key=f"open-{line.id}", icon=":material/call_split:", width="stretch"):
        _try(lambda: opened.do(lambda it: it.open_line(line.id)))
    if st.button("Delete", key=f"delete-{line.id}", icon=":material/delete:", width="stretch"):
        _try(lambda: store.delete_line(opened.token, line.id).result())


def _try(action: object) -> None:
    try:
        action()
    except UserError as error:
        st.toast(str(error), icon=":material/error:")
    else:
        st.rerun(scope="app")
