"""Another value of a setting, for tests over the table of settings."""

from core.settings.scales import SCALES
from core.settings.table import RunSpec, Settings


def another(field):
    """A value that the field can have and that is not its default."""
    default = (vars(RunSpec()) | vars(Settings()))[field.name]
    if field.scale == "layers":
        return (3, 4)
    values = field.choices or ((True, False) if field.scale == "switch" else _numbers(field))
    return next(value for value in map(field.parse, values) if value != default)


def _numbers(field):
    """One from the middle of the scale, and the ends."""
    middle = float(SCALES[field.scale].from_unit(0.5, field.low, field.high))
    return (round(middle) if field.integer else float(f"{middle:.3g}"), field.low, field.high)
