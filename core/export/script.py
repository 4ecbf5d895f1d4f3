"""Parts that exported scripts share: title, settings and nudges as Python, and the data in base64."""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from core.data.safe_load import write_npz
from core.runs.journal import Nudge
from core.runs.run import Run
from core.settings.table import FIELDS, SETTINGS, Field

WIDTH = 120
REGISTRIES = {"optimizer": "OPTIMIZERS", "decay": "SCHEDULES"}  # settings whose choices are tables in the scripts
THE_RUN = """# The run

SIZES = {sizes}  # features, units of the hidden layers, classes
ACTIVATION = "{spec.activation}"
INITIALIZATION = "{spec.initialization}"
SEED = {spec.seed}  # of the first weights and of the order of the examples
RULES = {spec.rules}  # of Panda, by which it was trained
STEPS = {steps}
{settings}{nudges}"""


def title(run: Run) -> str:
    """Such as "spiral, 2-16-16-3, ReLU, He, seed 0: 2,000 steps, 3 nudges."."""
    words = {name: FIELDS[name].word(getattr(run.spec, name)) for name in ("dataset", "activation", "initialization")}
    network = f"{'-'.join(map(str, run.sizes))}, {words['activation']}, {words['initialization']}, seed {run.spec.seed}"
    made = len(run.journal)
    nudges = f"{made:,} nudge{'s' * (made != 1)}" if made else "no nudge"
    return f"{words['dataset']}, {network}: {run.step:,} steps, {nudges}."


def losses(run: Run) -> str:
    """A sentence with the loss (nats) and accuracy of both sets in the app now."""
    scores = [run.evaluate(split) for split in ("train", "dev")]
    said = [f"{s.loss:.8g} ({s.accuracy:.2%} right) on the {n}" for s, n in zip(scores, ("train", "dev"), strict=True)]
    return textwrap.fill(f"In the app it ended with a loss of {said[0]} and {said[1]} set.", WIDTH)


def used(run: Run, name: str) -> list[str]:
    """The distinct values of a setting during the run, in order."""
    values = [getattr(run.start, name), *(nudge.changes[name][1] for nudge in run.journal if name in nudge.changes)]
    return list(dict.fromkeys(values))


def the_run(run: Run) -> str:
    """The lines that a person may change: what the run is, its first settings and its nudges."""
    return THE_RUN.format(sizes=run.sizes, spec=run.spec, steps=run.step, settings=settings(run), nudges=nudges(run))


def settings(run: Run) -> str:
    """The lines of SETTINGS, the settings at step 0."""
    return f"SETTINGS = {table({name: literal(value) for name, value in asdict(run.start).items()})}  # at step 0\n"


def limits() -> str:
    """The lines of CHOICES and RANGES: what every setting takes."""
    chosen = [field for field in SETTINGS if field.choices or field.scale == "switch"]
    choices = {field.name: REGISTRIES.get(field.name) or literal(_choices(field)) for field in chosen}
    ranges = {field.name: literal(_range(field)) for field in SETTINGS if field not in chosen}
    return f"CHOICES = {table(choices)}\nRANGES = {table(ranges)}"


def _choices(field: Field) -> tuple[Any, ...]:
    return tuple(field.choices or (True, False))


def _range(field: Field) -> tuple[float, float]:
    kind = int if field.integer else float
    return kind(field.low), kind(field.high)


def nudges(run: Run) -> str:
    """The lines of NUDGES, one per nudge, with its note as a comment above it."""
    if not run.journal:
        return "NUDGES = []  # (step, changes from that step on)\n"
    return "NUDGES = [  # (step, changes from that step on)\n" + "".join(_nudge(n) for n in run.journal) + "]\n"


def _nudge(nudge: Nudge) -> str:
    changes = {name: literal(new) for name, new in nudge.new_values.items()}
    row = ", ".join(f"{literal(name)}: {new}" for name, new in changes.items())
    line = f"    ({nudge.step}, {{{row}}}),\n"
    if len(line) > WIDTH:
        line = f"    (\n        {nudge.step},\n        {table(changes, ' ' * 8)},\n    ),\n"
    return comment(nudge.note) + line


def comment(text: str) -> str:
    """A person's text as comment lines. It cannot become code: line ends and control characters are removed."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return "".join(f"    # {line}\n" for line in textwrap.wrap(clean, WIDTH - 10))


def literal(value: Any) -> str:
    """A number, bool, str or tuple of them as Python. A str is in double quotes unless it has quotes or backslashes."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and not set(text) & {'"', "\\"} else text


def table(rows: Mapping[str, str], indent: str = "") -> str:
    """The lines of a dict from names to Python expressions; all but the first begin with `indent`."""
    return "{\n" + "".join(f"{indent}    {literal(name)}: {row},\n" for name, row in rows.items()) + f"{indent}}}"


def data(run: Run) -> str:
    """The lines of DATA: both sets, normalized if the run's are, as an npz file in base64."""
    labels = np.uint8 if run.data.n_classes <= 256 else np.int64
    arrays: dict[str, np.ndarray] = {}
    for name in ("train", "dev"):
        examples = getattr(run.data, name)
        arrays |= {f"{name}_X": examples.X, f"{name}_labels": examples.labels.astype(labels)}
    text = base64.b64encode(write_npz(arrays)).decode()
    lines = (text[at : at + WIDTH] for at in range(0, len(text), WIDTH))
    return 'DATA = """\n' + "\n".join(lines) + '\n"""\n'


def imports(lines: Iterable[str]) -> str:
    """Import lines, one per module: the standard library first, then numpy and torch."""
    names: dict[str, set[str]] = {}
    plain: set[str] = set()
    for line in lines:
        start, _, name = line.partition(" import ")
        names.setdefault(start, set()).add(name) if name else plain.add(line)
    whole = [*sorted(plain), *(_wrapped(start, sorted(each)) for start, each in sorted(names.items()))]
    outside = [line for line in whole if re.match(r"(from|import) (numpy|torch)\b", line)]
    return "\n".join([line for line in whole if line not in outside] + [""] + outside)


def _wrapped(start: str, names: list[str]) -> str:
    line = f"{start} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"{start} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
