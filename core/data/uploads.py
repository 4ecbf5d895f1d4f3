"""Uploaded files: from a sheet and the choice of its label column to a table."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from core.data.csv_reader import MISSING, Column, Flaw, Sheet, different, is_number, number
from core.data.safe_load import FileError, clean, shown
from core.data.shelf import LARGEST, MAX_CLASSES, Table

Array = np.ndarray


def label_guess(sheet: Sheet) -> Column:
    """The column that probably has the labels: the last with text, else the last that may be a class, else the last."""
    texts = [column for column in sheet.columns if column.flaw]
    few = [column for column in sheet.columns if column.codes is not None and len(column.words) <= MAX_CLASSES]
    return (texts or few or sheet.columns)[-1]


def table_of(sheet: Sheet, label_column: str | int) -> Table:
    """The table of a sheet; `label_column` is the name or the number, from 0, of the column with the labels.

    Classes are sorted naturally, "2" before "10". Raises `FileError` with the line and column of a cell that is
    missing, is not a number, or cannot be a class.
    """
    label = _column(sheet, label_column)
    features = [column for column in sheet.columns if column is not label]
    if sheet.lines.size < 2:
        raise FileError("The file has only one row of data: a network needs at least two of each class.")
    if not features:
        raise FileError("The file has only one column: it takes one or more of numbers and one of labels.")
    labels, class_names = _classes(sheet, label)
    flawed = [(column.flaw.row, column.number, column, column.flaw) for column in features if column.flaw]
    if flawed:
        _, _, column, flaw = min(flawed)
        raise FileError(_flaw_words(sheet, column, flaw))
    points = np.stack([column.values for column in features if column.values is not None], axis=1)  # (m, n_x)
    points += 0  # -0 becomes 0, so that tables that differ only in this have one name
    return Table(points, labels, class_names, tuple(column.name for column in features))


def _column(sheet: Sheet, wanted: str | int) -> Column:
    """The column with this name or number, from 0. Raises `FileError` if there is none."""
    named = {column.name: column for column in sheet.columns} | dict(enumerate(sheet.columns))
    if wanted not in named:
        raise FileError(f"The file has no column {shown(wanted)}: choose one that it has as the label column.")
    return named[wanted]


def _flaw_words(sheet: Sheet, column: Column, flaw: Flaw) -> str:
    """A sentence about the first bad cell of a column: where it is and what is wrong."""
    text = flaw.text.strip()
    where = sheet.place(column, flaw.row)
    if text.lower() in MISSING:
        what = f"the value is missing ({shown(text)})" if text else "the value is missing"
        return f"{where}: {what}. Fill it in, or leave that row out."
    if not np.isnan(number(text, True)):
        if is_number(text, True):
            return f"{where}: {shown(text)} is not a number here. Write it with a decimal point and without commas."
        return f"{where}: {shown(text)} is too large. Numbers go from -{LARGEST:g} to {LARGEST:g}."
    return f"{where}: {shown(text)} is not a number. All columns but the label column take numbers."


def _classes(sheet: Sheet, column: Column) -> tuple[Array, tuple[str, ...]]:
    """Labels (m,) in 0..C-1 from a column, and the names of the classes in their natural order."""
    if column.codes is None:
        raise FileError(_too_many(sheet, column))
    found = _keys(column.words, sheet.delimiter == ";")
    if None in found:
        row = int(np.argmax(column.codes == found.index(None)))
        raise FileError(f"{sheet.place(column, row)}: the label is missing. Fill it in, or leave that row out.")
    keys = [key for key in found if key is not None]
    order = sorted(set(keys), key=_natural)
    if len(order) > MAX_CLASSES:
        raise FileError(_too_many(sheet, column))
    first = dict(zip(reversed(keys), reversed(column.words), strict=True))  # each class as it was first written
    names = tuple(different([clean(first[key]) for key in order]))
    labels = np.array([order.index(key) for key in keys])[column.codes]
    _check_classes(sheet, column, labels, names)
    return labels, names


def _keys(words: tuple[str, ...], decimal_comma: bool) -> list[float | str | None]:
    """The class that each text means: a number if all texts are numbers, else the text; None if it is missing."""
    known = [word for word in words if word.strip().lower() not in MISSING]
    if known and all(is_number(word, decimal_comma) for word in known):
        return [number(word, decimal_comma) if word in known else None for word in words]
    return [clean(word, None) or None for word in words]


def _natural(key: float | str) -> Any:
    """Sorts numbers by value, and texts so that "arm 2" comes before "arm 10"."""
    if isinstance(key, float):
        return key
    texts_and_digits = re.split(r"([0-9]+)", key.casefold())
    digits = [part.lstrip("0") for part in texts_and_digits[1::2]]
    return texts_and_digits[::2][:1], [*zip(map(len, digits), digits, texts_and_digits[2::2], strict=True)], key


def _too_many(sheet: Sheet, column: Column) -> str:
    many = f"has more than {MAX_CLASSES} different values, too many for classes"
    return f"{sheet.called(column)} {many}: choose another label column."


def _check_classes(sheet: Sheet, column: Column, labels: Array, names: tuple[str, ...]) -> None:
    """Raise `FileError` if there is only one class, or a class with only one row."""
    if len(names) < 2:
        raise FileError(
            f"{sheet.called(column)} has the same value in every row, {shown(names[0])}: labels take at least two "
            "classes. Choose another label column."
        )
    counts = np.bincount(labels)
    if counts.min() < 2:
        few = int(counts.argmin())
        where = sheet.place(column, int(np.argmax(labels == few)))
        raise FileError(
            f"{where}: the class {shown(names[few])} has only this one row, and needs two, one to train on and one for "
            "the dev set. Add another, or leave it out."
        )
