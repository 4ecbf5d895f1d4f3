"""Tests of the twin that is kept for 2,048 steps, and of what it says about the last nudge."""

import numpy as np
import pytest

from core.runs.helped import ALL, helped
from core.runs.run import TWIN_STEPS, Run
from core.settings.table import RunSpec, Settings

SMALL = RunSpec(dataset="moons", examples=100, hidden=(4,))


def nudged(steps=40, **changes):
    run = Run(SMALL)
    run.twins = True
    run.advance(20)
    run.nudge(**(changes or {"learning_rate": 0.01}))
    run.advance(steps)
    return run


def test_the_words_are_the_difference_at_the_same_step():
    run, never = nudged(400), Run(SMALL)
    never.advance(420)
    difference = run.history.latest("dev_loss") - never.history.latest("dev_loss")
    found = helped(run)
    assert (found.control, found.after) == ("learning_rate", 400)
    assert (
        found.words
        == f"dev loss {abs(difference):.2g} {'lower' if difference < 0 else 'higher'} than without it, after 400 steps"
    )
    assert found.sentence.startswith("Dev loss ")


def test_without_a_twin_or_a_nudge_there_is_no_answer():
    assert helped(Run(SMALL)) is None
    run = nudged()
    run.twin = None
    assert helped(run) is None


def test_before_any_step_it_says_what_to_do():
    found = helped(nudged(0))
    assert (found.after, found.words) == (0, "train some steps to see whether it helps")


def test_a_nudge_without_effect_and_one_that_is_too_small_to_matter():
    assert helped(nudged(on_switch="keep")).words == "dev loss the same as without it, after 40 steps"
    assert helped(nudged(learning_rate=0.10001)).words == "no difference that matters, after 40 steps"


def test_several_settings_at_once_are_told_under_the_button_that_sets_them():
    assert helped(nudged(learning_rate=0.01, beta1=0.5)).control == ALL


def test_the_second_nudge_is_compared_with_the_run_that_has_the_first():
    run, first = nudged(), Run(SMALL)
    assert helped(run).twin == "The twin is the run without this nudge."
    run.nudge(beta1=0.5)
    run.advance(30)
    first.advance(20)
    first.nudge(learning_rate=0.01)
    first.advance(70)
    assert run.twin.fingerprint() == first.fingerprint()
    assert helped(run).control == "beta1"
    assert helped(run).twin == "The twin is the run without this nudge, with those before it."


def test_nudges_of_one_gesture_have_one_twin_from_before_the_first():
    run, never = Run(SMALL), Run(SMALL)
    run.twins = True
    run.advance(20)
    for alpha in (0.2, 0.3, 0.4):
        run.nudge(gesture=7, learning_rate=alpha)
        run.advance(5)
    never.advance(35)
    assert run.twin.fingerprint() == never.fingerprint()
    assert helped(run).after == 15


def test_a_twin_that_was_dismissed_stays_away_until_the_next_gesture():
    run = Run(SMALL)
    run.twins = True
    run.nudge(gesture=7, learning_rate=0.2)
    run.twin = None
    run.nudge(gesture=7, learning_rate=0.3)
    assert run.twin is None
    run.nudge(gesture=8, learning_rate=0.4)
    assert run.twin is not None


@pytest.mark.parametrize("at_once", [1 << 20, 100])
def test_a_twin_ends_after_2048_steps_and_its_answer_stays(at_once):
    run, never = nudged(0), Run(SMALL)
    while run.step < 20 + TWIN_STEPS + 500:
        run.advance(min(at_once, 20 + TWIN_STEPS + 500 - run.step))
    never.advance(20 + TWIN_STEPS)
    assert run.twin.step == run.twin_end == 20 + TWIN_STEPS
    assert run.twin.fingerprint() == never.fingerprint()
    found = helped(run)
    assert found.after == TWIN_STEPS
    with_ = run.history.at(20 + TWIN_STEPS, "dev_loss")
    assert run.twin_end in run.history.steps
    assert f"{abs(with_ - never.history.latest('dev_loss')):.2g}" in found.words or "matters" in found.words


def test_a_drag_is_compared_at_a_step_at_which_both_are_measured_to_the_end():
    run = Run(SMALL)
    run.twins = True
    run.advance(20)
    for alpha in (0.2, 0.3):
        run.nudge(gesture=7, learning_rate=alpha)
        run.advance(37)
    run.advance(3000)
    assert helped(run).after == TWIN_STEPS + 37
    made = run.make_twin()
    assert made.fingerprint() == run.twin.fingerprint()
    assert made.step == 57 + TWIN_STEPS


WHO = {
    "run": "It diverged; without the nudge it did not.",
    "twin": "Without the nudge it diverged; with it, it did not.",
    "both": "It diverged, and without the nudge it did too.",
}


@pytest.mark.parametrize("who", WHO)
def test_who_diverges_is_said(who):
    run = nudged(30)
    for one in [run.twin] * (who != "run") + [run] * (who != "twin"):
        one.stack.network.theta.W[1][:] = np.nan
        run.advance(5)
    assert bool(run.trouble) == (who != "twin")
    assert helped(run).sentence == WHO[who]


@pytest.mark.parametrize("loss", [np.inf, np.nan])
@pytest.mark.parametrize("who", WHO)
def test_a_loss_that_is_not_finite_is_never_compared(who, loss):
    run = nudged(30)
    for one in [run] * (who != "twin") + [run.twin] * (who != "run"):
        one.history.column("dev_loss")[-1] = loss
    assert not run.trouble
    assert helped(run).sentence == WHO[who]


def test_a_run_that_diverges_after_its_twin_has_ended_was_not_broken_by_the_nudge():
    run = nudged(TWIN_STEPS + 10)
    before = helped(run).words
    run.stack.network.theta.W[1][:] = np.nan
    run.advance(5)
    assert run.trouble
    assert helped(run).words == before


def test_a_twin_does_not_change_the_run():
    run, alone = nudged(300), Run(SMALL, Settings())
    alone.advance(20)
    alone.nudge(learning_rate=0.01)
    alone.advance(300)
    assert run.fingerprint() == alone.fingerprint()
    np.testing.assert_array_equal(run.history.steps, alone.history.steps)
