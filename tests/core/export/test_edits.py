"""Tests of scripts that a person edits: with any other choice they train as a run with that choice does, and what does
not exist is one sentence with the names that do."""

import importlib.util
import json
import re
import subprocess
import sys
from itertools import cycle, product

import numpy as np
import pytest

from core.export.numpy_script import numpy_script
from core.export.script import literal
from core.export.torch_script import torch_script
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.run import Run
from core.settings.table import FIELDS, SETTINGS, RunSpec, Settings

needs_torch = pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
SMALL = {"examples": 100, "hidden": (6, 5)}
STEPS = 12  # four epochs of three mini-batches
CALM = {"learning_rate": 0.01, "batch_size": 32, "decay_rate": 0.2, "decay_every": 2}
ASIDE = (
    {"batch_norm": False},
    {"batch_norm": True, "bn_learn": False},
    {"clip_norm": 0.1},
    {"weight_decay": 0.1},
    {"dropout": 0.3},
    {"batch_norm": False, "clip_norm": 0.1, "weight_decay": 0.1, "dropout": 0.3, "drop_last": True},
    {"bias_correction": False, "on_switch": "keep"},
)
PAIRS = [
    (optimizer, schedule, activation, initialization, aside)
    for (optimizer, schedule), activation, initialization, aside in zip(
        product(OPTIMIZERS, SCHEDULES), cycle(ACTIVATIONS), cycle(INITIALIZERS), cycle(ASIDE), strict=False
    )
]


def edited(text, **changes):
    """The script with other values of SETTINGS and of names such as STEPS, each changed in its line."""
    for name, value in changes.items():
        row = rf'^    "{name}": .*,$', f'    "{name}": {literal(value)},'
        whole = rf"^{name} = [^{{\[\n]*?(?=  #|$)", f"{name} = {literal(value)}"
        text, count = re.subn(*(whole if name.isupper() else row), text, count=1, flags=re.MULTILINE)
        assert count == 1, name
    return text


def with_nudges(text, nudges):
    """The script with other nudges, as a person writes them."""
    text, count = re.subn(r"^NUDGES = \[\]", f"NUDGES = {nudges!r}", text, flags=re.MULTILINE)
    assert count == 1
    return text


def losses(printed):
    """Step, loss of the train and of the dev set, as a script prints them."""
    return [float(number) for number in re.findall(r"^(?:step|\w+ +loss) ([^\s,]+)", printed, re.MULTILINE)]


def exported(make):
    """Scripts of two runs that differ in all that can be edited."""
    other = Settings(optimizer="rmsprop", decay="cosine", batch_norm=False, clip_norm=1.0, dropout=0.2)
    spec = RunSpec(**SMALL, activation="sigmoid", initialization="small")
    return make(Run(RunSpec(**SMALL))), make(Run(spec, other))


def pair_runs():
    """Each pair of optimizer and schedule: what to edit, and a run that has it from the start."""
    for optimizer, decay, activation, initialization, aside in PAIRS:
        chosen = vars(Settings()) | CALM | {"optimizer": optimizer, "decay": decay} | aside
        run = Run(RunSpec(**SMALL, activation=activation, initialization=initialization), Settings(**chosen))
        run.advance(STEPS)
        yield {"STEPS": STEPS, "ACTIVATION": activation, "INITIALIZATION": initialization, **chosen}, run


def test_an_edited_numpy_script_has_the_bits_of_a_run_with_these_settings(played):
    texts = exported(numpy_script)
    for changes, run in pair_runs():
        for text in texts:
            training, printed = played(edited(text, **changes))
            np.testing.assert_array_equal(training.network.theta.buffer, run.stack.state.theta, str(changes))
            assert losses(printed)[0] == STEPS


@needs_torch
def test_an_edited_torch_script_trains_as_a_run_with_these_settings(played):
    texts = exported(torch_script)
    for changes, run in pair_runs():
        for text in texts:
            _, printed = played(edited(text, **changes))
            wanted = [STEPS, run.evaluate("train").loss, run.evaluate("dev").loss]
            assert losses(printed) == pytest.approx(wanted, rel=1e-4), changes


def test_the_pairs_are_all_and_have_one_of_everything():
    assert {pair[:2] for pair in PAIRS} == set(product(OPTIMIZERS, SCHEDULES))
    assert {pair[2] for pair in PAIRS} == set(ACTIVATIONS)
    assert {pair[3] for pair in PAIRS} == set(INITIALIZERS)
    for optimizer in OPTIMIZERS:
        assert len([aside for name, *_, aside in PAIRS if name == optimizer]) == len(ASIDE) == len(SCHEDULES)


NEW_NUDGES = [
    (9, {"optimizer": "adam", "on_switch": "keep"}),
    (3, {"optimizer": "rmsprop", "decay": "warmup", "batch_norm": False}),
    (6, {"decay": "staircase", "batch_norm": True, "dropout": 0.2, "clip_norm": 0.5}),
    (50, {"learning_rate": 5.0}),
]


def nudged():
    """A run with the nudges that come before `STEPS`, in their order."""
    run = Run(RunSpec(**SMALL))
    for step, changes in sorted(NEW_NUDGES, key=lambda nudge: nudge[0])[:-1]:
        run.advance(step - run.step)
        run.nudge(**changes)
    run.advance(STEPS - run.step)
    return run


