"""Tests of the history of a run: it never outgrows its points, whatever is measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.runs.history import AVERAGE_BETA, DETAIL, FIRST, LAST_COLUMNS, POINTS, History, LossTrace, steps_until_due
from core.runs.run import Run
from core.settings.table import RunSpec, Settings
from tests.core.runs.measured import SPEC, WHOLE, WIDTHS, latest

# the mini-batch loss


def added(losses, cuts=()):
    """A trace of `losses`, added in the parts that `cuts` makes of them."""
    trace, at = LossTrace(), 0
    for part in np.split(losses, cuts):
        trace.add(at, part)
        at += part.size
    return trace


@given(st.integers(1, 3000), st.integers(0, 1000), st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_loss_trace_is_low_high_and_average_of_its_bins(count, seed, data):
    losses = np.random.default_rng(seed).exponential(size=count).astype(np.float32)
    trace = added(losses, sorted(data.draw(st.lists(st.integers(0, count), max_size=20))))
    steps = trace.steps.astype(int)
    assert len(steps) <= 256
    assert steps[-1] == count
    width = steps[0]
    assert (np.diff(steps)[:-1] == width).all()  # bins of equal width, the last one perhaps not yet full
    assert count / width <= 256
    assert width == 1 or count / width > 127  # and no coarser than it takes
    weights = (1 - AVERAGE_BETA) * AVERAGE_BETA ** np.arange(count)
    for i, (start, stop) in enumerate(zip([0, *steps], steps, strict=False)):
        assert trace.low[i] == losses[start:stop].min()
        assert trace.high[i] == losses[start:stop].max()
        past = weights[:stop]
        assert trace.average[i] == pytest.approx(losses[:stop][::-1] @ past / past.sum(), rel=1e-9)
    assert trace.latest == trace.average[-1]


def test_an_empty_loss_trace():
    trace = LossTrace()
    assert len(trace.steps) == len(trace.low) == len(trace.high) == len(trace.average) == 0
    assert np.isnan(trace.latest)
    trace.add(0, np.empty(0))
    assert len(trace.steps) == 0


def test_a_runs_loss_trace_has_the_loss_of_each_step():
    run = Run(SPEC, WHOLE)
    costs = []
    for _ in range(10):
        costs.append(run.evaluate("train").loss)  # without batch norm, training and test time are the same
        run.nudge(batch_norm=False)
        run.advance(1)
    np.testing.assert_array_equal(run.history.losses.steps, np.arange(1, 11))
    np.testing.assert_allclose(run.history.losses.low[1:], costs[1:], rtol=1e-5)
    np.testing.assert_array_equal(run.history.losses.low, run.history.losses.high)


# the history


def test_measurements_thin_out_by_doubling():
    due, at = [], 0
    while at < 1000:
        at += steps_until_due(at)
        due.append(at)
    assert due[:FIRST] == list(range(1, FIRST + 1))  # every step at first
    for low in (64, 128, 256):
        assert sum(low < step <= 2 * low for step in due) == DETAIL  # then as many in each doubling


@given(st.integers(0, 10**6))
def test_a_measurement_is_due_at_the_same_step_from_wherever_one_looks(since):
    step = since + steps_until_due(since)
    for between in range(max(since, step - 40), step):
        assert between + steps_until_due(between) == step


def test_a_history_never_exceeds_its_points():
    history = History(2, 3)
    for step in range(5 * POINTS):
        row = history.blank()
        history.put(row, "dev_loss", step)
        history.add(step, row, keep=step % 3 > 0)
        assert 0 < len(history.steps) <= POINTS
        assert history.steps[-1] == step
        assert history.column("dev_loss").shape == (len(history.steps), 1)
        np.testing.assert_array_equal(history.column("dev_loss")[:, 0], history.steps)
    assert (np.diff(history.steps) > 0).all()
    assert all(step % 3 for step in history.steps[:-1])  # only the newest may be one that is not kept


def test_a_long_run_with_many_nudges_stays_within_its_points():
    run = Run(RunSpec(examples=60, hidden=(2,)), Settings(batch_size=64))
    for i in range(12):
        run.nudge(learning_rate=0.01 + i / 1000)
        run.advance(250)
        assert len(run.history.steps) <= POINTS
        assert len(run.history.losses.steps) <= POINTS
        assert run.history.steps[-1] == run.step
        assert run.history.steps[0] == 0  # the beginning is not forgotten
    assert len(run.history.steps) > POINTS // 2


def test_a_nudge_is_seen_in_detail():
    run = Run(SPEC)
    run.advance(500)
    run.nudge(learning_rate=0.01)
    run.advance(40)
    assert set(range(501, 541)) <= set(run.history.steps)


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_a_history_is_the_same_however_the_calls_are_divided(cut):
    one, other = Run(SPEC), Run(SPEC)
    for nudge in ({}, {"batch_norm": False}, {"learning_rate": 0.01}):
        one.nudge(**nudge)
        other.nudge(**nudge)
        one.advance(500)
        for _ in range(500 // cut):
            other.advance(cut)
        other.advance(one.step - other.step)
    np.testing.assert_array_equal(one.history.steps, other.history.steps)
    for name in WIDTHS:
        np.testing.assert_array_equal(one.history.column(name), other.history.column(name))
    for name in ("steps", "low", "high", "average"):
        np.testing.assert_array_equal(getattr(one.history.losses, name), getattr(other.history.losses, name))


def test_a_copy_goes_its_own_way():
    run = Run(SPEC)
    run.advance(71)  # not due: its point makes room for the next
    copy = run.history.copy()
    steps, losses = copy.steps.tolist(), copy.losses.low.tolist()
    values = copy.column("dev_loss").copy()
    run.advance(400)
    assert copy.steps.tolist() == steps
    assert copy.losses.low.tolist() == losses
    np.testing.assert_array_equal(copy.column("dev_loss"), values)


# the columns


@pytest.mark.parametrize("batch_norm", [True, False])
def test_widths_and_the_first_point(batch_norm):
    run = Run(SPEC, Settings(batch_norm=batch_norm))
    assert run.history.steps.tolist() == [0]
    found = latest(run)
    assert {name: len(values) for name, values in found.items()} == WIDTHS
    known = {name for name, values in found.items() if np.isfinite(values).all()}
    assert known == {"train_loss", "train_accuracy", "dev_loss", "dev_accuracy", "learning_rate", "mean_output"}
    run.advance(1)
    norm = ("batch_", "running_", "gamma", "shift")
    for name, values in latest(run).items():
        assert np.isfinite(values).all() == (batch_norm or not name.startswith(norm)), name


def test_a_column_as_it_was_at_a_step():
    run = Run(SPEC)
    run.advance(100)
    steps, losses = run.history.steps, run.history.column("dev_loss")[:, 0]
    for step in (0, 1, 63, 64, 65, 66, 99, 100, 1000):
        assert run.history.at(step, "dev_loss") == losses[steps <= step][-1]


@pytest.mark.parametrize("last", range(1, len(LAST_COLUMNS)))
def test_a_history_from_before_the_newest_columns_is_read(last):
    run = Run(SPEC)
    run.advance(5)
    arrays = {name: array.copy() for name, array in run.history.arrays().items()}
    newer = LAST_COLUMNS[last:]
    wide = sum(run.history.column(name).shape[1] for name in newer)
    arrays["rows"] = arrays["rows"][:, :-wide]
    history = run.history.copy()
    history.take(arrays)
    assert all(np.isnan(history.column(name)).all() for name in newer)
    for name in LAST_COLUMNS[:last]:
        np.testing.assert_array_equal(history.column(name), run.history.column(name))
    with pytest.raises(ValueError, match="not of a history of this shape"):
        history.take(arrays | {"rows": run.history.arrays()["rows"][:, : -2 * len(SPEC.hidden) - 3]})
