"""Tests of the data: what is drawn, how it is split, and that normalization uses the training set alone."""

import gc
import hashlib
import weakref

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data import datasets
from core.data.datasets import Data, load, prepare, remembered, statistics, stratified
from core.data.registry import DATASETS
from core.data.shelf import SHELF, Table
from core.errors import UserError

GENERATED = [name for name, row in DATASETS.items() if row.generated]
BUNDLED = {  # name: examples, features, classes, as scikit-learn's user guide lists them
    "digits": (1797, 64, 10),
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "breast_cancer": (569, 30, 2),
    "mnist1d": (5000, 40, 10),
}

seeds = st.integers(0, 2**31 - 1)
shares = st.floats(0.05, 0.9)


def a_load(dataset: str, **changes) -> Data:
    arguments = {"classes": 2, "examples": 120, "noise": 0.2, "data_seed": 0, "dev_share": 0.25, "normalize": True}
    return load(dataset, **(arguments | changes))


def in_order(rows: np.ndarray) -> np.ndarray:
    """The same examples in an order of their own, however they were shuffled."""
    return rows[np.lexsort(rows.T)]


def all_rows(data: Data) -> np.ndarray:
    """Every example of both splits, [x | one-hot], in an order that does not depend on the split."""
    return in_order(np.concatenate([data.train.rows, data.dev.rows]))


@st.composite
def chosen(draw):
    name = draw(st.sampled_from(GENERATED))
    most = DATASETS[name].max_classes or 2
    return name, {
        "classes": draw(st.integers(2, most)),
        "examples": draw(st.integers(60, 400)),
        "noise": draw(st.floats(0.0, 1.0)),
        "data_seed": draw(seeds),
        "dev_share": draw(shares),
    }


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_set_names_its_classes_and_its_source(name):
    row = DATASETS[name]
    assert len(row.class_names) == (row.max_classes or 2), f"the data set {name} needs a name for each of its classes"
    assert "noise" in (row.make.__doc__ or ""), f"the data set {name} does not say in its docstring what noise is"
    assert "Source:" in row.make.__doc__, f"the data set {name} does not say in its docstring where it comes from"


@pytest.mark.parametrize("name", [name for name in DATASETS if name not in GENERATED])
def test_a_bundled_set_has_a_reference(name):
    assert name in BUNDLED, f"the data set {name} has no reference: add its examples, features and classes to BUNDLED"


@given(chosen())
@settings(max_examples=60, deadline=None)
def test_generated_sets_have_every_class_in_both_splits_and_every_example_once(choice):
    name, arguments = choice
    data = a_load(name, **arguments)
    assert data.train.X.shape[1] + data.dev.X.shape[1] == arguments["examples"]
    assert data.n_x == data.train.X.shape[0] == len(data.feature_names) == len(DATASETS[name].feature_names)
    for split in (data.train, data.dev):
        assert set(split.labels) == set(range(data.n_classes))
        assert np.isfinite(split.X).all()


