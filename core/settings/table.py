"""What a person chooses: the spec of a run, its live settings, and the one table of both.

`RunSpec` is fixed for a run's life; `Settings` can be nudged while it trains. `FIELDS` describes every field of both.
Validation, controls on the page, links, files, search ranges and the reference page use it. Course rows C1 (what to
tune, in which order) and C20.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from core.data.registry import DATASETS
from core.data.safe_load import shown
from core.data.shelf import is_table
from core.errors import UserError
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES

MAX_LAYERS = 6
MAX_UNITS = 256
OWN = "own data"
RULES = 2  # of new runs; a run keeps those that it was made with


class SettingError(UserError, ValueError):
    """A setting has an invalid value; the message names the setting, the value and the range."""


@dataclass(frozen=True)
class RunSpec:
    """What is fixed for a run's life."""

    dataset: str = "spiral"
    classes: int = 3
    examples: int = 800
    noise: float = 0.2
    turns: float = 4.0
    data_seed: int = 0
    dev_share: float = 0.2
    normalize: bool = True
    hidden: tuple[int, ...] = (16, 16)
    activation: str = "relu"
    initialization: str = "he"
    seed: int = 0
    rules: int = RULES

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Settings:
    """What can be nudged while a run trains."""

    learning_rate: float = 0.1
    beta1: float = 0.9
    batch_size: int = 64
    optimizer: str = "momentum"
    on_switch: str = "reset"
    bias_correction: bool = True
    decay: str = "none"
    decay_rate: float = 0.05
    decay_every: int = 10
    batch_norm: bool = True
    bn_learn: bool = True
    bn_decay: float = 0.9
    bn_epsilon: float = 1e-5
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float = 1000.0
    dropout: float = 0.0
    drop_last: bool = False

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Field:
    """One row of the table. `low` and `high` are allowed values; `own` says whether a value names own data, which is
    allowed beside the `choices`.

    `needs` lists (other field, its values under which this field has an effect, words after "no effect").
    `per_member`: a stack takes one value for each of its networks; in any other setting they must be alike.
    `searched`: the range that a new search starts with, where that is not low to high.

    `off` is for a field that is newer than files and links: the value with which all is as it was without the field.
    At this value it is left out of fingerprints, links and files (see `core.settings.plain`), and where it is missing
    there, it has this value. It is also the default, except for `rules`: new runs are made with the newest.
    """

    name: str
    symbol: str
    label: str
    help: str
    scale: Literal["log", "log_from_0", "one_minus", "linear", "choice", "switch", "layers"]
    group: str
    low: float = 0.0
    high: float = 1.0
    integer: bool = False
    choices: Mapping[str, str] | None = None
    own: Callable[[str], bool] | None = None
    needs: tuple[tuple[str, tuple[Any, ...], str], ...] = ()
    course: str = ""
    per_member: bool = False
    searched: tuple[float, float] | None = None
    off: Any = None

    def idle(self, settings: Any) -> str | None:
        """Why this field has no effect under `settings` ("no effect under ..."), or None if it has one."""
        for other, values, words in self.needs:
            if getattr(settings, other) not in values:
                return f"no effect {words.format(FIELDS[other].word(getattr(settings, other)))}"
        return None

    def at_off(self, value: Any) -> bool:
        """Whether the field has an `off`, and `value` is it."""
        return self.off is not None and bool(value == self.off)

    def word(self, value: Any) -> str:
        """The value as a person reads it."""
        if self.choices:
            return self.choices.get(value) or (OWN if self.own and self.own(value) else str(value))
        if self.scale == "switch":
            return "on" if value else "off"
        if self.scale == "layers":
            return "-".join(str(units) for units in value)
        return f"{value:,}" if self.integer else f"{value:.6g}"

    def range_words(self) -> str:
        """The allowed range as words, for help and for error sentences."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.scale == "switch":
            return "on or off"
        if self.scale == "layers":
            return f"1 to {MAX_LAYERS} layers of 1 to {MAX_UNITS} units"
        if self.integer:
            return f"{self.low:,.0f} to {self.high:,.0f}"
        return f"{self.low:.6g} to {self.high:.6g}"

    def parse(self, value: Any) -> Any:
        """`value` in this field's own type, or a `SettingError` that names the field, the value and the range."""
        parsed = _parse(self, value)
        if parsed is None:
            whole = "a whole number from " if self.integer else ""
            words = f"cannot be {shown(str(value))}: it takes {whole}{self.range_words()}"
            raise SettingError(f"{self.label.capitalize()} {words}.")
        return parsed


def _parse(field: Field, value: Any) -> Any:
    """The value in the field's type, or None if it is invalid."""
    if field.scale == "switch":
        return value if isinstance(value, bool) else None
    if field.choices:
        known = isinstance(value, str) and (value in field.choices or (field.own and field.own(value)))
        return value if known else None
    if field.scale == "layers":
        return _parse_layers(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**63) < value < 2**63:
        return None
    if not field.low <= value <= field.high or (field.integer and value != int(value)):
        return None
    return int(value) if field.integer else float(value)


