"""Tests of the table of settings: one row a field, sound defaults and ranges, and sentences for what cannot be."""

import re
from dataclasses import FrozenInstanceError, asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.registry import DATASETS
from core.errors import UserError
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.settings.scales import SCALES
from core.settings.table import FIELDS, GROUPS, SETTINGS, SPEC, RunSpec, SettingError, Settings, changed

PAPER = re.compile(r"\([A-Z].* \d{4}\)")  # such as (Pascanu et al. 2013)
ROWS = [*SPEC, *SETTINGS]
NUMBERS = [row for row in ROWS if row.scale in SCALES]
DEFAULTS = asdict(RunSpec()) | asdict(Settings())


def each(rows):
    """A test for each of these rows, called by its name."""
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def chosen(name, value):
    """A spec or settings with that one field changed."""
    kind = RunSpec if name in {row.name for row in SPEC} else Settings
    return getattr(kind(**{name: value}), name)


# the table


def test_every_field_has_one_row_and_every_row_one_field():
    assert sorted(row.name for row in SPEC) == sorted(field.name for field in fields(RunSpec))
    assert sorted(row.name for row in SETTINGS) == sorted(field.name for field in fields(Settings))
    assert len(FIELDS) == len(SPEC) + len(SETTINGS)
    assert all(FIELDS[name].name == name for name in FIELDS)


def test_labels_are_unique():
    assert len({(row.symbol, row.label) for row in ROWS}) == len(ROWS)
    assert len({row.label for row in ROWS}) == len(ROWS)


@each(ROWS)
def test_a_row_says_what_it_is(row):
    assert row.label
    assert row.label == row.label.strip()
    assert row.help[0].isupper()
    assert row.help.endswith(".")
    assert row.range_words()
    assert row.scale in {*SCALES, "choice", "switch", "layers"}
    assert (row.choices is not None) == (row.scale == "choice")


@each(SETTINGS)
def test_a_setting_is_in_a_group_and_in_the_course(row):
    assert row.group in GROUPS
    assert row.course or PAPER.search(row.help)  # of what the course does not have


@each(ROWS)
def test_a_default_is_within_its_range_and_of_its_type(row):
    default = DEFAULTS[row.name]
    assert row.parse(default) == default
    assert type(row.parse(default)) is type(default)
    if row.scale in SCALES:
        assert isinstance(default, int if row.integer else float)
        assert row.low <= default <= row.high


@each(NUMBERS)
def test_a_range_can_be_spanned_by_its_scale(row):
    scale = SCALES[row.scale]
    assert row.low < row.high
    assert [scale.to_unit(x, row.low, row.high) for x in (row.low, row.high)] == [0, 1]


def test_choices_are_the_registries():
    registries = {
        "optimizer": OPTIMIZERS,
        "decay": SCHEDULES,
        "dataset": DATASETS,
        "activation": ACTIVATIONS,
        "initialization": INITIALIZERS,
    }
    for name, registry in registries.items():
        assert FIELDS[name].choices == {key: row.label for key, row in registry.items()}
    assert {row.name for row in ROWS if row.choices} == {*registries, "on_switch"}


@each(ROWS)
def test_what_a_row_needs_can_be(row):
    for other, values, words in row.needs:
        assert row.name != other
        for value in values:
            assert FIELDS[other].parse(value) == value
        assert words


def test_the_course_order_of_tuning():
    # course C1: alpha first; then beta and the mini-batch size; then decay; epsilon and beta2 seldom
    groups = [row.group for row in SETTINGS]
    assert groups == sorted(groups, key=list(GROUPS).index)
    assert FIELDS["learning_rate"].group == "first"
    assert {FIELDS["beta1"].group, FIELDS["batch_size"].group} == {"second"}
    assert FIELDS["decay"].group == "third"
    assert {FIELDS["epsilon"].group, FIELDS["beta2"].group} == {"seldom"}


# ranges


