"""Tables of a person's own data, and the shelf that keeps them by name.

A table's name is a digest of its content, so equal tables have equal names wherever they came from.
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

from core.data.safe_load import NAME_LENGTH, FileError, clean, read_json, read_npz, write_npz
from core.errors import UserError

Array = np.ndarray
MAX_BYTES = 5 * 2**20  # size of an uploaded file
MAX_ROWS = 50_000
MAX_FEATURES = 256
MAX_CLASSES = 20
MAX_CELLS = MAX_BYTES // 2  # a cell and its delimiter take at least two bytes
MAX_UNPACKED = 4 * MAX_CELLS + 8 * MAX_ROWS + 2**18  # points, labels, names
LARGEST = 1e30  # squares of much larger numbers overflow float64, and sums of them float32
SHELF_BYTES = 128 * 2**20
NAME = re.compile(r"table-[0-9a-f]{32}")


def is_table(name: Any) -> bool:
    """Whether `name` has the form of a table's name; the table need not exist."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


@dataclass(frozen=True, eq=False)
class Table:
    """Points (m, n_x) float32 with labels (m,) int64 in 0..C-1, both read-only, at least two of each class.

    Raises `FileError` if these do not agree, or are too many.
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
        """The name: "table-" and 32 hexadecimal digits of a SHA-256 over shape, names, points and labels."""
        digest = hashlib.sha256(self._names())
        digest.update(repr(self.points.shape).encode())
        digest.update(self.points.astype("<f4", copy=False).data)
        digest.update(self.labels.astype("<i8", copy=False).data)
        return f"table-{digest.hexdigest()[:32]}"

    @property
    def nbytes(self) -> int:
        """The size of the arrays in memory, in bytes."""
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
            raise FileError("The file does not hold a table of Panda: points, labels and names.")
        names = read_json(arrays["names"].tobytes(), MAX_UNPACKED)
        classes, features = names.get("classes"), names.get("features")
        if not (isinstance(classes, list) and isinstance(features, list)):
            raise FileError("The table has no names of classes and features.")
        return cls(arrays["points"], arrays["labels"], tuple(classes), tuple(features))


def _check(table: Table) -> None:
    """Raise `FileError` if a table's parts do not agree or are too large."""
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
            f"The table's {what} have invalid names: it takes {count:,} different ones of at most {NAME_LENGTH} "
            "letters."
        )


class Shelf:
    """Tables by name, `most` bytes of them. Those unused for longest are dropped, and read from `source` if needed."""

    def __init__(self, most: int = SHELF_BYTES) -> None:
        self.source: Callable[[str], bytes | None] | None = None
        self._most = most
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tables)

    def add(self, table: Table) -> str:
        """Put a table on the shelf. Returns its name."""
        name = table.name
        with self._lock:
            self._tables[name] = table
            self._tables.move_to_end(name)
            total = sum(each.nbytes for each in self._tables.values())
            while total > self._most and len(self._tables) > 1:
                total -= self._tables.popitem(last=False)[1].nbytes
        return name

    def get(self, name: str) -> Table:
        """The table of this name. Raises `UserError` if neither the shelf nor `source` has it."""
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
