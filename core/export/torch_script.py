"""A run as a PyTorch script that needs only torch and numpy: the same first weights, mini-batches and nudges, and the
optimizers in the course's form. Results differ only by how PyTorch rounds sums.

It has every optimizer and activation of `torch_forms`, where a new one needs its formula, and every schedule and
initialization, so that it runs with other settings too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.errors import UserError
from core.export import script, source
from core.export.edits import check_name, check_settings, in_order
from core.export.torch_forms import ACTIVATION_FORMS, STEP_FORMS
from core.export.torch_template import IMPORTS, TEMPLATE
from core.nn.dropout import Dropout
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.run import Run
from core.training.stack import STATISTICS_FROM
from core.training.update import NO_CLIPPING


def torch_script(run: Run) -> str:
    """The text of the script. Raises `UserError` where an optimizer or activation of the run has no PyTorch form."""
    _check_forms(ACTIVATION_FORMS, [run.spec.activation])
    _check_forms(STEP_FORMS, script.used(run, "optimizer"))
    deviations = {name: row.deviation for name, row in INITIALIZERS.items()}
    factors = {name: row.factor for name, row in SCHEDULES.items()}
    functions = [*deviations.values(), *factors.values(), check_name, check_settings, in_order]
    numbers = source.parts([*functions, Dropout])
    return TEMPLATE.format(
        title=script.title(run),
        losses=script.losses(run),
        imports=script.imports(IMPORTS | numbers.imports),
        the_run=script.the_run(run),
        numbers=numbers.text,
        steps_of_optimizers="\n".join(STEP_FORMS.values()),
        activations=script.table(ACTIVATION_FORMS),
        initializers=_names(deviations),
        optimizers=script.table({name: f"({name}, {script.literal(OPTIMIZERS[name].moments)})" for name in STEP_FORMS}),
        schedules=_names(factors),
        limits=script.limits(),
        statistics_from=STATISTICS_FROM,
        no_clipping=NO_CLIPPING,
        data=script.data(run),
    )


def _names(functions: Mapping[str, Callable[..., Any]]) -> str:
    """The lines of a dict from names to functions."""
    return script.table({name: function.__name__ for name, function in functions.items()})


def _check_forms(forms: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name not in forms:
            raise UserError(f"There is no PyTorch form of {name} yet: export the numpy script instead.")
