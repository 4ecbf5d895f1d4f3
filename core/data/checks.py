"""Checks of JSON and arrays that came in: fields of an object, whole numbers, texts, shapes.

Each raises `FileError` with a sentence that names the part of the file, `what`, and its content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from core.data.safe_load import FileError, shown


def known_fields(given: Any, names: Iterable[str], what: str) -> dict[str, Any]:
    """`given` if it is an object whose fields are all among `names`; some may be missing."""
    if not isinstance(given, dict):
        raise FileError(f"There is no JSON object for the {what}: in its place is {shown(given)}.")
    for name in given:
        if name not in names:
            raise FileError(f"The {what} has {shown(name)}, which is not known here: leave it out.")
    return given


def exact_fields(given: Any, names: Collection[str], what: str, optional: Collection[str] = ()) -> dict[str, Any]:
    """`given` if it is an object with all fields of `names`, and no others except `optional` ones."""
    if not isinstance(given, dict) or not set(names) <= given.keys() <= {*names, *optional}:
        raise FileError(f"The {what} in the file is {shown(given)}: it takes {', '.join(names)} and nothing else.")
    return given


def whole_number(value: Any, what: str, most: int) -> int:
    """`value` if it is a whole number from 0 to `most`."""
    if type(value) is not int or not 0 <= value <= most:
        raise FileError(f"The {what} cannot be {shown(value)}: it takes a whole number from 0 to {most:,}.")
    return value


def short_text(value: Any, what: str, most: int) -> str:
    """`value` if it is text of at most `most` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise FileError(f"The {what} cannot be {shown(value)}: it takes text of at most {most:,} characters.")
    return value


def same_layout(array: np.ndarray | None, other: np.ndarray) -> bool:
    """Whether `array` is an array with the shape and dtype of `other`."""
    return array is not None and array.shape == other.shape and array.dtype == other.dtype
