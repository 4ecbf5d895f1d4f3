"""Tables of a person's own data: what a network learns from an uploaded file, and the shelf where they lie by name.

A table's name is a digest of all that is in it, so that equal tables have equal names wherever they came from.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.data.csv_reader import (
    LARGEST,
    MAX_BYTES,
    MAX_FEATURES,
    MAX_ROWS,
    MISSING,
    NAME_LENGTH,
    Column,
    Sheet,
    clean,
    different,
    is_number,
    number,
)
from core.data.safe_load import FileError, read_json, read_npz, shown, write_npz
from core.errors import UserError

Array = np.ndarray
MAX_CLASSES = 20
MAX_CELLS = MAX_BYTES // 2  # a cell and its delimiter take two bytes
MAX_UNPACKED = 4 * MAX_CELLS + 8 * MAX_ROWS + 2**18  # points, labels, names
SHELF_BYTES = 128 * 2**20
NAME = re.compile(r"table-[0-9a-f]{32}")


def is_table(name: Any) -> bool:
    """Whether this is the name of a table, here or not."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


@dataclass(frozen=True, eq=False)
class Table:
    """Points (m, n_x) float32 with labels (m,) int64 in 0..C-1, both read-only, at least two of each class.

    Raises `FileError` where these do not agree, or are more than is taken.
    """

    points: Array
    labels: Array
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]

    def __post_init__(self) -> None:
        _check(self)
        for name, dtype in (("points", np.float32), ("labels", np.int64)):
            array = np.ascontiguousarray(getattr(self, name), dtype).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @cached_property
    def name(self) -> str:
        """Such as "table-" and 32 hexadecimal digits of a SHA-256 over shape, names, points and labels."""
        digest = hashlib.sha256(self._names())
        digest.update(repr(self.points.shape).encode())
        digest.update(self.points.astype("<f4", copy=False))
        digest.update(self.labels.astype("<i8", copy=False))
        return f"table-{digest.hexdigest()[:32]}"

    @property
    def nbytes(self) -> int:
        """What the arrays take in memory."""
        return self.points.nbytes + self.labels.nbytes

    @property
    def counts(self) -> dict[str, int]:
        """How many examples there are of each class, by its name."""
        return dict(zip(self.class_names, np.bincount(self.labels).tolist(), strict=True))

    def _names(self) -> bytes:
        names = {"classes": self.class_names, "features": self.feature_names}
        return json.dumps(names, ensure_ascii=False).encode()

    def to_bytes(self) -> bytes:
        """The table as a compressed `.npz` file."""
        names = np.frombuffer(self._names(), np.uint8)
        return write_npz({"points": self.points, "labels": self.labels, "names": names})

    @classmethod
    def from_bytes(cls, data: bytes) -> Table:
        """The table that `to_bytes` wrote. Raises `FileError` for any other bytes."""
        arrays = read_npz(data, MAX_UNPACKED)
        kinds = {name: array.dtype.kind for name, array in arrays.items()}
        if kinds != {"points": "f", "labels": "i", "names": "u"}:
            raise FileError("The file holds no table of this program: points, labels and names.")
        names = read_json(arrays["names"].tobytes(), MAX_UNPACKED)
        lists = [names.get(key) for key in ("classes", "features")]
        if not all(isinstance(words, list) for words in lists):
            raise FileError("The table has no names of classes and features.")
        return cls(arrays["points"], arrays["labels"], *map(tuple, lists))


def _check(table: Table) -> None:
    """Raises `FileError` where a table's parts do not agree or are too large."""
    points, labels = table.points, table.labels
    if points.ndim != 2 or labels.shape != points.shape[:1]:
        raise FileError(f"The table has points of shape {points.shape} and labels of shape {labels.shape}.")
    (m, n_x), C = points.shape, len(table.class_names)
    if not (2 <= m <= MAX_ROWS and 1 <= n_x <= MAX_FEATURES and m * n_x <= MAX_CELLS):
        raise FileError(
            f"The table has {m:,} rows and {n_x:,} features: it may have 2 to {MAX_ROWS:,} and 1 to {MAX_FEATURES}."
        )
    _check_names(table.feature_names, n_x, "features")
    _check_names(table.class_names, C, "classes")
    if not 2 <= C <= MAX_CLASSES:
        raise FileError(f"The table has {C:,} classes: it may have 2 to {MAX_CLASSES}.")
    if labels.min() < 0 or labels.max() >= C or np.bincount(labels, minlength=C).min() < 2:
        raise FileError("The table has a label without a class, or a class with fewer than two rows.")
    if not (np.abs(points) <= LARGEST).all():
        raise FileError(f"The table has a number that is not finite, or larger than {LARGEST:g}.")


