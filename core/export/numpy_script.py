"""A run as a Python script that stands alone: only numpy is needed, every nudge is made at its step, and every bit is
the same. It is put together from the lines of this program that the run used (see `source`) and of `training`."""

from __future__ import annotations

import numpy as np

from core.export import script, source
from core.export.training import Rules, Training, train
from core.nn.activations import ACTIVATIONS
from core.nn.batch_norm import BatchNorm, fold, identity
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.nn.softmax import cost, softmax
from core.runs.run import Run

HEAD = '''"""{title}

A run of Panda as a script of its own; all that it needs is numpy, 2.2 or newer.
{losses}

It trains the same network again, with every nudge at its step, and prints the same. It makes the same calculations in
the same order: with the same numpy on the same kind of processor every bit is the same; elsewhere sums may be rounded
in another way, and long runs drift apart. Change SETTINGS, NUDGES or STEPS to see what would have been.

Examples are columns: X (n_x, m), Y (C, m), W[l] (n_l, n_{{l-1}}), Z[l] = W[l] A[l-1] + b[l]. K stands for networks that
are trained side by side; here there is one. C1 to C20 are topics of the course.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: with more threads, sums would be taken in another order

{imports}

# The run

SIZES = {sizes}  # features, units of the hidden layers, classes
SEED = {seed}  # of the first weights and of the order of the examples
STEPS = {steps}
{settings}{nudges}

# What is calculated


{mathematics}


# The network, and its training


{training}


RULES = Rules(
    deviation={deviation},
    activation={activation},
    slope_type={slope_type},
    optimizers={optimizers},
    schedules={schedules},
)


def examples(name: str) -> tuple[Array, Array]:
    """X (n_x, m), normalized, and Y (C, m), one-hot, of the "train" or the "dev" set."""
    arrays = np.load(io.BytesIO(base64.b64decode(DATA)), allow_pickle=False)
    classes = np.arange(SIZES[-1])[:, None]
    return arrays[f"{{name}}_X"], (arrays[f"{{name}}_labels"] == classes).astype(np.float32)


def main() -> Training:
    """Train, and print loss and accuracy at test time."""
    training = train(Training(SIZES, SEED, SETTINGS, RULES, *examples("train")), NUDGES, STEPS)
    print(f"step {{training.step}}")
    for name in ("train", "dev"):
        X, Y = examples(name)
        A = training.predict(X)
        print(f"{{name:5}} loss {{cost(A, Y):.8g}}, accuracy {{np.mean(A.argmax(axis=0) == Y.argmax(axis=0)):.2%}}")
    return training


{data}

if __name__ == "__main__":
    main()
'''


def numpy_script(run: Run) -> str:
    """The text of the script, UTF-8."""
    rules = rules_of(run)
    steps = [step for step, _ in rules.optimizers.values()]
    functions = [rules.deviation, *rules.schedules.values(), rules.activation, *steps, softmax, cost, BatchNorm, fold]
    mathematics = source.parts([*functions, identity])
    whole = source.parts([*functions, identity, Rules, Training, train])
    training = source.Parts(
        {name: text for name, text in whole.definitions.items() if name not in mathematics.definitions}
    )
    optimizers = {name: f"({step.__name__}, {script.literal(kept)})" for name, (step, kept) in rules.optimizers.items()}
    return HEAD.format(
        title=script.title(run),
        losses=script.losses(run),
        imports=script.imports({*whole.imports, "import base64", "import io"} - {"from __future__ import annotations"}),
        sizes=run.sizes,
        seed=run.spec.seed,
        steps=run.step,
        settings=script.settings(run),
        nudges=script.nudges(run),
        mathematics=mathematics.text,
        deviation=rules.deviation.__name__,
        activation=rules.activation.__name__,
        slope_type=_type_name(rules.slope_type),
        optimizers=script.table(optimizers, "    "),
        schedules=script.table({name: factor.__name__ for name, factor in rules.schedules.items()}, "    "),
        training=training.text,
        data=script.data(run),
    )


def rules_of(run: Run) -> Rules:
    """The functions that the run had, at its start and after its nudges."""
    activation = ACTIVATIONS[run.spec.activation]
    optimizers = {name: OPTIMIZERS[name] for name in script.used(run, "optimizer")}
    return Rules(
        INITIALIZERS[run.spec.initialization].deviation,
        activation.apply,
        activation.slope_type or np.float32,
        {name: (row.step, row.moments) for name, row in optimizers.items()},
        {name: SCHEDULES[name].factor for name in script.used(run, "decay")},
    )


def _type_name(kind: type) -> str:
    return "bool" if kind is bool else f"np.{np.dtype(kind).name}"