@given(st.lists(st.integers(2, 40), min_size=2, max_size=8), shares, seeds)
@example(sizes=[2, 3, 40], share=0.9, seed=0)
@example(sizes=[2, 9, 40], share=0.05, seed=0)
def test_a_split_is_disjoint_complete_and_stratified(sizes, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    names = tuple(f"class {label}" for label in range(len(sizes)))
    train, dev = stratified(labels, names, share, np.random.default_rng(seed))
    assert sorted([*train, *dev]) == list(range(len(labels)))
    for label, size in enumerate(sizes):
        count = np.count_nonzero(labels[dev] == label)
        assert 1 <= count <= size - 1
        assert abs(count - share * size) <= 1


def test_the_split_is_shuffled():
    labels = np.repeat([0, 1], 50)
    train, dev = stratified(labels, ("a", "b"), 0.5, np.random.default_rng(0))
    for part in (train, dev):
        assert list(part) != sorted(part)
        assert 0 < np.count_nonzero(labels[part[:25]]) < 25


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_dev_set_has_the_share_that_was_asked(share):
    data = a_load("spiral", classes=3, examples=900, dev_share=share)
    assert data.dev.X.shape[1] == 900 * share


@pytest.mark.parametrize("name", ["spiral", "blobs"])
def test_a_class_too_small_for_both_splits_is_named(name):
    with pytest.raises(UserError, match=r"class “\w+ 5” needs two examples.*has 1\. Ask for more"):
        a_load(name, classes=5, examples=9)
    a_load(name, classes=5, examples=10)


@given(chosen())
@settings(max_examples=40, deadline=None)
def test_training_statistics_normalize_both_splits(choice):
    name, arguments = choice
    data, plain = a_load(name, **arguments), a_load(name, **arguments, normalize=False)
    np.testing.assert_allclose(data.train.X.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.X.std(axis=1), 1, atol=1e-5)
    mean, deviation = plain.train.X.mean(axis=1, keepdims=True), plain.train.X.std(axis=1, keepdims=True)
    np.testing.assert_allclose(data.dev.X, (plain.dev.X - mean) / deviation, atol=1e-4)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_are_normalized_and_their_constant_features_are_zero(name):
    X = a_load(name).train.X
    deviation = X.std(axis=1, dtype=np.float64)
    constant = np.ptp(X, axis=1) == 0
    np.testing.assert_allclose(X.mean(axis=1, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(deviation[~constant], 1, atol=1e-5)
    assert constant.any() == (name == "digits")
    assert not X[constant].any()


def test_a_constant_feature_that_rounding_hides_has_deviation_one():
    tenths = np.full((1, 7), 0.1)
    assert tenths.std() > 0  # rounding: this is what a test for deviation 0 would miss
    mean, deviation = statistics(tenths)
    assert (mean, deviation) == (np.float32(0.1), 1)


def test_normalization_off_leaves_the_features_as_they_are():
    data = a_load("iris", normalize=False)
    assert (data.mean == 0).all()
    assert (data.deviation == 1).all()
    assert all_rows(data)[:, 0].min() == np.float32(4.3)  # the shortest sepal, in cm


@given(chosen(), seeds)
@settings(max_examples=40, deadline=None)
def test_raw_undoes_standardize(choice, seed):
    name, arguments = choice
    data = a_load(name, **arguments)
    X = np.random.default_rng(seed).normal(size=(2, 20)).astype(np.float32)
    np.testing.assert_allclose(data.raw(data.standardize(X)), X, atol=1e-5)


def test_standardize_gives_what_the_splits_hold():
    data, plain = a_load("wine"), a_load("wine", normalize=False)
    np.testing.assert_array_equal(data.standardize(plain.dev.X), data.dev.X)
    np.testing.assert_allclose(data.raw(data.train.X), plain.train.X, rtol=1e-4, atol=1e-4)
    assert data.standardize(plain.dev.X.astype(np.float64)).dtype == np.float32


@pytest.mark.parametrize("name", DATASETS)
def test_rows_labels_and_one_hot_agree(name):
    data = a_load(name)
    for split in (data.train, data.dev):
        np.testing.assert_array_equal(split.rows, np.concatenate([split.X, split.Y]).T)
        np.testing.assert_array_equal(split.Y.argmax(axis=0), split.labels)
        np.testing.assert_array_equal(split.Y.sum(axis=0), 1)
        assert set(np.unique(split.Y)) == {0, 1}
        assert split.Y.shape == (data.n_classes, len(split.labels))
        assert [array.dtype for array in (split.X, split.Y, split.rows)] == [np.float32] * 3
        assert split.labels.dtype == np.int64


@pytest.mark.parametrize("name", DATASETS)
def test_arrays_are_contiguous_and_read_only(name):
    data = a_load(name)
    arrays = [getattr(part, field) for part in (data.train, data.dev) for field in ("X", "Y", "labels", "rows")]
    for array in (*arrays, data.mean, data.deviation):
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@given(st.sampled_from(GENERATED), seeds, seeds)
@settings(max_examples=40, deadline=None)
def test_a_data_seed_decides_the_points(name, seed, other):
    one = a_load(name, data_seed=seed, normalize=False)
    datasets._registered.cache_clear()
    again = a_load(name, data_seed=seed, normalize=False)
    np.testing.assert_array_equal(one.train.rows, again.train.rows)
    np.testing.assert_array_equal(one.dev.rows, again.dev.rows)
    if other != seed:
        another = a_load(name, data_seed=other, normalize=False)
        assert not np.array_equal(all_rows(one), all_rows(another))


def test_a_data_seed_decides_the_split_of_a_bundled_set():
    one, other = a_load("iris", normalize=False), a_load("iris", data_seed=1, normalize=False)
    assert not np.array_equal(in_order(one.dev.rows), in_order(other.dev.rows))
    np.testing.assert_array_equal(all_rows(one), all_rows(other))


def test_mnist1d_is_split_as_in_the_paper_by_default_and_anew_otherwise():
    bunch = DATASETS["mnist1d"].make()
    paper = a_load("mnist1d", dev_share=0.2, normalize=False)
    np.testing.assert_array_equal(paper.train.X, bunch.data[:4000].T)
    np.testing.assert_array_equal(paper.dev.X, bunch.data[4000:].T)
    np.testing.assert_array_equal(np.concatenate([paper.train.labels, paper.dev.labels]), bunch.target)
    for change in ({"data_seed": 1}, {"dev_share": 0.25}):
        other = a_load("mnist1d", **({"dev_share": 0.2, "normalize": False} | change))
        assert other.dev.X.shape[1] == 5000 * (change.get("dev_share") or 0.2)
        assert not np.array_equal(other.dev.X[:, :1000], paper.dev.X)
        np.testing.assert_array_equal(all_rows(other), all_rows(paper))


def test_mnist1d_is_what_the_package_makes():
    """Centred to deviation 1 over all numbers, 500 of each class, and to the bit as it was made."""
    bunch = DATASETS["mnist1d"].make()
    assert abs(bunch.data.mean()) < 1e-6
    assert bunch.data.std() == pytest.approx(1, abs=1e-5)
    assert np.bincount(bunch.target).tolist() == [500] * 10
    digest = hashlib.sha256(bunch.data.astype("<f4").tobytes() + bunch.target.tobytes()).hexdigest()
    assert digest == "031e3042190ccdb6e80cbbbdab9932a8f4888314d20bbbed536861a09ec9b2a3"


def test_calls_alike_share_one_result():
    assert a_load("moons") is a_load("moons")


@pytest.mark.parametrize(("name", "shape"), BUNDLED.items())
def test_bundled_sets_are_whole_and_named(name, shape):
    data = a_load(name)
    assert (len(all_rows(data)), data.n_x, data.n_classes) == shape
    assert data.picture == ((8, 8) if name == "digits" else None)
    assert all(type(word) is str for word in (*data.class_names, *data.feature_names))


def test_names_are_those_of_the_field():
    assert a_load("iris").class_names == ("setosa", "versicolor", "virginica")
    assert a_load("iris").feature_names[0] == "sepal length (cm)"
    assert a_load("breast_cancer").class_names == ("malignant", "benign")
    assert a_load("digits").class_names == tuple("0123456789")
    assert a_load("spiral", classes=4).class_names == ("arm 1", "arm 2", "arm 3", "arm 4")


def nearest_neighbour_accuracy(data: Data) -> float:
    apart = ((data.dev.X[:, :, None] - data.train.X[:, None, :]) ** 2).sum(axis=0)  # (m_dev, m_train)
    return float((data.train.labels[apart.argmin(axis=1)] == data.dev.labels).mean())


@pytest.mark.parametrize("seed", range(5))
def test_the_default_spiral_can_be_learnt_to_98_percent(seed):
    spiral = {"classes": 3, "examples": 900, "data_seed": seed}
    assert nearest_neighbour_accuracy(a_load("spiral", **spiral)) >= 0.98
    assert nearest_neighbour_accuracy(a_load("spiral", **spiral, noise=1.0)) < 0.8


def test_the_ravine_is_one_also_where_it_is_normalized():
    raw = all_rows(a_load("ravine", examples=2000, normalize=False))
    assert raw[:, 1].std() / raw[:, 0].std() == pytest.approx(20, rel=0.01)
    steep_flat = np.linalg.eigvalsh(np.cov(all_rows(a_load("ravine", examples=2000))[:, :2].T))
    assert steep_flat[1] / steep_flat[0] == pytest.approx(800, rel=0.1)


def test_the_lines_of_the_ravine_without_noise_are_a_fiftieth_from_the_middle():
    x1, x2, _, second = all_rows(a_load("ravine", noise=0.0, normalize=False)).T
    np.testing.assert_allclose(x1 - x2 / 20, np.where(second, 0.04, -0.04), atol=1e-6)


@pytest.mark.parametrize("turns", [1.0, 4.0, 7.5, 12.0])
def test_an_arm_of_the_spiral_winds_by_its_turns(turns):
    data = a_load("spiral", classes=1, noise=0.0, normalize=False, turns=turns)
    x1, x2, *_ = all_rows(data).T
    radius = np.hypot(x1, x2)
    np.testing.assert_allclose(x1, radius * np.sin(turns * radius), atol=1e-5)
    np.testing.assert_allclose(x2, radius * np.cos(turns * radius), atol=1e-5)


@pytest.mark.parametrize("name", GENERATED)
def test_classes_are_apart_without_noise_and_blur_with_it(name):
    accuracy = [nearest_neighbour_accuracy(a_load(name, classes=4, examples=900, noise=n)) for n in (0.0, 0.2, 1.0)]
    assert accuracy[0] >= 0.98
    assert accuracy[1] >= 0.9
    assert accuracy[2] < accuracy[1] - 0.1


def test_xor_without_noise_is_the_exclusive_or_of_signs():
    x1, x2, _, opposite = all_rows(a_load("xor", noise=0.0, normalize=False)).T
    np.testing.assert_array_equal(opposite, x1 * x2 < 0)


def test_circles_without_noise_have_radius_one_and_a_half():
    x1, x2, _, inner = all_rows(a_load("circles", noise=0.0, normalize=False)).T
    np.testing.assert_allclose(np.hypot(x1, x2), np.where(inner, 0.5, 1.0), atol=1e-6)


def test_prepare_takes_points_from_anywhere():
    points = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0], [9.0, 7.0]])
    data = prepare(points, np.array([0, 0, 1, 1]), ("low", "high"), ("size", "constant"), 0, 0.5, True)
    np.testing.assert_array_equal(data.train.X[1], 0)
    assert sorted(np.concatenate([data.raw(data.train.X)[0], data.raw(data.dev.X)[0]])) == [1, 3, 5, 9]
    assert data.feature_names == ("size", "constant")


