"""Tests of the PyTorch script: it trains as the run did, as far as float32 allows. Training is skipped without torch.

The same network in float32 drifts apart where it is steep, whatever sums it; so random runs are compared in float64,
where an error of a sign or of one step would be seen all the same.
"""

import ast
import importlib.util
import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UserError
from core.export.numpy_script import numpy_script
from core.export.torch_forms import ACTIVATION_FORMS, STEP_FORMS
from core.export.torch_script import torch_script
from core.nn.activations import ACTIVATIONS, Activation
from core.nn.optimizers import OPTIMIZERS
from core.runs.run import Run
from core.settings.table import FIELDS, RunSpec, Settings

# Windows' Python does not start without this variable.
BARE = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
needs_torch = pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")


def losses(printed):
    """Step, loss of the train and of the dev set, as a script prints them."""
    return [float(number) for number in re.findall(r"^(?:step|\w+ +loss) ([^\s,]+)", printed, re.MULTILINE)]


def in_float64(text):
    """The script with all its arrays in float64."""
    text = text.replace("float32", "float64")
    text = text.replace('return arrays[f"{name}_X"]', 'return arrays[f"{name}_X"].astype(np.float64)')
    text = text.replace('(arrays[f"{name}_X"].T)', '(arrays[f"{name}_X"].T.astype(np.float64))')
    return text.replace("import torch\n", "import torch\n\ntorch.set_default_dtype(torch.float64)\n", 1)


CALM = Settings(learning_rate=0.02)
NUDGES = {
    "nothing": {},
    "optimizer": {"optimizer": "adam", "learning_rate": 0.005},
    "kept moments": {"optimizer": "rmsprop", "on_switch": "keep", "learning_rate": 0.002},
    "batch norm": {"batch_norm": False},
    "frozen": {"bn_learn": False},
    "decay": {"decay": "exponential", "decay_rate": 0.2},
    "stairs": {"decay": "staircase", "decay_rate": 0.5, "decay_every": 2},
    "mini-batch": {"batch_size": 33},
    "whole mini-batches": {"batch_size": 33, "drop_last": True},
    "all at once": {"batch_size": 50_000},
    "averages": {"beta1": 0.5, "beta2": 0.9, "bn_decay": 0.99, "bias_correction": False},
    "epsilons": {"epsilon": 1e-3, "bn_epsilon": 0.1},
    "dropout": {"dropout": 0.5},
}


@pytest.fixture(autouse=True)
def float32_again():
    """A script that was run in float64 leaves PyTorch's default type as it was."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)


@needs_torch
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_losses_agree_after_nudges_of_every_kind(optimizer, played):
    for name, changes in NUDGES.items():
        rate = 0.002 if "v" in OPTIMIZERS[optimizer].moments else 0.02
        run = Run(RunSpec(examples=300), Settings(optimizer=optimizer, learning_rate=rate))
        run.advance(60)
        run.nudge(**changes)
        run.advance(40)
        if name == "batch norm":
            run.nudge(batch_norm=True)
            run.advance(40)
        _, printed = played(torch_script(run))
        wanted = [run.step, run.evaluate("train").loss, run.evaluate("dev").loss]
        assert losses(printed) == pytest.approx(wanted, rel=1e-4), name


@needs_torch
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dataset", ["digits", "wine"])
def test_the_losses_agree_for_every_activation(activation, dataset, played):
    run = Run(RunSpec(dataset=dataset, hidden=(16, 8), activation=activation, initialization="xavier"), CALM)
    run.advance(150)
    _, printed = played(torch_script(run))
    assert losses(printed) == pytest.approx([150, run.evaluate("train").loss, run.evaluate("dev").loss], rel=1e-4)


@needs_torch
@pytest.mark.parametrize("batch_norm", [True, False])
def test_every_step_drops_the_same_units(batch_norm, tmp_path):
    run, path = Run(RunSpec(examples=300), replace(CALM, dropout=0.4, batch_norm=batch_norm)), tmp_path / "script.py"
    path.write_text(torch_script(run), encoding="utf-8")
    made = runpy.run_path(str(path), run_name="script")
    training = made["Training"](*made["examples"]("train"))
    for _ in range(50):
        run.advance(1)
        training.advance()
        for W, layer in zip(run.stack.network.theta.W[1:], training.network.layers, strict=True):
            np.testing.assert_allclose(layer.weight.detach().numpy(), W[0], rtol=1e-3, atol=1e-5)


@needs_torch
def test_random_runs_agree_in_float64(all_cases, played):
    for i, case in enumerate(all_cases[::4]):
        run = case.run()
        printed = [played(in_float64(make(run)))[1] for make in (numpy_script, torch_script)]
        assert losses(printed[1]) == pytest.approx(losses(printed[0]), rel=1e-4, abs=1e-7), i
        assert len(losses(printed[0])) == 3


@needs_torch
def test_it_runs_in_a_process_of_its_own(noted, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(torch_script(noted), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", path], cwd=tmp_path, env=BARE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = [noted.step, noted.evaluate("train").loss, noted.evaluate("dev").loss]
    assert losses(done.stdout) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_a_form(name):
    assert name in STEP_FORMS, f"the optimizer {name} has no PyTorch form: add it to STEP_FORMS in torch_forms.py"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_has_a_form(name):
    assert name in ACTIVATION_FORMS, (
        f"the activation {name} has no PyTorch form: add it to ACTIVATION_FORMS in torch_forms.py"
    )


def test_every_form_is_of_something_registered():
    assert set(STEP_FORMS) <= set(OPTIMIZERS)
    assert set(ACTIVATION_FORMS) <= set(ACTIVATIONS)


def test_what_has_no_form_is_a_sentence(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "cube", Activation("cube", ACTIVATIONS["tanh"].apply))
    monkeypatch.setitem(FIELDS["activation"].choices, "cube", "cube")
    with pytest.raises(UserError, match="no PyTorch form of cube yet: export the numpy script"):
        torch_script(Run(RunSpec(activation="cube")))


def test_a_script_is_in_good_style_and_what_a_person_wrote_is_never_code(noted):
    every = Run()
    for name in STEP_FORMS:
        every.nudge(optimizer=name)
    for run in (Run(), noted, every):
        text = torch_script(run)
        assert text.index("\nDATA = ") < 21_000  # 3,000 of them check what a person has edited
        modules = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        assert modules == {"__future__", "collections.abc", "functools", "itertools", "typing", "torch"}
        for arguments in (["format", "--check"], ["check", "--select", "E,F,W,B,I", "--ignore", "E741,B905"]):
            command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "120", "-"]
            done = subprocess.run(command, input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    comments = [line for line in torch_script(noted).splitlines() if re.search(r"raise SystemExit\(\d", line)]
    assert comments
    assert all(line.startswith("    # ") and line.isprintable() for line in comments)


@needs_torch
@pytest.mark.parametrize("rules", [1, 2])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_scale_and_shift_that_learn_late(optimizer, rules, played):
    run = Run(RunSpec(rules=rules), Settings(optimizer=optimizer, learning_rate=0.002, bn_learn=False))
    run.advance(100)
    run.nudge(bn_learn=True)
    run.advance(3)
    wanted = [run.step, run.evaluate("train").loss, run.evaluate("dev").loss]
    assert losses(played(torch_script(run))[1]) == pytest.approx(wanted, rel=1e-4)
