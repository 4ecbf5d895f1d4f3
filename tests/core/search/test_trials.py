"""Tests of trials: who can share a stack, how they are born, and the stacks that they are copied into and out of."""

import tracemalloc
from dataclasses import asdict, fields, make_dataclass, replace

import numpy as np
import pytest

from core.nn.network import Network
from core.nn.optimizers import OPTIMIZERS
from core.runs.run import Run, fingerprint
from core.search import trials
from core.search.plan import Plan
from core.search.search import Search
from core.search.space import Range, Space
from core.search.trials import Group, StackCache, Trial, forked_members, grouped, initial_members
from core.settings.table import FIELDS, Field, RunSpec, Settings
from core.training import stack as stack_module
from core.training.evaluation import dev_scores, parameters
from core.training.members import get_members, picked, set_members
from core.training.run_data import data_of
from core.training.stack import PER_MEMBER, Stack, members_at_once
from core.training.state import State
from tests.core.another import another

SPEC = RunSpec(examples=120, hidden=(6, 5), activation="tanh", seed=3)  # 96 to train on, 24 in the dev set
SMALL = Settings(batch_size=16, optimizer="adam", decay="inverse")


def trials_of(*settings, specs=()):
    specs = specs or [SPEC] * len(settings)
    pairs = zip(specs, settings or [SMALL] * len(specs), strict=True)
    return [Trial(number, {}, spec, one) for number, (spec, one) in enumerate(pairs)]


def numbers(groups):
    return [[trial.number for trial in group.trials] for group in groups]


def train(stack, steps):
    stack.advance(steps, np.empty((steps, stack.members), stack.dtype))


def assert_same_state(one, other):
    for field in fields(State):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


# groups


BY_HAND = [
    ({"learning_rate": 0.01}, True),
    ({"beta1": 0.5}, True),
    ({"beta2": 0.9}, True),
    ({"epsilon": 1e-3}, True),
    ({"decay_rate": 0.5}, True),
    ({"decay_every": 3}, True),
    ({"bn_decay": 0.5}, True),
    ({"bn_epsilon": 0.1}, True),
    ({"on_switch": "keep"}, True),
    ({"batch_size": 17}, False),
    ({"optimizer": "momentum"}, False),
    ({"bias_correction": False}, False),
    ({"decay": "none"}, False),
    ({"batch_norm": False}, False),
    ({"bn_learn": False}, False),
]
OTHERS = {field.name for field in fields(Settings)} - {name for changes, _ in BY_HAND for name in changes}


@pytest.mark.parametrize(
    ("changes", "together"), BY_HAND + [({name: another(FIELDS[name])}, name in PER_MEMBER) for name in sorted(OTHERS)]
)
def test_who_can_share_a_stack(changes, together):
    """All settings are in this list."""
    groups = grouped(trials_of(SMALL, replace(SMALL, **changes)), data_of(SPEC))
    assert numbers(groups) == ([[0, 1]] if together else [[0], [1]])


@pytest.mark.parametrize(
    ("changes", "together"),
    [
        ({"initialization": "small"}, True),
        ({"activation": "relu"}, False),
        ({"hidden": (6, 6)}, False),
        ({"hidden": (6,)}, False),
        ({"seed": 4}, False),
    ],
)
def test_which_networks_can_share_a_stack(changes, together):
    groups = grouped(trials_of(specs=[SPEC, replace(SPEC, **changes)]), data_of(SPEC))
    assert numbers(groups) == ([[0, 1]] if together else [[0], [1]])


def test_settings_without_effect_keep_nobody_apart():
    plain = replace(SMALL, optimizer="sgd", batch_norm=False, batch_size=96)
    other = replace(plain, bias_correction=False, bn_learn=False, batch_size=5000)
    assert numbers(grouped(trials_of(plain, other), data_of(SPEC))) == [[0, 1]]


@pytest.fixture
def new_optimizer(monkeypatch):
    """The name of an optimizer that nothing but the registry and the choices of the table know: it keeps m."""
    monkeypatch.setitem(OPTIMIZERS, "new", replace(OPTIMIZERS["momentum"], label="new"))
    monkeypatch.setitem(FIELDS["optimizer"].choices, "new", "new")
    return "new"