@pytest.mark.parametrize("scale", [1e-45, 1e-40, 1e-30, 1e29])
def test_features_of_any_size_are_normalized_to_finite_numbers(scale):
    points = np.array([[1.0], [2.0], [3.0], [5.0], [7.0], [8.0]]) * scale
    data = prepare(points.astype(np.float32), np.array([0, 1] * 3), ("a", "b"), ("x",), 0, 0.3, True)
    assert np.isfinite(data.train.X).all()
    assert np.abs(data.dev.X).max() < 10


def test_a_deviation_that_float32_cannot_hold_counts_as_none():
    X = np.zeros((1, 40), np.float32)
    X[0, :2] = 1.4e-45
    assert X.max() > 0
    assert X.std(dtype=np.float64) > 0
    assert statistics(X)[1] == 1


# own data


def a_table(m=40, n_x=3, C=4, seed=0) -> str:
    """The name of a table on the shelf."""
    points = np.random.default_rng(seed).normal(5, 2, size=(m, n_x)).astype(np.float32)
    names = tuple(f"kind {c}" for c in range(C)), tuple(f"column {i}" for i in range(n_x))
    return SHELF.add(Table(points, np.arange(m) % C, *names))


def test_a_table_is_split_and_normalized_as_any_dataset():
    name = a_table()
    table, data = SHELF.get(name), a_load(name, normalize=True)
    whole = np.concatenate([table.points, table.labels[:, None] == np.arange(4)], axis=1, dtype=np.float32)
    np.testing.assert_array_equal(all_rows(a_load(name, normalize=False)), in_order(whole))
    assert (data.n_x, data.n_classes, data.picture) == (3, 4, None)
    assert (data.class_names, data.feature_names) == (table.class_names, table.feature_names)
    np.testing.assert_allclose(data.train.X.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.X.std(axis=1), 1, atol=1e-5)
    assert data.dev.labels.size == 10  # a quarter, as was asked
    with pytest.raises(ValueError, match="read-only"):
        data.train.rows[...] = 0


