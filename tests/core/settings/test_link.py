"""Tests of links that hold only settings: every field comes back to the bit, whatever else is in the address."""

from dataclasses import asdict, fields
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.registry import DATASETS
from core.errors import UserError
from core.settings.link import from_query, to_query
from core.settings.plain import as_dict
from core.settings.table import FIELDS, MAX_LAYERS, MAX_UNITS, RunSpec, SettingError, Settings
from tests.core.another import another

TABLE = "table-" + "0" * 32
DEFAULTS = to_query(RunSpec(), Settings())


def values_of(field):
    if field.scale == "switch":
        return st.booleans()
    if field.scale == "layers":
        return st.lists(st.integers(1, MAX_UNITS), min_size=1, max_size=MAX_LAYERS).map(tuple)
    if field.choices:
        return st.sampled_from(sorted(field.choices))
    return st.integers(int(field.low), int(field.high)) if field.integer else st.floats(field.low, field.high)


def some(kind):
    """Any spec or settings."""
    return st.fixed_dictionaries({field.name: values_of(FIELDS[field.name]) for field in fields(kind)}).map(
        lambda found: kind(**(found | fitting(found)))
    )


def fitting(found):
    """The classes that a dataset has at most."""
    most = DATASETS[found["dataset"]].max_classes if "dataset" in found else 0
    return {"classes": min(found["classes"], most)} if most else {}


def exactly(chosen):
    """Values with their types, and floats by their bits."""
    return [(type(v), v.hex() if isinstance(v, float) else v) for v in asdict(chosen).values()]


@given(some(RunSpec), some(Settings))
def test_every_spec_and_settings_come_back_to_the_bit(spec, settings):
    query = to_query(spec, settings)
    again = from_query(dict(parse_qsl(urlencode(query), keep_blank_values=True, strict_parsing=True)))
    assert [exactly(each) for each in again] == [exactly(spec), exactly(settings)]
    assert to_query(*again) == query


@given(some(RunSpec), some(Settings))
def test_the_fields_of_both_are_in_the_link_as_short_text(spec, settings):
    query = to_query(spec, settings)
    assert list(query) == list(as_dict(spec) | as_dict(settings))
    assert all(isinstance(text, str) and text and len(text) <= 30 and text.isascii() for text in query.values())


def test_a_link_can_be_read():
    assert DEFAULTS["dataset"] == "spiral"
    assert DEFAULTS["hidden"] == "16-16"
    assert DEFAULTS["learning_rate"] == "0.1"
    assert DEFAULTS["bn_epsilon"] == "1e-05"
    assert DEFAULTS["batch_size"] == "64"
    assert DEFAULTS["batch_norm"] == "on"
    assert to_query(RunSpec(hidden=(5,)), Settings(batch_norm=False))["batch_norm"] == "off"


def test_own_data_are_in_no_link():
    with pytest.raises(UserError, match="your own data"):
        to_query(RunSpec(dataset=TABLE), Settings())
    with pytest.raises(SettingError, match="own data"):
        from_query({"dataset": TABLE})


@pytest.mark.parametrize("query", [{}, {"run": "abc", "key": "x", "embed": "true", "utm_source": "mail", "Seed": "3"}])
def test_an_address_that_names_no_field(query):
    assert from_query(query) is None


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "rules"])
def test_one_field_is_enough_and_the_others_are_as_by_default(name):
    """But for the rules: a link without them is from when there were only the first."""
    change = {name: another(FIELDS[name])}
    spec, settings = ({}, change) if name in vars(Settings()) else (change, {})
    value = to_query(RunSpec(**spec), Settings(**settings))[name]
    assert value != DEFAULTS.get(name)
    again = from_query({"run": "abc", name: value, "embed_options": "light_theme"})
    assert to_query(*again) == {other: text for other, text in DEFAULTS.items() if other != "rules"} | {name: value}


def answer(query):
    """What a query says, and the sentence that it is answered with where it cannot be followed."""
    try:
        return from_query(query), ""
    except SettingError as error:
        sentence = str(error)
    assert len(sentence) < 250
    return None, sentence


BAD = ["", " ", "abc", "nan", "inf", "-inf", "1e400", "0x10", "1_0", "٣", "1 ", "-1", "1,5", "1e9", "true", "x" * 10**6]
BAD += ["9" * 10**6, "16-16-", "-", "0", "9" * 5000, "on\n", "ON", "[]", "None", "1.5.2", "1e", "1-1-1-1-1-1-1", "\x00"]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text[:12]))
def test_a_bad_value_is_answered_with_its_field_and_range(name, text):
    found, sentence = answer({name: text})
    if found:
        assert text in ("0", "-1", "1e9"), "taken for a number only where it is one"
        assert (asdict(found[0]) | asdict(found[1]))[name] == float(text)
    else:
        assert FIELDS[name].label.lower() in sentence.lower()
        assert FIELDS[name].range_words() in sentence


def test_fields_that_do_not_fit_together():
    with pytest.raises(SettingError, match="2 to 5"):
        from_query({"dataset": "spiral", "classes": "8"})


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("+.5", 0.5), ("5E-1", 0.5), ("1.", 1.0), ("0.10", 0.1)])
def test_numbers_may_be_written_by_hand(text, value):
    assert exactly(from_query({"learning_rate": text})[1]) == exactly(Settings(learning_rate=value))


def test_whole_numbers_may_be_written_by_hand():
    assert from_query({"batch_size": "1e2"})[1].batch_size == 100
    with pytest.raises(SettingError, match="whole number"):
        from_query({"batch_size": "1.5"})


@given(st.dictionaries(st.sampled_from([*FIELDS, "run", "x"]), st.text(max_size=80), max_size=5))
def test_any_address_is_followed_or_answered(query):
    found, sentence = answer(query)
    assert bool(found or sentence) == bool(set(query) & set(FIELDS))


@pytest.mark.parametrize("text", ["8,8", "8, 8", "(8,8)", "8 8", "[8, 8,]"])
def test_layers_in_another_form_are_refused_with_the_right_one(text):
    with pytest.raises(SettingError, match=r"^Hidden layers cannot be '.*': it takes .*\. Write 8-8\.$"):
        from_query({"hidden": text})
