"""Tests of the start: who begins it, when the child is needed, and that numpy trains wherever something fails."""

import logging
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from core.data.datasets import load
from core.settings.table import RunSpec, Settings
from core.training import jit, jit_verify
from core.training.stack import Stack

PASSES = [sys.executable, "-c", ""]
CRASHES = [sys.executable, "-c", "import os; os.abort()"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder without a stamp; nothing is installed. The child is one that passes at once."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(Stack, "compiled", None)
    monkeypatch.setattr(jit_verify, "CHILD", PASSES)
    return tmp_path


def needs_compiler():
    if not find_spec("numba"):
        pytest.skip("numba is not installed")


def installed(caplog):
    """Whether a start installs the compiled step, and what is logged."""
    Stack.compiled = None
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        jit._install()
    return Stack.compiled is not None, [record.getMessage() for record in caplog.records]


def test_only_the_first_start_needs_the_child(cache, monkeypatch, caplog):
    needs_compiler()
    assert installed(caplog) == (True, [])
    assert (cache / jit_verify.STAMP).exists()
    monkeypatch.setattr(jit_verify, "CHILD", CRASHES)
    assert installed(caplog) == (True, [])
    monkeypatch.setattr(jit_verify, "version", lambda name: "9.9")  # other packages
    ready, (said,) = installed(caplog)
    assert not ready
    assert said.startswith("Training uses numpy only: verifying the compiled step crashed")
    assert not (cache / jit_verify.STAMP).exists()


def test_nothing_is_installed_or_remembered_where_the_child_fails(cache, monkeypatch, caplog):
    needs_compiler()
    monkeypatch.setattr(jit_verify, "CHILD", [sys.executable, "-c", "import sys; print('it differs.'); sys.exit(1)"])
    assert installed(caplog) == (False, ["Training uses numpy only: it differs."])
    assert list(cache.iterdir()) == []


def test_nothing_is_installed_or_remembered_where_this_process_finds_other_bits(cache, monkeypatch, caplog):
    needs_compiler()
    monkeypatch.setattr(jit, "differences", lambda trainer, cases: ["adam"])
    said = "Training uses numpy only: compiled steps differ from numpy's in this case: adam."
    assert installed(caplog) == (False, [said])
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_means_a_child_at_every_start(cache, monkeypatch, caplog):
    needs_compiler()
    (cache / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache / "file" / "cache"))
    for _ in range(2):
        ready, (said,) = installed(caplog)
        assert ready
        assert "cannot be written" in said
    monkeypatch.setattr(jit_verify, "CHILD", CRASHES)
    assert not installed(caplog)[0]


def test_without_numba_numpy_trains(cache, monkeypatch, caplog):
    monkeypatch.setattr(jit, "find_spec", lambda name: None)
    assert installed(caplog) == (False, ["Training uses numpy only: numba is not installed."])
    stack = Stack(RunSpec(hidden=(5, 4)), load("spiral", 3, 60, 0.2, 0, 0.25, True), Settings(batch_size=16), [0])
    losses = np.empty((20, 1), np.float32)
    assert stack.advance(20, losses) == 20
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError("Numba needs NumPy 2.5 or less.\nGot 2.6."), "Numba needs NumPy 2.5 or less."),
        (KeyError(), "KeyError"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(cache, monkeypatch, caplog, error, said):
    def fail():
        raise error

    monkeypatch.setattr(jit, "find_spec", lambda name: True)
    monkeypatch.setattr(jit, "fingerprint", fail)
    assert installed(caplog) == (False, [f"Training uses numpy only: {said}"])


# whole programs


def printed(program, seconds=300, **how):
    """What a program prints. It must end by itself, sooner than the 600 s that a child in it sleeps."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=jit_verify.ROOT, stdout=subprocess.PIPE, text=True, timeout=seconds, **how
    )
    assert done.returncode == 0
    return done.stdout.split()


def test_a_run_and_a_search_do_not_load_the_compiler():
    program = """
import sys
from core.runs.run import Run
from core.search.search import Plan, Search
from core.search.space import Range, Space
from core.settings.table import RunSpec, Settings
Run().advance(5)
searched = Space(RunSpec(), Settings(), (Range("learning_rate", 0.01, 0.1),))
Search(Plan(searched, "random", 2, 20)).advance(bool)
print("numba" in sys.modules, "core.training.jit" in sys.modules)
"""
    assert printed(program) == ["False", "False"]


def test_the_server_begins_it(tmp_path):
    program = f"""
import asyncio, os, sys
os.environ["PANDA_DB"] = {str(tmp_path / "panda.db")!r}
import app
from core.training import jit
print(jit._thread)
async def serve():
    async with app.lifespan(app.app):
        print(jit._thread.is_alive(), "numba" in sys.modules)
asyncio.run(serve())
"""
    assert printed(program) == ["None", "True", "False"]


def test_a_program_that_ends_does_not_wait_for_the_child(tmp_path):
    needs_compiler()
    program = f"""
import os, pathlib, sys, time
os.environ["NUMBA_CACHE_DIR"] = {str(tmp_path)!r}
from core.training import jit, jit_verify
sleeps = "import pathlib, time; pathlib.Path({str(tmp_path / "on")!r}).touch(); time.sleep(600)"
jit_verify.CHILD = [sys.executable, "-c", sleeps]
jit.begin()
while not pathlib.Path({str(tmp_path / "on")!r}).exists():
    time.sleep(0.01)
"""
    assert printed(program, stderr=subprocess.STDOUT) == []


def test_the_real_child_the_first_time_and_none_the_second(tmp_path):
    """Compiled and verified in full, in an empty folder."""
    needs_compiler()
    program = f"""
import os
os.environ["NUMBA_CACHE_DIR"] = {str(tmp_path)!r}
from core.training import jit, jit_verify
child, started = jit_verify.verify_in_child, []
jit.verify_in_child = lambda folder: started.append(child(folder))
print(jit.wait(), len(started))
"""
    assert printed(program, 900, stderr=subprocess.STDOUT) == ["True", "1"]
    assert printed(program, 900, stderr=subprocess.STDOUT) == ["True", "0"]