def test_nudges_to_anything_in_any_order_and_steps_before_the_last(played):
    text = with_nudges(edited(numpy_script(Run(RunSpec(**SMALL))), STEPS=STEPS), NEW_NUDGES)
    training, _ = played(text)
    assert training.state.step == STEPS
    np.testing.assert_array_equal(training.network.theta.buffer, nudged().stack.state.theta)


@needs_torch
def test_nudges_to_anything_in_pytorch(played):
    text = with_nudges(edited(torch_script(Run(RunSpec(**SMALL))), STEPS=STEPS), NEW_NUDGES)
    run = nudged()
    wanted = [STEPS, run.evaluate("train").loss, run.evaluate("dev").loss]
    assert losses(played(text)[1]) == pytest.approx(wanted, rel=1e-4)


WRONG = {
    **{name: ("adamw", list(FIELDS[name].choices)) for name in ("optimizer", "decay", "on_switch")},
    "ACTIVATION": ("gelu", list(ACTIVATIONS)),
    "INITIALIZATION": ("xaver", list(INITIALIZERS)),
    "batch_norm": ("off", ["True", "False"]),
    "learning_rate": ("0.1", ["a number from 1e-06 to 10.0"]),
    "batch_size": (0, ["a whole number from 1 to 50000"]),
    "beta1": (1.0, ["a number from 0.0 to 0.9999"]),
    "dropout": (1, ["a number from 0.0 to 0.9"]),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("make", [numpy_script, pytest.param(torch_script, marks=needs_torch)])
def test_what_does_not_exist_is_a_sentence_with_what_does(make, name, played):
    value, words = WRONG[name]
    with pytest.raises(SystemExit) as stopped:
        played(edited(make(Run(RunSpec(**SMALL))), **{name: value}))
    said = str(stopped.value)
    assert said.startswith(f"{name} cannot be {value!r}: it takes ")
    assert said.endswith(f"{', '.join(words)}.")


@pytest.mark.parametrize("make", [numpy_script, pytest.param(torch_script, marks=needs_torch)])
def test_nudges_and_names_of_settings_are_checked_too(make, played):
    text = make(Run(RunSpec(**SMALL)))
    for wrong, words in (
        (with_nudges(text, [(5, {"decay": "linear"})]), "decay cannot be 'linear': it takes one of none, inverse, "),
        (with_nudges(text, [(5, {"optimiser": "adam"})]), "A setting's name cannot be 'optimiser': it takes one of "),
        (text.replace('    "optimizer": "momentum",\n', ""), "SETTINGS has no optimizer: it takes optimizer, "),
    ):
        with pytest.raises(SystemExit, match=words) as stopped:
            played(wrong)
        assert str(stopped.value).endswith(".")
    names = re.search("takes one of (.*)[.]$", said_of(with_nudges(text, [(5, {"x": 1})]), played)).group(1)
    assert sorted(names.split(", ")) == sorted(field.name for field in SETTINGS)


WHOLE = f"it takes a whole number from 0 to {2**31}."
PAIRS_ONLY = "NUDGES takes a list of (step, {name: value})."


@pytest.mark.parametrize("make", [numpy_script, pytest.param(torch_script, marks=needs_torch)])
def test_steps_seed_and_the_form_of_nudges_are_checked(make, played):
    text = make(Run(RunSpec(**SMALL)))
    for name in ("STEPS", "SEED"):
        for value in (-1, 2.5, "10", True, None):
            assert said_of(edited(text, **{name: value}), played) == f"{name} cannot be {value!r}: {WHOLE}"
    for nudges, said in (
        ({3: {"dropout": 0.1}}, PAIRS_ONLY),
        (None, PAIRS_ONLY),
        ((5, {}), PAIRS_ONLY),
        ([5], PAIRS_ONLY),
        ([(5, {}, 1)], PAIRS_ONLY),
        ([(5, "dropout")], PAIRS_ONLY),
        ([(-5, {"dropout": 0.1})], f"A nudge's step cannot be -5: {WHOLE}"),
        ([("5", {"dropout": 0.1})], f"A nudge's step cannot be '5': {WHOLE}"),
    ):
        assert said_of(with_nudges(text, nudges), played) == said


def said_of(text, played):
    with pytest.raises(SystemExit) as stopped:
        played(text)
    return str(stopped.value)


def test_the_sentence_is_all_that_is_printed(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(edited(numpy_script(Run(RunSpec(**SMALL))), optimizer="adamw"), encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    names = ", ".join(OPTIMIZERS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"optimizer cannot be 'adamw': it takes one of {names}.\n"


@pytest.mark.parametrize("make", [numpy_script, torch_script])
def test_the_ranges_are_those_of_the_table_of_settings(make):
    """So that what a script refuses, Panda refuses too."""
    text = make(Run())
    ranges = re.search(r"^RANGES = \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL).group(1)
    rows = dict(re.findall(r'"(\w+)": \((.*?)\),\n', ranges))
    numbers = [field for field in SETTINGS if not field.choices and field.scale != "switch"]
    assert {name: json.loads(f"[{row}]") for name, row in rows.items()} == {f.name: [f.low, f.high] for f in numbers}
