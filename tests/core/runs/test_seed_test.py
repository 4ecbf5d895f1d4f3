"""Tests of "luck or nudge?": the bits of its members, its measurements, its slices, and what it makes of them."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import UserError
from core.runs import seed_test
from core.runs.journal import Nudge, before_last_gesture
from core.runs.run import Run
from core.runs.seed_test import LEVEL, SeedTest, judged, measured_steps, needed, sign_test
from core.settings.table import FIELDS, SETTINGS, RunSpec, Settings
from core.training import evaluation as dev_set
from core.training.stack import Stack

SPEC = RunSpec(examples=120, hidden=(6, 5), activation="tanh", seed=3)
SMALL = Settings(batch_size=16)
BEFORE = [(7, {"optimizer": "adam"}), (11, {"learning_rate": 0.02, "decay": "inverse"}), (11, {"beta1": 0.7})]
GESTURES = {
    "learning rate": [{"learning_rate": 0.3}],
    "momentum": [{"beta1": 0.2}],
    "second moment": [{"beta2": 0.9, "epsilon": 1e-3}],
    "to SGD": [{"optimizer": "sgd"}],
    "to RMSprop": [{"optimizer": "rmsprop"}],
    "keep the moments": [{"optimizer": "momentum", "on_switch": "keep"}],
    "only on_switch": [{"on_switch": "keep"}],
    "batch norm off": [{"batch_norm": False}],
    "batch norm off and on": [{"batch_norm": False}, {"batch_norm": True}],
    "frozen scale": [{"bn_learn": False}],
    "batch norm's numbers": [{"bn_decay": 0.5, "bn_epsilon": 0.1}],
    "decay": [{"decay": "staircase", "decay_rate": 0.5, "decay_every": 2}],
    "decay's numbers": [{"decay_rate": 0.5}],
    "batch size": [{"batch_size": 5}],
    "bias correction": [{"bias_correction": False}],
    "a drag": [{"learning_rate": 0.02 + 0.01 * i} for i in range(1, 6)],
    "a drag of the batch size": [{"batch_size": 16 + i} for i in range(1, 4)],
}


def nudged(gesture, before=BEFORE, spec=SPEC, settings=SMALL, first=20, apart=2, after=13):
    """A run with some nudges before, a last gesture whose nudges are `apart` steps, and steps after it."""
    run = Run(spec, settings)
    for step, changes in before:
        run.advance(step - run.step)
        run.nudge(**changes)
    run.advance(first - run.step)
    for i, changes in enumerate(gesture):
        run.advance(apart if i else 0)
        assert run.nudge(gesture=9, **changes)
    run.advance(after)
    return run


def finished(luck_):
    luck_.advance(lambda: False)
    assert luck_.done
    return luck_


def bits(stack, k):
    """All numbers of member k that its future depends on."""
    net = stack.network
    found = [array[k] for p in (net.theta, stack.m, stack.v) for kind in (p.W, p.b, p.gamma, p.beta)
             for array in kind if array.size]  # fmt: skip
    found += [array[k] for kind in (net.running_mean, net.running_variance) for array in kind if array.size]
    weights = [np.broadcast_to(w, stack.members)[k] for w in _weights(stack.state)]
    return np.concatenate([np.float64(array).ravel() for array in found] + [weights])


def _weights(state):
    return state.weight1, state.weight2, state.weight_bn


def place(stack):
    state = stack.state
    return state.step, state.epoch, state.cursor, state.decay_from


@pytest.fixture
def ended(monkeypatch):
    """The stacks as they stand at each group's last measurement."""
    found = []
    measure = SeedTest._measure

    def watch(self, stacks, step, members):
        if step == self.target:
            found.append((stacks, members))
        return measure(self, stacks, step, members)

    monkeypatch.setattr(SeedTest, "_measure", watch)
    return found


def check_bits(run, ended, some=(0, 7, 15)):
    """The last measured stacks, member by member, against the same run replayed alone."""
    for stacks, members in ended:
        K = len(members)
        everyone = [(stack, k) for stack in stacks for k in range(stack.members)]
        for i in set(some) & set(members.tolist()):
            at = members.tolist().index(i)
            spec = replace(run.spec, seed=run.spec.seed + 1 + i)
            for journal, (stack, k) in (
                (run.journal, everyone[at]),
                (before_last_gesture(run.journal), everyone[K + at]),
            ):
                alone = Run.replay(spec, run.start, journal, run.step).stack
                assert place(alone) == place(stack)
                np.testing.assert_array_equal(bits(stack, k), bits(alone, 0))


