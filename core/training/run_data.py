"""The data that a run trains on."""

from __future__ import annotations

from core.data.datasets import Data, load
from core.settings.table import RunSpec


def data_of(spec: RunSpec) -> Data:
    """The data that a spec names, generated or bundled, split and normalized."""
    return load(spec.dataset, spec.classes, spec.examples, spec.noise, spec.data_seed, spec.dev_share, spec.normalize)
