"""The tables of cases that the tests of the browser's modules read (tests/client), against Python's own functions."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from core.charts.packet import pack
from core.settings.scales import SCALES
from core.settings.table import FIELDS, SETTINGS, Field, SettingError

CASES = Path(__file__).parents[2] / "client" / "cases"


def cases(name):
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


def built(value):
    """A value of the table of packets, with its arrays."""
    if isinstance(value, dict) and value.keys() == {"dtype", "values"}:
        return np.array(value["values"], value["dtype"])
    return {key: built(inner) for key, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("case", cases("packets"), ids=lambda case: case["name"])
def test_packets(case):
    assert base64.b64encode(pack(case["header"], built(case["charts"]))).decode() == case["base64"]


@pytest.mark.parametrize("case", cases("scales")["inside"], ids=str)
def test_values_on_scales(case):
    """Python gives the exact value at a place, the control a rounded one: to 3 digits, or 2 of 1 - β."""
    scale, low, high = SCALES[case["scale"]], case["low"], case["high"]
    exact, value = scale.from_unit(case["place"], low, high), case["value"]
    assert scale.to_unit(value, low, high) == pytest.approx(case["unit"], abs=1e-9)
    if case["place"] in (0, 1):
        assert value == exact
    elif case["scale"] == "one_minus":
        assert 1 - value == pytest.approx(1 - exact, rel=0.05)
    else:
        assert value == pytest.approx(exact, rel=0.005, abs=0.5 if case["integer"] else 0)


@pytest.mark.parametrize("case", cases("scales")["outside"], ids=str)
def test_what_is_outside_a_range_is_at_the_nearer_end(case):
    assert SCALES[case["scale"]].to_unit(case["value"], case["low"], case["high"]) == case["unit"]


def test_the_tables_have_every_scale_and_every_dial():
    inside = cases("scales")["inside"]
    ranges = {(case["scale"], case["low"], case["high"], case["integer"]) for case in inside}
    assert {case["scale"] for case in inside} == set(SCALES)
    dials = [field for field in SETTINGS if field.scale in SCALES]
    for field in dials:
        range_ = (field.scale, field.low, field.high, field.integer)
        assert range_ in ranges, f"tests/client/cases/scales.json has no rows for the dial {field.name}: {range_}"


def test_numbers_have_the_same_digits():
    """The browser writes 1e-5 and 1000000 where Python's format says 1e-05 and 1e+06."""
    numbers = cases("numbers")
    assert [float(case["text"]) for case in numbers["settings"]] == [
        float(FIELDS["learning_rate"].word(case["value"])) for case in numbers["settings"]
    ]
    batch_size = FIELDS["batch_size"]
    assert [case["text"] for case in numbers["whole"]] == [batch_size.word(case["value"]) for case in numbers["whole"]]


@pytest.mark.parametrize("case", cases("typed"), ids=lambda case: f"{case['label']}: {case['text'][:10]}")
def test_typed_values(case):
    """Python gets numbers; a text that is none it quotes as it is."""
    field = Field("", "", case["label"], "", case["scale"], "", case["low"], case["high"], integer=case["integer"])
    try:
        typed = json.loads(case["text"])
    except ValueError:
        typed = case["text"]
    if "value" in case:
        assert field.parse(typed) == case["value"]
    else:
        with pytest.raises(SettingError) as caught:
            field.parse(typed)
        assert str(caught.value) == case["sentence"]
