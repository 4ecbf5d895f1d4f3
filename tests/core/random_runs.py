"""Random runs for the tests: hypothesis strategies for specs, settings and plans of nudges, from the table of settings.

`any_spec` and `any_value` have all that can be chosen; `specs` and `values` only what trains in a moment.
"""

from hypothesis import strategies as st

from core.settings.table import MAX_LAYERS, MAX_UNITS, SETTINGS, SPEC, RunSpec


def _values_of(field):
    if field.choices:
        return st.sampled_from(sorted(field.choices))
    if field.scale == "switch":
        return st.booleans()
    return st.integers(field.low, field.high) if field.integer else st.floats(field.low, field.high)


def _layers(units, most):
    return st.lists(st.integers(1, units), min_size=1, max_size=most).map(tuple)


any_value = {field.name: _values_of(field) for field in SETTINGS}
_of_specs = {field.name: _values_of(field) for field in SPEC if field.name != "hidden"}
_of_specs["classes"] = st.integers(2, 5)  # all data sets take these
any_spec = st.builds(RunSpec, hidden=_layers(MAX_UNITS, MAX_LAYERS), **_of_specs)

_SMALL = {
    "examples": st.integers(60, 200),
    "data_seed": st.integers(0, 3),
    "dev_share": st.floats(0.1, 0.8),
    "hidden": _layers(20, 3),
}
specs = st.builds(RunSpec, **(_of_specs | _SMALL))
values = any_value | {
    "learning_rate": st.floats(1e-4, 0.5),
    "beta1": st.floats(0, 0.999),
    "batch_size": st.integers(1, 300),
    "decay_rate": st.floats(1e-3, 0.9),
    "decay_every": st.integers(1, 4),
    "bn_decay": st.floats(0, 0.999),
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
    "rules": 1,
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
    "drop_last": True,
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
