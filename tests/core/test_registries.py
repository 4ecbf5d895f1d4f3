"""What every row of a registry has, so that a new optimizer, schedule, data set or chart is one function and one row.

A row that lacks something fails here with a sentence that says which row and what. References (published formulas,
numbers worked by hand) are in the tests of each registry, and the forms for PyTorch in tests/core/export.
"""

import importlib
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import charts
from core.charts import CHARTS
from core.charts.guide import COURSE
from core.charts.searches import SEARCH_CHARTS
from core.data.registry import DATASETS
from core.export import EXPORTS
from core.export.searches import SEARCH_EXPORTS
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.run import Run
from core.settings.table import FIELDS, GROUPS, SETTINGS, RunSpec, Settings
from core.training.run_data import data_of
from tests.core.random_runs import OTHER

ROOT = Path(__file__).parents[2]
CHOICES = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "activation": ACTIVATIONS,
    "initialization": INITIALIZERS,
    "data set": DATASETS,
}
LABELLED = CHOICES | {"setting": FIELDS, "export": EXPORTS, "export of a search": SEARCH_EXPORTS}
FUNCTIONS = {"optimizer": "step", "schedule": "factor", "activation": "apply", "initialization": "deviation"}
SOURCE = re.compile(r"\bC\d{1,2}\b|\bthe course's\b|\b(19|20)\d\d\b")  # the course, or the year of a paper
SMALL = RunSpec(examples=60, hidden=(4,))
ELSEWHERE = {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1, "bias_correction": False}


def rows(registries):
    """A test for each row of these registries: the word for what it is, its name, and the row."""
    found = [(kind, name, row) for kind, registry in registries.items() for name, row in registry.items()]
    return pytest.mark.parametrize(("kind", "name", "row"), found, ids=[f"{kind}-{name}" for kind, name, _ in found])


@rows(LABELLED)
def test_a_row_has_a_label_of_its_own(kind, name, row):
    assert row.label, f"the {kind} {name} has no label"
    alike = [other for other, each in LABELLED[kind].items() if each.label == row.label]
    assert alike == [name], f"the {kind} {name} has the label of another: {alike}"


@rows({kind: registry for kind, registry in CHOICES.items() if kind in FUNCTIONS})
def test_a_function_says_its_formula_and_its_source(kind, name, row):
    said = getattr(row, FUNCTIONS[kind]).__doc__ or ""
    assert said, f"the function of the {kind} {name} has no docstring: give its formula"
    assert SOURCE.search(said), (
        f"the docstring of the {kind} {name} names no source: a course row (C1 to C20) or a paper"
    )


@rows(CHOICES)
def test_a_choice_is_offered(kind, name, row):
    offered = [field.name for field in FIELDS.values() if (field.choices or {}).get(name) == row.label]
    assert offered, f"no setting offers the {kind} {name}"


@rows({"setting": FIELDS})
def test_a_setting_has_help(kind, name, row):
    assert re.fullmatch(r"[A-ZΑ-Ω].*\.", row.help), f"the setting {name} has no help, a sentence: {row.help!r}"
    if row in SETTINGS:
        named = re.fullmatch(r"C\d{1,2}", row.course) or re.search(r"\([A-Z].* \d{4}\)", row.help)
        assert named, f"the setting {name} names no row of the course, nor a paper in its help"
        assert row.group in GROUPS, f"the setting {name} is in no group of the page: {row.group!r}"


@rows({"chart": CHARTS, "chart of a search": SEARCH_CHARTS})
def test_a_chart_says_what_it_shows(kind, name, row):
    assert row.title, f"the {kind} {name} has no title"
    assert row.summary.endswith("."), f"the {kind} {name} has no summary, a sentence: {row.summary!r}"
    assert importlib.import_module(row.skeleton.__module__).__doc__, f"the file of the {kind} {name} has no docstring"


@rows({"chart": CHARTS})
def test_a_chart_of_a_run_says_what_to_look_for(kind, name, row):
    assert row.guide, f"the {kind} {name} has no guide: what to look for, and its rows of the course"
    assert row.guide.look_for.endswith("."), f"the guide of the {kind} {name} is no sentence"
    assert row.guide.course, f"the guide of the {kind} {name} names no row of the course"
    assert len(row.guide.rows) == len(row.guide.course)  # each is in the table


def test_the_rows_of_the_course_are_those_of_the_readme():
    legend = (ROOT / "README.md").read_text(encoding="utf-8").split("## The course")[1].split("\n## ")[0]
    assert dict(re.findall(r"(C\d+) \| ([^|]+?) (?=\|)", legend)) == COURSE


def test_every_chart_is_registered():
    for package, registry in ((charts, CHARTS), (charts.searches, SEARCH_CHARTS)):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            made = getattr(importlib.import_module(found.name), "CHART", None)
            assert made is None or made in registry.values(), f"the chart in {found.name} is not in the registry"


def weights(settings):
    """What three steps under these settings make of a small network."""
    run = Run(SMALL, settings)
    run.advance(3)
    return run.stack.state.theta.copy()


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("option", sorted({option for row in DATASETS.values() for option in row.options}))
def test_a_data_set_is_shaped_by_what_its_function_takes_and_by_nothing_else(name, option):
    spec = RunSpec(dataset=name, examples=60)
    one, other = (data_of(each) for each in (spec, replace(spec, **{option: OTHER[option]})))
    works = one is not other
    assert works == (option in DATASETS[name].options) == (not FIELDS[option].idle(spec))
    if works:
        alike = one.train.X.shape == other.train.X.shape and np.array_equal(one.train.X, other.train.X)
        assert not alike, f"the data set {name} takes {option}, which has no effect on it"


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.generated])
def test_a_generated_set_takes_classes_where_they_can_be_chosen(name):
    assert ("classes" in DATASETS[name].options) == bool(DATASETS[name].max_classes)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("setting", ELSEWHERE)
def test_the_moments_of_an_optimizer_say_which_settings_have_an_effect(name, setting):
    one = Settings(optimizer=name, learning_rate=0.01)
    other = replace(one, **{setting: ELSEWHERE[setting]})
    works = not np.array_equal(weights(one), weights(other))
    assert works == (not FIELDS[setting].idle(one)), (
        f"under the optimizer {name}, {setting} has {'an' if works else 'no'} effect, and the page says otherwise: "
        f"its row has the moments {OPTIMIZERS[name].moments}"
    )
