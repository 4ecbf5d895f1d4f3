"""The current run of a page: the one in the address, else the last one of this session, else a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.data.shelf import SHELF, Table
from core.errors import UserError
from core.runs.replay import Replay
from core.runs.run import Run
from core.scenes.registry import FIRST, SCENES
from core.scenes.scene import Scene
from core.sessions.commands import Pause, Read, Speed
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.run_session import RunSession
from core.settings.link import from_query, is_written_by_hand
from core.settings.table import RULES, RunSpec, Settings
from core.store import the_store
from core.training.run_data import data_of
from pages.common.escape import plain
from pages.common.identity import drives, owner_token, take_key
from pages.common.sentences import say

KEPT = ("embed", "present")  # how names in the address begin that do not choose the run
CHARTS = "charts"  # in the address of a run: the names of the charts that were chosen instead of the first ones
TWINS = "twins-wanted"  # in the session: whether new runs keep twins


def run_in_hand() -> RunSession:
    """Return the current run. Its token is put into the address, so that a reload or a second tab finds it."""
    asked = st.query_params.get("run")
    try:
        opened = RUN_SESSIONS.get(asked) if asked else (_from_scene() or _from_link() or _latest())
        if asked and opened is None:
            st.info("There is no run at this address: it was deleted, or the address is incomplete. This is a new one.")
        return hold(opened or open_scene(SCENES[FIRST]))
    except UserError as error:
        say(error)
        st.stop()


def open_run(run: Run | Replay[Run], name: str = "", arrived: Callable[[RunSession], None] | None = None) -> RunSession:
    """Open a session for a new run, owned by this browser; its nudges get twins unless the person switched that off."""
    (run.run if isinstance(run, Replay) else run).twins = st.session_state.get(TWINS, True)
    return RUN_SESSIONS.open(run, owner_token(), name, arrived)


def open_scene(scene: Scene) -> RunSession:
    """Open a run of a scene, at its step and speed: a new one, or one that this session opened and never touched. The
    run before is paused and stays open."""
    _pause(_latest())
    opened = _untouched(scene) or open_run(scene.run(), scene.title)
    opened.do(Speed(scene.speed))
    return opened


def _untouched(scene: Scene) -> RunSession | None:
    """A run of this session that stands as its scene opens."""
    start = (scene.spec, scene.settings, scene.step, scene.journal)
    for opened in filter(None, map(RUN_SESSIONS.get, _tokens())):
        run = opened.run
        if drives(opened) and not opened.playing and (run.spec, run.start, run.step, run.journal) == start:
            return opened
    return None


def hold(opened: RunSession) -> RunSession:
    """Make this the current run, and put the token that reads it into the address."""
    take_key(opened)
    tokens = _tokens()
    if opened.token in tokens:
        tokens.remove(opened.token)
    tokens.append(opened.token)
    wanted = {"run": opened.token}
    keeps = (*KEPT, CHARTS) if st.query_params.get("run") == opened.token else KEPT
    kept = {name: value for name, value in st.query_params.to_dict().items() if name.startswith(keeps)}
    if st.query_params.to_dict() != wanted | kept:
        st.query_params.from_dict(wanted | kept)
    return opened


def start(spec: RunSpec, settings: Settings) -> RunSession:
    """Start a new run and make it the current one. The one before is paused and stays open."""
    before = _latest()
    data = data_of(spec)
    settings = replace(settings, batch_size=min(settings.batch_size, data.train.labels.size))
    opened = open_run(Run(replace(spec, rules=RULES), settings, data))
    _pause(before)
    if before:
        opened.do(Speed(before.pacing.speed))
    return hold(opened)


def _pause(before: RunSession | None) -> None:
    """Pause the run that was current before, if there is one and this person drives it."""
    if before and drives(before):
        before.do(Pause())


def charts_in_address(first: list[str]) -> list[str]:
    """The names of the charts in the address of the current run; `first` where it has none."""
    named = st.query_params.get(CHARTS)
    return first if named is None else named.split(",")


def keep_charts(picked: list[str], first: list[str]) -> None:
    """Put the names of the chosen charts into the address, so that a reload finds them; the first ones need none."""
    wanted = None if set(picked) == set(first) else ",".join(picked)
    if wanted is None:
        st.query_params.pop(CHARTS, None)
    elif st.query_params.get(CHARTS) != wanted:
        st.query_params[CHARTS] = wanted


def branch_of(opened: RunSession) -> RunSession:
    """Start a run of this browser's own that goes on from the shown step of somebody else's run."""
    return hold(open_run(opened.do(Read(lambda it: it.shown.branch()))))


def keep_table(table: Table, title: str) -> None:
    """Store uploaded data, so that runs on them can be opened again."""
    SHELF.add(table)
    the_store().tables.add(table.name, owner_token(), title, table.to_bytes()).result()


def _from_scene() -> RunSession | None:
    """A new run of the scene in the address; None if there is none."""
    key = st.query_params.get("scene")
    if key is None:
        return None
    scene = SCENES.get(key)
    if scene is None:
        st.info(f"There is no scene called “{plain(key[:40])}”. This is the first one.")
        return open_scene(SCENES[FIRST])
    if scene.race:
        st.switch_page("caviar.py", query_params={"scene": key})
    return open_scene(scene)


def _from_link() -> RunSession | None:
    """A new run with the spec and settings in the address; None if there are none."""
    try:
        query = st.query_params.to_dict()
        if not (named := from_query(query)):
            return None
        spec, settings = named
        return open_run(Run(replace(spec, rules=RULES) if is_written_by_hand(query) else spec, settings))
    except UserError as error:
        st.error(f"This link cannot be opened: {plain(str(error))}")
        return None


def others() -> list[RunSession]:
    """The other open runs of this session, latest first."""
    found = (RUN_SESSIONS.get(token) for token in reversed(_tokens()[:-1]))
    return [opened for opened in found if opened]


def _tokens() -> list[str]:
    tokens: list[str] = st.session_state.setdefault("tokens", [])
    return tokens


def _latest() -> RunSession | None:
    tokens = _tokens()
    return RUN_SESSIONS.get(tokens[-1]) if tokens else None
