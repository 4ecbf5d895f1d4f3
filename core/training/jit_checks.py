"""What the compiled step has to train exactly as numpy does before it is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from core.data.datasets import Data, load, prepare
from core.settings.scales import SCALES
from core.settings.table import SETTINGS as FIELDS
from core.settings.table import Field, RunSpec, Settings
from core.training.jit_trainer import Trainer
from core.training.members import get_members
from core.training.stack import Stack

SPEC = RunSpec(hidden=(5, 4), activation="tanh")
SETTINGS = Settings(batch_size=16, optimizer="adam", learning_rate=0.01)
WIDTHS = ((1,), (1, 1), (256,), (1, 256), (256, 1), (64, 32))  # numpy multiplies vectors and matrices by other loops


@dataclass(frozen=True)
class Case:
    """A stack to train for some steps, with one settings and seed for each member. `name` says what is special.

    With `late`, scale and shift of batch norm learn only in the second half of the steps.
    """

    name: str
    spec: RunSpec
    data: Data
    settings: tuple[Settings, ...]
    seeds: tuple[int, ...]
    steps: int = 12
    late: bool = False


def differences(trainer: Trainer, cases: Iterable[Case]) -> list[str]:
    """Names of the cases in which `trainer` and numpy do not have the same bits."""
    with np.errstate(all="ignore"):
        return [case.name for case in cases if not _same(trainer, case)]


def cases(kernel: ModuleType) -> Iterator[Case]:
    """Everything that can be chosen, and the shapes for which numpy takes different ways."""
    yield from _functions(kernel)
    yield from _shapes()
    yield from _fields()
    yield from _rest()


def _functions(kernel: ModuleType) -> Iterator[Case]:
    """Every activation with every optimizer, batch norm and bias correction on and off."""
    switch = (True, False)
    for activation, optimizer, norm, correction in product(kernel.ACTIVATIONS, kernel.OPTIMIZERS, switch, switch):
        name = f"{optimizer} and {activation}, batch norm {_on(norm)}, bias correction {_on(correction)}"
        settings = replace(SETTINGS, optimizer=optimizer, batch_norm=norm, bias_correction=correction)
        yield Case(name, replace(SPEC, activation=activation), points(), varied(settings), (0, 1, 2))


def _shapes() -> Iterator[Case]:
    """Layers of 1 and 256 units, mini-batches from 1 on, inputs from points to pictures."""
    inputs = {"points": points(), "pictures": pictures()}
    for kind, hidden, batch, norm in product(inputs, WIDTHS, (1, 7, 64), (True, False)):
        name = f"{kind}, {'-'.join(map(str, hidden))} hidden units, mini-batches of {batch}, batch norm {_on(norm)}"
        settings = replace(SETTINGS, batch_size=batch, batch_norm=norm)
        yield Case(name, replace(SPEC, hidden=hidden), inputs[kind], varied(settings)[:2], (0, 1), steps=4)


def _fields() -> Iterator[Case]:
    """Each setting that has an `off`, in a stack and alone, in small and in wide layers."""
    fields = [field for field in FIELDS if field.off is not None]
    for field, hidden, norm in product(fields, (SPEC.hidden, (64, 32)), (True, False)):
        name = f"{field.label}, {'-'.join(map(str, hidden))} hidden units, batch norm {_on(norm)}"
        members = zip(varied(replace(SETTINGS, batch_norm=norm)), _values(field), strict=True)
        each = tuple(replace(settings, **{field.name: value}) for settings, value in members)
        yield Case(name, replace(SPEC, hidden=hidden), points(), each, (0, 1, 2))
        yield Case(f"{name}, one network", replace(SPEC, hidden=hidden), points(), each[2:], (2,))


def _values(field: Field) -> tuple[Any, Any, Any]:
    """What three networks have in a field that has an `off`: the first is at it, unless they must be alike."""
    if field.scale in SCALES:
        low, high = field.searched or (field.low, field.high)
        some, more = (field.parse(value.item()) for value in SCALES[field.scale].from_unit([0.3, 0.6], low, high))
    else:
        some = more = next(value for value in field.choices or (True, False) if value != field.off)
    return (field.off, some, more) if field.per_member else (more, more, more)


def _rest() -> Iterator[Case]:
    wild = replace(SETTINGS, optimizer="sgd", batch_norm=False, learning_rate=10)
    calm, leaky = replace(wild, learning_rate=0.01), replace(SPEC, hidden=(20, 20), activation="leaky_relu")
    fading = replace(SETTINGS, decay="exponential", decay_rate=0.5, decay_every=1)
    yield Case("one network", SPEC, points(), (SETTINGS,), (0,))
    yield Case("one order of the examples", SPEC, points(), varied(SETTINGS), (0, 0, 0))
    yield Case("batch norm's scale not learnt", SPEC, points(), varied(replace(SETTINGS, bn_learn=False)), (0, 1, 2))
    yield from _late()
    yield Case("learning rate decay", SPEC, points(), varied(fading), (0, 1, 2))
    yield Case("one network that diverges", leaky, points(), (wild,), (3,), steps=50)
    yield Case("one of three that diverges", leaky, points(), (calm, wild, calm), (3, 3, 3), steps=50)


def _late() -> Iterator[Case]:
    """Scale and shift of batch norm that begin to learn after some steps, under all rules."""
    for rules, optimizer in product((1, 2), ("momentum", "rmsprop")):
        start = replace(SETTINGS, optimizer=optimizer, bn_learn=False)
        name = f"batch norm's scale learnt late under {optimizer}, rules {rules}"
        yield Case(name, replace(SPEC, rules=rules), points(), varied(start), (0, 1, 2), late=True)


def _on(value: bool) -> str:
    return "on" if value else "off"


def varied(settings: Settings) -> tuple[Settings, ...]:
    """Settings of three members, which differ in everything that members need not share."""
    return tuple(
        replace(
            settings,
            learning_rate=settings.learning_rate * k,
            beta1=1 - 0.1 * k,
            beta2=1 - 0.02 * k,
            epsilon=10.0**-k,
            decay_rate=settings.decay_rate / k,
            bn_decay=1 - 0.05 * k,
            bn_epsilon=10.0 ** -(k + 1),
        )
        for k in (1, 2, 3)
    )


def points() -> Data:
    """45 training examples with 2 inputs, in 3 classes."""
    return load("spiral", 3, 60, 0.2, 0, 0.25, True)


@cache
def pictures() -> Data:
    """100 training examples of noise with 28 x 28 inputs, in 10 classes."""
    pixels = np.random.default_rng(0).random((130, 784))
    names = tuple(str(label) for label in range(10)), tuple(str(pixel) for pixel in range(784))
    return prepare(pixels, np.arange(130) % 10, *names, 0, 3 / 13, True, (28, 28))


def _same(trainer: Trainer, case: Case) -> bool:
    """Whether the losses are the same, and all else of the members whose losses are finite."""
    ways = [Stack(case.spec, case.data, case.settings, case.seeds) for _ in range(2)]
    losses = np.zeros((2, case.steps, len(case.seeds)), np.float32)
    done = [0, 0]
    for until in (case.steps // 2, case.steps) if case.late else (case.steps,):
        parts, steps = [losses[i, done[i] : until] for i in (0, 1)], until - done[0]
        done[0] += ways[0].advance(steps, parts[0], watch=lambda *_: None)  # numpy trains what is watched
        done[1] += trainer.advance(ways[1], steps, parts[1])
        for way in ways:
            way.set([replace(settings, bn_learn=case.late or settings.bn_learn) for settings in case.settings])
    if done[0] != done[1] or not np.array_equal(losses[0, : done[0]], losses[1, : done[0]], equal_nan=True):
        return False
    sound = np.asarray(np.isfinite(losses[0, : done[0]]).all(axis=0))
    return _bits(ways[0], sound) == _bits(ways[1], sound)


def _bits(stack: Stack, members: np.ndarray) -> list[bytes]:
    """All that the future of these members depends on, and batch norm's statistics of the last mini-batch."""
    held, net = get_members(stack)[np.flatnonzero(members)], stack.network
    batch = [view[members] for view in (*net.batch_mean[1:], *net.batch_variance[1:])]
    return [array.tobytes() for array in (held.rows, held.counts, held.weights, *batch)]
