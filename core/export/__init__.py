"""Exports of a run, one format a file, and their registry `EXPORTS`, in the order of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.export.charts_html import charts_html
from core.export.history_csv import history_csv
from core.export.numpy_script import numpy_script
from core.export.torch_script import torch_script
from core.export.weights import weights_npz
from core.runs.run import Run

LONGEST = 60  # letters of a name in the name of a file


@dataclass(frozen=True)
class Export:
    """A row of `EXPORTS`: `make(run)` returns the bytes of a file, `file_name(run, name)` what it is called."""

    label: str
    ending: str
    media_type: str
    make: Callable[[Run], bytes]

    def file_name(self, run: Run, name: str = "") -> str:
        """Such as "my-best-run-numpy.py" or, for a run without a name, "panda-spiral-numpy.py"."""
        return f"{stem(run, name)}{self.ending}"


def stem(run: Run, name: str = "") -> str:
    """What files of a run that is called `name` begin with: letters, digits and - only, at most 60."""
    plain = re.sub(r"[\W_]+", "-", name)[:LONGEST].strip("-")
    return plain or f"panda-{run.spec.dataset[:20]}"


def _encoded(text: Callable[[Run], str]) -> Callable[[Run], bytes]:
    return lambda run: text(run).encode("utf-8", "replace")


EXPORTS: dict[str, Export] = {
    "numpy_script": Export("Script, numpy", "-numpy.py", "text/x-python", _encoded(numpy_script)),
    "torch_script": Export("Script, PyTorch", "-torch.py", "text/x-python", _encoded(torch_script)),
    "history_csv": Export("History (CSV)", "-history.csv", "text/csv", _encoded(history_csv)),
    "weights_npz": Export("Weights (npz)", "-weights.npz", "application/octet-stream", weights_npz),
    "charts_html": Export("Charts (HTML)", "-charts.html", "text/html", _encoded(charts_html)),
}

__all__ = ["EXPORTS", "Export", "charts_html", "history_csv", "numpy_script", "stem", "torch_script", "weights_npz"]
