"""Tests of the verification: its list of cases finds every mistake, and no child that fails harms the server."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.settings.table import FIELDS, Settings
from core.training import jit_checks, jit_verify
from core.training.jit_checks import cases, differences
from core.training.jit_trainer import StackArguments, Trainer, usual_threads
from core.training.stack import PER_MEMBER

RIGHT = StackArguments._settings
NOT_IN_THE_KERNEL = ("decay_rate", "decay_every", "on_switch")  # they make alpha, or say what a nudge does

# What the kernel could have got wrong, as settings that it takes for the right ones.
WRONG = {
    "activation": lambda told: {"activation": (told.activation + 1) % len(ACTIVATIONS)},
    "batch_norm": lambda told: {"batch_norm": False},
    "optimizer": lambda told: {"optimizer": (told.optimizer + 1) % len(OPTIMIZERS)},
    "keeps_m": lambda told: {"keeps_m": False},
    "keeps_v": lambda told: {"keeps_v": False},
    "bias_correction": lambda told: {"bias_correction": True},
    "bias_correction of m alone": lambda told: {"bias_correction": told.bias_correction or not told.keeps_v},
    "bias_correction of v alone": lambda told: {"bias_correction": told.bias_correction or not told.keeps_m},
    "bias_correction never": lambda told: {"bias_correction": False},
    "counts_norms": lambda told: {"counts_norms": not told.counts_norms},
    "first": lambda told: {"first": told.first + 1},
    "last": lambda told: {"last": told.last - 1},
}


def reversed_members(name):
    """The members' values of one setting, in the wrong order."""
    return lambda told: {name: getattr(told, name)[::-1].copy()}


WRONG |= {name: reversed_members(name) for name in PER_MEMBER if name not in ("learning_rate", *NOT_IN_THE_KERNEL)}


def kernel():
    if "core.training.jit_kernel" not in sys.modules:
        pytest.skip("numba is not installed")
    return sys.modules["core.training.jit_kernel"]


# the cases


def test_the_compiled_step_passes():
    assert differences(Trainer(kernel(), usual_threads()), cases(kernel())) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_every_wrong_setting_is_noticed(monkeypatch, wrong):
    def settings(self, stack):
        told = RIGHT(self, stack)
        return told._replace(**WRONG[wrong](told))

    monkeypatch.setattr(StackArguments, "_settings", settings)
    trainer = Trainer(kernel(), 1)
    assert any(differences(trainer, [case]) for case in cases(kernel()))


def test_there_is_a_wrong_value_for_each_setting_of_the_kernel():
    assert {name.split()[0] for name in WRONG} == {*kernel().KernelSettings._fields} - {"alpha"}  # made in every epoch


@pytest.mark.parametrize("part", ["rows", "losses"])
def test_one_bit_is_noticed(part):
    class Rounded(Trainer):
        def advance(self, stack, steps, losses):
            done = super().advance(stack, steps, losses)
            changed = losses[-1] if part == "losses" else stack.state.theta
            changed[:1] = np.nextafter(changed[:1], np.float32(9))
            return done

    (case,) = [case for case in cases(kernel()) if case.name == "one order of the examples"]
    assert differences(Rounded(kernel(), 1), [case]) == ["one order of the examples"]


def test_the_cases_are_all_that_can_be_chosen():
    listed = list(cases(kernel()))
    combined = {(c.settings[0].optimizer, c.spec.activation, c.settings[0].bias_correction) for c in listed}
    assert combined == set(product(OPTIMIZERS, ACTIVATIONS, (True, False)))
    shapes = {(c.data.n_x, n, c.settings[0].batch_size) for c in listed for n in c.spec.hidden}
    assert set(product((2, 784), (1, 256), (1, 64))) <= shapes
    assert len({c.name for c in listed}) == len(listed)


@pytest.mark.parametrize("name", ["beta2", "bn_learn", "optimizer"])
def test_a_field_that_can_be_off_gets_cases(monkeypatch, name):
    field = replace(FIELDS[name], off=getattr(Settings(), name), label="new")
    monkeypatch.setattr(jit_checks, "FIELDS", (field,))
    found = [case for case in cases(kernel()) if case.name.startswith("new, ")]
    assert {(len(c.seeds), c.spec.hidden[0], c.settings[0].batch_norm) for c in found} == {
        *product((3, 1), (5, 64), (True, False))
    }
    for case in found:
        values = [getattr(settings, name) for settings in case.settings]
        assert values[-1] != field.off
        assert values[0] == field.off or len(values) == 1 or not field.per_member
    assert differences(Trainer(kernel(), 1), found) == []


