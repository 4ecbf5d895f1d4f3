"""A server that cannot have the store's file says why in one line, and ends with an exit code."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.live_process import free_port
from core.store import Store

ROOT = Path(__file__).parents[2]
FAILED_START = 3  # uvicorn's exit code


def command(kind, *more):
    port = str(free_port())
    if kind == "uvicorn":
        return [sys.executable, "-m", "uvicorn", "app:app", "--port", port, *more]
    here = ["--server.port", port, "--server.address", "127.0.0.1", "--server.headless", "true"]
    return [sys.executable, "-m", "streamlit", "run", "app.py", *here, *more]


def ended(named, kind, *more):
    """Exit code and output of a server that ends by itself."""
    env = os.environ | {"PANDA_DB": str(named)}
    done = subprocess.run(
        command(kind, *more), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", ["uvicorn", "streamlit"])
def test_a_second_server_is_refused_and_leaves_the_file_to_the_first(tmp_path, kind):
    store = Store(tmp_path / "panda.db")
    code, said = ended(store.path, kind)
    assert code == FAILED_START
    assert said.count(f"Another Panda (process {os.getpid()}) uses {store.path}") == 1
    store.write(lambda db: None).result(5)
    store.close()


def test_of_two_workers_one_is_refused_and_all_end(tmp_path):
    start = time.monotonic()
    _, said = ended(tmp_path / "panda.db", "uvicorn", "--workers", "2")
    assert len(re.findall("Another Panda.* start one server without --workers", said)) == 1
    assert "stopping the parent process" in said
    assert time.monotonic() - start < 60
    Store(tmp_path / "panda.db").close()


@pytest.mark.parametrize("named", [":memory:", "file:panda.db?mode=memory", "/nowhere/panda.db", "/dev/null"])
def test_what_cannot_be_a_store_is_refused_in_one_line(named):
    code, said = ended(named, "uvicorn")
    assert code == FAILED_START
    assert len([line for line in said.splitlines() if named in line]) == 1