@each(NUMBERS)
def test_both_ends_of_a_range_are_in_it(row):
    if row.name == "classes":
        assert RunSpec(dataset="blobs", classes=int(row.high)).classes == row.high
        assert RunSpec(classes=int(row.low)).classes == row.low
        return
    for end in (row.low, row.high):
        value = chosen(row.name, end)
        assert value == end
        assert isinstance(value, int if row.integer else float)


@each(NUMBERS)
def test_what_is_past_an_end_is_refused_with_the_range(row):
    step = 1 if row.integer else 0
    below = row.low - step if step else np.nextafter(row.low, -np.inf)
    above = row.high + step if step else np.nextafter(row.high, np.inf)
    for value in (below, above, 1e300, -1e300, float("inf"), float("-inf"), float("nan")):
        with pytest.raises(SettingError) as caught:
            chosen(row.name, value)
        sentence = str(caught.value)
        assert row.label.lower() in sentence.lower()
        assert row.range_words() in sentence
        form = ",.0f" if row.integer else ".6g"
        assert f"{row.low:{form}} to {row.high:{form}}" in sentence
        assert sentence.endswith(".")


@each(NUMBERS)
@pytest.mark.parametrize("value", [None, True, "1", [1], (1,), {}, 1j, b"1"], ids=repr)
def test_what_is_no_number_is_refused(row, value):
    with pytest.raises(SettingError, match="cannot be"):
        chosen(row.name, value)


@each([row for row in NUMBERS if row.integer])
def test_whole_numbers(row):
    some = int(row.low) + 1
    assert type(chosen(row.name, float(some))) is int
    with pytest.raises(SettingError, match="a whole number"):
        chosen(row.name, some + 0.5)


@each([row for row in ROWS if row.scale == "switch"])
@pytest.mark.parametrize("value", [0, 1, "on", "true", None, 1.0], ids=repr)
def test_a_switch_takes_only_true_and_false(row, value):
    assert chosen(row.name, True) is True
    assert chosen(row.name, False) is False
    with pytest.raises(SettingError, match="on or off"):
        chosen(row.name, value)


@each([row for row in ROWS if row.choices])
@pytest.mark.parametrize("value", ["", "no such", None, 1, ["relu"], True], ids=repr)
def test_a_choice_takes_only_its_names(row, value):
    for name in row.choices:
        assert row.parse(name) == name
    with pytest.raises(SettingError) as caught:
        chosen(row.name, value)
    assert all(name in str(caught.value) for name in row.choices)


@pytest.mark.parametrize("hidden", [(1,), [16, 16], (256,) * 6])
def test_layers(hidden):
    assert RunSpec(hidden=hidden).hidden == tuple(hidden)


@pytest.mark.parametrize("hidden", [(), (0,), (257,), (1,) * 7, (2.0,), (True,), (-1,), ("16",), (None,)], ids=repr)
def test_layers_that_cannot_be(hidden):
    with pytest.raises(SettingError, match="1 to 6 layers of 1 to 256 units"):
        RunSpec(hidden=hidden)


def test_the_datasets_have_a_greatest_number_of_classes():
    for name, dataset in DATASETS.items():
        if dataset.max_classes:
            assert RunSpec(dataset=name, classes=dataset.max_classes).classes == dataset.max_classes
            if dataset.max_classes < FIELDS["classes"].high:
                with pytest.raises(SettingError, match=f"2 to {dataset.max_classes}"):
                    RunSpec(dataset=name, classes=dataset.max_classes + 1)
        else:
            assert RunSpec(dataset=name, classes=8).classes == 8  # has no effect there


def test_a_setting_error_is_a_users_error_and_a_value_error():
    assert issubclass(SettingError, UserError)
    assert issubclass(SettingError, ValueError)


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300), st.integers(), st.floats(), st.none()))
def test_any_value_is_taken_or_refused_in_a_short_sentence(value):
    for row in ROWS:
        try:
            taken = row.parse(value)
        except SettingError as error:
            sentence = str(error)
        else:
            sentence = ""
            assert row.parse(taken) == taken
        assert len(sentence) < 250


