"""Caviar: train many models side by side, keep the best, and open any of them in Panda. Course rows C1-C5, C8."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.charts.searches import SEARCH_CHARTS
from core.charts.searches.regions import nested, region_words
from core.errors import UserError
from core.search.plan import Plan
from core.search.random_vs_grid import RandomVsGrid
from core.search.search import Search
from core.search.space import SEARCHABLE, Space
from core.search.view import least_loss
from core.search_dask.connection import dask_address
from core.search_dask.search import DaskSearch
from core.sessions.run_session import RUN_SESSIONS
from core.sessions.search_session import SEARCH_SESSIONS, SearchSession
from core.settings.table import RunSpec, Settings
from pages.common.current_run import open_run
from pages.common.escape import plain
from pages.common.identity import drives, owner_token
from pages.common.sight import look, seen_here
from pages.live.server import component
from pages.panels.caviar.region import region_inputs
from pages.panels.caviar.search_space import plan_inputs, seeds_input
from pages.panels.runs.searches import exports, searches

PANDA = "panda.py"
WHOLE = "All generations on the axes of the first one; or only the one that is seen, on its own."
HOW = "Drag in the charts or type a region to search again, or"
DENSER = "As many models again, in a smaller region: denser."


def search_in_hand() -> SearchSession:
    """The search that the address names, else this session's last, else a new one of the default kind."""
    asked = st.query_params.get("search") or st.session_state.get("search-in-hand", "")
    opened = SEARCH_SESSIONS.get(asked)
    if st.query_params.get("search") and not opened:
        st.info("There is no search at this address any more. This is a new one.")
    return hold(opened or SEARCH_SESSIONS.open(Search(default_plan()), owner_token()))


def hold(opened: SearchSession) -> SearchSession:
    """Make this the search in hand."""
    st.session_state["search-in-hand"] = opened.token
    if st.query_params.get("search") != opened.token:
        st.query_params["search"] = opened.token
    return opened


