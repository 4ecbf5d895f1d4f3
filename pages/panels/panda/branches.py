"""The tree of a run's branches, each with a small curve of its dev loss, and actions to open, name or delete it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import streamlit as st

from core.charts.marks import label
from core.charts.sparkline import sparkline
from core.errors import UserError
from core.runs.journal import gestures
from core.runs.journal_json import journal_of
from core.sessions.commands import OpenBranch
from core.sessions.run_session import RunSession
from core.settings.digits import in_full
from core.store import Line, Store
from pages.common.escape import plain
from pages.common.identity import drives
from pages.common.sentences import callback

SPACE = "\u2003"
DEEPEST = 5


def branches_panel(opened: RunSession) -> None:
    """The tree of branches. It runs again with the journal above it when the run moves to another branch."""
    recorder = opened.recorder
    if not recorder:
        return
    if opened.saving:
        opened.saving.result()
    lines = recorder.store.lines(opened.token)
    if len(lines) < 2:
        st.caption("No branches yet. Go back on the timeline and train on from there to make one. Nothing is lost.")
        return
    for line, depth in in_order(lines):
        _row(opened, recorder.store, line, depth, line.id == recorder.line)


def in_order(lines: Sequence[Line]) -> Iterator[tuple[Line, int]]:
    """Yield (line, depth), each branch below the one that it comes from."""
    known = {line.id for line in lines}

    def below(parent: str | None, depth: int) -> Iterator[tuple[Line, int]]:
        for line in lines:
            if (line.parent if line.parent in known else None) == parent:
                yield line, depth
                yield from below(line.id, depth + 1)

    return below(None, 0)


def called(store: Store, line: Line) -> str:
    """The name of a line, or what its first nudge was."""
    if line.name:
        return line.name
    if not line.parent:
        return "the original run"
    own = (nudge for nudge in journal_of(store.journal(line.id)) if nudge.step >= line.forked_at)
    first = next(iter(gestures(own)), None)
    return f"from step {line.forked_at:,}{f': {label(first)}' if first else ', without a nudge'}"


def _row(opened: RunSession, store: Store, line: Line, depth: int, in_hand: bool) -> None:
    name = called(store, line)
    indent = SPACE * min(depth, DEEPEST)
    words, curve, more = st.columns([5, 1.6, 1.5], gap="small", vertical_alignment="center")
    with words.container(gap=None):
        text = plain(name)
        st.markdown(f":small[{indent}{'└ ' * bool(depth)}{f'**{text}**' if in_hand else text}]")
        best = "" if line.best is None else f" · best dev loss {in_full(line.best, 3)}"
        st.caption(f"{indent}{SPACE * bool(depth)}step {line.step:,}{best}")
    curve.image(sparkline(*line.curve), width="stretch", alt=f"dev loss of {name}")
    if drives(opened):
        help, key = "Open, name or delete this branch", f"menu-{line.id}"
        with more.popover(f"More about {text}", icon=":material/more_horiz:", help=help, type="tertiary", key=key):
            _actions(opened, store, line, in_hand)


def _actions(opened: RunSession, store: Store, line: Line, in_hand: bool) -> None:
    key = f"name-{line.id}"

    @callback
    def rename() -> None:
        store.rename_line(opened.token, line.id, st.session_state[key]).result()

    st.text_input("Name", line.name, key=key, max_chars=80, on_change=rename)
    if in_hand:
        return
    if st.button("Open", key=f"open-{line.id}", icon=":material/call_split:", width="stretch"):
        _try(lambda: opened.do(OpenBranch(line.id)))
    if st.button("Delete", key=f"delete-{line.id}", icon=":material/delete:", width="stretch"):
        _try(lambda: store.delete_line(opened.token, line.id).result())


def _try(action: Callable[[], object]) -> None:
    try:
        action()
    except UserError as error:
        st.toast(plain(str(error)), icon=":material/error:")
    else:
        st.rerun(scope="app")
