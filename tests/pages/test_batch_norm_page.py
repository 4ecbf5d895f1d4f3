"""The lab of batch norm: the numbers on the page against calculations of their own, and what it does with nonsense."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.datasets import load
from core.labs import batch_sizes, inputs, running, side_by_side
from core.runs.run import Run
from core.sessions.commands import Push, Restart
from core.sessions.lab_session import LAB_SESSIONS, MORE
from pages.panels.labs import bn_batch, bn_inputs, bn_sizes, bn_test_time, bn_why, lab
from pages.panels.labs.bn_why import HELD
from tests.pages.test_panda_page import run_of

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
PANELS = {"One mini-batch": "one-batch", "Inputs": "inputs", "Why it works": "why", "Test time": "test-time",
          "Mini-batch size": "sizes"}  # fmt: skip
FIELDS = (*bn_batch.FIELDS, *bn_inputs.FIELDS, *bn_why.FIELDS, *bn_test_time.FIELDS, *bn_sizes.FIELDS)
close = np.testing.assert_allclose


def opened_on(panel, values=None, guess="Just show me", **more):
    """The page with a panel open, its question answered and its dials at `values`."""
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    app.switch_page("batch_norm.py")
    app.session_state["bn-panel"] = panel
    key = PANELS[panel]
    app.session_state[f"{key}-guess"] = guess
    if values is not None:
        app.session_state["why-push" if key == "why" else key] = values
    for name, value in more.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def button(app, label):
    return next(one for one in app.button if one.label == label)


def table(app):
    """The last small table of a page: rows of texts, the head first."""
    text = [one.value for one in app.markdown if one.value.startswith("| ")][-1]
    lines = [line.strip("|").split("|") for line in text.splitlines()]
    return [[cell.strip() for cell in line] for line in lines[:1] + lines[2:]]


def number(text):
    """The first number in a text."""
    return float(re.search(r"-?\d[\d,]*\.?\d*(e[-+]?\d+)?", text)[0].replace(",", ""))


def told(app, name):
    """The number that the page gives under a name."""
    words = next(one.value for one in app.markdown if name in one.value and "**" in one.value)
    line = next(line for line in words.splitlines() if name in line)
    return float(line.split("**")[1])


def latex(app):
    return " ".join(one.value for one in app.latex)


# C9: normalized inputs


def by_hand(X, y, alpha):
    """The condition number, and how many steps gradient descent takes to come within 0.01 of the least cost, step by
    step in float64."""
    H = np.cov(X, bias=True) + np.outer(X.mean(axis=1), X.mean(axis=1))
    values = np.linalg.svd(H, compute_uv=False)
    best, *_ = np.linalg.lstsq(X.T, y, rcond=None)
    least = np.sum((best @ X - y) ** 2) / (2 * y.size)
    w, steps = np.array(inputs.START), 0
    while np.sum((w @ X - y) ** 2) / (2 * y.size) - least > 0.01 and steps < 5000:
        w = w - alpha * ((w @ X - y) @ X.T) / y.size
        steps += 1
    return values[0] / values[-1], 2 / values[0], steps


@pytest.mark.parametrize("values", [(0.07, 5.0, 0.0), (0.01, 8.0, 1.0), (0.5, 1.5, 0.5)])
def test_c9_condition_and_steps_of_inputs_as_they_are_and_normalized(values):
    alpha, spread, mean = values
    app = opened_on("Inputs", {"alpha": alpha, "spread": spread, "mean": mean}, **{"inputs-best": False})
    X, y = inputs.examples()
    X = (X + mean) * [[spread], [1]]
    normalized = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    rows = {row[0]: row[1:] for row in table(app)}
    for i, seen in enumerate((X, normalized)):
        condition, most, steps = by_hand(seen, y, alpha)
        close(number(rows["condition number"][i]), condition, rtol=1e-3)
        close(number(rows["α must be below"][i]), most, rtol=5e-3)
        assert number(rows["steps to within 0.01 of the lowest cost"][i]) == steps
    assert f"= {by_hand(X, y, alpha)[0]:,.4g}" in latex(app)


def test_c9_a_learning_rate_that_is_too_large_never_arrives_and_the_best_one_does():
    app = opened_on("Inputs", {"alpha": 0.5, "spread": 5.0, "mean": 0.0}, **{"inputs-best": False})
    steps = table(app)[-1]
    assert steps[1] == "never"
    assert number(steps[2]) < 20
    app = opened_on("Inputs", {"alpha": 0.5, "spread": 5.0, "mean": 0.0})
    raw, normalized = (number(cell) for cell in table(app)[-1][1:])
    X, y = inputs.examples()
    fewest = min(by_hand(X * [[5], [1]], y, alpha)[2] for alpha in np.linspace(0.005, 0.079, 60))
    assert raw == pytest.approx(fewest, abs=2)
    assert normalized <= 3


# C10, C11, C13: one mini-batch


def dials(wa, **more):
    return bn_batch.DEFAULTS | {f"z{k}": z for k, z in enumerate(wa, start=1)} | more


WA = (-3.2, 0.25, 1.5, 2.0, -0.75, 3.9, 0.0, 1.1)


def test_c10_every_step_of_the_forward_pass():
    app = opened_on("One mini-batch", dials(WA, gamma=1.7, beta=-2.5, b=0.5, epsilon=0.3))
    z = np.array(WA) + 0.5
    mu, var = sum(z) / 8, sum((z - sum(z) / 8) ** 2) / 8
    z_norm = (z - mu) / (var + 0.3) ** 0.5
    rows = {row[0]: [float(cell) for cell in row[1:]] for row in table(app)[1:]}
    for name, expected in (("z", z), ("z − μ", z - mu), ("z norm", z_norm), ("z̃", 1.7 * z_norm - 2.5)):
        close(rows[name], expected, atol=0.00501)
    assert rf"\mu = {mu:.4g}" in latex(app)
    assert rf"\sigma^2 = {var:.4g}" in latex(app)  # of all 8: biased, as the page says
    assert any("σ² is biased: the sum of squares is divided by m" in one.value for one in app.caption)
    assert rf"{{\sqrt{{{var:.4g} + 0.3}}}}" in latex(app)
    assert r"\tilde z = 1.7\,z_\text{norm} -2.5" in latex(app)


def test_c11_the_identity_by_a_button():
    app = opened_on("One mini-batch", dials(WA, b=1.0, epsilon=0.01))
    z = np.array(WA) + 1
    plain = (z - z.mean()) / np.sqrt(z.var() + 0.01)
    close(told(app, "z̃ differs from z by at most"), np.abs(plain - z).max(), rtol=0.05)
    button(app, "γ = √(σ²+ε), β = μ").click().run()
    assert told(app, "z̃ differs from z by at most") < 1e-14
    held = app.session_state["one-batch"]
    close([held["gamma"], held["beta"]], [np.sqrt(z.var() + 0.01), z.mean()], rtol=1e-14)
    rows = {row[0]: row[1:] for row in table(app)}
    assert rows["z̃"] == rows["z"] == [f"{one:.2f}" for one in z]
    button(app, "Reset").click().run()
    assert app.session_state["one-batch"] == bn_batch.DEFAULTS


def test_c13_b_does_not_move_the_output():
    rows = []
    for b in (-4.0, 0.0, 3.3):
        app = opened_on("One mini-batch", dials(WA, gamma=2.0, beta=1.0, b=b))
        assert told(app, "b moves z̃ by at most") < 1e-14
        rows.append(table(app)[-1])
        close([float(cell) for cell in table(app)[1][1:]], np.array(WA) + b, atol=0.00501)
    assert rows[0] == rows[1] == rows[2]


# C12: gamma and beta are learnt


def test_c12_see_it_in_panda_opens_a_run_whose_scale_and_shift_are_learnt():
    app = opened_on("One mini-batch", dials(WA, epsilon=0.02))
    button(app, "See it in Panda").click().run()
    assert not app.exception
    run = run_of(app)
    assert (run.settings.bn_epsilon, run.settings.batch_norm, run.settings.bn_learn) == (0.02, True, True)
    assert "scale_shift" in app.session_state["picked-charts-2d"]
    before = run.stack.network.theta.beta[1].astype(np.float64)
    gradient = []
    run.stack.advance(1, np.empty((1, 1), np.float32), lambda stack, work: gradient.append(stack.network.gradient))
    # the first step of momentum with bias correction is a step of gradient descent: beta -= alpha dbeta
    close(run.stack.network.theta.beta[1], before - 0.1 * gradient[0].beta[1], atol=1e-7)
    assert np.abs(gradient[0].beta[1]).max() > 0


# C14: why it works, and the noise of small mini-batches


def layers_by_hand(net, X, activation):
    """z (n, m) of the last hidden layer in float64, as in training."""
    theta, A = net.stack.network.theta, X
    for l in range(1, side_by_side.LAYERS + 1):
        z = theta.W[l][0].astype(np.float64) @ A
        if not net.stack.settings[0].batch_norm:
            z = z + theta.b[l][0]
        last = z
        if net.stack.settings[0].batch_norm:
            z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)
            z = theta.gamma[l][0] * z + theta.beta[l][0]
        A = 1 / (1 + np.exp(-z)) if activation == "sigmoid" else np.maximum(z, 0)
    return last


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_c14_a_push_of_the_first_layer_is_felt_without_batch_norm_and_not_with_it(activation):
    opened = LAB_SESSIONS.open("o" * 22)
    opened.do(Restart(activation))
    opened.trained.advance(60)
    app = opened_on("Why it works", {"shift": 1.5, "scale": 3.0}, **{HELD: opened.token})
    head, *rows = table(app)
    assert "step 60" in head[0]
    for net, row in zip(opened.trained.nets, rows, strict=True):
        X, W = opened.trained.data.train.X.astype(np.float64), net.stack.network.theta.W[1]
        before, weights = layers_by_hand(net, X, activation), W.copy()
        W *= 3
        after = layers_by_hand(net, X + 1.5, activation)
        W[:] = weights
        moved = (np.abs(after.mean(axis=1) - before.mean(axis=1)) / before.std(axis=1)).mean()
        close(number(row[1]), moved, rtol=6e-3, atol=1e-4)
        close(number(row[2]), (after.std(axis=1) / before.std(axis=1)).mean(), rtol=6e-3)
    felt = [number(row[1]) for row in rows]
    assert felt[0] > 0.1
    assert max(felt[1:]) < 1e-3


def test_the_lab_opens_with_a_few_steps_to_train():
    opened = LAB_SESSIONS.get(opened_on("Why it works").session_state[HELD])
    assert (opened.playing, opened.trained.step, opened.stop_at) == (True, 0, 2 * MORE)
    opened.train(None, 60)
    while opened.busy:
        opened.train(None, 60)
    assert (opened.playing, opened.trained.step) == (False, 2 * MORE)


def test_c14_the_push_is_made_in_all_three_and_training_goes_on():
    app = opened_on("Why it works", {"shift": 0.5, "scale": 2.0})
    opened = LAB_SESSIONS.get(app.session_state[HELD])
    opened.trained.advance(20)
    before = [net.stack.network.theta.W[1].copy() for net in opened.trained.nets]
    X = opened.trained.data.train.X
    button(app, "Push").click().run()
    assert not app.exception
    assert opened.trained.pushes == [20]
    for net, W in zip(opened.trained.nets, before, strict=True):
        close(net.stack.network.theta.W[1], 2 * W)
        close(net.stack.data.train.X, X + 0.5, rtol=1e-5)
        assert net.stack.state.step == 20


def test_c14_the_debate_is_told_and_the_noisy_network_is_on_the_page():
    app = opened_on("Why it works")
    assert any("debated" in one.value and "Santurkar" in one.value for one in app.caption)
    assert [row[0] for row in table(app)[1:]] == list(side_by_side.NAMES)


def test_c14_the_mean_of_a_mini_batch_strays_as_one_over_the_root_of_its_size():
    app = opened_on("Mini-batch size", {"size": 16})
    z = batch_sizes.population()
    head, *rows = table(app)
    assert [number(row[0].strip("*")) for row in rows] == [2, 4, 8, 16, 64]
    rng = np.random.default_rng(77)
    for row in rows:
        m = int(row[0].strip("*"))
        batches = rng.choice(z, (20_000, m))
        close(number(row[1]), batches.mean(axis=1).std(), rtol=0.1)
        close(number(row[2]), z.std() / m**0.5, rtol=5e-3)
        close(number(row[3]), batches.var(axis=1).std(), rtol=0.12)
    assert f"= {z.std() / 4:.3g}" in latex(app)


# C15: test time


def running_by_hand(step, rho):
    v, kept = 0.0, 0.0
    for value in running.recorded().statistics[:step, 0, running.UNIT].astype(np.float64):
        v, kept = rho * v + (1 - rho) * value, rho * kept + (1 - rho)
    return v / kept


def predicted_by_hand(step, rho, x):
    """Softmax outputs of x (n_x,) with running statistics, layer by layer in float64; None for rho: with its own."""
    net = running.at(step, rho or 0.0)
    theta, a, at = net.theta, x, 0
    statistics = running.recorded().statistics[:step].astype(np.float64)
    weights = (rho or 0.0) ** np.arange(step - 1, -1, -1.0)
    average = np.tensordot(weights, statistics, 1) / weights.sum()  # (2, units)
    for l in (1, 2):
        z = theta.W[l][0].astype(np.float64) @ a
        mu, var = average[:, at : at + z.size] if rho is not None else (z, 0 * z)
        z = theta.gamma[l][0, :, 0] * (z - mu) / np.sqrt(var + 1e-5) + theta.beta[l][0, :, 0]
        a, at = np.maximum(z, 0), at + z.size
    z = theta.W[3][0] @ a + theta.b[3][0, :, 0]
    return np.exp(z) / np.exp(z).sum()


@pytest.mark.parametrize("values", [(300, 0.9, 5), (7, 0.99, 40), (400, 0.0, 1)])
def test_c15_running_averages_and_the_prediction_of_one_example(values):
    step, rho, example = values
    app = opened_on("Test time", {"step": step, "decay": rho, "example": example})
    assert f"= {running_by_hand(step, rho):.4g}" in latex(app)
    x = load("spiral", 3, 800, 0.2, 0, 0.2, True).dev.X[:, example - 1].astype(np.float64)
    _, alone, tested = table(app)
    close([float(p) for p in tested[1:4]], predicted_by_hand(step, rho, x), atol=2e-3)
    close([float(p) for p in alone[1:4]], predicted_by_hand(step, None, x), atol=1e-3)


def test_c15_one_example_by_itself_always_gets_the_same_answer():
    apps = [opened_on("Test time", {"step": 300, "decay": 0.9, "example": i}) for i in (1, 2, 99)]
    assert len({tuple(table(app)[1]) for app in apps}) == 1
    assert len({tuple(table(app)[2]) for app in apps}) == 3
    assert told(apps[0], "Largest difference between two dev examples") == 0
    _, alone, tested = table(apps[0])
    assert number(alone[-1]) < 40
    assert number(tested[-1]) > 90


def test_c15_the_engine_keeps_the_same_averages():
    run = Run(running.SPEC, running.SETTINGS)
    run.advance(150)
    close(run.stack.network.running_mean[2][0, 0, 0], running_by_hand(150, 0.9), rtol=1e-5)


# the page as a whole


@pytest.mark.parametrize("panel", PANELS)
def test_a_question_comes_first_and_every_guess_is_answered(panel):
    app = opened_on(panel, guess=None)
    assert not app.latex
    assert not [one for one in app.button if one.label == "See it in Panda"]
    for guess in app.pills[0].options if hasattr(app, "pills") else ():
        if guess != "Just show me":
            assert len(opened_on(panel, guess=guess).success) + len(opened_on(panel, guess=guess).info) == 1


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_at_most_80_words(panel):
    app = opened_on(panel)
    words = [one.value for one in (*app.markdown, *app.caption) if not one.value.startswith("| ")]
    count = len(" ".join(words).split())
    assert 5 < count <= 80


@pytest.mark.parametrize("panel", PANELS)
def test_see_it_in_panda_opens_a_run(panel):
    app = opened_on(panel)
    button(app, "See it in Panda").click().run()
    assert not app.exception
    assert run_of(app)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308, "x", None, [1], True])
def test_a_value_that_no_dial_can_have_is_answered_by_a_sentence(value):
    for field in FIELDS:
        session = {}
        assert lab._fitting([field], {field.name: value}, session) == {}
        assert field.label.capitalize() in session["lab-wrong"]


@pytest.mark.parametrize("found", [None, [], "x", 3, {"nobody": 1}])
def test_values_that_are_no_values_change_nothing(found):
    session = {}
    assert lab._fitting(bn_batch.FIELDS, found, session) == {}
    assert session == {}


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_every_dial_are_fine(panel, end):
    part = {"One mini-batch": bn_batch, "Inputs": bn_inputs, "Why it works": bn_why, "Test time": bn_test_time,
            "Mini-batch size": bn_sizes}[panel]  # fmt: skip
    app = opened_on(panel, {field.name: getattr(field, end) for field in part.FIELDS})
    assert "nan" not in " ".join(one.value for one in (*app.markdown, *app.latex))


def test_networks_that_were_pushed_until_they_broke_are_told_with_dashes():
    opened = LAB_SESSIONS.open("o" * 22)
    for _ in range(45):
        opened.do(Push(3.0, 10.0))
    opened.trained.advance(3)
    app = opened_on("Why it works", **{HELD: opened.token})
    assert table(app)[1][1] == "– σ"
