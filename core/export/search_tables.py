"""One generation of a search as CSV for spreadsheets, one row per model, and as JSON with all curves."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from typing import Any

from core.search.plan_json import plan_to_json
from core.search.search import Search
from core.sessions.search_recorder import finished

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a text as a formula if it begins with one of these


def search_csv(search: Search) -> str:
    """Comma-separated values with a header: number, every searched setting, state, step, dev loss and lowest dev loss
    (nats), dev accuracy (0 to 1). A cell is empty if its number is not finite."""
    names = [one.name for one in search.plan.space.ranges]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", *names, "state", "step", "dev_loss", "best_dev_loss", "dev_accuracy"])
    for trial in search.trials:
        values = [*(trial.point[name] for name in names), trial.state, trial.step]
        writer.writerow(map(cell, [trial.number, *values, trial.loss, trial.best, trial.accuracy]))
    return text.getvalue()


def cell(value: Any) -> str:
    """A number in the fewest digits that read back the same, or a text that no spreadsheet runs as a formula."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if isinstance(value, float) and not math.isfinite(value) else str(value)


def search_json(search: Search) -> str:
    """The plan with its points, the measured steps, and every model with its curves; null where not finite."""
    whole: dict[str, Any] = {"format": "panda-search", "version": 1}
    whole["plan"] = plan_to_json(search.plan, [trial.point for trial in search.trials])
    whole["steps"] = search.steps.tolist()
    rows = [{"point": trial.point} | asdict(finished(search, trial)) for trial in search.trials]
    lines = ",\n  ".join(json.dumps(row, allow_nan=False) for row in rows)
    return json.dumps(whole, allow_nan=False, indent=1)[:-2] + f',\n "trials": [\n  {lines}\n ]\n}}\n'
