"""The loss at test time has no ceiling: one formula in charts, searches, seed tests, mistakes and scripts."""

import runpy
from dataclasses import replace

import numpy as np
import pytest

from core.charts import mistakes
from core.export.numpy_script import numpy_script
from core.runs.run import Run
from core.settings.table import RunSpec, Settings
from core.training.evaluation import dev_scores


@pytest.fixture(scope="module")
def run():
    """A run whose loss is finite and far above 87 nats an example."""
    run = Run(RunSpec(activation="leaky_relu"), Settings(optimizer="sgd", batch_norm=False, learning_rate=10.0))
    run.advance(2)
    assert not run.trouble
    return run


def exact(run, split):
    """The losses (m,) from z, in float64."""
    part = getattr(run.data, split)
    Z = run.stack.logits(part.X)[0].astype(np.float64)
    largest = Z.max(axis=0)
    return np.log(np.exp(Z - largest).sum(axis=0)) + largest - Z[part.labels, np.arange(part.labels.size)]


@pytest.mark.parametrize("split", ["train", "dev"])
def test_evaluate_and_the_history(run, split):
    wanted = exact(run, split)
    assert wanted.max() > 1000
    np.testing.assert_allclose(run.losses(split), wanted, rtol=1e-5, atol=1e-6)
    assert run.evaluate(split).loss == pytest.approx(wanted.mean(), rel=1e-6)
    assert run.history.latest(f"{split}_loss") == pytest.approx(wanted.mean(), rel=1e-6)


def test_searches_and_seed_tests(run):
    work = dev_scores(run.stack, run.data.dev)
    try:
        while True:
            next(work)
    except StopIteration as end:
        loss, _ = end.value
    assert loss[0] == pytest.approx(exact(run, "dev").mean(), rel=1e-6)


def test_mistakes(run):
    worst = mistakes.numbers(run)
    assert worst.losses[0] == pytest.approx(exact(run, "dev").max(), rel=1e-5)


def test_the_numpy_script(run, tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text(numpy_script(run), encoding="utf-8")
    runpy.run_path(str(path), run_name="__main__")
    assert f"dev   loss {run.evaluate('dev').loss:.8g}," in capsys.readouterr().out


def test_under_the_first_rules_they_are_as_they_were(run):
    old = Run(replace(run.spec, rules=1), run.start)
    old.advance(2)
    assert old.losses("dev").max() == pytest.approx(87.34, abs=0.01)
    assert old.stack.state.theta.tobytes() == run.stack.state.theta.tobytes()
