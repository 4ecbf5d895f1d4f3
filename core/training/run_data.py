"""The data that a run trains on."""

from __future__ import annotations

from core.data.datasets import Data, load
from core.settings.table import SPEC, RunSpec


def data_of(spec: RunSpec) -> Data:
    """The data that a spec names, generated or bundled, split and normalized."""
    return load(**{field.name: getattr(spec, field.name) for field in SPEC if field.group == "data"})