def test_what_shapes_generated_sets_has_no_effect_on_a_table():
    name = a_table()
    one = a_load(name)
    assert a_load(name, classes=8, examples=5000, noise=0.9) is one
    for change in ({"data_seed": 1}, {"dev_share": 0.5}, {"normalize": False}):
        assert not np.array_equal(a_load(name, **change).train.rows, one.train.rows)
    assert a_load(a_table(seed=1)) is not one


def test_a_table_is_shared_while_somebody_holds_it_and_then_let_go():
    name = a_table()
    one = a_load(name)
    assert a_load(name) is one
    seen = weakref.ref(one)
    del one
    gc.collect()
    assert seen() is None
    assert a_load(name).n_x == 3


def test_a_table_that_is_gone():
    with pytest.raises(UserError, match="upload the file again"):
        a_load("table-" + "0" * 32)
    with pytest.raises(KeyError):
        a_load("no such set")


def test_what_is_remembered_of_data_is_worked_out_once_and_goes_with_them():
    made = []

    @remembered
    def size(data):
        made.append(data.n_x)
        return data.n_x

    data = prepare(np.eye(4), np.array([0, 0, 1, 1]), ("a", "b"), tuple("wxyz"), 0, 0.5, True)
    assert [size(data), size(data)] == [4, 4]
    assert made == [4]
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None