@pytest.mark.parametrize("gesture", GESTURES.values(), ids=GESTURES)
def test_a_member_has_the_bits_that_it_has_alone(gesture, ended):
    run = nudged(gesture)
    finished(SeedTest(run))
    assert [stack.members for stack in ended[0][0]] in ([32], [16, 16])
    check_bits(run, ended)


@pytest.mark.parametrize(("apart", "after"), [(0, 13), (31, 300)])
@pytest.mark.parametrize("name", ["a drag", "a drag of the batch size", "batch norm off and on"])
def test_bits_where_a_drag_stands_still_or_is_not_measured(name, apart, after, ended):
    run = nudged(GESTURES[name], apart=apart, after=after)
    compared = finished(SeedTest(run))
    assert apart == 0 or not {nudge.step for nudge in run.journal[3:]} <= set(compared.steps.tolist())
    check_bits(run, ended)


def test_members_of_one_stack_wherever_they_may_differ(ended):
    """All numbers, but that of the mini-batch size; and what only counts when something else changes."""
    numbers = {field.name for field in SETTINGS if field.per_member}
    other = {"optimizer": "adam", "decay": "inverse", "on_switch": "keep"}
    for field in fields(Settings):
        old = getattr(SMALL, field.name)
        new = other.get(field.name) or (not old if isinstance(old, bool) else FIELDS[field.name].parse(_near(old)))
        ended.clear()
        finished(SeedTest(nudged([{field.name: new}], before=[])))
        assert len(ended[0][0]) == (1 if field.name in numbers else 2), field.name


def _near(value):
    return value + 1 if isinstance(value, int) else value * 0.9 or 0.1


@given(data=st.data())
@hypothesis_settings(max_examples=25, deadline=None)
def test_bits_after_any_journal(data):
    changes = st.sampled_from([changes for some in GESTURES.values() for changes in some])
    gaps = st.integers(0, 5)
    run = Run(replace(SPEC, activation=data.draw(st.sampled_from(["relu", "sigmoid"]))), SMALL)
    for _ in range(data.draw(st.integers(1, 5))):
        run.advance(data.draw(gaps))
        run.nudge(gesture=data.draw(st.integers(0, 2)), **data.draw(changes))
    run.advance(data.draw(st.integers(1, 20)))
    if not run.journal or run.trouble:
        return
    found = []
    compared = SeedTest(run, seeds=4)
    measure = compared._measure

    def watch(stacks, step, members):
        found[:] = [(stacks, members)]
        return measure(stacks, step, members)

    compared._measure = watch
    finished(compared)
    check_bits(run, found, some=(0, 3))


def test_large_networks_are_compared_some_seeds_at_a_time(ended, monkeypatch):
    monkeypatch.setattr(seed_test, "members_at_once", lambda sizes, examples: 6)
    run = nudged([{"learning_rate": 0.3}])
    compared = finished(SeedTest(run))
    assert [len(members) for _, members in ended] == [4, 3, 3, 3, 3]
    check_bits(run, ended)
    assert np.isfinite([compared.with_, compared.without]).all()


def test_measurements_are_those_of_the_runs_alone():
    run = nudged([{"learning_rate": 0.3}], after=30)
    compared = finished(SeedTest(run))
    spec = replace(SPEC, seed=SPEC.seed + 1 + 5)
    for journal, losses in ((run.journal, compared.with_), (run.journal[:-1], compared.without)):
        for row in (0, 1, 9, -1):
            kept = [nudge for nudge in journal if nudge.step < compared.steps[row]]
            alone = Run.replay(spec, run.start, kept, int(compared.steps[row]))
            np.testing.assert_allclose(losses[row, 5], alone.evaluate("dev").loss, rtol=1e-6)
    np.testing.assert_array_equal(compared.with_[0], compared.without[0])
    assert (compared.with_[-1] != compared.without[-1]).all()


def test_dev_losses_are_measured_some_examples_at_a_time(monkeypatch):
    run = nudged([{"learning_rate": 0.3}], spec=replace(SPEC, examples=900))
    whole, parts = SeedTest(run), SeedTest(run)
    stack = Stack(SPEC, run.data, SMALL, [0, 1])
    assert len(list(whole._dev_losses(stack))) == 1
    monkeypatch.setattr(dev_set, "AT_ONCE", 0)
    assert run.data.dev.labels.size == 180
    assert len(list(parts._dev_losses(stack))) == 12  # 16 at a time
    np.testing.assert_allclose(finished(parts).with_, finished(whole).with_, rtol=1e-6)


def test_the_first_measurement_is_before_the_nudge():
    compared = finished(SeedTest(nudged([{"bn_epsilon": 0.5}])))
    np.testing.assert_array_equal(compared.with_[0], compared.without[0])
    assert (compared.with_[1] != compared.without[1]).all()


