"""Random runs for the tests: hypothesis strategies for specs and plans of nudges over all that can be chosen."""

from hypothesis import strategies as st

from core.data.registry import DATASETS
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.settings.table import RunSpec

specs = st.builds(
    RunSpec,
    dataset=st.sampled_from(sorted(DATASETS)),
    classes=st.integers(2, 5),
    examples=st.integers(60, 200),
    noise=st.floats(0, 1),
    turns=st.sampled_from([4.0, 9.0]),
    data_seed=st.integers(0, 3),
    dev_share=st.floats(0.1, 0.8),
    normalize=st.booleans(),
    hidden=st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    initialization=st.sampled_from(sorted(INITIALIZERS)),
    seed=st.integers(0, 2**31 - 1),
)
values = {
    "learning_rate": st.floats(1e-4, 0.5),
    "beta1": st.floats(0, 0.999),
    "batch_size": st.integers(1, 300),
    "optimizer": st.sampled_from(sorted(OPTIMIZERS)),
    "on_switch": st.sampled_from(["reset", "keep"]),
    "bias_correction": st.booleans(),
    "decay": st.sampled_from(sorted(SCHEDULES)),
    "decay_rate": st.floats(1e-3, 0.9),
    "decay_every": st.integers(1, 4),
    "batch_norm": st.booleans(),
    "bn_learn": st.booleans(),
    "bn_decay": st.floats(0, 0.999),
    "bn_epsilon": st.floats(1e-10, 1),
    "beta2": st.floats(0.5, 0.9999),
    "epsilon": st.floats(1e-10, 0.1),
}
OTHER = {  # a value of each field that is not its default
    "dataset": "blobs",
    "classes": 4,
    "examples": 99,
    "noise": 0.5,
    "turns": 9.0,
    "data_seed": 7,
    "dev_share": 0.3,
    "normalize": False,
    "hidden": (3, 4),
    "activation": "tanh",
    "initialization": "xavier",
    "seed": 9,
    "learning_rate": 0.01,
    "beta1": 0.5,
    "batch_size": 32,
    "optimizer": "adam",
    "on_switch": "keep",
    "bias_correction": False,
    "decay": "staircase",
    "decay_rate": 0.2,
    "decay_every": 3,
    "batch_norm": False,
    "bn_learn": False,
    "bn_decay": 0.8,
    "bn_epsilon": 1e-3,
    "beta2": 0.9,
    "epsilon": 1e-6,
}
_names = st.lists(st.sampled_from(sorted(values)), max_size=4, unique=True)
changes = _names.flatmap(lambda names: st.fixed_dictionaries({name: values[name] for name in names}))
plans = st.lists(st.tuples(st.integers(1, 25), changes), min_size=1, max_size=4)  # steps, then a nudge


def follow(run, plan, cut=None):
    """Advance and nudge as the plan says, in one call a part or in calls of `cut` steps."""
    for steps, nudge in plan:
        while steps > 0 and not run.trouble:
            steps -= run.advance(min(steps, cut or steps))
        run.nudge(**nudge)
    run.advance(3)
    return run
