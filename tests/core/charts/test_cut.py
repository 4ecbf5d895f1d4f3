"""Losses that explode are cut off at one height, and arrows say how high they went."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts import CHARTS, cut
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

LINE = st.lists(st.floats(0, 2.0**99, width=32) | st.just(math.inf) | st.just(math.nan), max_size=30)
DEEP = RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu")
LINES = ("raw", "average", "train", "dev", "now")


def line(values):
    return np.arange(len(values), dtype=np.float32), np.array(values, np.float32)


@given(LINE)
def test_a_cut_line_is_the_line_below_and_nothing_above(values):
    x, y = line(values)
    steps, losses = cut.cut(x, y, 10.0)
    assert steps.dtype == losses.dtype == np.float32
    assert not (losses > 10).any()
    below = y <= 10
    assert {*zip(x[below].tolist(), y[below].tolist(), strict=True)} <= {
        *zip(steps.tolist(), losses.tolist(), strict=True)
    }
    assert (np.diff(steps) >= 0).all()


def test_a_line_leaves_where_it_crosses_the_cut():
    x, y = cut.cut(*line([1, 3, 1, math.inf, 1]), 2.0)
    nan = math.nan
    np.testing.assert_array_equal(x, np.float32([0, 0.5, 1, 1.5, 2, 3, 3, 4, 4]))
    np.testing.assert_array_equal(y, np.float32([1, 2, nan, 2, 1, 2, nan, 2, 1]))


def test_the_band_of_the_mini_batches_ends_at_the_cut():
    low, high = cut.band(np.float32([1, 1, 3]), np.float32([1.5, 900, 900]), 2.0)
    np.testing.assert_array_equal(low, np.float32([1, 1, math.nan]))
    np.testing.assert_array_equal(high, np.float32([1.5, 2, math.nan]))


def test_peaks_near_each_other_are_one():
    values = np.ones(100, np.float32)
    values[[10, 12, 90]] = 50, 3175, math.inf
    found = cut.peaks([(np.arange(100, dtype=np.float32), values)], 2.0, 100)
    assert [(peak.step, peak.words) for peak in found] == [(12, "3,175"), (90, "∞")]


def test_arrows_do_not_lie_on_each_other_and_the_newest_stays():
    found = [cut.Peak(step, 1e6, False) for step in (0, 20, 95)]
    arrows = cut.arrows_at(found, 100)
    assert arrows["cut.x"].tolist() == [95, 20]
    assert arrows["cut.textposition"] == ["middle left", "middle right"]


@pytest.fixture(scope="module")
def exploded():
    run = Run(DEEP, Settings(batch_norm=False, optimizer="sgd"))
    run.advance(60)
    before = run.history.ceiling(run.data.n_classes)
    run.nudge(learning_rate=10.0)
    run.advance(500)
    assert run.trouble
    assert run.history.ceiling(run.data.n_classes) == before
    return run


def test_an_exploding_loss_does_not_ruin_the_axis(exploded):
    top = exploded.history.ceiling(exploded.data.n_classes)
    arrays = CHARTS["loss"].frame(exploded)
    drawn = [values for key, values in arrays.items() if key in [f"{uid}.y" for uid in LINES]]
    assert max(np.nanmax(values) for values in drawn if np.isfinite(values).any()) == np.float32(top)
    assert np.nanmax(exploded.history.losses.high) > 1000 * top
    (text,) = arrays["cut.text"]
    assert "∞" in text
    assert "▲" in text


def test_the_cut_is_three_times_the_first_loss_or_that_of_knowing_nothing():
    for spec in (RunSpec(examples=90), RunSpec(dataset="digits", hidden=(8,))):
        run = Run(spec)
        first, C = run.history.column("train_loss")[0, 0], run.data.n_classes
        assert run.history.ceiling(C) == pytest.approx(3 * max(first, math.log(C)))
        run.history.column("train_loss")[0, 0] = np.nan
        assert run.history.ceiling(C) == pytest.approx(3 * math.log(C))


def test_a_calm_run_has_no_arrow(made):
    assert CHARTS["loss"].frame(made("trained"))["cut.text"] == []
