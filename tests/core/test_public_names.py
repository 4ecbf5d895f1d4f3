"""`from core import ...`: the public names, loaded only when they are asked for; and the README's example."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

ROOT = Path(__file__).resolve().parents[2]
LOADED = "import sys\nimport core\nprint(*(name for name in sys.modules if name.split('.')[0] in ('core', 'numpy')))"


def printed(source):
    """What a new Python prints that runs `source` in the project's folder."""
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_core_loads_nothing_else():
    assert printed(LOADED).split() == ["core"]


def test_the_public_names_are_the_classes_themselves():
    assert {name: getattr(core, name) for name in core.__all__} == {
        "Run": Run,
        "RunSpec": RunSpec,
        "Settings": Settings,
    }


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'core' has no attribute 'Nothing'"):
        _ = core.Nothing


def test_the_example_of_the_readme_trains_a_run():
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
    assert "from core import Run, RunSpec, Settings" in example
    out = printed(example)
    assert "learning_rate" in out  # the journal
    assert float(re.search(r"loss=([\d.]+)", out).group(1)) < 0.2