# the stamp


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the sources."""
    for name in ("nn", "training"):
        shutil.copytree(jit_verify.ROOT / "core" / name, tmp_path / "core" / name)
    monkeypatch.setattr(jit_verify, "ROOT", tmp_path)
    monkeypatch.setattr(jit_verify, "KERNEL", tmp_path / "core" / "training" / "jit_kernel.py")
    return tmp_path


@pytest.mark.parametrize("source", ["nn/optimizers.py", "nn/network.py", "training/stack.py", "training/jit_kernel.py"])
def test_a_changed_source_has_another_fingerprint(tree, source):
    kernel()
    first = jit_verify.fingerprint()
    assert jit_verify.fingerprint() == first
    path = tree / "core" / source
    path.write_text(path.read_text(encoding="utf-8") + "#", encoding="utf-8")
    assert jit_verify.fingerprint() != first


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(jit_verify.sys, "version", "3.99"),
        lambda patch: patch.setattr(jit_verify, "version", lambda name: "9" if name == "numpy" else "1"),
        lambda patch: patch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "z80"),
        lambda patch: patch.setattr(jit_verify, "threadpool_info", lambda: [{"user_api": "blas", "architecture": "Z"}]),
        lambda patch: patch.setenv("NUMBA_OPT", "1"),
    ],
    ids=["python", "package", "processor", "blas", "option"],
)
def test_another_machine_has_another_fingerprint(monkeypatch, change):
    kernel()
    first = jit_verify.fingerprint()
    change(monkeypatch)
    assert jit_verify.fingerprint() != first


def test_a_stamp_counts_for_its_fingerprint_and_while_the_step_is_in_the_cache(tmp_path):
    cached = tmp_path / "numba"
    cached.mkdir()
    assert not jit_verify.is_verified(tmp_path, "a")
    jit_verify.remember(tmp_path, "a", str(cached))
    assert not jit_verify.is_verified(tmp_path, "a")
    (cached / "jit_kernel.train-424.py311.1.nbc").touch()
    assert jit_verify.is_verified(tmp_path, "a")
    assert not jit_verify.is_verified(tmp_path, "b")
    (tmp_path / jit_verify.STAMP).write_bytes(b"\xff")
    assert not jit_verify.is_verified(tmp_path, "a")


# the child


def ends(monkeypatch, program):
    """What is said of a child that runs this program."""
    monkeypatch.setattr(jit_verify, "CHILD", [sys.executable, "-c", program])
    with pytest.raises(RuntimeError) as caught:
        jit_verify.verify_in_child(Path("nowhere"))
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_a_crash_is_named(monkeypatch):
    assert ends(monkeypatch, "import os; os.abort()") == "verifying the compiled step crashed (SIGABRT)."
    program = "import ctypes; ctypes.string_at(8)"
    assert ends(monkeypatch, program) == "verifying the compiled step crashed (SIGSEGV)."


def test_the_childs_own_words_are_the_reason(monkeypatch):
    assert ends(monkeypatch, "import sys; print('1\\nit differs.'); sys.exit(1)") == "it differs."
    assert ends(monkeypatch, "import sys; sys.exit(3)") == "verifying the compiled step ended with exit code 3."


def test_a_child_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(jit_verify, "MOST_SECONDS", 1)
    assert ends(monkeypatch, "import time; time.sleep(600)") == "verifying the compiled step took more than 1 seconds."


def test_processor_time_is_limited(monkeypatch):
    pytest.importorskip("resource")
    monkeypatch.setattr(jit_verify, "MOST_PROCESSOR_SECONDS", 3)
    program = "from core.training import jit_verify as v\nv.MOST_PROCESSOR_SECONDS = 3\nv._give_way()\nwhile True: pass"
    assert ends(monkeypatch, program) == "verifying the compiled step took more than 3 processor seconds."


def test_the_child_ends_with_1_where_a_case_differs():
    kernel()
    program = """
import sys
from core.training import jit_verify
from core.training.jit_trainer import StackArguments
right = StackArguments._settings
StackArguments._settings = lambda self, stack: right(self, stack)._replace(bias_correction=True)
from core.training import jit_kernel
jit_kernel.train.recompile = lambda: None
sys.exit(jit_verify.main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=jit_verify.ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"differ from numpy's in \d+ of the cases, first in this: momentum and relu, batch", done.stdout)


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    named = str(tmp_path / "file" / "cache")
    monkeypatch.setenv("NUMBA_CACHE_DIR", named)
    with jit_verify.cache_folder() as folder:
        assert jit_verify.os.environ["NUMBA_CACHE_DIR"] == str(folder)
        (folder / "x").touch()
    assert not folder.exists()
    assert jit_verify.os.environ["NUMBA_CACHE_DIR"] == named
    (record,) = caplog.records
    assert record.getMessage() == f"{named} cannot be written: steps are compiled and verified again at every start."
