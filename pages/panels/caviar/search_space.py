"""Inputs for a new search: settings, ranges, number of models and steps. Course rows C1-C5."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.charts.strip import strip
from core.data.registry import DATASETS
from core.errors import UserError
from core.search.plan import Plan
from core.search.random_vs_grid import check_seeds
from core.search.sampling import random_points
from core.search.search import Search
from core.search.space import SEARCHABLE, Range, Space, on_linear_scale, positions
from core.sessions.search_session import SearchSession
from core.settings.table import FIELDS, RunSpec, Settings
from pages.common.escape import plain

KINDS = {"random": "at random", "grid": "on a grid", "both": "both"}
PREVIEWED = 40
SEEDS = 20


def plan_inputs(opened: SearchSession) -> list[Plan]:
    """Inputs for a search, starting from the present one. Returns its plans: two to compare random and grid, none
    (and a sentence on the page) if the inputs do not fit together."""
    plan = opened.search.plan
    spec = plan.space.spec
    offered = list(dict.fromkeys([*DATASETS, spec.dataset]))
    word = FIELDS["dataset"].word
    dataset = st.selectbox("Data", offered, offered.index(spec.dataset), format_func=word)
    if dataset != spec.dataset:
        spec = replace(
            spec,
            dataset=dataset,
            hidden=DATASETS[dataset].hidden,
            classes=min(spec.classes, DATASETS[dataset].max_classes or 3),
        )
    names = st.multiselect("Settings to search", list(SEARCHABLE), [one.name for one in plan.space.ranges],
                           format_func=lambda name: SEARCHABLE[name].field.label)  # fmt: skip
    present = {one.name: one for one in plan.space.ranges}
    try:
        ranges = tuple(_range_input(present.get(name, SEARCHABLE[name])) for name in names)
        chosen = st.segmented_control("Points", list(KINDS), default=plan.kind, format_func=lambda name: KINDS[name])
        kind = chosen or plan.kind
        left, right = st.columns(2, gap="small")
        # Without limits here: Streamlit would keep the last number in them, and start a search with that.
        models = left.number_input("Models", value=plan.models, step=16)
        steps = right.number_input("Steps each", value=plan.steps, step=100)
        seed = left.number_input("Search seed", value=plan.seed, step=1, help="Another number draws other points.")
        halves = "After an eighth, a quarter and half of the steps, the worse half of the models is stopped."
        halving = st.toggle("Successive halving", plan.halving, help=halves)
        space = Space(spec, plan.space.settings, ranges)
        kinds = ("random", "grid") if kind == "both" else (kind,)
        return [Plan(space, one, int(models), int(steps), int(seed), halving) for one in kinds]
    except UserError as error:
        st.error(plain(str(error)))
        return []


def seeds_input(plans: list[Plan]) -> int | None:
    """The number of seeds under which random and grid are repeated, None for none; and about how long it takes.

    Raises `UserError` for a number that cannot be.
    """
    many = "Repeats both under other seeds of points, weights and split, and counts which finds the better model."
    if len(plans) < 2 or not st.toggle("Over many seeds", help=many):
        return None
    seeds = st.number_input("Seeds", value=SEEDS, step=5)
    seconds = check_seeds(seeds) * sum(Search(plan).left for plan in plans)
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    st.caption(f"{2 * seeds} searches, about {time} on a free core.")
    return seeds


def _range_input(now: Range) -> Range:
    """Inputs for one range, with a strip that shows where 40 samples would fall."""
    field, key = now.field, f"range-{now.name}"
    if now.choices:
        every = SEARCHABLE[now.name].choices
        return replace(now, choices=tuple(st.pills(field.label, every, selection_mode="multi", default=now.choices,
                                                   format_func=field.word, key=key)))  # fmt: skip
    st.markdown(f":small[**{field.symbol} {field.label}**]")
    low, high = st.columns(2, gap="small")
    kind: dict[str, Any] = {"step": 1} if field.integer else {"format": "%g", "step": None}
    ends = [
        column.number_input(word, value=value, key=f"{key}-{word}", label_visibility="collapsed", **kind)
        for column, word, value in ((low, "from", now.low), (high, "to", now.high))
    ]
    even = "On: points spread evenly on the scale that suits the setting. Off: evenly on the linear scale."
    own = field.scale != "linear" and st.toggle("Right scale", now.scale != "linear", key=f"{key}-scale", help=even)
    chosen = replace(now, low=ends[0], high=ends[1], scale=field.scale)
    chosen = chosen if own or field.scale == "linear" else on_linear_scale(chosen)
    points = random_points(Space(RunSpec(), Settings(), (chosen,)), PREVIEWED, 0)
    st.image(strip(positions(chosen, points)), width="stretch", alt=f"where {PREVIEWED} samples would fall")
    return chosen
