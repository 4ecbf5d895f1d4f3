"""Panels of the scales lab: random points against a grid (C2), and from coarse to fine (C3)."""

from __future__ import annotations

import streamlit as st

from core.charts.labs.coarse import COARSE
from core.charts.labs.versus import VERSUS
from core.errors import UserError
from core.labs.coarse import ROUNDS, Coarse, coarse
from core.labs.versus import MOST, SEEDS, Versus, versus
from pages.common.escape import plain
from pages.panels.labs import lab
from pages.panels.labs.scales_words import aligned, draw_again, seed, tex

GRID = [
    lab.knob("side", "√n", "values per side", 2, MOST, "linear", integer=True),
    lab.knob("weight", "w", "how much ε matters", 0.0, 1.0, "linear"),
    lab.knob("seeds", "", "seeds", 10, SEEDS, "log", integer=True),
]
ROUND = [
    lab.knob("rounds", "", "rounds", 1, ROUNDS, "linear", integer=True),
    lab.knob("n", "n", "points per round", 5, 60, "log", integer=True),
    lab.knob("share", "", "share kept", 0.05, 0.5, "log"),
]


def _in_caviar() -> None:
    st.page_link("caviar.py", label="See it in Caviar", icon=":material/bubble_chart:")


@st.fragment
def grid() -> None:
    """As many random points as a grid has, over many seeds, where one setting does not matter."""
    if not lab.question(
        "grid",
        "25 models: a 5 by 5 grid, or 25 random points. How many values of α are tried?",
        ["5 and 25", "25 and 25", "5 and 5"],
        "5 and 25",
        "If only α matters, the grid trains each of its five values of α five times.",
    ):
        return
    controls, right = lab.sides("grid", low=True)
    with controls:
        now = lab.dials("grid", GRID, {"side": 5, "weight": 0.0, "seeds": 100}, compact=True)
        shown = versus(now["side"], now["weight"], now["seeds"], seed("grid", SEEDS))
        _grid_formulas(shown)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            draw_again("grid", SEEDS)
            _in_caviar()
    with right:
        lab.charts("grid", shown, VERSUS, shape=(), stays=2 * (lab.last("grid") == "seeds"))


def _grid_formulas(shown: Versus) -> None:
    """What was tried and found, under this seed and under all."""
    x, y = shown.centre
    n = shown.side**2
    aligned(
        rf"n &= {shown.side}^2 = {n}",
        rf"L &= (x-{x:.3f})^2 + {shown.weight:.3g}\,(y-{y:.3f})^2",
    )
    seeds = len(shown.found)
    lab.numbers(
        {
            "Different α at random": f"{shown.random.distinct}",
            "Different α on the grid": f"{shown.grid.distinct}",
            "Best loss at random": f"{shown.random.best:.3g}",
            "Best loss on the grid": f"{shown.grid.best:.3g}",
            "Random is better under": f"{shown.wins} of {seeds} seeds",
            "By chance alone": f"p = {shown.chance:.2g} (sign test)",
        }
    )


@st.fragment
def fine() -> None:
    """Coarse to fine: each round in the region of the best points of the one before."""
    if not lab.question(
        "fine",
        "60 models: all at once, or in 3 rounds, each around the best of the last. Which finds a lower loss?",
        ["At once", "In rounds", "No difference"],
        "In rounds",
        "Usually. Later rounds put their points where the loss is low. Draw again to see when that fails.",
    ):
        return
    controls, right = lab.sides("fine")
    with controls:
        now = lab.dials("fine", ROUND, {"rounds": 3, "n": 20, "share": 0.1}, compact=True)
        try:
            shown = coarse(now["n"], now["rounds"], now["share"], seed("fine"))
        except UserError as error:
            st.error(plain(str(error)))
            return
        _fine_formulas(shown)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            draw_again("fine")
            _in_caviar()
    with right:
        lab.charts("fine", shown, COARSE, shape=())


def _fine_formulas(shown: Coarse) -> None:
    """The density of the last round, and the best losses."""
    first, last = shown.rounds[0], shown.rounds[-1]
    n, denser = len(last.points), first.area / last.area
    aligned(
        rf"A_{{{len(shown.rounds)}}} &= {tex(last.area, 3)}\ \text{{of the space}}",
        rf"\tfrac{{n}}{{A}} &= \tfrac{{{n}}}{{{tex(last.area, 3)}}} = {tex(n / last.area, 3)}",
    )
    (alpha_low, alpha_high), (beta_low, beta_high) = last.ends
    lab.numbers(
        {
            "Last region, α": f"{alpha_low:.3g} to {alpha_high:.3g}",
            "Last region, β": f"{beta_low:.4g} to {beta_high:.4g}",
            "Best loss in rounds": f"{shown.path[-1]:.3g}",
            "Best loss at once": f"{shown.at_once[-1]:.3g}",
            "Denser than round 1": f"{denser:,.0f} times" if denser > 100 else f"{denser:.3g} times",
        }
    )
