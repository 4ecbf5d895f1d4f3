"""Panda: babysit one network, which trains a step at a time and is nudged while its charts move. Course row C7."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.charts import charts_of, default_charts
from core.scenes.registry import scene_of
from core.sessions.run_session import RunSession
from pages.common.current_run import branch_of, charts_in_address, keep_charts, run_in_hand, start
from pages.common.escape import plain
from pages.common.identity import drives
from pages.common.sentences import panel
from pages.live.server import component
from pages.panels.panda import controls
from pages.panels.panda.branches import branches_panel
from pages.panels.panda.journal import journal_panel
from pages.panels.panda.new_run import kept_words, new_run_panel
from pages.panels.panda.share import share_panel
from pages.panels.panda.try_variants import try_variants
from pages.panels.runs.row_menu import MENU_STYLE
from pages.panels.scenes.pictures import all_scenes
from pages.panels.scenes.strip import run_strip


@panel
def bar(opened: RunSession) -> None:
    """The bar that plays the run. A restart starts a new run."""
    restart = component.transport(opened)
    if restart:
        run = opened.run
        spec = run.spec if restart == "same" else replace(run.spec, seed=run.spec.seed + 1)
        start(spec, run.settings)
        kept = kept_words(run.settings)
        st.toast(
            f"This is a new run{f', which keeps {plain(kept)}' if kept else ''}. "
            f"The one before, at step {run.step:,}, is kept: go back to it under “New run”."
        )
        st.rerun(scope="app")


@panel
def chart_grid(opened: RunSession) -> None:
    """The chosen charts, and the choice."""
    fitting = charts_of(opened.shown)
    scene = scene_of(opened.run.spec)
    kind = f"scene-{scene.key}" if scene else "charts-2d" if opened.run.data.n_x == 2 else "charts"
    first = list(scene.charts) if scene else default_charts(opened.shown)
    picked = st.session_state.setdefault(f"picked-{kind}", charts_in_address(first))
    keep_charts(picked, first)
    order = dict.fromkeys([*first, *fitting])
    shown = [fitting[name] for name in order if name in picked or name == "luck" in fitting]
    watch = {"twin": opened.shown.twin is not None, "luck": opened.run.seed_test is not None}
    component.charts(opened, shown, watch=watch)
    st.pills(
        "Charts",
        list(fitting),
        selection_mode="multi",
        format_func=lambda name: fitting[name].title,
        default=[name for name in picked if name in fitting],
        key=f"pills-{kind}",
        on_change=lambda: st.session_state.update({f"picked-{kind}": st.session_state[f"pills-{kind}"]}),
    )


@panel
def settings(opened: RunSession) -> None:
    """The live settings, and below them "Try variants"."""
    controls.settings_panel(opened)
    with st.expander("Try variants (Caviar)"):
        try_variants(opened)


@panel
def journal(opened: RunSession) -> None:
    """The journal, and the tree of branches."""
    st.html(MENU_STYLE)
    journal_panel(opened)
    st.markdown("**Branches**")
    branches_panel(opened)


@panel
def share(opened: RunSession) -> None:
    """Links and files."""
    share_panel(opened)


@panel
def new_run(opened: RunSession) -> None:
    """The form for a new run, and the ways to other runs."""
    new_run_panel(opened)


def watching(opened: RunSession) -> None:
    """A note to a watcher, with a button that makes a branch of their own."""
    words, action = st.columns([3, 1.15], gap="medium", vertical_alignment="center")
    words.info("You are watching somebody else's run. What you see is live; to change it, make a branch of your own.")
    if action.button("Make a branch", type="primary", icon=":material/call_split:", width="stretch"):
        branch_of(opened)
        st.rerun()


PANELS = {"Settings": settings, "Journal": journal, "New run": new_run, "Share": share}

opened = run_in_hand()
if not drives(opened):
    watching(opened)
elif scene := scene_of(opened.run.spec):
    all_scenes(scene)
    run_strip(opened, scene)
bar(opened)
right, left = st.container(key="sides").columns([1.15, 3], gap="medium")  # the style swaps them for the eye
with left:
    chart_grid(opened)
with right:
    for tab, show in zip(st.tabs(list(PANELS), key="panel", on_change="rerun"), PANELS.values(), strict=True):
        if tab.open is not False:
            with tab:
                show(opened)
