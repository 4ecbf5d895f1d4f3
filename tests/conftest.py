"""Every run of the tests has a store of its own, which is gone afterwards; steps are compiled before the first test."""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.training import jit

_folder = tempfile.TemporaryDirectory(prefix="panda-tests-", ignore_cleanup_errors=True)
os.environ["PANDA_DB"] = str(Path(_folder.name) / "panda.db")


@pytest.fixture(scope="session", autouse=True)
def ready():
    """Without numba, which has no wheel on some machines, numpy trains; with it, nothing may keep it from compiling."""
    assert jit.wait() == bool(find_spec("numba"))
