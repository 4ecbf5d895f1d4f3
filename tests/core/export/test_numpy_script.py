"""Tests of the numpy script: run on its own, it gives the very bits of the run that it was made from."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import fields

import numpy as np
from numpy import multiply, subtract

from core.data.registry import DATASETS
from core.export.numpy_script import numpy_script
from core.nn.activations import ACTIVATIONS, Activation
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS, Optimizer, _average
from core.nn.schedules import SCHEDULES
from core.runs.run import Run
from core.settings.table import FIELDS, RunSpec, Settings
from core.training.state import NORM_WEIGHTS

# Windows' Python does not start without this variable.
BARE = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
LAST = {
    "beta1": (0.5,),
    "bn_decay": (0.5,),
    "beta2": (0.9,),
    "epsilon": (1e-5,),
    "decay": ("sqrt",),
    "on_switch": ("keep",),
}
# Characters without data: 44,000 of the engine and the loop with one choice of each kind, 7,000 of all the other
# optimizers, schedules, activations and initializations, and 3,000 that check what a person has edited.
MOST = 54_000
ALONE = """
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
strangers = {name.split(".")[0] for name in sys.modules} & {"core", "sklearn", "scipy", "plotly", "streamlit", "pages"}
assert not strangers, strangers
"""


def printed(run):
    """What a script of this run has to print."""
    lines = [f"step {run.step}"]
    for name in ("train", "dev"):
        scores = run.evaluate(name)
        lines.append(f"{name:5} loss {scores.loss:.8g}, accuracy {scores.accuracy:.2%}")
    return "\n".join(lines) + "\n"


def assert_same_bits(run, training):
    state, network = run.stack.state, training.network
    arrays = [(network.theta.buffer, state.theta), (training.state.m, state.m), (training.state.v, state.v)]
    for ours, theirs in [*arrays, (network.running, state.running)]:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    for name in ("step", "epoch", "cursor", "decay_from", "weight1", "weight2", "weight_bn", *NORM_WEIGHTS):
        assert getattr(training.state, name) == getattr(state, name), name
    for name in ("train", "dev"):
        np.testing.assert_array_equal(training.predict(getattr(run.data, name).X), run.outputs(name))


def alone(folder, *texts):
    """What scripts print in a fresh process, in an empty folder of its own."""
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"script{i}.py")
        paths[-1].write_text(text, encoding="utf-8")
    empty = folder / "empty"
    empty.mkdir()
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, *map(str, paths)]
    done = subprocess.run(command, cwd=empty, env=BARE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [*empty.iterdir()]
    return done.stdout


def test_the_cases_have_one_of_everything(all_cases):
    made = all_cases
    seen = {name: {getattr(case.spec, name) for case in made} for name in ("dataset", "activation", "initialization")}
    assert seen["activation"] == set(ACTIVATIONS)
    assert seen["initialization"] == set(INITIALIZERS)
    assert seen["dataset"] > set(DATASETS)
    changes = [{**vars(case.start)} for case in made] + [changes for case in made for _, changes in case.plan]
    for name, registry in (("optimizer", OPTIMIZERS), ("decay", SCHEDULES), ("batch_norm", (True, False))):
        assert {chosen[name] for chosen in changes if name in chosen} == set(registry)
    nudged = set().union(*(changes for case in made for _, changes in case.plan))
    assert nudged == {field.name for field in fields(Settings)}
    values = [[case.start.batch_norm, *(c["batch_norm"] for _, c in case.plan if "batch_norm" in c)] for case in made]
    assert {(True, False), (False, True)} <= {pair for each in values for pair in zip(each, each[1:], strict=False)}


def test_every_bit_is_the_same(case, played):
    run = case.run()
    training, output = played(numpy_script(run))
    assert_same_bits(run, training)
    assert output == printed(run)


def test_a_long_run_in_a_process_of_its_own(tmp_path):
    spiral = Run()
    for changes in ({"learning_rate": 0.02}, {"optimizer": "adam", "decay": "inverse"}, {"batch_norm": False}):
        spiral.advance(500)
        spiral.nudge(**changes)
    spiral.advance(500)
    digits = Run(RunSpec(dataset="digits", hidden=(64, 32)))
    digits.advance(300)
    assert spiral.step == 2000
    assert alone(tmp_path, numpy_script(spiral), numpy_script(digits)) == printed(spiral) + printed(digits)


def test_what_a_person_wrote_is_never_code(noted, tmp_path, played):
    text = numpy_script(noted)
    assert alone(tmp_path, text) == printed(noted)
    training, _ = played(text)
    assert_same_bits(noted, training)
    comments = [line for line in text.splitlines() if re.search(r"raise SystemExit\(\d", line)]
    assert comments
    assert all(line.startswith("    # ") and line.isprintable() for line in comments)
    assert "<img" not in text


def test_a_drag_keeps_all_its_values(noted):
    assert '(7, {"learning_rate": 0.05}),\n    (14, {"learning_rate": 0.02}),' in numpy_script(noted)


def test_a_run_that_broke(played):
    run = Run(
        RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu"),
        Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0),
    )
    run.advance(200)
    assert run.trouble
    training, output = played(numpy_script(run))
    assert training.state.step == run.step < 200
    assert output == printed(run)


def nesterov(theta, g, m, v, tmp, r):
    """theta -= alpha (beta1 m + (1 - beta1) g): momentum that looks ahead."""
    _average(m, g, tmp, r.one_minus_beta1)
    _average(m, g, tmp, r.one_minus_beta1 * HALF)
    multiply(m, r.alpha, tmp)
    subtract(theta, tmp, theta)


HALF = 0.5  # a constant that comes along


def cube(Z, slope):
    """z^3."""
    np.multiply(Z, Z, out=slope)
    np.multiply(Z, slope, out=Z)
    np.multiply(slope, 3, out=slope)


def test_a_new_optimizer_and_activation_are_exported_unedited(monkeypatch, played):
    monkeypatch.setitem(OPTIMIZERS, "nesterov", Optimizer("Nesterov", nesterov, ("m",)))
    monkeypatch.setitem(ACTIVATIONS, "cube", Activation("cube", cube))
    monkeypatch.setitem(FIELDS["optimizer"].choices, "nesterov", "Nesterov")
    monkeypatch.setitem(FIELDS["activation"].choices, "cube", "cube")
    run = Run(RunSpec(activation="cube", examples=100), Settings(learning_rate=0.01))
    run.advance(20)
    run.nudge(optimizer="nesterov")
    run.advance(20)
    assert not run.trouble
    text = numpy_script(run)
    training, output = played(text)
    assert_same_bits(run, training)
    assert output == printed(run)
    assert "HALF = 0.5  # a constant that comes along" in text


def test_the_script_has_every_choice_and_of_the_engine_what_it_needs():
    text = numpy_script(Run())
    rows = [*ACTIVATIONS.values(), *INITIALIZERS.values(), *OPTIMIZERS.values(), *SCHEDULES.values()]
    functions = [getattr(row, field.name) for row in rows for field in fields(row)]
    for function in filter(callable, functions):
        assert isinstance(function, type) or f"def {function.__name__}(" in text
    assert "class Stack" not in text
    assert "def evaluate" not in text


def test_a_script_is_short_and_in_good_style(noted):
    many = Run(RunSpec(dataset="iris", hidden=(4,)))
    many.nudge(**{name: choices[-1] for name, choices in LAST.items()})
    for run in (Run(), noted, many):
        text = numpy_script(run)
        assert text.index("\nDATA = ") < MOST
        tree = ast.parse(text)
        roots = {
            alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        roots |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert roots <= {"numpy", *sys.stdlib_module_names}
        for command in (["format", "--check"], ["check", "--select", "E,F,W"]):
            ruff = [
                sys.executable,
                "-m",
                "ruff",
                *command,
                "--isolated",
                "--line-length",
                "120",
                "--ignore",
                "E741,E402",
            ]
            ruff = ruff if command[0] == "check" else ruff[:-2]
            done = subprocess.run([*ruff, "-"], input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
