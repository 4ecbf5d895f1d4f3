"""Tests of run files: what is saved comes back and replays to the same bits; what is hostile is a sentence."""

import copy
import json
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.safe_load import FileError
from core.data.shelf import SHELF, Table
from core.errors import UserError
from core.runs import run_file
from core.runs.journal import MOST_STEPS, Nudge
from core.runs.journal_json import journal_of, journal_rows
from core.runs.run import Run
from core.runs.run_file import dump, parse
from core.settings.plain import as_dict, settings_of, spec_of
from core.settings.table import RunSpec, Settings
from core.training.blas import machine
from tests.core.random_runs import any_spec, any_value

SMALL = RunSpec(examples=60, hidden=(4,))

settings = st.fixed_dictionaries(any_value).map(lambda found: Settings(**found))
notes = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)
changes = st.lists(st.sampled_from(sorted(any_value)), min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: st.tuples(any_value[name], any_value[name]) for name in names})
)
nudges = st.builds(Nudge, st.integers(0, 10_000_000), changes, st.integers(0, 2**53), notes)
journals = st.lists(nudges, max_size=8).map(lambda found: tuple(sorted(found, key=lambda nudge: nudge.step)))
plans = st.lists(st.tuples(st.integers(0, 25), st.fixed_dictionaries({}, optional=any_value)), max_size=4)


def trained() -> Run:
    """A small run with a drag, a nudge of two settings, and a note."""
    run = Run(SMALL)
    for learning_rate in (0.05, 0.02, 0.01):
        run.advance(3)
        run.nudge(gesture=7, learning_rate=learning_rate)
    run.nudge(optimizer="adam", batch_norm=False)
    run.journal = (*run.journal[:-1], replace(run.journal[-1], note='Why? "Because":\n\\ 你好'))
    run.advance(5)
    return run


RUN = trained()
FILE = json.loads(dump(RUN, "a run"))


def opened(**changed):
    """The file of RUN with these fields instead, parsed; a field that is None is left out."""
    whole = {name: value for name, value in (FILE | changed).items() if value is not None}
    return parse(json.dumps(whole).encode())


def sentence(**changed):
    start = time.process_time()
    with pytest.raises(UserError) as caught:
        opened(**changed)
    assert time.process_time() - start < 1
    words = str(caught.value)
    assert words[0].isupper()
    assert words.endswith(".")
    assert len(words) < 250
    return words


# there and back


def test_every_field_is_in_a_file():
    assert set(FILE["settings"]) == set(as_dict(RUN.start))
    assert set(FILE["spec"]) == set(as_dict(RUN.spec))


