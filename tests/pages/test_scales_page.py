"""The lab of scales: what the page says, against calculations that share no code with it. Course rows C2-C5."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import signal, stats
from streamlit.testing.v1 import AppTest

from core.sessions.run_registry import RUN_SESSIONS

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
PANELS = ["Sampling α", "β and its memory", "Two moves of β", "Averages", "Random or grid", "Coarse to fine"]
KEYS = dict(zip(PANELS, ["alpha", "beta", "moves", "averages", "grid", "fine"], strict=True))
NUMBER = r"(-?[\d.,]+(?:e-?\d+)?)"


def page(panel, guess="Just show me", **state):
    """The panel of the page, with its question answered and these values of the session."""
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    app.session_state["scales-panel"] = panel
    app.session_state[f"{KEYS[panel]}-guess"] = guess
    for name, value in state.items():
        app.session_state[name.replace("_", "-")] = value
    app.switch_page("scales.py").run()
    assert not app.exception
    return app


def says(app, before):
    """What the page says after these words, as text."""
    for block in app.markdown:
        for row in block.value.split("\n"):
            if row.startswith(before):
                return row.partition(": **")[2].rstrip().removesuffix("**")
    raise AssertionError(f"nothing begins with {before!r}: {[block.value for block in app.markdown]}")


def number(app, before, pattern=NUMBER):
    return float(re.search(pattern, says(app, before))[1].replace(",", ""))


def formulas(app):
    return " ".join(block.value for block in app.latex)


def drawn(app, key, chart, trace):
    """An array of a chart of the page as the browser gets it."""
    part = next(it for it in app.get("bidi_component") if it.proto.id.endswith(f"-{key}-charts"))
    return np.array(part_data(part)["frames"][chart][trace], float)


def part_data(part):
    return json.loads(part.proto.json)


def test_c4_the_share_of_learning_rates_in_three_of_four_decades():
    app = page("Sampling α", alpha={"n": 5000})
    u = np.random.default_rng(0).random(5000)
    shares = {"Linear": np.mean(1e-4 + (1 - 1e-4) * u <= 0.1), "Log": np.mean(10 ** (-4 * (1 - u)) <= 0.1)}
    expected = {"Linear": stats.uniform(1e-4, 1 - 1e-4).cdf(0.1), "Log": stats.loguniform(1e-4, 1).cdf(0.1)}
    for name in ("Linear", "Log"):
        assert number(app, name) == pytest.approx(100 * shares[name], abs=0.051)
        assert number(app, name, rf"expected {NUMBER}") == pytest.approx(100 * expected[name], abs=0.051)
    assert expected["Log"] == pytest.approx(0.75)
    assert rf"10^r = {10 ** (-4 + 4 * u[0]):.4g}" in formulas(app)
    assert drawn(app, "alpha", "alpha-log", "bars.y") == pytest.approx(
        np.histogram(np.log10(10 ** (-4 + 4 * u)), 8, (-4, 0))[0] / 5000
    )


def test_c4_another_range_and_another_draw_move_the_numbers():
    app = page("Sampling α", alpha={"n": 2000, "low": 1e-6, "high": 0.1, "edge": 1e-3})
    assert number(app, "Log", rf"expected {NUMBER}") == pytest.approx(60.0)  # three of five decades
    assert number(app, "Linear", rf"expected {NUMBER}") == pytest.approx(1.0)
    before = formulas(app)
    app.button(key="alpha-again").click().run()
    assert formulas(app) != before
    assert f"{np.random.default_rng(1).random():.4f}" in formulas(app)


@pytest.mark.parametrize(
    ("beta", "about", "fallen"),
    [
        (0.9, "10", 9.4912),
        (0.98, "50", 49.498),
        (0.999, "1,000", 999.5),
        (0.6, "2.5", 1.9576),
        (0.3, "1.42857", 0.83058),
    ],
)
def test_c5_what_beta_remembers(beta, about, fallen):
    app = page("β and its memory", beta_memory={"beta": beta})
    assert f"1-{beta:g}}} = {about}\\" in formulas(app)
    assert f"= {fallen:,.5g}" in formulas(app)
    k = np.arange(50)
    assert drawn(app, "beta-memory", "kernel", "bars.y") == pytest.approx((1 - beta) * beta**k)
    newest = round(1 / (1 - beta))
    within = sum((1 - beta) * beta**j for j in range(newest))
    assert number(app, f"Weight of the newest {newest:,}") == pytest.approx(100 * within, abs=0.051)


def test_c5_beta_is_sampled_evenly_in_one_minus_beta():
    app = page("β and its memory", beta={"n": 3000})
    u = np.random.default_rng(0).random(3000)
    right = 1 - 10 ** (-1 - 2 * u)
    assert number(app, "1-β") == pytest.approx(100 * np.mean(right <= 0.99), abs=0.051)
    assert number(app, "1-β", rf"expected {NUMBER}") == pytest.approx(100 * stats.loguniform(1e-3, 0.1).sf(0.01))
    assert number(app, "Linear", rf"expected {NUMBER}") == pytest.approx(100 * 0.09 / 0.099, abs=0.051)


def test_c5_the_two_moves():
    app = page("Two moves of β")
    assert r"\tfrac{1}{1-0.9} &= 10\ " in formulas(app)
    assert r"\tfrac{1}{1-0.9005} &= 10.05\ " in formulas(app)
    assert r"\tfrac{1}{1-0.999} &= 1,000\ " in formulas(app)
    assert r"\tfrac{1}{1-0.9995} &= 2,000\ " in formulas(app)
    first, second = (block.value for block in app.markdown if "Memory" in block.value)
    assert "+0.5%" in first
    assert "+100.0%" in second
    apart = [float(re.search(rf"up to: \*\*{NUMBER}", words)[1]) for words in (first, second)]
    assert apart[1] > 20 * apart[0]
    before, after = (drawn(app, "moves", "move-2", f"{name}.y") for name in ("before", "after"))
    assert np.abs(before - after).max() == pytest.approx(apart[1], rel=0.02)  # some of the points are drawn


@pytest.mark.parametrize("name", ["loss", "alcohol", "radius"])
def test_c5_the_average_and_one_of_its_steps(name):
    app = page("Averages", averages={"beta": 0.98, "t": 12}, averages_series=name)
    series = drawn(app, "averages", "average", "series.y")
    plain = signal.lfilter([1 - 0.98], [1, -0.98], series)
    mended = plain / (1 - 0.98 ** np.arange(1, series.size + 1))
    assert drawn(app, "averages", "average", "uncorrected.y") == pytest.approx(plain, rel=1e-5)
    assert drawn(app, "averages", "average", "corrected.y") == pytest.approx(mended, rel=1e-5)
    said = formulas(app)
    for value in (plain[10], series[11], plain[11], mended[11]):
        assert f"{value:.4g}" in said
    assert says(app, "Averages about") == "50 values"


def test_c5_without_bias_correction():
    weights = [beta ** (1 / (1 - beta)) for beta in (0.9, 0.98, 0.999)]  # of the 0 that the average starts with
    assert weights == pytest.approx([0.37] * 3, abs=0.022)
    app = page("Averages", averages={"beta": 0.9, "t": 1}, averages_bias=False)
    assert any("After 1/(1-β) steps this 0 still has about 37 % of the weight" in one.value for one in app.caption)
    series = drawn(app, "averages", "average", "series.y")
    assert f"&= 0.9\\cdot 0\\\\&\\quad + 0.1\\cdot {series[0]:.4g}" in formulas(app)
    assert "tfrac" not in formulas(app)
    assert np.isnan(drawn(app, "averages", "average", "corrected.y")).all()
    app.toggle(key="averages-bias").set_value(True).run()
    assert rf"\tfrac{{v_{{1}}}}{{1-0.9^{{1}}}} &= \tfrac{{{series[0] / 10:.4g}}}{{0.1}}" in formulas(app)


@pytest.mark.parametrize("side", [2, 5, 8])
def test_c2_random_tries_n_values_and_the_grid_its_side(side):
    app = page("Random or grid", grid={"side": side, "weight": 0.0, "seeds": 60})
    assert f"= {side**2}\\" in formulas(app)
    for way, name, distinct in (("random", "at random", side**2), ("grid", "on the grid", side)):
        x = drawn(app, "grid", f"versus-{way}", "points.x")
        assert x.size == side**2
        assert np.unique(x).size == distinct == number(app, f"Different α {name}")
        centre = drawn(app, "grid", f"versus-{way}", "optimum.x")[0]
        assert number(app, f"Best loss {name}") == pytest.approx(np.min((x - centre) ** 2), rel=0.006, abs=1e-12)


def test_c2_how_often_random_wins_and_its_sign_test():
    app = page("Random or grid", grid={"side": 5, "weight": 0.0, "seeds": 80})
    at_random, on_grid = (
        np.concatenate([drawn(app, "grid", "versus-seeds", f"{uid}.{axis}") for uid in ("wins", "defeats")])
        for axis in "yx"
    )
    wins = int(np.sum(at_random < on_grid))
    assert at_random.size == 80
    assert says(app, "Random is better") == f"{wins} of 80 seeds"
    assert wins > 50
    assert number(app, "By chance") == pytest.approx(stats.binomtest(wins, 80).pvalue, rel=0.05)


def test_c2_where_both_matter_random_is_no_better():
    app = page("Random or grid", grid={"side": 5, "weight": 1.0, "seeds": 200})
    wins = number(app, "Random is better")
    assert 60 < wins < 140
    assert drawn(app, "grid", "versus-weights", "shares.y")[-1] == pytest.approx(wins / 200)


def test_c3_the_second_round_is_drawn_around_the_best_of_the_first():
    app = page("Coarse to fine", fine={"rounds": 2, "n": 20, "share": 0.2})
    get = lambda trace: drawn(app, "fine", "coarse", trace)  # noqa: E731
    centre = np.array([get("optimum.x")[0], get("optimum.y")[0]])
    first, second = (np.stack([get(f"round{k}.x"), get(f"round{k}.y")], axis=1) for k in (0, 1))
    best = np.argsort(((first - centre) ** 2).sum(axis=1))[:4]  # a fifth of 20
    area = 1.0
    for column, axis in enumerate("xy"):
        inside, others = first[best, column], first[:, column]
        low = (inside.min() + others[others < inside.min()].max(initial=-inside.min())) / 2
        high = others[others > inside.max()]
        high = (inside.max() + high.min()) / 2 if high.size else 1.0
        box = get(f"box1.{axis}")
        assert (box.min(), box.max()) == pytest.approx((max(low, 0.0), high), abs=1e-5)
        assert ((second[:, column] >= low - 1e-5) & (second[:, column] <= high + 1e-5)).all()
        area *= high - max(low, 0.0)
    assert number(app, "Denser") == pytest.approx(1 / area, rel=0.01)
    found = np.concatenate([((points - centre) ** 2).sum(axis=1) for points in (first, second)])
    assert number(app, "Best loss in rounds") == pytest.approx(found.min(), rel=0.01)
    assert drawn(app, "fine", "coarse-paths", "rounds.y") == pytest.approx(np.minimum.accumulate(found), rel=1e-3)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_is_shown_once_its_question_is_answered(panel):
    app = page(panel, guess=None)
    assert not app.latex
    choices = app.button_group(key=f"{KEYS[panel]}-guess").options
    assert choices[-1] == "Just show me"
    for choice in choices:
        app = page(panel, guess=choice)
        assert app.latex
        assert len(app.success) + len(app.info) == (choice != "Just show me")


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_at_most_80_words(panel):
    app = page(panel, guess=None)
    for choice in app.button_group(key=f"{KEYS[panel]}-guess").options:
        app = page(panel, guess=choice)
        blocks = [*app.markdown, *app.caption, *app.info, *app.success]
        words = re.findall(r"[^\W\d_]{2,}", " ".join(block.value for block in blocks))
        assert len(words) <= 80


HOSTILE = [math.nan, math.inf, 1e308, -1e308, -1, "x", None, True, [1], 0.5000001j]


@pytest.mark.parametrize(("panel", "key", "names"), [
    ("Sampling α", "alpha", ["n", "low", "high", "edge"]),
    ("β and its memory", "beta", ["n", "low", "high", "edge"]),
    ("β and its memory", "beta-memory", ["beta"]),
    ("Two moves of β", "moves", ["b1", "a1", "b2", "a2"]),
    ("Averages", "averages", ["beta", "t"]),
    ("Random or grid", "grid", ["side", "weight", "seeds"]),
    ("Coarse to fine", "fine", ["rounds", "n", "share"]),
])  # fmt: skip
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_hostile_values_give_a_sentence(panel, key, names, value):
    app = page(panel, **{key: dict.fromkeys(names, value)})
    assert len(app.error) == 1
    assert "it takes" in app.error[0].value.replace("\u2060", "")
    assert app.latex
    assert not page(panel, **{key: {}}).error


@pytest.mark.parametrize("seed", [-1, 10**9, "x", math.nan])
def test_a_seed_that_cannot_be_counts_as_the_first(seed):
    for panel, key in (("Sampling α", "alpha"), ("Random or grid", "grid"), ("Coarse to fine", "fine")):
        wrong, right = (page(panel, **{key: {"seed": one}}) for one in (seed, 0))
        assert formulas(wrong) == formulas(right) or seed == 10**9


def test_values_and_answers_survive_another_page():
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    app.switch_page("scales.py").run()
    app.button_group(key="alpha-guess").set_value("Just show me").run()
    app.button(key="alpha-again").click().run()
    app.button_group(key="alpha-axis").set_value("linear").run()
    before = formulas(app), drawn(app, "alpha", "alpha-log", "bars.y").tolist()
    app.switch_page("settings.py").run()
    app.switch_page("scales.py").run()
    assert (formulas(app), drawn(app, "alpha", "alpha-log", "bars.y").tolist()) == before
    assert before[1][0] > 0.5  # on the linear axis


@pytest.mark.parametrize(("panel", "key", "changes", "has"), [
    ("β and its memory", "beta", {"beta-memory": {"beta": 0.97}}, {"beta1": 0.97}),
    ("Two moves of β", "moves", {"moves": {"b2": 0.995}}, {"beta1": 0.995}),
    ("Averages", "averages", {"averages": {"beta": 0.5}}, {"beta1": 0.5, "bias_correction": True}),
    ("Sampling α", "alpha", {}, {"learning_rate": 10 ** (-4 + 4 * np.random.default_rng(0).random())}),
])  # fmt: skip
def test_see_it_in_panda(panel, key, changes, has):
    app = page(panel, **changes)
    app.button(key=f"{key}-panda").click().run()
    assert not app.exception
    run = app.query_params["run"]
    opened = RUN_SESSIONS.get(run[0] if isinstance(run, list) else run)
    for name, value in has.items():
        assert getattr(opened.run.settings, name) == pytest.approx(value)


LABS = {"scales.py": "scales-panel", "softmax.py": "softmax-panel", "batch_norm.py": "bn-panel"}


@pytest.mark.parametrize(("lab", "key"), LABS.items())
def test_a_lab_opens_again_on_the_panel_that_was_open(lab, key):
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    app.switch_page(lab).run()
    second = [tab.label for tab in app.tabs][1]
    app.session_state[key] = second
    app.run()
    asked = app.button_group[0].key
    app.switch_page("settings.py").run()
    app.switch_page(lab).run()
    assert not app.exception
    assert app.session_state[key] == second
    assert app.button_group[0].key == asked


def test_a_wrong_guess_is_not_quite_right():
    assert page("Averages", guess="90 %").info[0].value.startswith("Not quite. 10 %. ")
    assert page("Averages", guess="10 %").success[0].value.startswith("Yes. ")
