"""Tests of the chart of luck: medians and bands by hand, what has diverged, what is not measured yet."""

import numpy as np
import pytest

from core.charts import CHARTS, charts_of, seed_test
from core.charts.packet import pack
from core.runs.run import Run

close = np.testing.assert_allclose
nan, inf = np.nan, np.inf


def test_a_spread_by_hand():
    """Of 1 to 16: the tenths leave out one on either side, the quarters three."""
    losses = np.random.default_rng(0).permutation(np.arange(1.0, 17))[None]
    found = seed_test.spread(losses, 16.0)
    assert found.median == [8.5]
    assert found.bands == {"most": ([2], [15]), "half": ([4], [13])}
    assert found.median.dtype == found.bands["most"][0].dtype == np.float32


def test_what_has_diverged_is_above_all_others_and_drawn_at_the_top():
    losses = np.array([[1.0, 2, 3, 4, 5, 6, inf, inf], [1, 2, 3, inf, inf, inf, inf, inf]])
    found = seed_test.spread(losses, 9.0)
    np.testing.assert_array_equal(found.median, [4.5, nan])
    np.testing.assert_array_equal(found.bands["most"], [[1, 1], [9, 9]])
    np.testing.assert_array_equal(found.bands["half"], [[2, 2], [9, 9]])


def test_what_is_not_measured_yet_is_left_out():
    losses = np.array([[3.0, nan, 1, 2], [nan, nan, 5, nan], [nan] * 4])
    found = seed_test.spread(losses, 5.0)
    np.testing.assert_array_equal(found.median, [2, 5, nan])
    np.testing.assert_array_equal(found.bands["most"], [[1, 5, nan], [3, 5, nan]])


def test_a_loss_of_zero_can_be_shown_on_a_logarithmic_axis():
    found = seed_test.spread(np.zeros((1, 16)), 0.0)
    assert found.median == np.float32(seed_test.LEAST)
    assert seed_test.skeleton(Run()).layout.meta == {"log": True}


def test_numbers_are_those_of_the_comparison(made):
    run = made("luck")
    steps, sides = seed_test.numbers(run)
    np.testing.assert_array_equal(steps, run.seed_test.steps)
    close(sides["with"].median, np.median(run.seed_test.with_, axis=1), rtol=1e-6)
    close(sides["without"].median, np.median(run.seed_test.without, axis=1), rtol=1e-6)
    assert sides["with"].median[0] == sides["without"].median[0]
    for side in sides.values():
        outer, inner = side.bands["most"], side.bands["half"]
        assert (outer[0] <= inner[0]).all()
        assert (inner[0] <= side.median).all()
        assert (side.median <= inner[1]).all()
        assert (inner[1] <= outer[1]).all()


def test_the_frame_grows_with_the_comparison(made):
    whole, part, none = (seed_test.frame(made(name)) for name in ("luck", "luck begun", "luck not begun"))
    assert whole.keys() == part.keys() == none.keys()
    assert np.isnan(none["with_median.y"]).all()
    assert none["with_most.x"].size == 0
    assert 0 < part["with_most.x"].size < whole["with_most.x"].size
    assert np.isfinite(whole["with_median.y"]).all()
    assert len(pack({}, {"luck": whole})) < 6000


def test_hints(made):
    assert seed_test.hint(made("luck not begun")) == "Computing: 0% done."
    assert 60 <= int(seed_test.hint(made("luck begun")).split(" ")[1].strip("%")) < 70
    verdict = made("luck").seed_test.verdict
    assert seed_test.hint(made("luck")) == f"{verdict.kind.capitalize()}: lower under {verdict.better} of 16 seeds."
    assert seed_test.hint(Run()) is None


def test_it_applies_where_luck_was_asked_for(made):
    assert "luck" in charts_of(made("luck begun"))
    assert not CHARTS["luck"].applies(made("twin"))


def test_the_axis_begins_at_the_nudge(made):
    assert seed_test.skeleton(made("luck")).layout.xaxis.range == (60, 150)


@pytest.mark.parametrize("bad", [nan, inf])
def test_a_comparison_in_which_everything_diverged(bad, made):
    found = seed_test.spread(np.full((2, 4), bad), nan)
    assert np.isnan(found.median).all()
    assert np.isnan(found.bands["most"][1]).all()
