"""Panda: babysit one network, which trains a step at a time and is nudged while its charts move. Course row C7."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import streamlit as st

from core.charts import charts_of, default_charts
from core.data.registry import DATASETS
from core.errors import UserError
from core.scenes.registry import FIRST, SCENES, scene_of
from core.sessions.run_session import RunSession
from core.settings.table import SPEC
from pages.common.current_run import branch_of, charts_in_address, hold, keep_charts, others, run_in_hand, start, title
from pages.common.escape import plain
from pages.common.identity import drives
from pages.common.sentences import panel
from pages.live.server import component
from pages.panels.panda import controls
from pages.panels.panda.branches import branches_panel
from pages.panels.panda.journal import journal_panel
from pages.panels.panda.open_file import open_file
from pages.panels.panda.own_data import own_data
from pages.panels.panda.share import share_panel
from pages.panels.panda.try_variants import try_variants
from pages.panels.runs.row_menu import MENU_STYLE
from pages.panels.scenes.pictures import all_scenes, go_to
from pages.panels.scenes.strip import run_strip


@panel
def bar(opened: RunSession) -> None:
    """The bar that plays the run. A restart starts a new run."""
    restart = component.transport(opened)
    if restart:
        run = opened.run
        spec = run.spec if restart == "same" else replace(run.spec, seed=run.spec.seed + 1)
        start(spec, run.settings)
        st.toast(f"This is a new run. The one before, at step {run.step:,}, is kept: go back to it under “New run”.")
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
    """Inputs for what is fixed during a run, and the button that starts a new run with them."""
    spec = opened.run.spec
    chosen = controls.spec_inputs(opened, ["dataset"])
    fitting = SimpleNamespace(**chosen)
    data = [
        field.name for field in SPEC if field.group == "data" and field.name != "dataset" and not field.idle(fitting)
    ]
    chosen |= controls.spec_inputs(opened, data)
    same_data = chosen["dataset"] == spec.dataset
    chosen["hidden"] = controls.layers_input(opened, spec.hidden if same_data else DATASETS[chosen["dataset"]].hidden)
    chosen |= controls.spec_inputs(opened, ["activation", "initialization", "seed"])
    if st.button("Start a new run", type="primary", width="stretch"):
        try:
            start(replace(spec, **chosen), opened.run.settings)
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.rerun(scope="app")
    st.caption("The new run starts at step 0 with the present settings. This one is kept.")
    with st.expander("Your own data (CSV)"):
        own_data(opened)
    if st.button("To the scenes", icon=":material/theaters:", width="stretch"):
        go_to(SCENES[FIRST])
    with st.expander("Open a saved run"):
        open_file()
    for other in others():
        label = f"Back to {title(other)}, step {other.run.step:,}"
        if st.button(label, key=f"back-{other.token}", icon=":material/undo:", width="stretch"):
            hold(other)
            st.rerun(scope="app")


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
