"""A search taken away as CSV, JSON and an Optuna study holds every model with the very numbers that it had."""

import csv
import io
import json
import math

import numpy as np
import pytest

from core.errors import UserError
from core.export import optuna_study as module
from core.export.optuna_study import missing, optuna_study
from core.export.search_tables import cell, search_csv, search_json
from core.export.searches import SEARCH_EXPORTS
from core.search.plan import Plan
from core.search.plan_json import plan_from_json
from core.search.search import Search
from core.search.space import SEARCHABLE, Range, Space
from core.settings.table import RunSpec, Settings

SPEC = RunSpec(dataset="moons", examples=60, hidden=(4,))
RANGES = (
    Range("learning_rate", 1e-3, 1.0, "log"),
    Range("beta1", 0.5, 0.99, "one_minus"),
    Range("units", 2, 8, "log"),
    Range("layers", 1, 2, "linear"),
    SEARCHABLE["activation"],
    SEARCHABLE["batch_norm"],
)


def searched(models=12, ranges=RANGES, steps=40, **more):
    search = Search(Plan(Space(SPEC, Settings(), ranges), "random", models, steps, **more))
    search.advance(lambda: False)
    return search


@pytest.fixture(scope="module")
def halved():
    """Done, stopped, and one that diverged, as far as an export can see."""
    search = searched(halving=True)
    broken = next(trial for trial in search.trials if trial.state == "stopped")
    broken.state, broken.loss, broken.accuracy, broken.why = "diverged", math.nan, math.nan, "Diverged at step 7."
    return search


def test_the_table_has_a_row_for_each_model_with_its_very_numbers(halved):
    rows = list(csv.DictReader(io.StringIO(search_csv(halved))))
    assert [int(row["number"]) for row in rows] == list(range(12))
    for row, trial in zip(rows, halved.trials, strict=True):
        assert float(row["learning_rate"]) == trial.point["learning_rate"]
        assert (row["activation"], row["batch_norm"]) == (trial.point["activation"], str(trial.point["batch_norm"]))
        assert (row["state"], int(row["step"]), float(row["best_dev_loss"])) == (trial.state, trial.step, trial.best)
        assert row["dev_loss"] == ("" if trial.state == "diverged" else repr(trial.loss))


def test_no_text_is_taken_for_a_formula():
    assert [cell(text) for text in ("=1+1", "+1", "-1", "@A1", "\t=1")] == ["'=1+1", "'+1", "'-1", "'@A1", "'\t=1"]
    assert [cell(value) for value in ("tanh", -0.5, math.inf, 3)] == ["tanh", "-0.5", "", "3"]


def test_the_json_has_the_plan_and_all_curves(halved):
    found = json.loads(search_json(halved))
    plan, points = plan_from_json(found["plan"])
    assert (plan, points) == (halved.plan, [trial.point for trial in halved.trials])
    assert found["steps"] == halved.steps.tolist()
    for row, trial in zip(found["trials"], halved.trials, strict=True):
        curve = [math.nan if value is None else value for value in row["losses"]]
        np.testing.assert_array_equal(curve, halved.losses[trial.number, : len(curve)])
        assert np.isnan(halved.losses[trial.number, len(curve) :]).all()
        assert (row["point"], row["state"], row["why"]) == (trial.point, trial.state, trial.why)


def test_every_export_names_its_file(halved):
    endings = {
        name: export.file_name(halved).removeprefix("panda-search-moons") for name, export in SEARCH_EXPORTS.items()
    }
    assert endings == {"csv": ".csv", "json": ".json", "optuna": "-optuna.db"}
    assert SEARCH_EXPORTS["csv"].make(halved).decode() == search_csv(halved)
    assert SEARCH_EXPORTS["csv"].missing() == ""


def test_without_optuna_a_sentence_says_what_to_install(halved, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert "requirements-optuna.txt" in missing()
    with pytest.raises(UserError, match="pip install"):
        optuna_study(halved)


@pytest.fixture
def opened(tmp_path):
    """Opens a study as anybody would."""
    optuna = pytest.importorskip("optuna")
    storages = []

    def load(data):
        path = tmp_path / f"{len(storages)}.db"
        path.write_bytes(data)
        storages.append(optuna.storages.RDBStorage(f"sqlite:///{path}"))
        return optuna.load_study(study_name="panda", storage=storages[-1])

    yield load
    for storage in storages:
        storage.remove_session()
        storage.engine.dispose()


def test_optuna_opens_the_study_with_every_model(halved, opened):
    study = opened(optuna_study(halved))
    assert [trial.state.name for trial in study.trials] == [module.STATES[trial.state] for trial in halved.trials]
    for found, trial in zip(study.trials, halved.trials, strict=True):
        assert found.params == trial.point
        assert found.user_attrs["model"] == trial.number
        finite = np.isfinite(halved.losses[trial.number])
        curve = dict(zip(halved.steps[finite].tolist(), halved.losses[trial.number][finite].tolist(), strict=True))
        assert found.intermediate_values == curve
    best = min((trial for trial in halved.trials if trial.state == "done"), key=lambda trial: trial.loss)
    assert (study.best_trial.user_attrs["model"], study.best_value) == (best.number, best.loss)


def test_a_range_is_the_distribution_that_optuna_has_for_it():
    distributions = pytest.importorskip("optuna.distributions")
    wanted = [
        distributions.FloatDistribution(1e-3, 1.0, log=True),
        distributions.FloatDistribution(0.5, 0.99),
        distributions.IntDistribution(2, 8, log=True),
        distributions.IntDistribution(1, 2),
        distributions.CategoricalDistribution(SEARCHABLE["activation"].choices),
        distributions.CategoricalDistribution(SEARCHABLE["batch_norm"].choices),
    ]
    assert [module.distribution(one) for one in RANGES] == wanted


def test_of_many_models_few_losses_go_into_the_study_with_first_and_last(halved, opened, monkeypatch):
    monkeypatch.setattr(module, "INTERMEDIATE", 36)
    best = min(halved.trials, key=lambda trial: -trial.step)
    kept = opened(optuna_study(halved)).trials[best.number].intermediate_values
    assert len(kept) == 3
    assert (min(kept), max(kept)) == (halved.steps[0], halved.steps[-1])


def test_a_study_of_nothing_is_refused():
    pytest.importorskip("optuna")
    with pytest.raises(UserError, match="No model is finished"):
        optuna_study(Search(Plan(Space(SPEC, Settings(), RANGES), "random", 3, 10)))
