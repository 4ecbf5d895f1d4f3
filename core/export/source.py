"""Copies of this program's source for scripts that run without it: definitions and everything that they use.

So a script has the same lines that ran here, and a new optimizer or activation is exported without an edit. Functions
and methods that the script does not use are left out.
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
class Piece:
    """Some lines of a module, the names that they use, and the attributes (x of every `.x`)."""

    method: str  # its name; "" if it is no method, or one that Python calls, such as `__init__`
    text: str
    uses: frozenset[str]
    attributes: frozenset[str]


@dataclass(frozen=True)
class Module:
    """A module's functions, classes and constants, in pieces, and its imports: (module, name there, line)."""

    definitions: dict[str, tuple[Piece, ...]]
    imports: dict[str, tuple[str, str, str]]


@dataclass
class Parts:
    """Texts of definitions by module and name, in an order that runs, and the import lines that they need."""

    modules: dict[str, dict[str, str]] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    @property
    def definitions(self) -> dict[str, str]:
        """The text of each definition by its name."""
        return {name: text for texts in self.modules.values() for name, text in texts.items()}

    @property
    def text(self) -> str:
        """All definitions, those of each file below a comment with its name."""
        return "\n\n\n".join(_section(module, texts) for module, texts in self.modules.items())


def _section(module: str, texts: dict[str, str]) -> str:
    """Definitions below the name of their file, two blank lines apart, constants without a blank line."""
    text, before = f"# {module.replace('.', '/')}.py", ""
    for definition in texts.values():
        close = _is_constant(before) and _is_constant(definition)
        text, before = text + ("\n" if before and close else "\n\n" if close else "\n\n\n") + definition, definition
    return text


def _is_constant(text: str) -> bool:
    return not text.startswith(("def ", "class ", "@"))


def parts(objects: Iterable[Any], given: frozenset[str] = frozenset()) -> Parts:
    """The source of functions and classes of this program, with everything of it that they use, also indirectly.

    Classes among `objects` keep all their methods; other classes only the methods that are called. Names in `given` are
    left out, because the script defines them. Raises `ValueError` for an object that is not defined at the top of its
    module, and for two with one name.
    """
    roots = [(each.__module__, each.__qualname__) for each in objects]
    called: frozenset[str] = frozenset()
    while True:  # a method that was taken may call others
        found = _Collection(frozenset(roots), called, given)
        for module, name in roots:
            found.take(module, name)
        if found.attributes <= called:
            return found.parts()
        called |= found.attributes


class _Collection:
    """The definitions taken so far: `roots` as a whole, of other classes only the methods in `called`."""

    def __init__(self, roots: frozenset[tuple[str, str]], called: frozenset[str], given: frozenset[str]) -> None:
        self.roots, self.called, self.given = roots, called, given
        self.taken: dict[tuple[str, str], list[Piece]] = {}
        self.attributes: frozenset[str] = frozenset()
        self.imports: set[str] = set()

    def take(self, module: str, name: str) -> None:
        """Add a definition and everything that it uses."""
        if (module, name) in self.taken:
            return
        read = _read(module)
        if name not in read.definitions:
            raise ValueError(
                f"{module} has no definition of {name}: what is exported is named at the top of its module"
            )
        whole = (module, name) in self.roots
        pieces = [p for p in read.definitions[name] if whole or not p.method or p.method in self.called]
        self.taken[module, name] = pieces
        self.attributes = self.attributes.union(*(piece.attributes for piece in pieces))
        for used in sorted(frozenset().union(*(piece.uses for piece in pieces)) - self.given):
            self._follow(module, used)

    def _follow(self, module: str, used: str) -> None:
        """Take the definition of a name if it is of this program, else note its import line."""
        read = _read(module)
        if used in read.definitions:
            self.take(module, used)
        elif used in read.imports:
            source, name, line = read.imports[used]
            if source.split(".")[0] == OWN:
                self.take(source, name)
            else:
                self.imports.add(line)

    def parts(self) -> Parts:
        """The result: modules after those that they import, definitions in the order of their module."""
        found = Parts(imports=self.imports)
        texts: dict[str, str] = {}
        for module in _in_order({module for module, _ in self.taken}):
            for name in _read(module).definitions:
                if (module, name) not in self.taken:
                    continue
                text = "\n".join(piece.text for piece in self.taken[module, name])
                if texts.setdefault(name, text) != text:
                    raise ValueError(f"two definitions are called {name}, one of them in {module}: rename one")
                if name not in found.definitions:
                    found.modules.setdefault(module, {})[name] = text
        if hidden := [line for line in sorted(self.imports) if line.split()[-1] in texts]:
            raise ValueError(f"a definition has the name that another module gets by {hidden[0]!r}: rename it")
        return found


def _in_order(modules: set[str]) -> list[str]:
    """Modules after those that they import."""
    order: dict[str, None] = {}

    def visit(module: str) -> None:
        for source, _, _ in _read(module).imports.values():
            if source in modules and source not in order:
                visit(source)
        order[module] = None

    for module in sorted(modules):
        visit(module)
    return list(order)


@lru_cache(maxsize=64)
def _read(name: str) -> Module:
    """The parts of a module."""
    text = inspect.getsource(importlib.import_module(name))
    lines, module = text.splitlines(), Module({}, {})
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module.imports.update(_imported(node))
        for defined in _names(node):
            module.definitions[defined] = tuple(_pieces(node, lines))
    return module


def _pieces(node: ast.stmt, lines: list[str]) -> Iterable[Piece]:
    """A statement as one piece; a class as its head and one piece for each statement with the comments above it."""
    start = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1
    if not isinstance(node, ast.ClassDef):
        yield _piece("", lines[start : node.end_lineno], [node])
        return
    end = node.body[0].lineno - 1
    yield _piece("", lines[start:end], [*node.decorator_list, *node.bases])
    for each in node.body:
        assert each.end_lineno is not None
        name = each.name if isinstance(each, ast.FunctionDef) and not each.name.startswith("__") else ""
        yield _piece(name, lines[end : each.end_lineno], [each])
        end = each.end_lineno


def _piece(method: str, lines: list[str], nodes: Iterable[ast.AST]) -> Piece:
    found = [each for node in nodes for each in ast.walk(node)]
    uses = frozenset(each.id for each in found if isinstance(each, ast.Name))
    attributes = frozenset(each.attr for each in found if isinstance(each, ast.Attribute))
    return Piece(method, "\n".join(lines), uses, attributes)


def _names(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[str, str, str]]:
    """The names of an import: name -> (module, name there, an import line for this name only)."""
    found = {}
    for alias in node.names:
        line = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.ImportFrom):
            found[alias.asname or alias.name] = (node.module or "", alias.name, f"from {node.module} import {line}")
        else:
            found[alias.asname or alias.name.split(".")[0]] = (alias.name, "", f"import {line}")
    return found
