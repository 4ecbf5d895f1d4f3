"""A run as a Python script that needs only numpy: it makes every nudge at its step and gives the same bits.

It has the lines of the engine that it needs (see `source`), with all optimizers, schedules, activations and
initializations, so that it runs with other settings too, and the loop in `training`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from core.export import script, source
from core.export.edits import check_name, check_settings
from core.export.training import Training, new_network, train
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.run import Run

REGISTRIES: dict[str, Mapping[str, Any]] = {
    "ACTIVATIONS": ACTIVATIONS,
    "INITIALIZERS": INITIALIZERS,
    "OPTIMIZERS": OPTIMIZERS,
    "SCHEDULES": SCHEDULES,
}
ROW = script.WIDTH - 30  # length of a row that has space for its indent and name on one line
HEAD = '''"""{title}

A run of Panda as a script. It needs only numpy, 2.2 or newer.
{losses}

It trains the same network again, with every nudge at its step, and prints its loss and accuracy. It calculates in the
same order as Panda: with the same numpy on the same kind of processor every bit is the same. Elsewhere sums may be
rounded differently, and long runs drift apart.

Change ACTIVATION, INITIALIZATION, SETTINGS, NUDGES or STEPS to see what would have happened: all that Panda has to
choose from is in the script, see CHOICES and RANGES.

Examples are columns: X (n_x, m), Y (C, m), W[l] (n_l, n_{{l-1}}), Z[l] = W[l] A[l-1] + b[l]. Panda trains K networks
side by side, so its arrays have a leading axis of K; here K = 1. C1 to C20 are topics of the course. A heading such as
core/nn/network.py names the file of Panda that the lines below it come from.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: more threads would sum in another order

{imports}

{the_run}

{parts}


# What there is to choose from

ACTIVATIONS = {activations}
INITIALIZERS = {initializers}
OPTIMIZERS = {optimizers}
SCHEDULES = {schedules}
{limits}


def examples(name: str) -> tuple[Array, Array]:
    """X (n_x, m), normalized, and Y (C, m), one-hot, of the "train" or the "dev" set."""
    arrays = np.load(io.BytesIO(base64.b64decode(DATA)), allow_pickle=False)
    classes = np.arange(SIZES[-1])[:, None]
    return arrays[f"{{name}}_X"], (arrays[f"{{name}}_labels"] == classes).astype(np.float32)


def main() -> Training:
    """Train, and print loss and accuracy at test time."""
    check_name("ACTIVATION", ACTIVATION, ACTIVATIONS)
    check_name("INITIALIZATION", INITIALIZATION, INITIALIZERS)
    check_settings(SETTINGS, NUDGES, CHOICES, RANGES, SEED=SEED, STEPS=STEPS)
    network = new_network(SIZES, ACTIVATION, INITIALIZATION, SEED)
    training = train(Training(network, SEED, RULES, SETTINGS, *examples("train")), NUDGES, STEPS)
    print(f"step {{training.state.step}}")
    for name in ("train", "dev"):
        X, Y = examples(name)
        right = training.predict(X).argmax(axis=0) == Y.argmax(axis=0)
        print(f"{{name:5}} loss {{training.cost(X, Y):.8g}}, accuracy {{np.mean(right):.2%}}")
    return training


{data}

if __name__ == "__main__":
    main()
'''


def numpy_script(run: Run) -> str:
    """The text of the script."""
    rows = [row for registry in REGISTRIES.values() for row in registry.values()]
    roots = [*_functions(rows), *map(type, rows), new_network, Training, train, check_name, check_settings]
    needed = source.parts(roots, frozenset(REGISTRIES))
    return HEAD.format(
        title=script.title(run),
        losses=script.losses(run),
        imports=script.imports({*needed.imports, "import base64", "import io", "import numpy as np"}),
        the_run=script.the_run(run),
        parts=needed.text,
        data=script.data(run),
        limits=script.limits(),
        **{
            name.lower(): script.table({key: _row(row) for key, row in each.items()})
            for name, each in REGISTRIES.items()
        },
    )


def _functions(rows: Iterable[Any]) -> list[Callable[..., Any]]:
    """The functions in rows of registries."""
    values = [getattr(row, field.name) for row in rows for field in fields(row)]
    return [value for value in values if callable(value) and not isinstance(value, type)]


def _row(row: Any) -> str:
    """A row of a registry as Python, such as Optimizer("momentum", momentum, ("m",)); a long one in several lines."""
    values, name = [_value(getattr(row, field.name)) for field in fields(row)], type(row).__name__
    line = f"{name}({', '.join(values)})"
    return line if len(line) <= ROW else f"{name}(\n" + "".join(f"        {value},\n" for value in values) + "    )"


def _value(value: Any) -> str:
    return value.__name__ if callable(value) else script.literal(value)