def test_members_of_a_new_optimizer_have_the_bits_of_their_runs(new_optimizer):
    """Whether averages are corrected is one switch for a stack, so these two must not share one."""
    base = replace(SMALL, optimizer=new_optimizer)
    groups = grouped(trials_of(base, replace(base, bias_correction=False), replace(base, beta1=0.5)), data_of(SPEC))
    assert numbers(groups) == [[0, 2], [1]]
    ranges = (Range("bias_correction", choices=(True, False)), Range("beta1", 0.5, 0.9, "one_minus"))
    search = Search(Plan(Space(SPEC, base, ranges), "grid", 4, 20))
    search.advance(lambda: False)
    for trial in search.trials:
        assert search.fingerprint(trial.number) == Run.replay(SPEC, trial.settings, (), 20).fingerprint()


def test_a_new_setting_keeps_trials_apart_until_the_stack_takes_one_a_member(monkeypatch):
    monkeypatch.setitem(FIELDS, "clip", Field("clip", "", "clip", "", "linear", "seldom", 0.0, 1.0))
    new = make_dataclass("New", [("clip", float, 0.0)], bases=(Settings,), frozen=True)
    pair = [new(**asdict(SMALL), clip=clip) for clip in (0.0, 0.5)]
    assert numbers(grouped(trials_of(*pair), data_of(SPEC))) == [[0], [1]]
    monkeypatch.setattr(stack_module, "PER_MEMBER", (*PER_MEMBER, "clip"))
    assert numbers(grouped(trials_of(*pair), data_of(SPEC))) == [[0, 1]]


def test_groups_are_in_the_order_of_their_first_trials():
    small, large = replace(SMALL, batch_size=8), replace(SMALL, batch_size=9)
    assert numbers(grouped(trials_of(small, large, small, large, large), data_of(SPEC))) == [[0, 2], [1, 3, 4]]


