"""Another value of a setting, for tests over the table of settings."""

from core.settings.table import RunSpec, Settings


def another(field):
    """A value that the field can have and that is not its default."""
    default = (vars(RunSpec()) | vars(Settings()))[field.name]
    if field.scale == "layers":
        return (3, 4)
    values = field.choices or ((True, False) if field.scale == "switch" else (field.low, field.high))
    return next(value for value in map(field.parse, values) if value != default)