def test_seeds_are_others_and_wrap(ended):
    top = int(FIELDS["seed"].high)
    run = nudged([{"beta1": 0.2}], before=[], spec=replace(SPEC, seed=top - 1))
    finished(SeedTest(run))
    assert ended[0][0][0].seeds == (top, *range(15)) * 2


@given(st.integers(0, 10_000), st.integers(1, 100_000))
def test_measured_steps(first, more):
    steps = measured_steps(first, first + more)
    assert steps[0] == first
    assert steps[-1] == first + more
    assert (np.diff(steps) > 0).all()
    assert steps.size <= 49
    assert more > 100 or steps[1] == first + 1
    assert more < 1000 or np.sum(steps <= first + more / 10) >= 15
    gaps = np.diff(steps)
    assert gaps[-1] <= max(1, 0.07 * more)
    assert (gaps[1:] >= gaps[:-1] - 1).all()  # denser before than after


def test_slices_ask_often_and_change_nothing():
    run = nudged([{"learning_rate": 0.3}], after=60)
    whole, sliced = finished(SeedTest(run)), SeedTest(run)
    shares, asked = [sliced.progress], 0

    def should_stop():
        nonlocal asked
        asked += 1
        return True

    while not sliced.done:
        before = asked
        sliced.advance(should_stop)
        assert asked - before == (not sliced.done)
        shares.append(sliced.progress)
        assert sliced.done or sliced.verdict is None
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(shares) > 30
    assert sliced.step == sliced.target == run.step
    np.testing.assert_array_equal(sliced.with_, whole.with_)
    np.testing.assert_array_equal(sliced.without, whole.without)
    sliced.advance(should_stop)  # and no harm after the end
    assert sliced.verdict == whole.verdict


def test_work_is_estimated():
    run = nudged([{"learning_rate": 0.3}], after=200)
    compared = finished(SeedTest(run))
    assert compared._did == pytest.approx(compared._total)


def test_rows_are_filled_in_order():
    compared = SeedTest(nudged([{"learning_rate": 0.3}], after=40))
    for _ in range(30):
        compared.advance(lambda: True)
    there = np.isfinite(compared.with_).all(axis=1)
    assert 0 < there.sum() < there.size
    assert (np.diff(there.astype(int)) <= 0).all()
    assert np.isnan(compared.with_[~there]).all()


def test_it_keeps_to_the_run_as_it_was():
    run = nudged([{"learning_rate": 0.3}])
    compared, same = SeedTest(run), finished(SeedTest(run))
    run.nudge(learning_rate=0.001)
    run.advance(10)
    finished(compared)
    np.testing.assert_array_equal(compared.with_, same.with_)
    assert compared.target == same.target < run.step


def test_the_run_is_left_alone():
    run = nudged([{"learning_rate": 0.3}])
    before = run.fingerprint()
    finished(SeedTest(run))
    assert run.fingerprint() == before


def test_nothing_to_ask_about():
    run = Run(SPEC, SMALL)
    with pytest.raises(UserError, match="no nudge to ask about.*train some steps"):
        SeedTest(run)
    run.advance(5)
    run.nudge(learning_rate=0.2)
    with pytest.raises(UserError, match="No step was trained since"):
        SeedTest(run)
    run.advance(1)
    assert SeedTest(run).steps.tolist() == [5, 6]


def test_memory_is_bounded(monkeypatch):
    """In parts that fit the cache, a mini-batch of everything is what can be too large, in the past too."""
    run = Run(RunSpec(dataset="digits", hidden=(256,) * 6))
    run.advance(1)
    run.nudge(beta1=0.5)
    run.advance(1)
    assert [group.size for group in SeedTest(run)._groups] == [2] * 8
    run.journal = (Nudge(0, {"batch_size": (64, 50_000)}), *run.journal)
    assert SeedTest(run)
    monkeypatch.setattr(seed_test, "MOST_BYTES", 2**28)
    with pytest.raises(UserError, match=r"about 0\.\d GB of memory .* mini-batches of 1,4\d\d, more than the 0\.2 GB"):
        SeedTest(run)


def test_diverged_members_are_worse():
    """Six layers and a learning rate of 10: all but a few seeds break, at steps of their own."""
    spec, settings = RunSpec(hidden=(16,) * 6), Settings(optimizer="sgd", batch_norm=False)
    run = nudged([{"learning_rate": 10.0}], before=[], settings=settings, spec=spec, first=50, after=200)
    assert run.trouble
    compared = finished(SeedTest(run))
    assert not np.isnan(compared.with_).any()
    assert np.isinf(compared.with_[-1]).any()
    assert np.isfinite(compared.without).all()
    assert compared.verdict.kind == "worse"
    assert "stopped being a number under" in compared.verdict.words


# the verdict