def test_shares_are_even_and_fit():
    (group,) = grouped(trials_of(*[SMALL] * 10), data_of(SPEC))
    assert group.fit == members_at_once((2, 6, 5, 3), 16)
    group.fit = 4
    assert [share.tolist() for share in group.shares([0, 2, 3, 4, 5, 6, 7, 8, 9])] == [[0, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert [share.size for share in group.shares(range(4))] == [4]
    assert group.shares([]) == []


def test_parameters_are_those_of_the_network():
    for hidden in ((6, 5), (7,), (3, 4, 5)):
        stack = Stack(replace(SPEC, hidden=hidden), data_of(SPEC), SMALL, [0])
        assert parameters(stack.sizes) == stack.state.theta.size


def test_estimates_grow_with_the_work():
    (group,) = grouped(trials_of(*[SMALL] * 10), data_of(SPEC))
    (larger,) = grouped(trials_of(*[replace(SMALL, batch_size=32)] * 10), data_of(SPEC))
    group.fit = larger.fit = 4
    assert group.step_seconds(5) - group.step_seconds(4) > group.step_seconds(4) - group.step_seconds(3) > 0
    assert larger.step_seconds(4) > group.step_seconds(4)
    assert group.step_seconds(0.5) == pytest.approx(group.step_seconds(1) / 2)
    assert group.step_seconds(0) == group.measuring_seconds(0) == 0
    assert group.measuring_seconds(8) > group.measuring_seconds(4)


# birth


def test_drawn_trials_are_those_of_their_runs():
    kinds = ["he", "small", "xavier", "small", "he"]
    (group,) = grouped(trials_of(specs=[replace(SPEC, initialization=kind) for kind in kinds]), data_of(SPEC))
    group.members = initial_members(group)
    assert (group.members.counts == 0).all()
    for place, trial in enumerate(group.trials):
        stack = Stack(SPEC, group.data, SMALL, [99])
        set_members(stack, group.members[[place]], SMALL)
        assert fingerprint(trial.spec, trial.settings, stack.state) == Run(trial.spec, trial.settings).fingerprint()


def test_forks_are_made_a_few_at_a_time(monkeypatch):
    (group,) = grouped(trials_of(*[replace(SMALL, learning_rate=0.01 * i) for i in range(1, 20)]), data_of(SPEC))
    trunk = Stack(SPEC, group.data, SMALL, [3])
    sizes = []
    monkeypatch.setattr(trials, "picked", lambda stack, chosen: sizes.append(len(chosen)) or picked(stack, chosen))
    assert len(list(forked_members(group, trunk))) == 3
    assert sizes == [8, 8, 3]
    monkeypatch.setattr(trials, "AT_ONCE", 2 * 96 * group.parameters)
    assert len(list(forked_members(group, trunk))) == 10


# stacks


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_members_given_are_taken_by_any_stack(optimizer, batch_norm):
    """In another order, beside others, alone: they go on as they would have."""
    base = replace(SMALL, optimizer=optimizer, batch_norm=batch_norm)
    settings = [replace(base, learning_rate=0.01 * i, beta1=1 - 0.1 * i, beta2=1 - 0.1 * i) for i in range(1, 5)]
    whole = Stack(SPEC, data_of(SPEC), settings, [3] * 4)
    train(whole, 17)
    given = get_members(whole)
    train(whole, 9)
    for places in ([2, 0], [3], [1, 1, 3], [0, 1, 2, 3]):
        chosen = [settings[place] for place in places]
        other = Stack(SPEC, data_of(SPEC), SMALL, [3] * len(places))
        train(other, 5)  # what it held before is gone
        set_members(other, given[places], chosen)
        assert (other.state.step, other.settings) == (17, tuple(chosen))
        train(other, 9)
        assert_same_state(other.state, picked(whole, places).state)
        np.testing.assert_array_equal(get_members(other).rows, get_members(whole)[places].rows)


def test_given_members_are_copies():
    stack = Stack(SPEC, data_of(SPEC), SMALL, [3] * 2)
    given = get_members(stack)
    before = given.rows.copy()
    train(stack, 3)
    np.testing.assert_array_equal(given.rows, before)
    part = given[[0]]
    part.rows[:] = 0
    np.testing.assert_array_equal(given.rows, before)
    given[[1]] = part
    assert (given.rows[1] == 0).all()
    np.testing.assert_array_equal(given.rows[0], before[0])


def test_what_all_members_agree_in_stays_one_number():
    """One number for all is what makes bias correction cheap."""
    stack = Stack(SPEC, data_of(SPEC), [SMALL, replace(SMALL, beta2=0.5)], [3] * 2)
    train(stack, 3)
    set_members(stack, get_members(stack), stack.settings)
    assert isinstance(stack.state.weight1, float)
    assert np.shape(stack.state.weight2) == (2,)


def born(count, spec=SPEC):
    rates = [replace(SMALL, learning_rate=0.01 * i) for i in range(1, count + 1)]
    (group,) = grouped(trials_of(*rates, specs=[spec] * count), data_of(spec))
    group.members = initial_members(group)
    return group


def test_a_stack_is_used_again_and_filled_only_where_it_must(monkeypatch):
    group, stacks, taken = born(4), StackCache(), []
    monkeypatch.setattr(trials, "set_members", lambda *given: taken.append(1) or set_members(*given))

    def visit(*places):
        at = np.array(places)
        stack = stacks.stack_with(group, at)
        assert stack.settings == tuple(group.settings(at))
        train(stack, 2)
        group.members[at] = get_members(stack)
        return stack

    first = visit(0, 1)
    assert len(taken) == 1
    assert visit(0, 1) is first
    assert len(taken) == 1  # they were still there
    assert visit(2, 3) is first
    assert len(taken) == 2
    visit(1)
    alone = visit(0)
    assert alone is not first
    assert visit(0, 1) is first
    assert len(taken) == 5
    assert visit(0) is alone
    assert len(taken) == 6  # the trial was there, but has gone on elsewhere
    assert group.members.counts[:, 0].tolist() == [10, 8, 2, 2]
    for place, steps in enumerate((10, 8, 2, 2)):
        run = Run.replay(SPEC, group.trials[place].settings, (), steps)
        stack = Stack(SPEC, group.data, run.settings, [3])
        set_members(stack, group.members[[place]], run.settings)
        assert_same_state(stack.state, run.stack.state)


def test_stacks_are_kept_while_there_is_memory(monkeypatch):
    """Those that came first stay, whoever is asked for in between; until they are not used any more."""
    groups, stacks = [born(2, replace(SPEC, hidden=(units,))) for units in (4, 5, 6)], StackCache()
    both, one = np.array([0, 1]), np.array([0])
    monkeypatch.setattr(trials, "CACHE_BYTES", groups[0].stack_bytes(2) + groups[1].stack_bytes(2))
    assert [stacks.stack_with(groups[0], both) for _ in range(2)][0] is stacks.stack_with(groups[0], both)
    first = [stacks.stack_with(group, both) for group in groups]
    for group in groups * 2:
        stacks.stack_with(group, both)
    stacks.tidy()
    again = [stacks.stack_with(group, both) for group in groups]
    assert again[:2] == first[:2]
    assert again[2] is not first[2]
    stacks.tidy()
    stacks.stack_with(groups[1], both)
    stacks.tidy()  # the first group's was not used
    third = stacks.stack_with(groups[0], one)
    assert stacks.stack_with(groups[0], one) is third
    assert stacks.stack_with(groups[1], both) is first[1]
    assert stacks.stack_with(groups[0], both) is not first[0]
    monkeypatch.setattr(trials, "CACHE_BYTES", 0)
    assert StackCache().stack_with(groups[0], one).members == 1  # whatever it needs


def test_a_stack_that_takes_members_draws_nothing(monkeypatch):
    whole, drawn = Stack(SPEC, data_of(SPEC), SMALL, [3] * 2), []
    monkeypatch.setattr(Network, "draw", lambda network, member, *rest: drawn.append(member))
    empty = Stack(SPEC, data_of(SPEC), SMALL, [3] * 2, draw=False)
    assert not empty.network.theta.W[1].any()
    picked(whole, [1])
    StackCache().stack_with(born(2), np.array([0]))
    assert drawn == [0]  # once, for the group that was born
    set_members(empty, get_members(whole), SMALL)
    assert_same_state(empty.state, whole.state)


def test_memory_of_a_stack_is_estimated(monkeypatch):
    """What numpy holds after an epoch with a smaller mini-batch at its end, within half and twice. Compiled steps need
    less."""
    monkeypatch.setattr(Stack, "compiled", None)
    digits = RunSpec(dataset="digits", hidden=(64, 32))
    for spec, batch, count in ((RunSpec(), 50, 100), (digits, 50, 20), (digits, 5, 20)):
        data = data_of(spec)
        (group,) = grouped(
            [Trial(n, {}, spec, Settings(learning_rate=0.1 + 0.01 * n, batch_size=batch)) for n in range(count)], data
        )
        tracemalloc.start()
        stack = Stack(spec, data, group.settings(range(count)), [0] * count)
        train(stack, -(-data.train.labels.size // batch))
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert held / 2 < group.stack_bytes(count) < 2 * held


def test_dev_scores_by_hand():
    """Accuracy takes the first of equal outputs, as a run does; a loss that is not finite has no accuracy."""
    data = data_of(SPEC)
    stack = Stack(SPEC, data, SMALL, [3] * 3)
    for W in stack.network.theta.W[1:]:
        W[1], W[2] = 0, np.nan
    *_, (loss, accuracy) = results_of(dev_scores(stack, data.dev))
    assert loss[1] == pytest.approx(np.log(3))
    assert accuracy[1] == np.mean(data.dev.labels == 0)
    assert np.isnan([loss[2], accuracy[2]]).all()
    alone = Run(SPEC, SMALL).evaluate("dev")
    assert loss[0] == pytest.approx(alone.loss, rel=1e-6)
    assert accuracy[0] == alone.accuracy


def results_of(work):
    """What a generator yields, and at the end what it returns."""
    result = yield from work
    yield result


def test_a_group_is_itself_alone():
    one, other = (Group(trials_of(SMALL), data_of(SPEC)) for _ in range(2))
    assert len({one, other}) == 2
