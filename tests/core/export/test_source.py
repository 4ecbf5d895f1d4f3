"""Tests of taking source apart: a definition comes with all that it needs, in an order that runs, as it is written."""

import ast
import builtins

import pytest

from core.export import source
from core.export.training import train
from core.nn.batch_norm import BatchNorm
from core.nn.network import Network
from core.nn.optimizers import OPTIMIZERS, adam
from core.nn.schedules import SCHEDULES


def test_a_function_comes_with_what_it_uses_and_no_more():
    found = source.parts([adam])
    assert set(found.definitions) == {"Array", "Rates", "_average", "_average_squares", "_root", "adam"}
    assert [*found.definitions][-1] == "adam"
    assert "from numpy import subtract" in found.imports
    assert "from typing import NamedTuple" in found.imports
    assert not any("core" in line for line in found.imports)


def test_it_is_what_is_written(monkeypatch):
    text = source.parts([BatchNorm]).definitions["BatchNorm"]
    assert text.startswith('class BatchNorm:\n    """One layer of K networks')
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


def test_blank_lines():
    text = source.Parts({"A": "A = 1", "B": "B = 2", "f": "def f():\n    pass", "C": "C = 3"}).text
    assert text == "A = 1\nB = 2\n\n\ndef f():\n    pass\n\n\nC = 3"


def twice(x):
    """Uses itself, a constant, and an import from this program."""
    return twice(x - 1) + LIMIT if x else OPTIMIZERS


LIMIT: int = 3


def test_recursion_annotated_constants_and_imports_of_this_program():
    found = source.parts([twice])
    assert found.definitions["LIMIT"] == "LIMIT: int = 3"
    assert [*found.definitions][-1] == "twice"
    assert {"adam", "Optimizer", "OPTIMIZERS"} <= set(found.definitions)


def test_what_has_no_name_of_its_own_is_told():
    with pytest.raises(ValueError, match="no definition of .*lambda"):
        source.parts([lambda: 0])


def _average():
    """Another one than the optimizers'."""


def test_two_of_one_name_are_told():
    with pytest.raises(ValueError, match="two definitions are called _average"):
        source.parts([adam, _average])
