"""The lab of softmax: what the page shows, against calculations that use none of the engine's functions (C16-C19)."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit, log_softmax, softmax
from streamlit.testing.v1 import AppTest

from core.charts.labs import loss_terms as loss_charts
from core.labs import boundaries as plane
from core.labs.loss_terms import loss_terms
from pages.panels.labs import lab

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
TABS = {"from-z": "From z to a", "two-classes": "Two classes", "loss": "Loss and gradient", "boundaries": "Boundaries"}


def page(key, guess="Just show me", **state):
    """One panel, with the session's values in `state`; dashes of its names are underscores here."""
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    app.query_params.clear()
    app.session_state["softmax-panel"] = TABS[key]
    if guess:
        app.session_state[f"{key}-guess"] = guess
    for name, value in state.items():
        app.session_state[name.replace("_", "-")] = value
    app.switch_page("softmax.py").run()
    assert not app.exception
    return app


def table(app, head):
    """The rows of the table whose first heading is `head`, cell by cell."""
    found = [it.value for it in app.markdown if it.value.startswith(f"| {head} |")]
    assert len(found) == 1
    return [[cell.strip(" *") for cell in line.strip("| ").split("|")] for line in found[0].splitlines()[2:]]


def number(app, name):
    """The number that stands behind this name."""
    words = "\n".join(it.value for it in app.markdown)
    return float(re.search(rf"{re.escape(name)}: \*\*([-+.0-9e]+)", words).group(1))


def formulas(app):
    return " ".join(it.value for it in app.latex)


def test_c16_t_sum_and_a_of_the_courses_example():
    app = page("from-z", from_z_more={"temperature": 1.0, "constant": 0.0})
    rows = table(app, "class")
    z = np.array([5.0, 2.0, -1.0, 3.0])
    assert [float(row[1]) for row in rows[:4]] == z.tolist()
    np.testing.assert_allclose([float(row[2]) for row in rows[:4]], np.exp(z), rtol=1e-3)
    np.testing.assert_allclose([float(row[3]) for row in rows[:4]], [0.842, 0.042, 0.002, 0.114])
    assert float(rows[4][2]) == pytest.approx(sum(math.exp(one) for one in z), rel=1e-3)
    assert r"\frac{148.4}{176.3}" in formulas(app)


@pytest.mark.parametrize("C", [2, 7, 10])
def test_c16_any_number_of_classes(C):
    z = [3.3, -2.1, 0.4, 1.0, 7.7, -9.0, 2.2, 5.0, 5.1, 4.9]
    app = page("from-z", from_z={f"z{j + 1}": z[j] for j in range(10)}, from_z_classes=C)
    np.testing.assert_allclose([float(row[3]) for row in table(app, "class")[:C]], softmax(z[:C]), atol=5.1e-4)


def test_c16_a_constant_changes_nothing_and_the_formula_as_written_fails():
    app = page("from-z", from_z_more={"temperature": 1.0, "constant": 300.0})
    rows = table(app, "class")
    np.testing.assert_allclose([float(row[3]) for row in rows[:4]], [0.842, 0.042, 0.002, 0.114])
    assert number(app, "Largest difference that c = 300 makes") < 1e-12
    near, far = table(app, "z")
    assert near == ["305", "0.842", "0.842"]
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(np.exp(np.float64(1305)) / np.exp(np.float64(1305)))
    assert far == ["1305", "inf / inf = NaN", "0.842"]
    assert "inf / inf is NaN" in " ".join(it.value for it in app.caption)


def test_c17_from_hardmax_to_uniform_by_temperature():
    z = np.array([5.0, 2.0, -1.0, 3.0])
    for temperature in (0.02, 0.5, 50.0):
        app = page("from-z", from_z_more={"temperature": temperature, "constant": 0.0})
        rows = table(app, "class")[:4]
        np.testing.assert_allclose([float(row[3]) for row in rows], softmax(z / temperature), atol=5.1e-4)
        assert [row[4] for row in rows] == ["1", "0", "0", "0"]
        if temperature == 0.02:
            assert [row[3] for row in rows] == ["1.000", "0.000", "0.000", "0.000"]
    assert max(abs(float(row[3]) - 0.25) for row in rows) < 0.02


@pytest.mark.parametrize(("difference", "z2"), [(2.0, 0.0), (-7.5, 3.0), (10.0, -10.0)])
def test_c18_two_classes_are_the_logistic_sigmoid(difference, z2):
    app = page("two-classes", two_classes={"difference": difference, "z2": z2})
    shown = [float(value) for value in re.findall(r"= ([01]\.\d{6})", formulas(app))]
    np.testing.assert_allclose(shown, [expit(difference)] * 2, atol=5.1e-7)
    assert number(app, "Largest difference") < 1e-15


def loss_state(Z, labels):
    values = {f"z{j + 1}of{i}": float(Z[j, i]) for j, i in np.ndindex(Z.shape)}
    return {"loss": values, "loss_true": {"labels": [*labels]}, "loss_m": Z.shape[1]}