def default_plan() -> Plan:
    """Learning rate and momentum of the default run, at random."""
    ranges = (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"])
    return Plan(Space(RunSpec(), Settings(), ranges), "random", 64, 500)


@st.fragment
def bar(opened: SearchSession) -> None:
    """The bar that plays the search, and what random and grid have come to."""
    component.search_bar(opened)
    if opened.contest:
        component.words(opened, "contest")


@st.fragment
def chart_grid(opened: SearchSession) -> None:
    """The charts, and which two settings the scatter shows."""
    seen = seen_here(opened)
    watch = {"generation": seen.seen_generation, "generations": len(seen.generations), "whole": seen.whole}
    fitting = [chart for chart in SEARCH_CHARTS.values() if chart.applies(seen.shown)]
    component.charts(seen, fitting, key=f"charts-{'-'.join(seen.axes)}", watch=watch)
    names = {one.name: one.field.label for one in seen.caviar.plan.space.ranges}
    if len(names) > 2:
        axes = [
            st.selectbox(word, list(names), list(names).index(axis), format_func=names.get, key=f"axis-{word}")
            for word, axis in zip(("Across", "Up"), seen.axes, strict=True)
        ]
        if tuple(axes) != seen.axes:
            look(opened, "axes", tuple(axes))
            st.rerun(scope="fragment" if drives(opened) else "app")


@st.fragment
def best(opened: SearchSession) -> None:
    """The best models, the picked one, and where to search on."""
    seen = seen_here(opened)
    caviar, picked = seen.caviar, seen.picked
    watch = {"picked": picked, "done": caviar.done, "generation": seen.seen_generation}
    watch |= {"region": region_words(seen.shown), "whole": seen.whole, "finished": seen.finished}
    generations(opened, seen)
    zoom(opened)
    component.leaders(seen, watch)
    if picked is not None:
        picked_model(seen, picked)
    elif drives(opened):
        st.caption("Click a model here, or a point or the end of a curve in the charts.")
    exports(seen)


def generations(opened: SearchSession, seen: SearchSession) -> None:
    """The generations, coarse to fine, with the best dev loss of each (C3); `seen` is what this browser sees of it."""
    if len(opened.generations) < 2:
        return
    words = [f"{i + 1} {caviar.plan.kind}{came_to(caviar)}" for i, caviar in enumerate(opened.generations)]
    at = st.segmented_control("Generation, and its best dev loss", words, default=words[seen.seen_generation])
    if at and words.index(at) != seen.seen_generation:
        look(opened, "generation", words.index(at))
        st.rerun(scope="app")
    if nested(seen.shown):
        whole = st.toggle("All of them in “Points tried”", seen.whole, help=WHOLE)
        if whole != seen.whole:
            look(opened, "whole", whole)
            st.rerun(scope="app")


def came_to(caviar: Search) -> str:
    """The least dev loss that a generation has measured, once it is done: until then the scatter says it live."""
    best = least_loss(caviar)
    return f": {best:.3g}" if caviar.done and best is not None else ""


def picked_model(opened: SearchSession, number: int) -> None:
    """The picked model, and the way to Panda."""
    trial = opened.caviar.trials[number]
    words = ", ".join(
        f"{one.field.label} {one.field.word(trial.point[one.name])}" for one in opened.caviar.plan.space.ranges
    )
    st.markdown(f":small[**Model {number}**, step {trial.step:,}: {plain(words)}]")
    if trial.why:
        st.caption(trial.why)
    if trial.state == "diverged":
        return
    if st.button("Open in Panda", type="primary", icon=":material/monitor_heart:", width="stretch"):
        to_panda(open_run(opened.caviar.run(number), f"model {number} of a search").token)
    origin = RUN_SESSIONS.get(opened.origin) if opened.origin else None
    if origin and drives(origin):
        adopted = "The run from which the models went on goes on as this one: a branch of it."
        if st.button("Adopt it in the run", icon=":material/call_merge:", help=adopted, width="stretch"):
            replay, at = opened.caviar.run(number), opened.caviar.plan.origin.step
            origin.do(lambda it: it.adopt(replay, at))
            to_panda(origin.token)


def to_panda(token: str) -> None:
    """Show a run."""
    st.switch_page(PANDA, query_params={"run": token})


def zoom(opened: SearchSession) -> None:
    """Search again inside the region that is selected, else that of the best tenth, denser (C3)."""
    if not drives(opened):
        return
    region = region_words(opened.shown)
    label, kind = ("Search inside the region", "primary") if region else ("Zoom into the best 10 %", "secondary")
    st.caption(f"Region: {plain(region)}" if region else HOW)
    if st.button(label, type=kind, icon=":material/zoom_in:", help=DENSER, width="stretch"):
        try:
            finer = opened.do(SearchSession.finer)
            opened.do(lambda it: it.add(finer))
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")
    region_inputs(opened)


@st.fragment
def new_search(opened: SearchSession) -> None:
    """What to search next."""
    plans = plan_inputs(seen_here(opened))
    seeds = seeds_input(plans)
    address = dask_address()
    where = address or "worker processes on this machine"
    farmed = address is not None and st.toggle("On Dask", help=f"Train on {where}, a chunk of models at a time.")
    if plans and st.button("Start this search", type="primary", width="stretch"):
        try:
            make = partial(DaskSearch, address=address) if farmed else Search
            first, *others = made = [make(plan) for plan in plans]
            contest = RandomVsGrid(made, seeds, make) if seeds else None
            started = SEARCH_SESSIONS.open(first, owner_token())
            for other in others:
                started.add(other)
            if contest:
                started.compete(contest)
            started.see(0)
            started.play()
            hold(started)
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")


opened = search_in_hand()
bar(opened)
left, right = st.columns([3, 1.15], gap="medium")
with left:
    chart_grid(opened)
with right:
    tabs = st.tabs(["Best", "New search", "Searches"], key="caviar-panel", on_change="rerun")
    for tab, panel in zip(tabs, (best, new_search, st.fragment(searches)), strict=True):
        if tab.open is not False:
            with tab:
                panel(opened)
