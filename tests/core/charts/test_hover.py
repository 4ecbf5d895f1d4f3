"""What charts say on hover and beside axes: numbers in full, and class names that differ."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import core.charts
from core.charts import CHARTS, compare, figure, mistakes
from core.charts.numbers import MEASURED, among, ticks
from core.data.datasets import prepare
from core.runs.run import Run
from core.settings.table import RunSpec

FORMAT = re.compile(r"%\{+[xyz]:([^{}]*)\}+")
SHORTENED = re.compile(r"\.[0-5]~?[gers]$")
LONG = tuple(f"population-of-versicolor-irises-from-the-{place}" for place in ("north", "south", "west"))


def written(form, number):
    """A number as d3 writes it; python's `g` drops zeros at the end by itself, its `f` does not. Python has no `r`:
    as many significant digits as are asked for, never an exponent."""
    if form.endswith("r"):
        digits = int(re.search(r"\d+", form).group()) - 1 - math.floor(math.log10(abs(number)))
        return written(f",.{max(0, digits)}~f", round(number, digits))
    text = format(number, form.replace("~", ""))
    return text.rstrip("0").rstrip(".") if form.endswith("~f") and "." in text else text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3180, "3,180"),
        (3183.26, "3,183.26"),
        (0.31723512, "0.3172351"),
        (118011, "118,011"),
        (1234567, "1,234,567"),
        (2.5e-9, "0.0000000025"),
    ],
)
def test_a_measured_number_is_in_full(number, text):
    assert written(MEASURED, number) == text


@pytest.mark.parametrize(
    ("low", "high", "number", "text"),
    [
        (4_470_000, 4_471_000, 4_470_120, "4,470,120"),
        (4_470_000, 4_470_010, 4_470_001.25, "4,470,001.25"),
        (-1.5, 2.5, 0.123456, "0.123"),
        (0, 0.002, 0.0012345, "0.001234"),
        (5, 5, 5, "5"),
        (0, 1e15, 3.1e14, "310,000,000,000,000"),
    ],
)
def test_a_coordinate_is_in_full_to_a_thousandth_of_its_range(low, high, number, text):
    assert written(among(low, high), number) == text


def test_ticks_are_in_full_where_that_can_be_read():
    assert ticks(4_470_000, 4_471_000)[0]["exponentformat"] == "none"
    assert ticks(0, 1e15)[0] == {}


def test_no_template_rounds_to_a_few_digits():
    """Of all charts, also those of the labs: their sources are read, so that none is forgotten."""
    for path in Path(core.charts.__file__).parent.rglob("*.py"):
        short = [form for form in FORMAT.findall(path.read_text("utf-8")) if SHORTENED.search(form)]
        assert not short, (path.name, short)


@pytest.fixture(scope="module")
def far() -> Run:
    """A run on points about 4,470,000 whose classes differ only at the end of their names."""
    rng, labels = np.random.default_rng(0), np.arange(300) % 3
    points = 4_470_000 + 200 * labels[:, None] + 40 * rng.standard_normal((300, 2))
    data = prepare(points, labels, LONG, ("northing", "easting"), 0, 0.2, True)
    run = Run(RunSpec(), data=data)
    run.advance(20)
    return run


def test_places_on_the_map_differ(far):
    chart = CHARTS["decision_map"].skeleton(far)
    for trace in chart.data:
        forms = FORMAT.findall(trace.hovertemplate)
        assert len(forms) == 2
        for form, values in zip(forms, (trace.x, trace.y), strict=True):
            texts = [written(form, float(value)) for value in values]
            assert len(set(texts)) > 0.7 * len(texts)  # float32 knows halves here
            assert all(text.startswith("4,4") for text in texts)
    assert chart.layout.xaxis.separatethousands
    assert chart.layout.margin.l > 60


@pytest.mark.parametrize("name", ["decision_map", "confusion", "outputs", "mean_output"])
def test_no_two_classes_have_the_same_name(far, name):
    drawn = figure(far, CHARTS[name])
    axes = [axis.ticktext for axis in (drawn.layout.xaxis, drawn.layout.yaxis) if axis.ticktext]
    names = [texts for texts in axes if len(texts) == 3]
    names += [[trace.meta for trace in drawn.data if trace.meta and trace.uid[:-1] == of] for of in ("dev", "class")]
    names += [{*re.findall(r"</span> ([^<\xa0]+?)(?:   |$)", note.text)} for note in drawn.layout.annotations]
    assert any(len(some) == 3 for some in names)
    for some in names:
        assert len(set(some)) == len(some)
    for trace in drawn.data:
        if trace.uid == "share":
            assert len({text for row in trace.text for text in row}) == 9


def test_mistakes_tell_classes_apart(far):
    labels = far.data.dev.labels[:6]
    wrong = mistakes.Mistakes(np.arange(6), np.ones(6), (labels + 1) % 3, np.full(6, 0.9), np.ones(6, bool))
    for words in mistakes.words(far, wrong):
        true, said = re.search(r"example \d+: (.*), said (.*) \(", words).groups()
        assert true != said


def test_compared_runs_have_names_that_differ():
    drawn = compare.compare([(name, [0, 1], [1.0, 0.5]) for name in LONG])
    assert len({trace.meta for trace in drawn.data}) == 3