def test_sign_test_by_hand():
    assert sign_test(0, 0) == 1
    assert sign_test(1, 0) == 1  # 2 * 1/2
    assert sign_test(6, 0) == pytest.approx(2 / 64)
    assert sign_test(8, 8) == 1
    words = Path("docs/figures.md").read_text("utf-8").replace("\n", " ")
    assert f"at most {sign_test(13, 3):.1%} (13 or more of 16 equal coins; exact)".replace("%", " %") in words
    assert (needed(16), sign_test(12, 4) > LEVEL) == (13, True)
    assert sign_test(13, 3) == sign_test(3, 13) == pytest.approx(2 * (560 + 120 + 16 + 1) / 65536)
    assert needed(16) == 13
    assert needed(6) == 6
    assert needed(5) is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_sign_test_is_what_fair_coins_do(plus, minus):
    n = plus + minus
    uneven = abs(plus - minus)
    exact = sum(math.comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= uneven) / 2**n
    assert sign_test(plus, minus) == pytest.approx(exact)


def pairs(lower, higher, same=0):
    """Losses with and without a nudge: lower under so many seeds by 0.03, higher by 0.02, the same."""
    without = np.linspace(1, 2, lower + higher + same)
    return without + np.repeat([-0.03, 0.02, 0.0], [lower, higher, same]), without


@pytest.mark.parametrize(
    ("counts", "kind", "words"),
    [
        ((15, 1), "better", "Better: with the nudge the dev loss is lower under 15 of 16 seeds (median 0.03 lower at "
                            "step 1,240)."),
        ((13, 3), "better", "Better: with the nudge the dev loss is lower under 13 of 16 seeds (median 0.03 lower at "
                            "step 1,240)."),
        ((12, 4), "no difference", "No difference: the dev loss is lower under 12 of 16 seeds; chance alone gives "
                                   "as uneven a count in 7.7 % of cases; 13 either way would be a clear difference."),
        ((1, 15), "worse", "Worse: with the nudge the dev loss is higher under 15 of 16 seeds (median 0.02 higher at "
                           "step 1,240)."),
        ((6, 0, 10), "no difference", "No difference: the dev loss is lower under 6 of 16 seeds, but by too little to "
                                      "matter (median 0)."),
        ((9, 1, 6), "better", "Better: with the nudge the dev loss is lower under 9 of 16 seeds (median 0.03 lower at "
                              "step 1,240)."),
        ((5, 0, 11), "no difference", "No difference: the dev loss is lower under 5 of 16 seeds and the same under 11; "
                                      "chance alone gives as uneven a count in 6.2 % of cases."),
        ((0, 0, 16), "no difference", "No difference: the dev loss is the same under all 16 seeds, to the last bit."),
    ],
)  # fmt: skip
def test_verdicts(counts, kind, words):
    verdict = judged(*pairs(*counts), 1240)
    assert (verdict.kind, verdict.words) == (kind, words)
    assert (verdict.better, verdict.worse, verdict.equal) == (*counts, 0)[:3]


def test_verdict_where_training_diverged():
    with_, without = pairs(3, 13)
    with_[:15], without[0] = np.nan, np.inf
    verdict = judged(with_, without, 9)
    assert (verdict.better, verdict.worse, verdict.equal) == (0, 15, 1)
    assert verdict.words == (
        "Worse: with the nudge the dev loss is higher under 15 of 16 seeds (median 0.02 higher at step 9). "
        "The loss stopped being a number under 15 of 16 seeds with the nudge and 1 of 16 without."
    )
    with_[:] = np.nan
    assert "(at step 9)" in judged(with_, without, 9).words
    nothing = judged(with_, with_, 9)
    assert nothing.kind == "no difference"
    assert "No difference: training diverged under all 16 seeds, with the nudge and without it." in nothing.words


@pytest.mark.parametrize(("level", "by", "kind"), [(1.0, 0.005, False), (1.0, 0.011, True), (0.01, 9e-4, False)])
def test_an_effect_below_one_percent_or_a_thousandth_of_a_nat_is_none(level, by, kind):
    without = np.full(16, level)
    verdict = judged(without - by, without, 9)
    assert (verdict.kind == "better") == kind
    assert ("too little to matter" in verdict.words) != kind


def test_a_nudge_without_effect_makes_no_difference():
    verdict = finished(SeedTest(nudged([{"epsilon": 1e-3}], before=[]))).verdict  # which momentum does not read
    assert (verdict.kind, verdict.equal) == ("no difference", 16)


def test_a_learning_rate_too_small_is_found():
    run = nudged([{"learning_rate": 0.001}], before=[], spec=RunSpec(), settings=Settings(), first=50, after=250)
    assert finished(SeedTest(run)).verdict.kind == "worse"
