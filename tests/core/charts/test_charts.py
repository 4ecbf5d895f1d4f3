"""What holds for every registered chart, on every kind of run: a new chart is covered without an edit here."""

import json
import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.charts import CHARTS, DEFAULTS, charts_of, default_charts, figure
from core.charts.packet import pack
from core.charts.palette import COLOURS
from core.runs.run import Run
from core.settings.table import RunSpec

POINTS = 3 * 256  # of one trace, at most
KEY = re.compile(r"^[A-Za-z]\w*\.[a-z]+$")


@pytest.fixture(scope="module")
def long_run() -> Run:
    run = Run()
    for i in range(10):
        run.advance(2000)
        run.nudge(learning_rate=0.1 + i / 1000)
    return run


def lengths(arrays, attribute):
    return {key.split(".")[0]: len(value) for key, value in arrays.items() if key.endswith(f".{attribute}")}


def test_names_and_words(chart):
    assert CHARTS[chart.name] is chart
    assert chart.title
    assert chart.summary.endswith(".")
    assert chart.every >= 1


def test_skeleton_has_one_trace_for_each_uid(run, chart):
    uids = [trace.uid for trace in chart.skeleton(run).data]
    assert all(uids)
    assert len(set(uids)) == len(uids)


def test_skeleton_is_the_same_whenever_it_is_made(chart):
    run = Run()
    if chart.applies(run):
        before = chart.skeleton(run).to_plotly_json()
        run.advance(3)
        np.testing.assert_equal(chart.skeleton(run).to_plotly_json(), before)


def test_frame_moves_traces_that_exist(run, chart):
    traces = {trace.uid: trace for trace in chart.skeleton(run).data}
    for key, value in chart.frame(run).items():
        if "." in key:  # else it is a picture
            assert KEY.match(key)
            uid, attribute = key.split(".")
            traces[uid][attribute] = value  # plotly refuses an attribute or a value that it does not know


def test_lengths_agree_and_are_bounded(run, chart):
    arrays = chart.frame(run)
    x, y, text, z = (lengths(arrays, attribute) for attribute in ("x", "y", "text", "z"))
    assert all(y[uid] == length for uid, length in (x | text).items() if uid in y and uid not in z)
    assert all(arrays[f"{uid}.z"].shape == (y[uid], x[uid]) for uid in z if uid in y)
    assert max([*x.values(), *y.values()], default=0) <= POINTS


def test_no_text_is_ever_empty(run, chart):
    """Plotly takes an empty text out of the page, and never shows it again when it is filled."""
    texts = [
        trace.text for trace in figure(run, chart).data if isinstance(trace, go.Scatter) and trace.text is not None
    ]
    assert all(text for some in texts for text in some)


def test_arrays_are_of_types_that_travel(run, chart):
    for value in chart.frame(run).values():
        if isinstance(value, np.ndarray):
            assert value.dtype in (np.float32, np.int32, np.uint8)


def test_figure_is_complete(run, chart):
    for dark in (False, True):
        whole = figure(run, chart, dark)
        filled = {trace.uid: trace for trace in whole.data}
        for key, value in chart.frame(run).items():
            if "." in key:
                uid, attribute = key.split(".")
                np.testing.assert_array_equal(np.asarray(filled[uid][attribute]), np.asarray(value))
        assert json.loads(whole.to_json())["layout"]["font"]["color"] == ("#FAFAFA" if dark else "#31333F")


def test_layout_is_lean(run, chart):
    layout = chart.skeleton(run).layout
    assert not layout.shapes
    assert layout.uirevision == chart.name
    assert layout.showlegend is False
    assert layout.title.text is None
    assert layout.font.color is None
    assert "automargin=True" not in str(layout).replace(" ", "")
    assert len(str(layout.template)) < 200  # plotly's own is 6 KB


def test_every_axis_of_steps_can_be_logarithmic(run, chart):
    layout = chart.skeleton(run).layout
    if layout.xaxis.title.text == "step" and chart.name != "luck":  # whose steps do not begin near 1
        assert layout.meta["steps"] is True
    if chart.name == "loss":
        assert set(layout.meta["smooth"]) >= {"average"}
        assert "average" in [trace.uid for trace in chart.skeleton(run).data]


def test_colours_are_the_palette(run, chart):
    data = [trace.to_plotly_json() for trace in chart.skeleton(run).data]
    used = set(re.findall(r"#[0-9A-Fa-f]{6}", str(data)))
    assert used <= {*COLOURS, "#FFFFFF"}


def test_hint_is_a_sentence_or_nothing(run, chart):
    hint = chart.hint(run)
    assert hint is None or re.match(r"^[A-Z].*\.$", hint)


def test_every_trace_of_the_start_fills_later(made, chart):
    """No trace of a trained run is forgotten by the frame, beside what the skeleton already holds."""
    for run in (made("trained"), made("digits")):
        if chart.applies(run):
            moved = {key.split(".")[0] for key in chart.frame(run)}
            still = {trace.uid for trace in chart.skeleton(run).data if trace.uid not in moved}
            held = {trace.uid for trace in chart.skeleton(run).data if trace.x is not None and len(trace.x)}
            assert still <= held


