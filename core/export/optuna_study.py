"""One generation of a search as an Optuna study in an SQLite file, which optuna-dashboard can open.

Optuna is an optional install, `requirements-optuna.txt`; `missing` says whether it is there.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UserError
from core.search.search import Search
from core.search.space import Range
from core.search.trials import Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

STUDY = "panda"  # the name that `optuna.load_study` takes
INTERMEDIATE = 1000  # dev losses stored, all models together; each takes Optuna some milliseconds
STATES = {"done": "COMPLETE", "stopped": "PRUNED", "diverged": "FAIL"}


def missing() -> str:
    """Why this server cannot write a study, or ""."""
    if find_spec("optuna"):
        return ""
    return "An Optuna study needs Optuna on the server: pip install -r requirements-optuna.txt"


def optuna_study(search: Search) -> bytes:
    """An SQLite file with the study "panda", which minimizes the dev loss (nats).

    Every finished model is a trial: failed if it diverged, pruned if halving stopped it. Each has some of its dev
    losses as intermediate values. Raises `UserError` if Optuna is not installed or no model is finished.
    """
    if words := missing():
        raise UserError(words)
    done = [trial for trial in search.trials if trial.state in STATES]
    if not done:
        raise UserError("No model is finished yet: let the search go on, then export it.")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.db"
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        study = optuna.create_study(storage=storage, study_name=STUDY, direction="minimize")
        study.set_user_attr("data", search.plan.space.spec.dataset)
        distributions = {one.name: distribution(one) for one in search.plan.space.ranges}
        study.add_trials([_trial(search, trial, distributions, len(done)) for trial in done])
        storage.remove_session()
        storage.engine.dispose()
        return path.read_bytes()


def distribution(searched: Range) -> BaseDistribution:
    """The range as an Optuna distribution. Optuna has no log scale of 1 - β, so such a range becomes linear."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if searched.choices:
        return CategoricalDistribution(searched.choices)
    log = searched.scale in ("log", "log_from_0") and searched.low > 0
    if searched.field.integer:
        return IntDistribution(int(searched.low), int(searched.high), log=log)
    return FloatDistribution(searched.low, searched.high, log=log)


def _trial(search: Search, trial: Trial, distributions: dict[str, Any], among: int) -> FrozenTrial:
    from optuna.trial import TrialState, create_trial

    state = TrialState[STATES[trial.state]]
    told = {"model": trial.number, "why": trial.why, "dev_accuracy": trial.accuracy}
    return create_trial(
        state=state,
        value=trial.loss if state == TrialState.COMPLETE else None,
        params=trial.point,
        distributions=distributions,
        user_attrs={name: value for name, value in told.items() if value == value and value != ""},
        intermediate_values=_on_the_way(search, trial.number, among),
    )


def _on_the_way(search: Search, number: int, among: int) -> dict[int, float]:
    """Some of a model's finite dev losses by step, including the first and the last."""
    row = search.losses[number]
    measured = np.flatnonzero(np.isfinite(row))
    few = np.linspace(0, measured.size - 1, max(2, min(measured.size, INTERMEDIATE // among)))
    places = measured[np.unique(few.round().astype(int))] if measured.size else measured
    return {int(search.steps[place]): float(row[place]) for place in places}
