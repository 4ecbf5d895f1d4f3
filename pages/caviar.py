"""Caviar: train many models side by side, keep the best, and open any of them in Panda. Course rows C1-C5, C8."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import streamlit as st

from core.charts.searches import SEARCH_CHARTS
from core.charts.searches.regions import nested, region_words
from core.errors import UserError
from core.scenes.registry import SCENES
from core.search.plan import Plan
from core.search.random_vs_grid import RandomVsGrid
from core.search.search import Search
from core.search.space import SEARCHABLE, Space
from core.search.view import least_loss
from core.search_dask.connection import dask_address
from core.search_dask.search import DaskSearch
from core.sessions.commands import Add, Adopt, Compete, Play, Read, See
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.search_registry import SEARCH_SESSIONS
from core.sessions.search_session import SearchSession
from core.settings.digits import in_full
from core.settings.table import RunSpec, Settings
from pages.common.current_run import open_run
from pages.common.escape import plain
from pages.common.identity import drives, owner_token, take_key
from pages.common.sentences import panel, say
from pages.common.sight import look, seen_here
from pages.live.server import component
from pages.panels.caviar.region import region_inputs
from pages.panels.caviar.search_space import plan_inputs, seeds_input
from pages.panels.runs.searches import exports, searches
from pages.panels.scenes.pictures import all_scenes
from pages.panels.scenes.strip import race_of, race_strip

PANDA = "panda.py"
WHOLE = "On: the points of all generations, on the axes of the first. Off: only those of the selected generation."
HOW = "To search inside a region, drag in the charts or type one below. Or:"
DENSER = "The same number of models again, in a smaller region."


def search_in_hand() -> SearchSession:
    """Return the search that the address names, else the last one of this session, else a new default search."""
    asked = st.query_params.get("search") or st.session_state.get("search-in-hand", "")
    try:
        opened = _race_asked() or SEARCH_SESSIONS.get(asked)
        if st.query_params.get("search") and not opened:
            st.info("There is no search at this address any more. Here is a new one.")
        return hold(opened or SEARCH_SESSIONS.open(Search(default_plan()), owner_token()))
    except UserError as error:
        say(error)
        st.stop()


def _race_asked() -> SearchSession | None:
    """A new search for the scene in the address; None if there is none, or none with a race."""
    scene = SCENES.get(st.query_params.pop("scene")) if "scene" in st.query_params else None
    return SEARCH_SESSIONS.open(Search(scene.race), owner_token()) if scene and scene.race else None


def hold(opened: SearchSession) -> SearchSession:
    """Make this the current search, and put the token that reads it into the address."""
    take_key(opened)
    st.session_state["search-in-hand"] = opened.token
    if st.query_params.get("search") != opened.token:
        st.query_params["search"] = opened.token
    return opened


def default_plan() -> Plan:
    """A search over learning rate and momentum β of the default run, at random."""
    ranges = (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"])
    return Plan(Space(RunSpec(), Settings(), ranges), "random", 64, 500)


@panel
def bar(opened: SearchSession) -> None:
    """The search bar, and the verdict on random against grid where both are repeated over seeds."""
    component.search_bar(opened)
    if opened.contest:
        component.words(opened, "contest")


@panel
def chart_grid(opened: SearchSession) -> None:
    """The charts of the search, and a choice of axes for the scatter chart."""
    seen = seen_here(opened)
    viewing = seen.viewing
    watch = {"generation": viewing.generation, "generations": len(seen.generations), "whole": viewing.whole}
    fitting = [chart for chart in SEARCH_CHARTS.values() if chart.applies(seen.shown)]
    component.charts(seen, fitting, key=f"charts-{'-'.join(viewing.axes)}", watch=watch)
    names = {one.name: one.field.label for one in seen.search.plan.space.ranges}
    if len(names) > 2:
        axes = [
            st.selectbox(
                word, list(names), list(names).index(axis), format_func=lambda name: names[name], key=f"axis-{word}"
            )
            for word, axis in zip(("Horizontal axis", "Vertical axis"), viewing.axes, strict=True)
        ]
        if tuple(axes) != viewing.axes:
            look(opened, "axes", tuple(axes))
            st.rerun(scope="fragment" if drives(opened) else "app")


@panel
def best(opened: SearchSession) -> None:
    """The list of best models, the picked model, and ways to search a smaller region."""
    seen = seen_here(opened)
    search, viewing = seen.search, seen.viewing
    watch: dict[str, Any] = {"picked": viewing.picked, "done": search.done, "generation": viewing.generation}
    watch |= {"region": region_words(seen.shown), "whole": viewing.whole, "finished": seen.training.finished}
    generations(opened, seen)
    zoom(opened)
    component.leaders(seen, watch)
    if viewing.picked is not None:
        picked_model(seen, viewing.picked)
    elif drives(opened):
        st.caption("Click a model here, or a point or the end of a curve in the charts, to open it.")
    exports(seen)


def generations(opened: SearchSession, seen: SearchSession) -> None:
    """A choice of generation, coarse to fine, with the best dev loss of each (C3). `seen` is this browser's view."""
    if len(opened.generations) < 2:
        return
    words = [f"{i + 1} {search.plan.kind}{came_to(search)}" for i, search in enumerate(opened.generations)]
    at = st.segmented_control("Generation, and its best dev loss", words, default=words[seen.viewing.generation])
    if at and words.index(at) != seen.viewing.generation:
        look(opened, "generation", words.index(at))
        st.rerun(scope="app")
    if nested(seen.shown):
        whole = st.toggle("All generations in “Points tried”", seen.viewing.whole, help=WHOLE)
        if whole != seen.viewing.whole:
            look(opened, "whole", whole)
            st.rerun(scope="app")