@given(any_spec, settings, journals, st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@hypothesis_settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(spec, start, journal, name):
    assert spec_of(json.loads(json.dumps(asdict(spec)))) == spec
    assert settings_of(json.loads(json.dumps(asdict(start)))) == start
    assert journal_of(json.loads(json.dumps(journal_rows(journal)))) == journal
    run = copy.copy(RUN)
    run.spec, run.start, run.journal = spec, start, tuple(replace(nudge, step=min(nudge.step, 14)) for nudge in journal)
    file = parse(dump(run, name))
    assert (file.spec, file.settings, file.journal, file.name) == (spec, start, run.journal, name)
    assert (file.step, file.fingerprint, file.table) == (14, run.fingerprint(), None)


@given(any_spec.map(lambda spec: replace(spec, hidden=spec.hidden[:2])), settings, plans)
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_replayed_file_has_the_fingerprint(spec, start, plan):
    run = Run(replace(spec, hidden=tuple(min(units, 20) for units in spec.hidden)), start)
    for number, (steps, nudge) in enumerate(plan):
        run.advance(steps)
        run.nudge(gesture=number // 2, **nudge)
    run.advance(3)
    file = parse(dump(run))
    again = Run.replay(file.spec, file.settings, file.journal, file.step)
    assert again.fingerprint() == file.fingerprint == run.fingerprint()
    assert again.journal == file.journal == run.journal


def test_a_file_is_text_with_a_line_for_each_nudge():
    text = dump(RUN, "a run").decode()
    assert dump(RUN, "a run") == dump(RUN, "a run")
    assert text.count('{"step"') == len(RUN.journal) == 4
    assert '\n  {"step": 3, "changes": {"learning_rate": [0.1, 0.05]}, "gesture": 7},\n' in text
    assert list(FILE) == ["format", "version", "name", "spec", "settings", "journal", "step", "fingerprint", "machine"]
    assert FILE["settings"] == as_dict(Settings())
    assert parse(dump(RUN, "a run")).journal == RUN.journal


def test_gesture_and_note_are_there_only_where_they_say_something():
    assert journal_rows([Nudge(1, {"beta1": (0.9, 0.8)})]) == [{"step": 1, "changes": {"beta1": [0.9, 0.8]}}]
    assert journal_rows(RUN.journal)[-1]["note"] == RUN.journal[-1].note


def test_a_file_that_says_little_has_the_defaults():
    file = parse(b'{"format": "panda-run", "version": 1, "step": 5}')
    assert file == run_file.RunFile("", RunSpec(), Settings(), (), 5, "", None)


def test_a_long_name_is_cut():
    assert parse(dump(RUN, "x" * 300)).name == "x" * 200


def test_a_run_whose_file_could_not_be_opened_is_not_written():
    run = copy.copy(RUN)
    run.journal = tuple(Nudge(1, {"learning_rate": (0.1 + i * 1e-9, 0.1)}, note="note " * 10) for i in range(60_000))
    with pytest.raises(FileError, match="5 MB"):
        dump(run)
    run.journal = run.journal[:30_000]
    start = time.process_time()
    assert parse(dump(run)).journal == run.journal
    assert time.process_time() - start < 10


def test_the_greatest_journal_is_read_soon():
    rows = [{"step": 1, "changes": {"beta1": [0, 0.5]}}] * 30_000
    data = json.dumps(FILE | {"journal": rows, "step": 1}, separators=(",", ":")).encode()
    start = time.process_time()
    assert len(parse(data).journal) == 30_000
    assert time.process_time() - start < 10
    assert "more than 30,000" in sentence(journal=[{}] * 30_001)


# a table


def test_a_table_travels_with_the_run():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((40, 3)).astype(np.float32)
    labels = np.arange(40) % 2
    table = Table(points, labels.astype(np.int64), ("a", "<b>"), ("x", "y", "z"))
    name = SHELF.add(table)
    run = Run(RunSpec(dataset=name, hidden=(4,)))
    run.advance(10)
    whole = json.loads(dump(run))
    file = parse(dump(run))
    assert file.table.name == name == file.spec.dataset
    np.testing.assert_array_equal(file.table.points, points)
    np.testing.assert_array_equal(file.table.labels, labels)
    assert file.table.class_names == ("a", "<b>")
    assert Run.replay(file.spec, file.settings, file.journal, file.step).fingerprint() == file.fingerprint
    assert "not in the file" in sentence(**whole | {"table": None})
    assert "damaged" in sentence(**whole | {"table": "%%%"})
    assert "damaged" in sentence(**whole | {"table": "größe"})
    assert "text" in sentence(**whole | {"table": [1]})
    assert sentence(**whole | {"table": "aGVsbG8="})
    assert sentence(**whole | {"table": whole["table"][: len(whole["table"]) // 8 * 4]})
    other = Table(points + 1, labels.astype(np.int64), ("a", "<b>"), ("x", "y", "z"))
    assert "not the one" in sentence(**whole | {"spec": whole["spec"] | {"dataset": other.name}})
    assert "other data" in sentence(**whole | {"spec": {"dataset": "spiral"}})


# what is wrong


def nudge(**changed):
    return [{"step": 3, "changes": {"learning_rate": [0.1, 0.05]}} | changed]


BAD = {
    "another format": ({"format": "panda"}, "no run of this app"),
    "no format": ({"format": None}, "no run of this app"),
    "format list": ({"format": ["panda-run"]}, "no run of this app"),
    "newer": ({"version": 2}, "version 2"),
    "no version": ({"version": None}, "version None"),
    "version yes": ({"version": True}, "version True"),
    "version list": ({"version": [1]}, "version [1]"),
    "unknown": ({"weights": []}, "'weights'"),
    "long unknown": ({"x" * 100_000: 1}, "is not known"),
    "no step": ({"step": None}, "step cannot be None"),
    "far": ({"step": 10_000_001}, "0 to 10,000,000"),
    "below 0": ({"step": -1}, "step cannot be -1"),
    "half step": ({"step": 14.5}, "step cannot be 14.5"),
    "float step": ({"step": 14.0}, "step cannot be 14.0"),
    "step yes": ({"step": True}, "step cannot be True"),
    "step words": ({"step": "14"}, "step cannot be '14'"),
    "ends early": ({"step": 8}, "before its last nudge at step 9"),
    "name number": ({"name": 5}, "name cannot be 5"),
    "long name": ({"name": "x" * 201}, "200 characters"),
    "fingerprint number": ({"fingerprint": 5}, "fingerprint cannot be 5"),
    "fingerprint": ({"fingerprint": "abc"}, "fingerprint"),
    "capitals": ({"fingerprint": "A" * 64}, "fingerprint"),
    "a line more": ({"fingerprint": "a" * 63 + "\n"}, "fingerprint"),
    "table": ({"table": "aGVsbG8="}, "other data"),
    "spec list": ({"spec": []}, "for the spec"),
    "spec unknown": ({"spec": {"data_set": "spiral"}}, "'data_set'"),
    "dataset": ({"spec": {"dataset": "mnist"}}, "mnist"),
    "dataset list": ({"spec": {"dataset": ["spiral"]}}, "Data cannot be"),
    "dataset object": ({"spec": {"dataset": {}}}, "Data cannot be"),
    "no table": ({"spec": {"dataset": "table-" + "0" * 32}}, "not in the file"),
    "path": ({"spec": {"dataset": "table-../../etc/passwd"}}, ""),
    "classes": ({"spec": {"classes": 8}}, "Classes cannot be 8"),
    "examples": ({"spec": {"examples": 10**9}}, "Examples cannot be"),
    "huge": ({"spec": {"noise": 10**18}}, "Noise cannot be"),
    "layers": ({"spec": {"hidden": [16] * 7}}, "Hidden layers cannot be"),
    "units": ({"spec": {"hidden": [100_000]}}, "Hidden layers cannot be"),
    "layer words": ({"spec": {"hidden": "16"}}, "Hidden layers cannot be"),
    "nested layers": ({"spec": {"hidden": [[16]]}}, "Hidden layers cannot be"),
    "null layers": ({"spec": {"hidden": None}}, "Hidden layers cannot be"),
    "layer": ({"spec": {"hidden": 16}}, "Hidden layers cannot be"),
    "no layers": ({"spec": {"hidden": []}}, "Hidden layers cannot be"),
    "seed": ({"spec": {"seed": -1}}, "Seed cannot be '-1'"),
    "normalize": ({"spec": {"normalize": 1}}, "Normalize inputs cannot be"),
    "settings number": ({"settings": 5}, "for the settings"),
    "settings unknown": ({"settings": {"alpha": 0.1}}, "'alpha'"),
    "dunder": ({"settings": {"__class__": 1}}, "'__class__'"),
    "rate": ({"settings": {"learning_rate": 11}}, "1e-06 to 10"),
    "rate words": ({"settings": {"learning_rate": "0.1"}}, "Learning rate cannot be"),
    "rate null": ({"settings": {"learning_rate": None}}, "Learning rate cannot be"),
    "optimizer": ({"settings": {"optimizer": "lbfgs"}}, "lbfgs"),
    "journal object": ({"journal": {}}, "no list"),
    "journal numbers": ({"journal": [1]}, "Nudge 1 of the file's journal: There is no JSON object for the nudge"),
    "nudge unknown": ({"journal": nudge(when=3)}, "'when'"),
    "nudge step": ({"journal": nudge(step=-1)}, "step cannot be -1"),
    "falls": ({"journal": [*nudge(), *nudge(step=2)]}, "Nudge 2"),
    "late": ({"journal": nudge(step=15)}, "before its last nudge"),
    "no changes": ({"journal": nudge(changes={})}, "changes nothing"),
    "changes list": ({"journal": nudge(changes=[["beta1", 0, 1]])}, "for the nudge's changes"),
    "spec nudged": ({"journal": nudge(changes={"seed": [0, 1]})}, "'seed'"),
    "setting": ({"journal": nudge(changes={"alpha": [0, 1]})}, "'alpha'"),
    "one value": ({"journal": nudge(changes={"beta1": [0.5]})}, "'beta1'"),
    "no pair": ({"journal": nudge(changes={"beta1": 0.5})}, "'beta1'"),
    "pair of words": ({"journal": nudge(changes={"optimizer": "ab"})}, "'optimizer'"),
    "value": ({"journal": nudge(changes={"beta1": [0.5, 2]})}, "Momentum β cannot be '2'"),
    "nested value": ({"journal": nudge(changes={"beta1": [0.5, [[[0.5]]]]})}, "Momentum β cannot be"),
    "old": ({"journal": nudge(changes={"beta1": ["<b>", 0.5]})}, "which is none that it could have"),
    "old object": ({"journal": nudge(changes={"optimizer": [{}, "sgd"]})}, "which is none"),
    "old yes": ({"journal": nudge(changes={"beta1": [True, 0.5]})}, "which is none"),
    "old half": ({"journal": nudge(changes={"batch_size": [0.5, 5]})}, "which is none"),
    "long old": ({"journal": nudge(changes={"optimizer": ["x" * 201, "sgd"]})}, "which is none"),
    "gesture": ({"journal": nudge(gesture=-1)}, "gesture cannot be -1"),
    "gesture half": ({"journal": nudge(gesture=1.5)}, "gesture cannot be 1.5"),
    "far gesture": ({"journal": nudge(gesture=2**53 + 1)}, "gesture cannot be"),
    "note": ({"journal": nudge(note=["a"])}, "note cannot be"),
    "long note": ({"journal": nudge(note="x" * 501)}, "500 characters"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_a_sentence(name):
    changed, part = BAD[name]
    assert part in sentence(**changed)


def test_a_file_of_another_kind_is_a_sentence():
    for data in (b"", b"[]", b"\x89PNG\r\n", b"x,y\n1,2\n", b"{" * 100_000, b" " * (run_file.MOST + 1)):
        with pytest.raises(FileError):
            parse(data)


places = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5)
    | st.sampled_from([*any_value, *FILE, "changes", "spiral", "table-" + "0" * 32]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def spots(value, way=()):
    """Every place in JSON: the way to it."""
    yield way
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from spots(inner, (*way, key))


def with_value(whole, way, value):
    if not way:
        return value
    changed = copy.deepcopy(whole)
    inner = changed
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return changed


def parsed_or_refused(data):
    """What the file says, or None where it is refused with a short sentence."""
    words = ""
    try:
        return parse(data)
    except UserError as error:
        words = str(error)
    assert 0 < len(words) < 250
    return None


@given(st.lists(st.tuples(st.sampled_from(list(spots(FILE))), places), min_size=1, max_size=3))
@hypothesis_settings(max_examples=600, deadline=None)
def test_any_other_value_in_any_place_is_a_file_or_a_sentence(mutations):
    whole = FILE
    for way, value in mutations:
        try:
            whole = with_value(whole, way, value)
        except (TypeError, KeyError, IndexError):
            continue  # another mutation took this place away
    file = parsed_or_refused(json.dumps(whole).encode())
    if file is None:
        return
    assert file.step >= max((nudge.step for nudge in file.journal), default=0)
    assert journal_of(journal_rows(file.journal)) == file.journal


@given(st.data())
@hypothesis_settings(max_examples=300, deadline=None)
def test_any_damaged_byte_is_a_file_or_a_sentence(data):
    raw = bytearray(dump(RUN, "a run"))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(raw)))
    file = parsed_or_refused(bytes(raw[:cut]))
    assert file is None or file.step <= MOST_STEPS


# made elsewhere

HERE = f"The saved run was replayed to step {RUN.step}"
OTHER = "numpy 2.2.0 openblas 0.3.20 Zen"


def test_a_file_names_what_it_was_made_on():
    assert FILE["machine"] == machine()
    assert opened().machine == machine()
    assert opened(machine=None).machine == ""


def test_a_file_that_agrees_says_no_more_wherever_it_was_made():
    same = f"{HERE}, and its fingerprint agrees: it is the same run, to the bit."
    for made_on in (machine(), OTHER, None):
        assert opened(machine=made_on).compared(RUN) == same


@pytest.mark.parametrize("changed", [{"fingerprint": "0" * 64}, {"fingerprint": None}])
def test_a_file_from_elsewhere_says_so_first(changed):
    said = opened(machine=OTHER, **changed).compared(RUN)
    assert said.startswith("This file was made on another kind of processor or with another numpy")
    assert said.index(OTHER) < said.index(machine()) < said.index("may differ in the last bits") < said.index(HERE)


@pytest.mark.parametrize("made_on", [machine(), None])
def test_a_file_from_here_or_of_unknown_origin_does_not(made_on):
    said = opened(machine=made_on, fingerprint="0" * 64).compared(RUN)
    assert said.startswith(f"{HERE}, but its fingerprint differs: the file was changed, or it ")
    assert ("rounds differently" in said) == (made_on is None)


@pytest.mark.parametrize("made_on", [7, ["numpy"], "x" * 201])
def test_a_machine_that_is_no_short_text_is_a_sentence(made_on):
    assert "machine cannot be" in sentence(machine=made_on)
