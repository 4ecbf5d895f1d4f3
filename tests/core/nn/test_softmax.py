"""Tests of softmax and its cost: the course's numbers, and dJ/dZ by finite differences in float64."""

import numpy as np
import pytest

from core.nn.softmax import SoftmaxCost, as_written, cost, hardmax, losses, softmax


def one_hot(labels, classes):
    """(C, m) from labels (m,)."""
    return np.eye(classes)[:, labels]


def example(members=3, classes=4, examples=5, seed=0):
    """Random Z (K, C, m), and one-hot Y (1, C, m) that all networks share."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=examples)
    return 3 * rng.standard_normal((members, classes, examples)), one_hot(labels, classes)[None]


def forward(Z, Y):
    """The cost J (K,) of z, and the `SoftmaxCost` that worked it out."""
    work = SoftmaxCost(*Z.shape, Z.dtype.type)
    work.A[:] = Z
    loss = np.empty(len(Z), Z.dtype)
    work.forward(Y, loss)
    return loss, work


def test_the_courses_example():
    # z = (5, 2, -1, 3): t = (148.4, 7.4, 0.4, 20.1), their sum 176.3, so a = (0.842, 0.042, 0.002, 0.114)
    a = softmax(np.array([[5.0], [2.0], [-1.0], [3.0]]))
    np.testing.assert_array_equal(a[:, 0].round(3), [0.842, 0.042, 0.002, 0.114])


def test_probabilities_sum_to_one_over_the_classes_and_ignore_a_shift():
    Z, _ = example()
    A = softmax(Z)
    np.testing.assert_allclose(A.sum(axis=1), 1, rtol=1e-14)
    assert (A > 0).all()
    np.testing.assert_allclose(softmax(Z + 100), A, rtol=1e-12)


def test_two_classes_are_the_logistic_sigmoid_of_the_difference():
    Z = np.random.default_rng(1).standard_normal((2, 50))
    np.testing.assert_allclose(softmax(Z)[0], 1 / (1 + np.exp(-(Z[0] - Z[1]))), rtol=1e-12)


def test_out_is_written_and_may_be_the_input():
    Z, _ = example()
    expected = softmax(Z)
    assert softmax(Z, out=Z) is Z
    np.testing.assert_array_equal(Z, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_z_do_not_overflow(dtype):
    A = softmax(np.array([[1e30, -1e30], [0, 0]], dtype))
    np.testing.assert_array_equal(A, [[1, 0], [0, 1]])


def test_cost_by_hand():
    # two examples of class 1 and 0: J = -(ln 0.7 + ln 0.2) / 2 = -(-0.35667 - 1.60944) / 2 = 0.98306
    A = np.array([[0.3, 0.2], [0.7, 0.8]])
    assert cost(A, one_hot([1, 0], 2)) == pytest.approx(0.98305642)


def test_cost_of_a_stack_is_one_number_a_network():
    Z, Y = example()
    A = softmax(Z)
    J = cost(A, Y)
    assert J.shape == (3,)
    np.testing.assert_allclose(J, [cost(a, Y[0]) for a in A], rtol=1e-14)
    np.testing.assert_allclose(J, -(Y * np.log(A)).sum(axis=1).mean(axis=1), rtol=1e-12)


def test_cost_of_a_true_class_thought_impossible_is_large_and_finite():
    J = cost(np.array([[0.0], [1.0]], np.float32), one_hot([0], 2))
    assert 80 < J < 100  # -ln of the smallest normal float32, 1.2e-38, is 87.3


def test_with_z_the_loss_of_a_probability_that_is_rounded_is_exact():
    Z = np.array([[0.0, 1.0, -27_350.0, -100.0, np.nan], [0.0, 0.0, 3.0, 0.0, 0.0]], np.float32)
    found = losses(softmax(Z), one_hot([0] * 5, 2), lambda: Z)
    np.testing.assert_allclose(found, [np.log(2), np.log1p(np.exp(-1)), 27_353, 100, np.nan], rtol=1e-6)


def test_z_is_asked_for_only_where_it_is_needed():
    def never():
        raise AssertionError

    assert cost(np.array([[0.9], [0.1]]), one_hot([0], 2), never) == pytest.approx(-np.log(0.9))


def test_forward_is_softmax_and_cost():
    Z, Y = example()
    loss, work = forward(Z, Y)
    np.testing.assert_allclose(work.A, softmax(Z), rtol=1e-13)
    np.testing.assert_allclose(loss, cost(softmax(Z), Y), rtol=1e-12)


def test_forward_needs_no_logarithm_of_a_small_number():
    # the true class is behind by 1000: J = log(e^0 + e^-1000) + 1000 = 1000, though its probability is 0 in any type
    loss, _ = forward(np.array([[[0.0], [1000.0]]], np.float32), one_hot([0], 2)[None].astype(np.float32))
    np.testing.assert_array_equal(loss, [1000])


def test_members_may_have_examples_of_their_own():
    Z, _ = example()
    Y = np.stack([example(seed=k)[1][0] for k in (1, 2, 3)])
    loss, work = forward(Z, Y)
    dZ = work.backward(Y)
    for k in range(3):
        alone, work_alone = forward(Z[k : k + 1], Y[k : k + 1])
        np.testing.assert_array_equal(loss[k], alone[0])
        np.testing.assert_array_equal(dZ[k], work_alone.backward(Y[k : k + 1])[0])


def test_gradient_by_finite_differences():
    Z, Y = example()
    _, work = forward(Z, Y)
    dZ = work.backward(Y).copy()
    h = 1e-5
    for k, c, i in np.ndindex(Z.shape):
        up, down = Z.copy(), Z.copy()
        up[k, c, i] += h
        down[k, c, i] -= h
        numeric = (forward(up, Y)[0] - forward(down, Y)[0]) / (2 * h)
        assert dZ[k, c, i] == pytest.approx(numeric[k], rel=1e-6, abs=1e-10)


def test_gradient_by_hand():
    # a = (0.75, 0.25) and (0.5, 0.5), classes 0 and 1: (A - Y) / m = ((0.75 - 1) / 2, 0.25 / 2), (0.5 / 2, -0.5 / 2)
    Z = np.log([[[3.0, 1.0], [1.0, 1.0]]])
    Y = one_hot([0, 1], 2)[None]
    _, work = forward(Z, Y)
    np.testing.assert_allclose(work.backward(Y), [[[-0.125, 0.25], [0.125, -0.25]]], rtol=1e-14)


def test_hardmax_is_1_for_the_largest():
    Z = np.array([[5.0, 0.0], [2.0, 7.0], [5.0, -1.0]])
    np.testing.assert_array_equal(hardmax(Z), [[1, 0], [0, 1], [0, 0]])  # of two that are largest, the first


def test_the_formula_as_written_agrees_until_it_overflows():
    t, a = as_written(np.array([[5.0], [2.0], [-1.0], [3.0]]))
    np.testing.assert_allclose(t[:, 0], [148.4132, 7.3891, 0.3679, 20.0855], atol=1e-4)
    np.testing.assert_array_equal(a[:, 0].round(3), [0.842, 0.042, 0.002, 0.114])
    t, a = as_written(np.array([[1000.0], [0.0]]))
    assert t[0, 0] == np.inf
    assert np.isnan(a[0, 0])
