"""The engine without the pages. `from core import Run, RunSpec, Settings` is the public way in.

The names are loaded when they are asked for (PEP 562), so that importing one part of `core` does not load the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["Run", "RunSpec", "Settings"]

if TYPE_CHECKING:
    from core.runs.run import Run
    from core.settings.table import RunSpec, Settings
else:
    _HOME = {"Run": "core.runs.run", "RunSpec": "core.settings.table", "Settings": "core.settings.table"}

    def __getattr__(name: str) -> Any:
        """A public name, from the module in which it is defined."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)
