"""Tests of taking source apart: a definition comes with all that it needs, in an order that runs, as it is written."""

import ast
import builtins
import importlib
import inspect
import re

import pytest

from core.export import source
from core.export.training import Training, train
from core.nn.batch_norm import BatchNorm
from core.nn.network import Network, Parameters, network
from core.nn.optimizers import OPTIMIZERS, adam
from core.nn.schedules import SCHEDULES
from core.training.state import State


def test_a_function_comes_with_what_it_uses_and_no_more():
    found = source.parts([adam])
    assert list(found.definitions) == ["Array", "Rates", "adam", "_average", "_average_squares", "_root"]
    assert "from numpy import subtract" in found.imports
    assert "from typing import NamedTuple" in found.imports
    assert not any("core" in line for line in found.imports)


def test_it_is_what_is_written(monkeypatch):
    text = source.parts([BatchNorm]).definitions["BatchNorm"]
    assert text.startswith('class BatchNorm:\n    """Batch norm of one layer')
    assert "  # Z @ shares is the mean over the mini-batch\n" in text
    assert source.parts([Network]).definitions["Network"].startswith("@dataclass\nclass Network:")


@pytest.mark.parametrize("function", [adam, train, Network, SCHEDULES["staircase"].factor])
def test_nothing_is_used_before_it_is_there(function):
    """Names at the top of a class or a module, decorators and bases are needed at once; in functions they may wait."""
    found = source.parts([function])
    known = set(dir(builtins)) | {line.split(" ")[-1] for line in found.imports}
    for name, text in found.definitions.items():
        (node,) = ast.parse(text).body
        at_once = [*getattr(node, "decorator_list", []), *getattr(node, "bases", [])]
        at_once += [node.value] if isinstance(node, ast.Assign) else []
        for used in (each for root in at_once for each in ast.walk(root)):
            assert not isinstance(used, ast.Name) or used.id in known, f"{name} needs {used.id}"
        known.add(name)


def test_sections_and_blank_lines():
    texts = {"A": "A = 1", "B": "B = 2", "f": "def f():\n    pass", "C": "C = 3"}
    text = source.Parts({"core.nn.a": texts, "core.nn.b": {"g": "def g():\n    pass"}}).text
    first = "# core/nn/a.py\n\nA = 1\nB = 2\n\n\ndef f():\n    pass\n\n\nC = 3"
    assert text == first + "\n\n\n# core/nn/b.py\n\n\ndef g():\n    pass"


def test_modules_come_after_those_that_they_import_and_definitions_in_their_order():
    modules = source.parts([train]).modules
    names = list(modules)
    assert names.index("core.nn.batch_norm") < names.index("core.nn.network") < names.index("core.export.training")
    for module, texts in modules.items():
        whole = inspect.getsource(importlib.import_module(module))
        places = [whole.index(text.splitlines()[0]) for text in texts.values()]
        assert places == sorted(places)


def test_only_methods_that_are_called_are_taken():
    found = source.parts([network]).definitions
    assert "def pass_of" not in found["Network"]
    assert "def __post_init__" in found["Network"]
    assert "def by_member" not in found["Parameters"]
    assert "def by_member" in source.parts([Parameters]).definitions["Parameters"]
    trained = source.parts([train, Training]).definitions
    assert {"def pass_of", "def folded", "def _logits"} <= set(re.findall(r"def \w+", trained["Network"]))
    assert "def copy" not in trained["State"]
    assert "def copy" in source.parts([State]).definitions["State"]


def test_what_is_given_is_not_taken():
    assert not {"OPTIMIZERS", "adam"} & set(source.parts([twice], frozenset({"OPTIMIZERS"})).definitions)


def twice(x):
    """Uses itself, a constant, and an import from this program."""
    return twice(x - 1) + LIMIT if x else OPTIMIZERS


LIMIT: int = 3


def test_recursion_annotated_constants_and_imports_of_this_program():
    found = source.parts([twice])
    assert found.definitions["LIMIT"] == "LIMIT: int = 3"
    assert {"adam", "Optimizer", "OPTIMIZERS"} <= set(found.definitions)


def test_what_has_no_name_of_its_own_is_told():
    with pytest.raises(ValueError, match="no definition of .*lambda"):
        source.parts([lambda: 0])


def _average():
    """Another one than the optimizers'."""


def test_two_of_one_name_are_told():
    with pytest.raises(ValueError, match="two definitions are called _average"):
        source.parts([adam, _average])


def sqrt(x):
    """Called as numpy's, which the optimizers import."""


def test_a_name_that_is_also_imported_is_told():
    with pytest.raises(ValueError, match="from numpy import sqrt"):
        source.parts([adam, sqrt])
