"""Any search space, for property tests, and whether a point or another space lies inside it."""

import numpy as np
from hypothesis import strategies as st

from core.search.space import SEARCHABLE, Range, Space
from core.settings.table import RunSpec, Settings

SPEC = RunSpec(hidden=(5, 7))
ALPHA, BETA, UNITS, LAYERS = (SEARCHABLE[name] for name in ("learning_rate", "beta1", "units", "layers"))
OPTIMIZER, ACTIVATION, SWITCH = (SEARCHABLE[name] for name in ("optimizer", "activation", "batch_norm"))
NUMBERS = [name for name, one in SEARCHABLE.items() if not one.choices]
MANY = 20_000


def space(*ranges):
    return Space(SPEC, Settings(), ranges)


def column(points, name):
    return np.array([point[name] for point in points])


# any range, any space


def ends_of(field):
    one = st.integers(int(field.low), int(field.high)) if field.integer else st.floats(field.low, field.high)
    return st.tuples(one, one).map(sorted)


def ranges_of(name):
    """Any range of this setting."""
    usual = SEARCHABLE[name]
    if usual.choices:
        some = st.lists(st.sampled_from(usual.choices), min_size=1, unique=True)
        return some.map(lambda choices: Range(name, choices=tuple(choices)))
    scale = st.sampled_from([usual.field.scale, "linear"])
    return st.tuples(ends_of(usual.field), scale).map(lambda drawn: Range(name, *drawn[0], drawn[1]))


spaces = (
    st.lists(st.sampled_from(list(SEARCHABLE)), min_size=1, max_size=4, unique=True)
    .flatmap(lambda names: st.tuples(*map(ranges_of, names)))
    .map(lambda ranges: space(*ranges))
)
seeds = st.integers(0, 2**31 - 1)


def inside(point, outer):
    """Whether every value of a point lies in its range, in the setting's own type."""
    return list(point) == [one.name for one in outer.ranges] and all(
        value in one.choices if one.choices else type(value) is type(one.low) and one.low <= value <= one.high
        for one, value in zip(outer.ranges, point.values(), strict=True)
    )


def contains(outer, inner):
    """Whether a space of the same settings, on the same scales, lies inside another."""
    return (inner.spec, inner.settings) == (outer.spec, outer.settings) and all(
        (a.name, a.scale) == (b.name, b.scale) and a.low <= b.low <= b.high <= a.high and {*b.choices} <= {*a.choices}
        for a, b in zip(outer.ranges, inner.ranges, strict=True)
    )
