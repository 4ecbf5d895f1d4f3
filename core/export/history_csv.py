"""The measured history of a run as CSV for spreadsheets, one row per measured step.

In columns by layer, `_1` is the first hidden layer; for gradients and updates the highest number is the output layer.
In `mean_output`, `_1` is the first class. The only text is the column names, so no text of a person.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from core.runs.history import COLUMNS
from core.runs.run import Run


def history_csv(run: Run) -> str:
    """Comma-separated values with a header. Numbers have the digits that float32 needs; those not finite are empty.

    Costs are in nats, accuracies from 0 to 1; see `core.runs.history` for the other columns.
    """
    columns = {"step": run.history.steps}
    for name, per in COLUMNS.items():
        values = run.history.column(name)  # (points, width)
        one = {name: values[:, 0]}
        columns |= one if per == "run" else {f"{name}_{i}": column for i, column in enumerate(values.T, start=1)}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(map(_cell, values) for values in columns.values()), strict=True))
    return text.getvalue()


def _cell(value: np.generic) -> str:
    """The shortest digits that read back as the same number."""
    return str(value) if np.isfinite(value) else ""