def _check_names(names: tuple[str, ...], count: int, what: str) -> None:
    good = all(isinstance(name, str) and name and name == clean(name) for name in names)
    if len(names) != count or not good or len(set(names)) < count:
        raise FileError(
            f"The table's {what} have names that cannot be: it takes {count:,} different ones of at most {NAME_LENGTH} "
            "letters."
        )


# from a sheet


def label_guess(sheet: Sheet) -> Column:
    """The column that probably holds the labels: the last one with text, else the last that may be a class, else the
    last."""
    texts = [column for column in sheet.columns if column.flaw]
    few = [column for column in sheet.columns if column.codes is not None and len(column.words) <= MAX_CLASSES]
    return (texts or few or sheet.columns)[-1]


def table_of(sheet: Sheet, label_column: str | int) -> Table:
    """The table of a sheet in which the column of this name, or of this number from 0, holds the labels.

    Classes are sorted naturally: "2" before "10". Raises `FileError` with the line and column of what is missing, is
    no number, or cannot be a class.
    """
    label = _column(sheet, label_column)
    features = [column for column in sheet.columns if column is not label]
    if sheet.lines.size < 2:
        raise FileError("The file has only one row of data: a network needs at least two of each class.")
    if not features:
        raise FileError("The file has only one column: it takes one or more of numbers and one of labels.")
    labels, class_names = _classes(sheet, label)
    flawed = [column for column in features if column.flaw]
    if flawed:
        raise FileError(_flaw_words(sheet, min(flawed, key=lambda column: (column.flaw.row, column.number))))
    points = np.stack([column.values for column in features], axis=1)  # (m, n_x)
    points += 0  # -0 and 0 are equal, and so are tables that have one or the other
    return Table(points, labels, class_names, tuple(column.name for column in features))


def _column(sheet: Sheet, wanted: str | int) -> Column:
    """The column of a name or a number from 0."""
    named = {column.name: column for column in sheet.columns} | dict(enumerate(sheet.columns))
    if wanted not in named:
        raise FileError(f"The file has no column {shown(wanted)}: choose one that it has as the label column.")
    return named[wanted]


def _flaw_words(sheet: Sheet, column: Column) -> str:
    """What is wrong with the first bad cell of a column, and where."""
    text = column.flaw.text.strip()
    where = sheet.place(column, column.flaw.row)
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
    keys = _keys(column.words, sheet.delimiter == ";")
    if None in keys:
        row = int(np.argmax(column.codes == keys.index(None)))
        raise FileError(f"{sheet.place(column, row)}: the label is missing. Fill it in, or leave that row out.")
    order = sorted(set(keys), key=_natural)
    if len(order) > MAX_CLASSES:
        raise FileError(_too_many(sheet, column))
    first = dict(zip(reversed(keys), reversed(column.words), strict=True))  # each class as it was first written
    names = tuple(different([clean(first[key]) for key in order]))
    labels = np.array([order.index(key) for key in keys])[column.codes]
    _check_classes(sheet, column, labels, names)
    return labels, names


def _keys(words: tuple[str, ...], decimal_comma: bool) -> list[float | str | None]:
    """What tells classes apart, for each text: a number where all are numbers, else the text; None where missing."""
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
    """Raises `FileError` where there is one class only, or a class with one row."""
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


# the shelf


class Shelf:
    """Tables by name, up to so many bytes: those longest unused go first, and are asked of `source` when needed."""

    def __init__(self, most: int = SHELF_BYTES) -> None:
        self.source: Callable[[str], bytes | None] | None = None
        self._most = most
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tables)

    def add(self, table: Table) -> str:
        """Put a table on the shelf; its name."""
        name = table.name
        with self._lock:
            self._tables[name] = table
            self._tables.move_to_end(name)
            total = sum(each.nbytes for each in self._tables.values())
            while total > self._most and len(self._tables) > 1:
                total -= self._tables.popitem(last=False)[1].nbytes
        return name

    def get(self, name: str) -> Table:
        """The table of this name. Raises `UserError` where it is neither here nor at the source."""
        with self._lock:
            if name in self._tables:
                self._tables.move_to_end(name)
                return self._tables[name]
        data = self.source(name) if self.source and is_table(name) else None
        if data is None:
            raise UserError("The data of this run are not here any more: upload the file again.")
        table = Table.from_bytes(data)
        if table.name != name:
            raise UserError("The data of this run are damaged: upload the file again.")
        self.add(table)
        return table


SHELF = Shelf()