def _parse_layers(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_LAYERS:
        return None
    if any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_UNITS for n in value):
        return None
    return tuple(value)


def _keeping(*moments: str) -> tuple[str, ...]:
    """The optimizers that keep at least one of these averages."""
    return tuple(name for name, optimizer in OPTIMIZERS.items() if set(moments) & set(optimizer.moments))


def _using(argument: str) -> tuple[str, ...]:
    """The schedules that depend on this argument."""
    return tuple(name for name, schedule in SCHEDULES.items() if argument in schedule.uses)


def _meaning(argument: str) -> str:
    """What this argument means, with the schedules where it does: "Epochs until α falls again (staircase)."."""
    labels: dict[str, list[str]] = {}
    for name in _using(argument):
        labels.setdefault(getattr(SCHEDULES[name], argument), []).append(SCHEDULES[name].label)
    words = "; ".join(f"{meaning} ({', '.join(those)})" for meaning, those in labels.items())
    return f"{words[0].upper()}{words[1:]}."


_GRADIENTS = (("optimizer", _keeping("m", "sum"), "under {}"),)
_SQUARES = (("optimizer", _keeping("v"), "under {}"),)
_MOMENTS = (("optimizer", _keeping("m", "v"), "under {}"),)
_SCHEDULED = ("decay", tuple(name for name in SCHEDULES if name != "none"), "without a schedule")
_RATE = (_SCHEDULED, ("decay", _using("rate"), "under the schedule {}"))
_EVERY = (_SCHEDULED, ("decay", _using("every"), "under the schedule {}"))
_BN = (("batch_norm", (True,), "without batch norm"),)

# fmt: off
SETTINGS: tuple[Field, ...] = (
    Field("learning_rate", "α", "learning rate", "How large each step is. The first setting to tune.",
          "log", "first", 1e-6, 10.0, searched=(1e-4, 1.0), per_member=True, course="C4"),
    Field("optimizer", "", "optimizer", "How a step is made from the gradient.",
          "choice", "first", choices={name: o.label for name, o in OPTIMIZERS.items()}, course="C1"),
    Field("beta1", "β", "momentum β", "How long the running average of gradients remembers (β₁ in Adam).",
          "one_minus", "second", 0.0, 0.9999, needs=_GRADIENTS, searched=(0.9, 0.999), per_member=True, course="C5"),
    Field("batch_size", "m", "mini-batch size",
          "How many examples each step uses, at most the whole training set.",
          "log", "second", 1, 50_000, integer=True, searched=(8, 256), course="C1"),
    Field("batch_norm", "", "batch norm", "Normalize each hidden unit's z over the mini-batch.",
          "switch", "second", course="C10"),
    Field("decay", "", "learning-rate schedule",
          "How α changes from epoch to epoch. Counting starts in the epoch in which you choose it.",
          "choice", "third", choices={name: s.label for name, s in SCHEDULES.items()}, course="C20"),
    Field("decay_rate", "k", "schedule rate", _meaning("rate"),
          "log", "third", 1e-4, 0.999, needs=_RATE, searched=(1e-3, 0.5), per_member=True, course="C20"),
    Field("decay_every", "N", "schedule epochs", _meaning("every"),
          "log", "third", 1, 1000, integer=True, needs=_EVERY, searched=(1, 100), per_member=True, course="C20"),
    Field("dropout", "p", "dropout",
          "The share of hidden units that a training step sets to 0, for each example anew (Srivastava et al. 2014).",
          "linear", "third", 0.0, 0.9, per_member=True, searched=(0.0, 0.8), off=0.0),
    Field("weight_decay", "λ", "weight decay",
          "Each step also takes α λ W from every W, not from b, γ and β[l] (Loshchilov & Hutter 2019).",
          "log_from_0", "third", 0.0, 1.0, searched=(1e-4, 0.3), per_member=True, off=0.0),
    Field("clip_norm", "", "gradient clipping",
          "The whole gradient is shortened to this norm where it is longer (Pascanu et al. 2013). 1,000: no clipping.",
          "log", "third", 1e-3, 1000.0, searched=(0.01, 100.0), per_member=True, off=1000.0),
    Field("bn_learn", "γ, β[l]", "learn scale γ and shift β",
          "Off: scale γ and shift β[l] of batch norm keep their present values.",
          "switch", "seldom", needs=_BN, course="C12"),
    Field("bn_decay", "ρ", "running-average decay", "How long batch norm's running averages of μ and σ² remember.",
          "one_minus", "seldom", 0.0, 0.9999, needs=_BN, searched=(0.5, 0.99), per_member=True, course="C15"),
    Field("bn_epsilon", "ε", "batch norm ε", "Added to σ² before its square root.",
          "log", "seldom", 1e-10, 1.0, needs=_BN, searched=(1e-8, 0.1), per_member=True, course="C10"),
    Field("beta2", "β₂", "second-moment β₂", "How long the running average of squared gradients remembers.",
          "one_minus", "seldom", 0.5, 0.99999, needs=_SQUARES, searched=(0.9, 0.9999), per_member=True, course="C5"),
    Field("epsilon", "ε", "optimizer ε",
          "Added to the root of the average of squared gradients, so that it never divides by zero.",
          "log", "seldom", 1e-12, 0.1, needs=_SQUARES, searched=(1e-10, 1e-4), per_member=True, course="C20"),
    Field("bias_correction", "", "bias correction",
          "Divide the averages by 1 - βᵗ, because in the first steps they are too close to 0.",
          "switch", "seldom", needs=_MOMENTS, course="C5"),
    Field("on_switch", "", "moments after a switch",
          "What happens to the averages of gradients when you change the optimizer.",
          "choice", "seldom", choices={"reset": "start again at 0", "keep": "keep"}, per_member=True, course="C7"),
    Field("drop_last", "", "drop the last partial mini-batch",
          "Where the mini-batch size does not divide the training set, the last mini-batch of an epoch is smaller. On: "
          "it is left out. The order is drawn anew in every epoch, so that no example is left out for good.",
          "switch", "seldom", course="C1", off=False),
)
# fmt: on


