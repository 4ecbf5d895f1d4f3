"""Tests of the scales and of exponentially weighted averages against the course's own numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.scales import SCALES, averages_about, ewa, sample

units = st.floats(0.0, 1.0)
RANGES = {  # ranges that each scale can span
    "log": st.tuples(st.floats(1e-12, 1.0), st.floats(1.5, 1e5)).map(lambda r: (r[0], r[0] * r[1])),
    "log_from_0": st.tuples(st.floats(0.0, 0.01), st.floats(0.02, 10.0)),
    "one_minus": st.tuples(st.floats(0.0, 0.9), st.floats(0.91, 0.99999)),
    "linear": st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 1e3)).map(lambda r: (r[0], r[0] + r[1])),
}


@st.composite
def scale_and_range(draw):
    name = draw(st.sampled_from(sorted(SCALES)))
    return SCALES[name], *draw(RANGES[name])


def test_every_scale_is_covered_here():
    assert set(SCALES) == set(RANGES)


@given(scale_and_range())
def test_both_ends_are_exact(chosen):
    scale, low, high = chosen
    assert (scale.from_unit(0.0, low, high), scale.from_unit(1.0, low, high)) == (low, high)
    assert (scale.to_unit(low, low, high), scale.to_unit(high, low, high)) == (0, 1)


@given(scale_and_range(), units)
def test_to_unit_undoes_from_unit(chosen, u):
    scale, low, high = chosen
    assert scale.to_unit(scale.from_unit(u, low, high), low, high) == pytest.approx(u, abs=1e-7)


@given(scale_and_range(), units)
def test_from_unit_undoes_to_unit(chosen, u):
    scale, low, high = chosen
    value = low + u * (high - low)
    assert scale.from_unit(scale.to_unit(value, low, high), low, high) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(scale_and_range(), units, units)
def test_both_ways_are_monotone(chosen, one, other):
    scale, low, high = chosen
    left, right = sorted((one, other))
    assert low <= scale.from_unit(left, low, high) <= high
    if right - left > 1e-6:
        assert scale.from_unit(left, low, high) < scale.from_unit(right, low, high)
        a, b = low + left * (high - low), low + right * (high - low)
        assert scale.to_unit(a, low, high) < scale.to_unit(b, low, high)


@given(scale_and_range(), st.lists(units, min_size=1, max_size=5))
def test_arrays_give_what_numbers_give(chosen, u):
    scale, low, high = chosen
    values = scale.from_unit(np.array(u), low, high)
    one_by_one = [scale.from_unit(one, low, high) for one in u]
    np.testing.assert_allclose(values, one_by_one, rtol=1e-12, atol=2**-52)  # 1 - beta rounds as a number near 1 does
    back = scale.to_unit(values, low, high)
    np.testing.assert_allclose(back, [scale.to_unit(value, low, high) for value in values], atol=1e-12)
    assert values.shape == back.shape == (len(u),)


@pytest.mark.parametrize("name", SCALES)
def test_numbers_come_back_as_numbers(name):
    assert isinstance(SCALES[name].from_unit(0.5, 0.1, 0.9), float)
    assert isinstance(SCALES[name].to_unit(0.5, 0.1, 0.9), float)


@pytest.mark.parametrize("name", SCALES)
def test_outside_is_taken_as_the_nearer_end(name):
    scale = SCALES[name]
    np.testing.assert_array_equal(scale.from_unit([-1.0, 2.0], 0.1, 0.9), [0.1, 0.9])
    np.testing.assert_array_equal(scale.to_unit([-5.0, 5.0], 0.1, 0.9), [0.0, 1.0])


@pytest.mark.parametrize("name", SCALES)
def test_a_range_of_one_value_is_that_value(name):
    assert SCALES[name].from_unit(0.3, 0.5, 0.5) == 0.5
    assert SCALES[name].to_unit(0.5, 0.5, 0.5) == 0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("log", 0.0, 1.0), ("log", -1.0, 1.0), ("one_minus", 0.5, 1.0), ("linear", 1.0, 0.0), ("linear", 0.0, np.nan)],
)
def test_a_range_that_a_scale_cannot_span_is_refused(name, low, high):
    for way in (SCALES[name].to_unit, SCALES[name].from_unit):
        with pytest.raises(ValueError, match=f"scale cannot go from {low} to {high}"):
            way(0.5, low, high)


def test_log_scale_by_hand():
    # r = -4 * (1 - u) on 1e-4..1 (course C4)
    values = SCALES["log"].from_unit(np.array([0.25, 0.5, 0.75]), 1e-4, 1.0)
    np.testing.assert_allclose(values, [1e-3, 1e-2, 1e-1], rtol=1e-12)


def test_log_from_0_scale_by_hand():
    # log10(value + 1e-5) goes from -5 to 0: the middle is 10^-2.5
    assert SCALES["log_from_0"].from_unit(0.0, 0.0, 1.0 - 1e-5) == 0
    assert SCALES["log_from_0"].from_unit(0.5, 0.0, 1.0 - 1e-5) == pytest.approx(10**-2.5 - 1e-5, rel=1e-12)


def test_one_minus_scale_by_hand():
    # 1 - beta = 10**r, r from -1 to -3 (course C5); from 0, the middle of 1 - beta = 1..1e-4 is 1e-2
    assert SCALES["one_minus"].from_unit(0.5, 0.9, 0.999) == pytest.approx(0.99, abs=1e-12)
    assert SCALES["one_minus"].from_unit(0.5, 0.0, 0.9999) == pytest.approx(0.99, abs=1e-12)


def test_linear_scale_by_hand():
    assert SCALES["linear"].from_unit(0.25, 2.0, 10.0) == 4.0


@pytest.mark.parametrize(
    ("name", "low", "high", "thirds"),
    [("log", 1e-4, 1e-1, (1e-3, 1e-2)), ("one_minus", 0.9, 0.9999, (0.99, 0.999)), ("linear", 0.0, 3.0, (1.0, 2.0))],
)
def test_samples_are_even_on_their_scale(name, low, high, thirds):
    values = sample(name, low, high, np.random.default_rng(0), 30_000)
    counts = np.histogram(values, [low, *thirds, high])[0]
    assert counts.sum() == 30_000
    np.testing.assert_allclose(counts, 10_000, atol=400)  # five standard deviations of about 82


def test_samples_are_the_rngs():
    one = sample("log", 1e-4, 1.0, np.random.default_rng(3), (2, 3))
    np.testing.assert_array_equal(one, sample("log", 1e-4, 1.0, np.random.default_rng(3), (2, 3)))
    assert one.shape == (2, 3)
    assert (one != sample("log", 1e-4, 1.0, np.random.default_rng(4), (2, 3))).all()
    assert isinstance(sample("log", 1e-4, 1.0, np.random.default_rng(3)), float)


def test_ewa_by_hand():
    # beta = 0.5: v = 2, then 1 + 3 = 4, then 2 + 6 = 8; corrected by 1 - 0.5**t = 0.5, 0.75, 0.875
    np.testing.assert_allclose(ewa([4, 6, 12], 0.5, bias_correction=False), [2, 4, 8])
    np.testing.assert_allclose(ewa([4, 6, 12], 0.5), [4, 16 / 3, 64 / 7])


@given(st.floats(-100, 100), st.floats(0.0, 0.999), st.integers(1, 50))
def test_ewa_of_a_constant_is_the_constant_once_corrected(value, beta, n):
    np.testing.assert_allclose(ewa([value] * n, beta), value, rtol=1e-9, atol=1e-9)
    plain = ewa([value] * n, beta, bias_correction=False)
    np.testing.assert_allclose(plain, value * (1 - beta ** np.arange(1, n + 1)), rtol=1e-9, atol=1e-9)


def test_ewa_averages_columns_apart_and_leaves_its_input():
    values = np.array([[1.0, 10.0], [3.0, 30.0]])
    averages = ewa(values, 0.9)
    np.testing.assert_allclose(averages[:, 1], ewa(values[:, 1], 0.9))
    np.testing.assert_array_equal(values, [[1, 10], [3, 30]])
    assert ewa([], 0.9).shape == (0,)


@pytest.mark.parametrize("beta", [-0.1, 1.0, np.nan])
def test_ewa_refuses_a_beta_that_does_not_average(beta):
    with pytest.raises(ValueError, match="beta cannot be"):
        ewa([1.0], beta)


def test_averages_about_by_the_courses_numbers():
    betas = np.array([0.9, 0.9005, 0.999, 0.9995])
    np.testing.assert_allclose(averages_about(betas), [10, 10.05, 1000, 2000], rtol=1e-4)
    assert averages_about(0.98) == pytest.approx(50)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0.0, 0.999), st.booleans())
def test_one_series_is_averaged_as_one_of_many_to_the_bit(values, beta, corrected):
    alone = ewa(values, beta, corrected)
    both = ewa(np.stack([values, values[::-1]], axis=1), beta, corrected)
    np.testing.assert_array_equal(alone, both[:, 0])
