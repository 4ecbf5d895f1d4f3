"""Parts of this program's own source, to be put into a script that stands alone: definitions with all that they need.

A script then has the very lines that ran here, and a new optimizer or activation is in it without an edit.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

OWN = "core"


@dataclass(frozen=True)
class Definition:
    """A function, class or constant at the top of a module: its lines, and the names that it uses."""

    text: str
    uses: frozenset[str]


@dataclass
class Parts:
    """Definitions by name, each after those that it needs, and the import lines that they want."""

    definitions: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """All definitions, two blank lines apart; constants that follow each other have none between them."""
        text, before = "", ""
        for definition in self.definitions.values():
            apart = "\n" if _is_constant(before) and _is_constant(definition) else "\n\n\n"
            text, before = f"{text}{apart}{definition}" if before else definition, definition
        return text


def _is_constant(text: str) -> bool:
    return not text.startswith(("def ", "class ", "@"))


def parts(objects: Iterable[Any]) -> Parts:
    """The source of functions and classes of this program, with all of it that they use, however indirectly."""
    found = Parts()
    for each in objects:
        _take(each.__module__, each.__qualname__, found, [])
    return found


def _take(module: str, name: str, found: Parts, within: list[tuple[str, str]]) -> None:
    """Add a definition after those that it uses."""
    definitions, imports = _read(module)
    if (module, name) in within:
        return  # it uses itself
    if name not in definitions:
        raise ValueError(f"{module} has no definition of {name}: what is exported is named at the top of its module")
    for used in sorted(definitions[name].uses):
        if used in definitions:
            _take(module, used, found, [*within, (module, name)])
        elif used in imports:
            _follow(imports[used], found, [*within, (module, name)])
    text = definitions[name].text
    if found.definitions.setdefault(name, text) != text:
        raise ValueError(f"two definitions are called {name}, one of them in {module}: give one another name")


def _follow(source: tuple[str, str, str], found: Parts, within: list[tuple[str, str]]) -> None:
    """Take what comes from this program, and note what comes from elsewhere."""
    module, name, line = source
    if module.split(".")[0] == OWN:
        _take(module, name, found, within)
    else:
        found.imports.add(line)


@lru_cache(maxsize=64)
def _read(module: str) -> tuple[dict[str, Definition], dict[str, tuple[str, str, str]]]:
    """The definitions of a module by name, and its imports: name -> (module, name there, line)."""
    text = inspect.getsource(importlib.import_module(module))
    lines, tree = text.splitlines(), ast.parse(text)
    definitions, imports = {}, {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= _imported(node)
        for name in _names(node):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            uses = frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
            definitions[name] = Definition("\n".join(lines[first - 1 : node.end_lineno]), uses)
    return definitions, imports


def _names(node: ast.stmt) -> list[str]:
    """What a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[str, str, str]]:
    """What an import makes known: name -> (module, name there, the line for this name alone)."""
    found = {}
    for alias in node.names:
        line = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.ImportFrom):
            found[alias.asname or alias.name] = (node.module or "", alias.name, f"from {node.module} import {line}")
        else:
            found[alias.asname or alias.name.split(".")[0]] = (alias.name, "", f"import {line}")
    return found
