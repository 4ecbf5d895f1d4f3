"""Course rows that the dashboard and Caviar show: the number on the page against one worked out here on its own.

Rows C2 to C5 and C9 to C19 are in the tests of the labs.
"""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.export import EXPORTS
from core.runs.run import Run
from core.sessions.commands import Nudge, Pick
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.search_registry import SEARCH_SESSIONS
from tests.pages.test_caviar_page import CAVIAR, new_search, search_of, to_the_end
from tests.pages.test_panda_page import FRAME, button, run_of, token_of, turn_to


@pytest.fixture
def panda():
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params["dataset"] = "spiral"
    return app.run()


def parts(app, part):
    """What the live parts of that kind were given, in the order in which they stand on the page."""

    def walk(block):
        for child in getattr(block, "children", {}).values():
            if child.type == "bidi_component":
                yield json.loads(
                    child.proto.mixed.json if child.proto.WhichOneof("data") == "mixed" else child.proto.json
                )
            yield from walk(child)

    return [data for data in walk(app._tree[0]) if data.get("part") == part]


def test_c1_what_to_tune_first_stands_first_and_settings_tried_are_models_trained(panda):
    dials = [(row["name"], row["value"]) for data in parts(panda, "dials") for row in data["dials"]]
    assert dials[0] == ("learning_rate", 0.1)
    names = [name for name, _ in dials]
    ranks = [names.index(name) for name in ("learning_rate", "beta1", "batch_size", "decay_rate", "epsilon")]
    assert ranks == sorted(ranks)
    assert {"beta2", "epsilon"} <= set(names[-4:])  # seldom

    app = AppTest.from_file(CAVIAR, default_timeout=60).run()
    new_search(app, models=12)
    button(app, "Start this search").click().run()
    opened = search_of(app)
    to_the_end(opened)
    assert len({tuple(trial.point.values()) for trial in opened.search.trials}) == 12
    assert [trial.state for trial in opened.search.trials].count("done") == 12


def test_c6_a_re_check_tries_the_settings_again_beside_fresh_variants(panda):
    run = run_of(panda)
    run.advance(40)
    before = {one.token for one in SEARCH_SESSIONS.sessions()}
    button(panda, "Re-check the settings").click().run()
    (token,) = {one.token for one in SEARCH_SESSIONS.sessions()} - before
    opened = SEARCH_SESSIONS.get(token)
    to_the_end(opened)
    opened.do(Pick(0))

    app = AppTest.from_file(CAVIAR, default_timeout=60)
    app.query_params["search"] = token
    app.run()
    words = next(it.value for it in app.markdown if "Model 0" in it.value)
    step, alpha = re.search(r"step ([\d,]+): learning rate ([\d\\.]+)", words).groups()
    assert int(step.replace(",", "")) == 300
    assert float(alpha.replace("\\", "")) == run.settings.learning_rate
    fresh = Run(replace(run.spec, seed=run.spec.seed + 1), run.settings)  # by hand: other weights, the same settings
    fresh.advance(300)
    assert opened.search.trials[0].loss == pytest.approx(fresh.evaluate("dev").loss, rel=1e-6)


def by_hand(run):
    """Mean dev loss in nats from the exported weights, in float64, without the engine."""
    arrays = np.load(io.BytesIO(EXPORTS["weights_npz"].make(run)), allow_pickle=False)
    A, last = run.data.dev.X.astype(np.float64), len(run.sizes) - 1
    for l in range(1, last + 1):
        Z = arrays[f"W{l}"].astype(np.float64) @ A
        if l == last:
            Z = Z + arrays[f"b{l}"]
        else:
            centred = Z - arrays[f"running_mean{l}"]
            root = np.sqrt(arrays[f"running_variance{l}"].astype(np.float64) + 1e-5)
            Z = arrays[f"gamma{l}"] * centred / root + arrays[f"beta{l}"]
        A = Z if l == last else np.maximum(Z, 0)
    right = A[run.data.dev.labels, np.arange(A.shape[1])]
    return float(np.mean(np.log(np.exp(A).sum(axis=0)) - right))


def test_c7_the_journal_says_what_a_nudge_did_to_the_dev_loss(panda):
    run = run_of(panda)
    run.advance(60)
    before = by_hand(run)
    RUN_SESSIONS.get(token_of(panda)).do(Nudge({"learning_rate": 0.02}))
    run.advance(40)
    turn_to(panda, "Journal")
    words = next(it.value for it in panda.caption if it.value.startswith("dev loss"))
    found = re.fullmatch(r"dev loss ([\d.]+) → ([\d.]+) at step 100", words)
    assert float(found[1]) == pytest.approx(before, rel=1e-3)
    assert float(found[2]) == pytest.approx(by_hand(run), rel=1e-3)


def test_c8_the_best_of_many_is_the_best_of_them_trained_one_by_one():
    app = AppTest.from_file(CAVIAR, default_timeout=60).run()
    new_search(app, models=6, steps=50)
    button(app, "Start this search").click().run()
    opened = search_of(app)
    to_the_end(opened)
    alone = []
    for trial in opened.search.trials:
        run = Run(trial.spec, trial.settings)
        run.advance(50)
        alone.append(by_hand(run))
    opened.do(Pick(opened.best(1)[0]))
    app.session_state["caviar-panel"] = "Best"
    app.run()
    number = int(re.search(r"\*\*Model (\d+)\*\*", " ".join(it.value for it in app.markdown))[1])
    assert number == int(np.argmin(alone))


@pytest.mark.parametrize(
    ("decay", "factor"),
    [
        ("inverse", lambda k, epoch: 1 / (1 + k * epoch)),
        ("exponential", lambda k, epoch: (1 - k) ** epoch),
        ("staircase", lambda k, epoch: (1 - k) ** (epoch // 10)),
        ("sqrt", lambda k, epoch: (1 + k * epoch) ** -0.5),
        ("cosine", lambda k, epoch: k),
        ("warmup", lambda k, epoch: k + (1 - k) * min(epoch / 10, 1)),
    ],
)
def test_c20_decay_is_said_with_the_learning_rate_that_it_leaves(panda, decay, factor):
    opened = RUN_SESSIONS.get(token_of(panda))
    opened.do(Nudge({"decay": decay, "decay_rate": 0.2}))
    opened.run.advance(125)  # 640 examples in mini-batches of 64: 12 epochs and a half
    panda.run()
    said = next(data["now"] for data in parts(panda, "status-text") if data["name"] == "decay")
    alpha = float(re.search(r"= ([\d.e-]+), with k = 0\.2", said)[1])
    assert alpha == pytest.approx(0.1 * factor(0.2, 12), rel=1e-3)
    assert "after 12 epochs of this schedule" in said


def test_c20_mini_batch_size_and_epsilon_are_on_the_panel(panda):
    opened = RUN_SESSIONS.get(token_of(panda))
    opened.do(Nudge({"batch_size": 32, "optimizer": "adam", "epsilon": 1e-6}))
    panda.run()
    values = {row["name"]: row["value"] for data in parts(panda, "dials") for row in data["dials"]}
    assert (values["batch_size"], values["epsilon"]) == (32, 1e-6)
    opened.run.advance(20)  # of 640 examples: one epoch
    assert opened.run.epoch == 1
