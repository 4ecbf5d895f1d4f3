"""Tests of the history as a table: every measurement is in it, to the bit, and nothing that a spreadsheet would run."""

import csv
import io

import numpy as np
import pytest

from core.export.history_csv import history_csv
from core.runs.history import COLUMNS
from core.runs.run import Run
from core.settings.table import RunSpec, Settings


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(RunSpec(dataset="iris", hidden=(6, 4)))
    run.advance(150)
    run.nudge(batch_norm=False)
    run.advance(150)
    return run


def rows_of(run):
    return [*csv.DictReader(io.StringIO(history_csv(run)))]


def test_every_number_comes_back_to_the_bit(run):
    rows = rows_of(run)
    np.testing.assert_array_equal([int(row["step"]) for row in rows], run.history.steps)
    assert len(rows) == run.history.steps.size > 100
    for name in COLUMNS:
        values = run.history.column(name)
        heads = [name] if COLUMNS[name] == "run" else [f"{name}_{i + 1}" for i in range(values.shape[1])]
        read = np.array([[row[head] or "nan" for head in heads] for row in rows]).astype(np.float32)
        np.testing.assert_array_equal(read, values)


def test_every_measured_column_is_there(run):
    blank = run.history.blank()
    for name in COLUMNS:
        run.history.put(blank, name, 0)
    assert not np.isnan(blank).any()
    assert len(rows_of(run)[0]) == 1 + blank.size


def test_layers_are_numbered_from_the_first_hidden_one(run):
    heads = history_csv(run).splitlines()[0].split(",")
    assert heads[:7] == [
        "step",
        "train_loss",
        "train_accuracy",
        "dev_loss",
        "dev_accuracy",
        "learning_rate",
        "z_mean_1",
    ]
    assert [head for head in heads if head.startswith("gamma_1")] == ["gamma_1"]
    assert [head for head in heads if head.startswith("gradient")] == [f"gradient_norm_{l}" for l in (1, 2, 3)]
    assert [head for head in heads if head.startswith("mean_output")] == [f"mean_output_{k}" for k in (1, 2, 3)]
    assert heads[-3:] == ["zn_variance_2", "two_weights_1", "two_weights_2"]


def test_what_is_not_a_finite_number_is_empty():
    run = Run(RunSpec(examples=90), Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0))
    run.advance(100)
    text = history_csv(run)
    assert "nan" not in text
    assert "inf" not in text
    assert rows_of(run)[-1]["gamma_1"] == ""
    broken = run.history.blank()
    run.history.put(broken, "train_loss", np.inf)
    run.history.add(run.step + 1, broken, keep=True)
    assert rows_of(run)[-1]["train_loss"] == ""


def test_nothing_that_a_person_wrote_is_in_it(noted):
    text = history_csv(noted)
    assert text.isascii()
    assert not set("<>=@\"'\t") & set(text)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    heads = len(text.splitlines()[0].split(","))
    assert all(cell == "" or np.isfinite(float(cell)) for cell in cells[heads:])
    assert text.splitlines()[1].startswith("0,")