# changing


def test_changed_makes_new_settings_and_leaves_the_old():
    old = Settings()
    new = changed(old, {"learning_rate": 1, "batch_size": 32.0})
    assert old == Settings()
    assert new == replace(old, learning_rate=1.0, batch_size=32)
    assert type(new.learning_rate) is float
    assert type(new.batch_size) is int
    assert changed(old, {}) == old


def test_an_unknown_setting_is_named_with_those_that_there_are():
    with pytest.raises(SettingError) as caught:
        changed(Settings(), {"x" * 100: 1})
    assert "x" * 40 in str(caught.value)
    assert "x" * 41 not in str(caught.value)
    assert all(row.name in str(caught.value) for row in SETTINGS)


@pytest.mark.parametrize("frozen", [RunSpec(), Settings()], ids=["spec", "settings"])
def test_what_is_chosen_is_frozen_and_hashable(frozen):
    with pytest.raises(FrozenInstanceError):
        frozen.seed = 3
    assert hash(frozen) == hash(replace(frozen))


# words


def test_words():
    assert FIELDS["learning_rate"].word(0.00012345678) == "0.000123457"
    assert FIELDS["batch_size"].word(50_000) == "50,000"
    assert FIELDS["batch_norm"].word(False) == "off"
    assert FIELDS["optimizer"].word("rmsprop") == "RMSprop"
    assert FIELDS["hidden"].word((64, 32)) == "64-32"


def test_idle_says_why():
    settings = Settings(optimizer="sgd", batch_norm=False, decay="none")
    assert FIELDS["beta1"].idle(settings) == "no effect under gradient descent"
    assert FIELDS["bn_epsilon"].idle(settings) == "no effect without batch norm"
    assert FIELDS["decay_rate"].idle(settings) == "no effect without a schedule"
    assert FIELDS["decay_every"].idle(settings) == "no effect without a schedule"
    assert FIELDS["decay_every"].idle(replace(settings, decay="sqrt")) == "no effect under the schedule 1/√epoch"
    assert FIELDS["learning_rate"].idle(settings) is None
    assert FIELDS["beta1"].idle(Settings()) is None
    assert FIELDS["classes"].idle(RunSpec(dataset="digits")) == "no effect on digits"
    assert FIELDS["noise"].idle(RunSpec()) is None
    assert FIELDS["turns"].idle(RunSpec()) is None
    assert FIELDS["turns"].idle(RunSpec(dataset="blobs")) == "no effect on blobs"


# own data

TABLE = "table-0123456789abcdef0123456789abcdef"


def test_a_spec_may_name_a_table():
    spec = RunSpec(dataset=TABLE, classes=8)
    assert spec.dataset == TABLE
    assert FIELDS["dataset"].parse(TABLE) == TABLE
    assert FIELDS["dataset"].word(TABLE) == "own data"
    assert FIELDS["dataset"].word("breast_cancer") == "breast cancer"
    assert TABLE not in FIELDS["dataset"].choices


@pytest.mark.parametrize(
    "name", ["table-", TABLE + "0", TABLE[:-1], TABLE.upper(), TABLE + "\n", "own data", " " + TABLE]
)
def test_what_is_no_name_of_a_table_is_refused(name):
    with pytest.raises(SettingError, match="spiral"):
        RunSpec(dataset=name)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.choices and row.name != "dataset"], ids=lambda row: row.name
)
def test_no_other_choice_takes_a_table(row):
    with pytest.raises(SettingError):
        row.parse(TABLE)


def test_what_shapes_generated_sets_is_idle_on_own_data():
    spec = RunSpec(dataset=TABLE)
    idle = {row.name for row in SPEC if row.idle(spec)}
    assert idle == {"classes", "examples", "noise", "turns"}
    assert all(FIELDS[name].idle(spec) == "no effect on own data" for name in idle)