def _shaping(option: str) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """The need of a data set that this option shapes."""
    return (("dataset", tuple(name for name, d in DATASETS.items() if option in d.options), "on {}"),)


# fmt: off
SPEC: tuple[Field, ...] = (
    Field("dataset", "", "data", "What the network learns.",
          "choice", "data", choices={name: d.label for name, d in DATASETS.items()}, own=is_table),
    Field("classes", "C", "classes", "How many classes: arms of the spiral, or blobs.",
          "linear", "data", 2, 8, integer=True, needs=_shaping("classes")),
    Field("examples", "", "examples", "How many points are generated, train and dev together.",
          "log", "data", 60, 5000, integer=True, needs=_shaping("examples")),
    Field("noise", "", "noise", "How far the points lie from the shape of their class.",
          "linear", "data", 0.0, 1.0, needs=_shaping("noise")),
    Field("turns", "", "turns", "How far each arm of the spiral winds around the centre, in radians.",
          "linear", "data", 1.0, 12.0, needs=_shaping("turns"), off=4.0),
    Field("data_seed", "", "data seed", "Another number gives other points and another split into train and dev.",
          "linear", "data", 0, 2**31 - 1, integer=True),
    Field("dev_share", "", "dev share", "The part of the data kept for the dev set.",
          "linear", "data", 0.05, 0.9),
    Field("normalize", "", "normalize inputs",
          "Subtract the mean and divide by the standard deviation, both of the training set.",
          "switch", "data", course="C9"),
    Field("hidden", "", "hidden layers", "Units of each hidden layer, such as 16-16.",
          "layers", "network", course="C1"),
    Field("activation", "g", "activation", "The function that each hidden unit applies to its z.",
          "choice", "network", choices={name: a.label for name, a in ACTIVATIONS.items()}),
    Field("initialization", "", "initialization", "How large the weights are at the start.",
          "choice", "network", choices={name: i.label for name, i in INITIALIZERS.items()}),
    Field("seed", "", "seed", "Another number gives other first weights and another order of the examples.",
          "linear", "network", 0, 2**31 - 1, integer=True),
    Field("rules", "", "rules", "By which version of the formulas the run is trained. A run keeps the version that it "
          "began with. Under 1, the bias correction of γ and β[l] counts steps in which they do not learn, and no "
          "example's loss at test time is above 87 nats. Under 2 it does not, and losses have no ceiling.",
          "linear", "rules", 1, RULES, integer=True, off=1),
)
# fmt: on

GROUPS: Mapping[str, str] = {"first": "Tune first", "second": "Then", "third": "After that", "seldom": "Advanced"}
FIELDS: Mapping[str, Field] = {field.name: field for field in (*SPEC, *SETTINGS)}


def check(chosen: RunSpec | Settings) -> None:
    """Convert every field of `chosen` to its type. Raises `SettingError` at the first invalid one."""
    for field in fields(chosen):
        object.__setattr__(chosen, field.name, FIELDS[field.name].parse(getattr(chosen, field.name)))
    if isinstance(chosen, RunSpec):
        known = DATASETS.get(chosen.dataset)
        most = known.max_classes if known else 0
        if most and chosen.classes > most:
            raise SettingError(f"Classes cannot be {chosen.classes} on {chosen.dataset}: it takes 2 to {most}.")


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with `changes`. Raises `SettingError` for an unknown setting or an invalid value."""
    known = vars(settings)
    for name in changes:
        if name not in known:
            raise SettingError(f"There is no setting called {str(name)[:40]!r}: there are {', '.join(known)}.")
    return Settings(**(known | dict(changes)))
