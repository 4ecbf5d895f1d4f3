"""Every run of the tests has a store of its own, which is gone afterwards; steps are compiled before the first test.

With PANDA_NO_SKIPS=1 in the environment, as in CI, a test that would be skipped fails, and says why it was skipped.
"""

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _failed_if_skipped((yield))  # a module that skips itself, as `pytest.importorskip` does


def _failed_if_skipped(report):
    """The report of a test or a module, as a failure where it was skipped and nothing may be."""
    if os.environ.get("PANDA_NO_SKIPS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        path, line, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: {reason} (with PANDA_NO_SKIPS=1 a skipped test fails)"
    return report
