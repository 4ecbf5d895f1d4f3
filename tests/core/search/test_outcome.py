"""Tests of the outcome of random against grid: counts, the sign test, and the words."""

import math

import numpy as np
import pytest

from core.search.outcome import outcome_of

INF = math.inf


def pairs(random, grid):
    return outcome_of(np.array(random, float), np.array(grid, float))


def test_a_clear_difference():
    outcome = pairs([0.1] * 9 + [0.3], [0.2] * 10)
    assert (outcome.random, outcome.grid, outcome.equal) == (9, 1, 0)
    assert outcome.chance == pytest.approx(2 * 11 / 2**10)
    assert outcome.words == (
        "Random found the better model under 9 of 10 seeds, grid under 1: more than chance (sign test, p = 0.021). "
        "Median best dev loss 0.1 at random, 0.2 on the grid; seed by seed 0.1 lower at random (median)."
    )


def test_no_clear_difference_whichever_wins():
    assert pairs([0.2] * 6 + [0.1] * 4, [0.15] * 10).words == (
        "Grid found the better model under 6 of 10 seeds, random under 4: no clear difference (sign test, p = 0.75). "
        "Median best dev loss 0.2 at random, 0.15 on the grid; seed by seed 0.05 higher at random (median)."
    )


def test_equal_pairs_are_counted_and_left_out_of_the_test():
    outcome = pairs([1, 1, 1, 1, 2, 2, 2], [1, 1, 2, 2, 1, 2, 2])
    assert (outcome.random, outcome.grid, outcome.equal, outcome.chance) == (2, 1, 4, 1)
    assert "under 2 of 7 seeds, grid under 1, neither under 4: no clear" in outcome.words
    assert outcome.words.endswith("seed by seed about the same (median).")
    same = pairs([1] * 5, [1] * 5)
    assert same.words.startswith("Neither random nor grid found the better model under any of 5 seeds.")


def test_searches_that_broke_are_worse_and_told():
    outcome = pairs([0.1, 0.1, 0.1, INF, INF], [0.2, INF, math.nan, INF, INF])
    assert (outcome.random, outcome.grid, outcome.equal) == (3, 0, 2)
    assert "0.1 at random, not a number on the grid; seed by seed 0.1 lower" in outcome.words
    assert outcome.words.endswith(
        "Every model diverged under 2 of 5 seeds at random and under 4 of 5 seeds on the grid."
    )
    nothing = pairs([INF] * 5, [INF] * 5)
    assert nothing.words == (
        "Neither random nor grid found the better model under any of 5 seeds. "
        "Every model diverged under 5 of 5 seeds at random and under 5 of 5 seeds on the grid."
    )