@pytest.mark.parametrize("m", [3, 5])
def test_c19_every_term_the_losses_the_cost_and_the_gradient(m):
    Z = np.random.default_rng(m).uniform(-4, 4, (4, 5)).round(2)
    labels = [2, 0, 3, 1, 1]
    app = page("loss", **{**loss_state(Z, labels), "loss_m": m})
    logs = log_softmax(Z[:, :m], axis=0)
    rows = table(app, "y log a")
    for j in range(4):
        for i in range(m):
            y, a, term = re.fullmatch(r"([01]) log ([.\d]+) = (-?[.\d]+)", rows[j][i + 1]).groups()
            assert int(y) == (labels[i] == j)
            assert float(a) == pytest.approx(math.exp(logs[j, i]), abs=5.1e-4)
            assert float(term) == pytest.approx(int(y) * logs[j, i], abs=5.1e-4)
    losses = [-logs[labels[i], i] for i in range(m)]
    np.testing.assert_allclose([float(cell) for cell in rows[4][1:]], losses, atol=5.1e-4)
    cost = float(re.search(r"L\^\{\(i\)\} = ([.\d]+)", formulas(app)).group(1))
    assert cost == pytest.approx(np.mean(losses), abs=5.1e-5)
    slopes = table(app, "dL/dz, example 1")
    expected = approx_fprime(Z[:, 0], lambda z: -log_softmax(z)[labels[0]], 1e-7)
    for row in slopes:
        np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, atol=2e-6)
    assert 0 < number(app, "Largest difference, (A - Y)/m from central differences of J") < 1e-8


def test_no_loss_is_written_on_the_line_of_their_mean():
    labels = [0, 1, 0, 3]
    for z in np.linspace(-4, 4, 41):
        Z = np.array([[5, 2, -1, 3], [1, 3, 0, 0], [0, 0, 2, -1], [-1, 1, 1, z]]).T
        shown = loss_terms(Z, labels)
        frame = loss_charts.LOSSES.frame(shown)
        above = frame["said.y"] - shown.J
        assert ((above >= 0) | (above <= -0.5)).all()  # such a number is at most half a nat high
        assert (frame["said.y"] >= np.minimum(shown.losses, 4.5)).all()


def test_c19_y_is_one_hot_c_by_m_and_follows_the_true_class():
    app = page("loss")
    app.segmented_control(key="loss-true-0").set_value(3).run()
    Y = re.search(r"\\underset\{\(4 \\times 4\)\}\{Y\} = \\begin\{bmatrix\} (.*?) \\end", formulas(app)).group(1)
    found = np.array([[int(cell) for cell in row.split("&")] for row in Y.split(r"\\")])
    np.testing.assert_array_equal(found, np.eye(4, dtype=int)[:, [2, 1, 0, 3]])


@pytest.mark.parametrize("name", ["rings", "clusters", "spiral"])
def test_hidden_layers_separate_what_a_line_cannot(name):
    app = page("boundaries", boundaries={"preset": name, "classes": 4, "points": plane.preset(name, 4)})
    app.segmented_control(key="boundaries-layers").set_value("one").run()
    assert number(app, "Train accuracy, hidden layers none") < 70
    assert number(app, "Train accuracy, hidden layers one") > 97


def test_presets_classes_and_layers_are_chosen():
    app = page("boundaries")
    app.button(key="boundaries-rings").click().run()
    app.segmented_control(key="boundaries-classes").set_value(6).run()
    held = app.session_state["boundaries"]
    assert (held["points"].classes, held["points"].x.size) == (6, 144)
    app.segmented_control(key="boundaries-layers").set_value("two").run()
    assert number(app, "Train accuracy, hidden layers two") > 97
    app.segmented_control(key="boundaries-layers").set_value("none").run()
    assert not [button for button in app.button if button.label == "See it in Panda"]
    assert any("choose one or two to see this there" in caption.value for caption in app.caption)


def test_nothing_to_divide_is_a_sentence():
    app = page("boundaries")
    app.button(key="boundaries-clear").click().run()
    assert "There are no points" in app.info[0].value
    for x, labels, words in (([0.1, 0.2], [1, 1], "one class"), ([math.nan, 0.2], [0, 1], "not a finite number")):
        points = plane.Points(np.array(x), np.array([0.0, 0.3]), np.array(labels), 4)
        app = page("boundaries", boundaries={"preset": "groups", "classes": 4, "points": points})
        assert words in app.info[0].value


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308])
def test_hostile_z_are_a_sentence(value):
    for key, state in (
        ("from-z", {"from_z": {"z1": value}, "from_z_more": {"temperature": 0.02, "constant": 0.0}}),
        ("two-classes", {"two_classes": {"difference": value, "z2": value}}),
        ("loss", {"loss": {"z1of0": value}}),
    ):
        assert any("cannot be" in error.value and "it takes" in error.value for error in page(key, **state).error)


@pytest.mark.parametrize("value", [math.nan, 1e308, "5", None, [1]])
def test_a_dial_takes_only_numbers_of_its_range(value):
    session = {}
    assert lab._fitting([lab.knob("z1", "z", "z of class 1", -10, 10)], {"z1": value}, session) == {}
    assert "takes -10 to 10" in session["lab-wrong"]


@pytest.mark.parametrize("key", TABS)
def test_a_panel_asks_first_and_is_short(key):
    asked = page(key, guess=None)
    assert not asked.latex
    app = page(key)
    seen = [
        it.value for it in [*app.markdown, *app.caption] if not it.value.startswith("|") and "<style" not in it.value
    ]
    assert len(re.findall(r"[A-Za-z]{2,}", " ".join(seen))) <= 80


@pytest.mark.parametrize("key", TABS)
def test_see_it_in_panda_opens_a_run(key):
    app = page(key)
    if key == "boundaries":  # Panda's networks have a hidden layer
        app.segmented_control(key="boundaries-layers").set_value("one").run()
    (button,) = [button for button in app.button if button.label == "See it in Panda"]
    button.click().run()
    assert not app.exception
    assert not app.error
    assert app.query_params["run"]
