"""Tests of PANDA_NO_SKIPS=1: a test that would be skipped fails with its reason; what is expected to fail still may."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    "test_marked.py": "import pytest\n\n@pytest.mark.skip(reason='too wet')\ndef test_it():\n    pass\n",
    "test_within.py": "import pytest\n\ndef test_it():\n    pytest.skip('too cold')\n",
    "test_module.py": "import pytest\n\nno_such_module = pytest.importorskip('no_such_module')\n",
    "test_expected.py": "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n",
    "test_good.py": "def test_it():\n    pass\n",
}


@pytest.mark.parametrize(("no_skips", "counts"), [("", "1 passed, 3 skipped, 1 xfailed"), ("1", "1 passed")])
def test_what_is_skipped_fails_where_nothing_may_be(no_skips, counts, tmp_path):
    for name, text in TESTS.items() | {("conftest.py", (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))}:
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", "-p", "no:cacheprovider", tmp_path]
    environment = os.environ | {"PANDA_NO_SKIPS": no_skips}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == (1 if no_skips else 0), done.stdout
    assert counts in done.stdout
    for reason in ("too wet", "too cold", "could not import 'no_such_module'"):
        assert (
            f"{reason} (with PANDA_NO_SKIPS=1" in done.stdout.replace(": No module named 'no_such_module'", "")
        ) == (no_skips == "1")
