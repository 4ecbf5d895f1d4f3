"""The measured history of a run as CSV for spreadsheets, one row per measured step.

In per-layer columns `_1` is the first hidden layer; for gradients and updates the highest number is the output layer.
In `mean_output` `_1` is the first class. The only text is the names of columns, so nothing that a person wrote.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from core.runs.history import PER_LAYER
from core.runs.run import Run

ALONE = ("train_loss", "train_accuracy", "dev_loss", "dev_accuracy", "learning_rate")
NUMBERED = (*PER_LAYER, "gradient_norm", "update_ratio", "mean_output")


def history_csv(run: Run) -> str:
    """Comma-separated values with a header. Numbers have the digits that float32 needs; what is not finite is empty.

    Costs are in nats, accuracies from 0 to 1; see `core.runs.history` for what else is measured.
    """
    columns = {"step": run.history.steps}
    columns |= {name: run.history.column(name)[:, 0] for name in ALONE}
    for name in NUMBERED:
        columns |= {f"{name}_{i}": values for i, values in enumerate(run.history.column(name).T, start=1)}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(map(_cell, values) for values in columns.values()), strict=True))
    return text.getvalue()


def _cell(value: np.generic) -> str:
    """The shortest digits that read back as the same number."""
    return str(value) if np.isfinite(value) else ""