def came_to(search: Search) -> str:
    """Such as ": 0.012", the lowest dev loss of a finished generation; "" before that (the scatter shows it live)."""
    best = least_loss(search)
    return f": {in_full(best, 3)}" if search.done and best is not None else ""


def picked_model(opened: SearchSession, number: int) -> None:
    """The picked model, and buttons that open it in Panda."""
    trial = opened.search.trials[number]
    words = ", ".join(
        f"{one.field.label} {one.field.word(trial.point[one.name])}" for one in opened.search.plan.space.ranges
    )
    st.markdown(f":small[**Model {number}**, step {trial.step:,}: {plain(words)}]")
    if trial.why:
        st.caption(trial.why)
    if trial.state == "diverged":
        return
    if st.button("Open in Panda", type="primary", icon=":material/monitor_heart:", width="stretch"):
        to_panda(open_run(opened.search.run(number), f"model {number} of a search").token)
    origin = RUN_SESSIONS.get(opened.origin) if opened.origin else None
    if origin and drives(origin):
        adopted = "Your run goes on as this model, in a branch of its own."
        if st.button("Continue the run with it", icon=":material/call_merge:", help=adopted, width="stretch"):
            replay, at = opened.search.run(number), opened.search.plan.first_step
            origin.do(Adopt(replay, at))
            to_panda(origin.token)


def to_panda(token: str) -> None:
    """Switch to the Panda page with this run."""
    st.switch_page(PANDA, query_params={"run": token})


def zoom(opened: SearchSession) -> None:
    """A button that searches again inside the selected region, else inside that of the best tenth (C3)."""
    if not drives(opened):
        return
    region = region_words(opened.shown)
    label = "Search inside the region" if region else "Zoom into the best 10 %"
    kind: Literal["primary", "secondary"] = "primary" if region else "secondary"
    st.caption(f"Region: {plain(region)}" if region else HOW)
    if st.button(label, type=kind, icon=":material/zoom_in:", help=DENSER, width="stretch"):
        try:
            opened.do(Add(opened.do(Read(SearchSession.finer))))
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")
    region_inputs(opened)


@panel
def new_search(opened: SearchSession) -> None:
    """Inputs for a new search, and the button that starts it."""
    plans = plan_inputs(seen_here(opened))
    try:
        seeds = seeds_input(plans)
    except UserError as error:
        st.error(plain(str(error)))
        plans, seeds = [], None
    address = dask_address()
    where = address or "worker processes on this machine"
    make: Callable[[Plan], Search] = Search
    if address is not None and st.toggle("On Dask", help=f"Train on {where}, a chunk of models at a time."):
        make = partial(DaskSearch, address=address)
    if st.button("Start this search", type="primary", width="stretch", disabled=not plans):
        try:
            first, *others = made = [make(plan) for plan in plans]
            contest = RandomVsGrid(made, seeds, make) if seeds is not None else None
            started = SEARCH_SESSIONS.open(first, owner_token())
            for other in others:
                started.do(Add(other))
            if contest:
                started.do(Compete(contest))
            started.do(See(0))
            started.do(Play())
            hold(started)
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")


opened = search_in_hand()
if drives(opened) and (scene := race_of(opened)):
    all_scenes(scene)
    race_strip(opened, scene)
bar(opened)
left, right = st.columns([3, 1.15], gap="medium")
with left:
    chart_grid(opened)
with right:
    tabs = st.tabs(["Best", "New search", "Searches"], key="caviar-panel", on_change="rerun")
    for tab, show in zip(tabs, (best, new_search, panel(searches)), strict=True):
        if tab.open is not False:
            with tab:
                show(opened)
