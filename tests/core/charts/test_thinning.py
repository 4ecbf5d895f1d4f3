"""Tests of thinning: bounded, newest point always there, and no point jumps while a history grows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.charts.thinning import grouped, thinned

counts = st.integers(0, 600)
bounds = st.integers(1, 130)


@given(counts, bounds)
def test_bounded_increasing_and_ends_with_the_newest(count, most):
    chosen = thinned(count, most)
    assert chosen.size <= most + 1
    assert (np.diff(chosen) > 0).all()
    assert (chosen[-1] == count - 1) if count else not chosen.size


@given(counts, bounds)
def test_few_points_are_all_kept(count, most):
    if count <= most:
        np.testing.assert_array_equal(thinned(count, most), np.arange(count))


@given(st.integers(1, 600), bounds)
def test_points_stay_while_the_stride_does(count, most):
    before, after = thinned(count, most), thinned(count + 1, most)
    if -(-count // most) == -(-(count + 1) // most):
        assert set(before[:-1].tolist()) <= set(after.tolist())


@given(st.lists(st.floats(0, 10), min_size=1, max_size=600), bounds)
def test_no_extreme_is_lost(values, most):
    low = np.array(values)
    ends, least, greatest = grouped(low, low + 1, most)
    assert least.min() == low.min()
    assert greatest.max() == low.max() + 1
    start = 0
    for end, least_one, greatest_one in zip(ends, least, greatest, strict=True):
        assert least_one == low[start : end + 1].min()
        assert greatest_one == low[start : end + 1].max() + 1
        start = end + 1