def test_default_charts(made):
    assert default_charts(made("trained")) == ["loss", "activations", "outputs", "decision_map"]
    assert default_charts(made("digits")) == ["loss", "activations", "outputs", "confusion"]
    assert "mistakes" not in charts_of(made("trained"))
    assert len(default_charts(made("wine"))) == DEFAULTS


def test_a_long_run_stays_small(long_run):
    assert long_run.step == 20_000
    frames = {name: chart.frame(long_run) for name, chart in charts_of(long_run).items()}
    for arrays in frames.values():
        assert max([*lengths(arrays, "x").values(), *lengths(arrays, "y").values()], default=0) <= POINTS
    assert len(pack({}, {name: frames[name] for name in default_charts(long_run)})) <= 18 * 1024
    assert all(len(pack({}, {name: arrays})) <= 12 * 1024 for name, arrays in frames.items())


def test_packets_of_deep_and_wide_runs(made):
    for name in ("six layers", "digits", "eight classes", "twin", "twin of six layers", "twin of digits"):
        run = made(name)
        frames = {chart: CHARTS[chart].frame(run) for chart in default_charts(run)}
        assert len(pack({}, frames)) <= 22 * 1024


def test_packets_with_a_twin_of_many_points():
    run = Run(RunSpec(hidden=(8,) * 6))
    for i in range(11):
        run.advance(300)
        run.twins = i == 10
        run.nudge(learning_rate=0.1 + i / 1000)
    largest = 0
    for _ in range(20):
        run.advance(200)
        frames = {chart: CHARTS[chart].frame(run) for chart in default_charts(run)}
        largest = max(largest, len(pack({}, frames)))
    assert 15_000 < largest <= 23_000  # beside a header of about 1,500 bytes


# names that people gave


TAGS = re.compile(r"</?b>|<span style=\"color:#\w{6}\">|</span>|<br>|<extra></extra>")
LOOSE = re.compile(r"[<>\u0000-\u001f\u007f\u200b\u202a-\u202e\ud800-\udfff]|&(?!amp;|lt;|gt;)")
HOSTILE = ("hostile names", "hostile names in a plane", "256 features", "one feature")


def texts(value, key=""):
    """Every string of a figure with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from texts(inner, inner_key)
    elif isinstance(value, list | tuple | np.ndarray):
        for inner in value:
            yield from texts(inner, key)


def test_names_are_text_and_nothing_else(made):
    for name in HOSTILE:
        run = made(name)
        for chart in charts_of(run).values():
            for key, text in texts(figure(run, chart).to_plotly_json()):
                assert not LOOSE.search(TAGS.sub("", text)), (chart.name, text)
                assert key == "hovertemplate" or "%{" not in text, (chart.name, text)
            assert not LOOSE.search(chart.hint(run) or "")


def test_a_word_that_names_share_is_text_too(made):
    plain = made("hostile names in a plane").data
    shared = tuple(f"<i>{{%{{x}}</i> {i}" for i in range(20))
    run = Run(RunSpec(), data=replace(plain, class_names=shared))
    for name in ("decision_map", "confusion", "mean_output", "outputs"):
        said = [text for key, text in texts(figure(run, CHARTS[name]).to_plotly_json()) if key != "hovertemplate"]
        assert any("&lt;i&gt;" in text for text in said)
        assert not [text for text in said if "<i>" in text or "%{" in text]


def test_templates_hold_no_names(made):
    for name in HOSTILE:
        run = made(name)
        for chart in charts_of(run).values():
            for trace in chart.skeleton(run).data:
                used = set(re.findall(r"%\{(\w+)", trace.hovertemplate or ""))
                assert used <= {"x", "y", "z", "meta", "text"}


def test_plots_keep_their_place_whatever_the_names(made):
    """In a card of 420 by 300 pixels."""
    for name in (*HOSTILE, "digits", "eight classes", "twin of six layers", "luck"):
        run = made(name)
        for chart in charts_of(run).values():
            margin = chart.skeleton(run).layout.margin
            assert 420 - margin.l - margin.r >= 280, chart.name
            assert 300 - margin.t - margin.b >= 150, chart.name


def test_no_two_classes_look_alike(made):
    run = made("hostile names in a plane")
    points = [trace.marker for trace in CHARTS["decision_map"].skeleton(run).data if trace.uid.startswith("dev")]
    assert len({(marker.color, marker.symbol) for marker in points}) == len(points) == 20
    lines = [trace.line for trace in CHARTS["mean_output"].skeleton(run).data if trace.uid.startswith("class")]
    assert len({(one.color, one.dash) for one in lines}) == 20


def test_charts_of_uploaded_data(made):
    assert default_charts(made("hostile names in a plane"))[3] == "decision_map"
    for name in ("hostile names", "256 features", "one feature"):
        assert default_charts(made(name))[3] == "confusion"
        assert "decision_map" not in charts_of(made(name))
        assert "mistakes" in charts_of(made(name))
