"""From Panda to Caviar: variants of the run from its present step on, or a re-check of its settings (C6, C8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.errors import UserError
from core.runs.run import Run
from core.search.plan import Plan
from core.search.sampling import random_points
from core.search.search import Search, origin_of
from core.search.space import SEARCHABLE, Point, Range, Space
from core.sessions.commands import Play
from core.sessions.run_session import RunSession
from core.sessions.search_registry import SEARCH_SESSIONS
from pages.common.escape import plain
from pages.common.identity import owner_token

FACTOR = 8.0  # the searched range is the present value divided and multiplied by this
CAVIAR = "caviar.py"


def try_variants(opened: RunSession) -> None:
    """Inputs and buttons; each opens a search on the page Caviar."""
    models = st.select_slider("Variants", [16, 32, 64, 128, 256], 32, key="try-models")
    steps = st.number_input("Steps each", value=300, step=100, key="try-steps")  # limits: see `Plan`
    from_here = "Trains models with other settings from this step on, all with this run's weights and mini-batches."
    fresh = "Trains the present settings and variants of them from new weights: are they still the best?"
    if st.button("Try variants from here", icon=":material/account_tree:", help=from_here, width="stretch"):
        _open(lambda: _from_here(opened.shown, models, int(steps)), opened.token)
    if st.button("Re-check the settings", icon=":material/fact_check:", help=fresh, width="stretch"):
        _open(lambda: _from_step_0(opened.shown, models, int(steps)), "")


def around(run: Run) -> tuple[Range, ...]:
    """Ranges for the learning rate and one more setting that has an effect, around their present values."""
    settings = run.settings
    second = "batch_size" if SEARCHABLE["beta1"].field.idle(settings) else "beta1"
    return tuple(_around(SEARCHABLE[name], getattr(settings, name)) for name in ("learning_rate", second))


def _around(usual: Range, value: float) -> Range:
    field = usual.field
    if field.scale == "one_minus":
        low, high = 1 - (1 - value) * FACTOR, 1 - (1 - value) / FACTOR
    else:
        low, high = value / FACTOR, value * FACTOR
    low, high = max(field.low, low), min(field.high, high)
    return replace(usual, low=round(low) if field.integer else low, high=round(high) if field.integer else high)


def _from_here(run: Run, models: int, steps: int) -> Search:
    space = Space(run.spec, run.settings, around(run))
    plan = Plan(space, "random", models, steps, run.step % 2**31, origin=origin_of(run))
    return Search(plan, _with_present(run, space, models, plan.seed))


def _from_step_0(run: Run, models: int, steps: int) -> Search:
    spec = replace(run.spec, seed=(run.spec.seed + 1) % 2**31)
    space = Space(spec, run.settings, around(run))
    plan = Plan(space, "random", models, max(steps, min(run.step, 20_000)), run.step % 2**31)
    return Search(plan, _with_present(run, space, models, plan.seed))


def _with_present(run: Run, space: Space, models: int, seed: int) -> list[Point]:
    """Random points; model 0 has the run's present settings."""
    present = {one.name: getattr(run.settings, one.name) for one in space.ranges}
    return [present, *random_points(space, models - 1, seed)]


def _open(make: Callable[[], Search], origin: str) -> None:
    try:
        search = SEARCH_SESSIONS.open(make(), owner_token())
        search.origin = origin
        search.do(Play())
    except UserError as error:
        st.error(plain(str(error)))
        return
    st.session_state["search-in-hand"] = search.token
    st.switch_page(CAVIAR, query_params={"search": search.token})
