"""Reading an uploaded CSV file in one pass and little memory.

A column keeps its numbers as float32, up to 64 distinct texts as codes, and the place of the first cell that is not a
number. It does not keep a string for each cell: 5 MB of text would become 150 MB of strings.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from core.data.safe_load import NAME_LENGTH, FileError, clean, read_text
from core.data.shelf import LARGEST, MAX_BYTES, MAX_FEATURES, MAX_ROWS

Array = np.ndarray
Row = tuple[int, list[str]]  # the number of its first line, from 1, and its cells
MAX_LINES = 4 * MAX_ROWS  # some rows take several lines, some lines are blank
MAX_LINE = 2**16  # characters
MAX_WORDS = 64  # distinct texts kept by a column: a class may be written in several ways
PREVIEW, PREVIEW_LENGTH = 5, 40
CHUNK = 256  # rows held as strings at one time
DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


class Flaw(NamedTuple):
    """The first cell of a column that is not a number up to 1e30: its row, from 0, and its text."""

    row: int
    text: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column of m cells.

    `values` (m,) float32 are its numbers, None if there is a flaw. `words` are its distinct texts, and `codes` (m,)
    uint8 has the index of each cell's text; it is None if there are more than 64 texts.
    """

    number: int  # from 1
    name: str
    values: Array | None
    flaw: Flaw | None
    words: tuple[str, ...]
    codes: Array | None

    @property
    def blank(self) -> bool:
        """Whether all its cells are empty."""
        return self.codes is not None and not any(map(str.strip, self.words))


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of a file; the first line of each row, `lines` (m,), from 1; and its first rows, `preview`."""

    columns: tuple[Column, ...]
    lines: Array
    named: bool  # whether the first row names the columns
    delimiter: str
    preview: tuple[tuple[str, ...], ...]

    def called(self, column: Column) -> str:
        """A column in words: "Column 2 (age)"."""
        return f"Column {column.number}" + (f" ({column.name})" if self.named else "")

    def place(self, column: Column, row: int) -> str:
        """Where a cell is, in words: "Line 7, column 2 (age)"."""
        return f"Line {self.lines[row]:,}, column{self.called(column)[6:]}"


def read_csv(data: bytes) -> Sheet:
    """The sheet of a CSV file in UTF-8, separated by commas, semicolons or tabs, with or without a row of names.

    Numbers have a decimal point or, between semicolons, a decimal comma. Raises `FileError`, with the line, for a file
    that is empty, no CSV, or too large (5 MB, 50,000 rows, 256 columns beside the label column).
    """
    plain = _checked_text(data)
    delimiter = _delimiter(data)
    rows = _even_rows(data, delimiter)
    first = list(islice(rows, CHUNK))
    if not first:
        raise FileError("The file is empty: choose one with a row for each example.")
    named = _has_names(first)
    names = _names(first[0][1] if named else [""] * len(first[0][1]))
    return _read(chain(first[named:], rows), names, named, delimiter, plain)


def _checked_text(data: bytes) -> bool:
    """Whether there is no _ in the file. Raises `FileError` if it is no text, or far too long."""
    text = read_text(data, MAX_BYTES)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError(f"Line {line:,} has a NUL byte, so this is no text file: save the table as CSV in UTF-8.")
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        raise FileError(f"The file has more than {MAX_LINES:,} lines: at most {MAX_ROWS:,} rows are taken.")
    return "_" not in text


def _read(body: Iterator[Row], names: list[str], named: bool, delimiter: str, plain: bool) -> Sheet:
    """The sheet with the rows `body`, which are those below the names; `plain`: the file has no _."""
    columns = [_Growing() for _ in names]
    lines: list[int] = []
    preview: tuple[tuple[str, ...], ...] = ()
    while chunk := list(islice(body, CHUNK)):
        at, rows = zip(*chunk, strict=True)
        preview = preview or tuple(tuple(clean(cell, PREVIEW_LENGTH) for cell in row) for row in rows[:PREVIEW])
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.add(len(lines), cells, delimiter == ";", plain)
        lines += at
        if len(lines) > MAX_ROWS:
            raise FileError(f"The file has more than {MAX_ROWS:,} rows, the most that is taken: leave some out.")
    whole = [column.done(i, name) for i, (column, name) in enumerate(zip(columns, names, strict=True), start=1)]
    while len(whole) > 1 and whole[-1].blank and whole[-1].name == _unnamed(len(whole)):
        del whole[-1]  # because every line ends with a delimiter
    return Sheet(tuple(whole), np.array(lines, np.int32), named, delimiter, preview)


# rows


def _even_rows(data: bytes, delimiter: str) -> Iterator[Row]:
    """The rows that are not blank. Raises `FileError` at the first with another number of cells than those before."""
    start, width = 0, 0
    for line, cells in _rows(data, delimiter):
        start, width = start or line, width or len(cells)
        if width > MAX_FEATURES + 1:
            most = f"at most {MAX_FEATURES} columns of numbers and a label column are taken"
            raise FileError(f"Line {line:,} has {width:,} cells: {most}.")
        if len(cells) != width:
            raise FileError(
                f"Line {line:,} has {_count(len(cells))} where line {start:,} has {width:,}: cells are separated by "
                f"{DELIMITERS[delimiter]} here, and every row needs the same number."
            )
        yield line, cells


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells:,} cells"


def _rows(data: bytes, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(_lines(data), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"The row that begins on line {line:,} cannot be read: {_reason(str(error))}.") from None


def _lines(data: bytes) -> Iterator[str]:
    for i, line in enumerate(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""), start=1):
        if len(line) > MAX_LINE:
            raise FileError(f"Line {i:,} has {len(line):,} characters, more than any row needs: is this a CSV file?")
        yield line


def _reason(error: str) -> str:
    """The csv module's error in plain words."""
    if "unexpected end" in error:
        return "a quotation mark is opened there and never closed"
    if "expected after" in error:
        return "text follows a closing quotation mark; inside a quoted cell, write it twice"
    if "field limit" in error:
        return "one of its cells is far too long; is a quotation mark never closed?"
    return error


def _delimiter(data: bytes) -> str:
    """The delimiter that gives the most numbers in the first rows, or of equals the most rows of one length."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = [cells[: MAX_FEATURES + 1] for _, cells in islice(_rows(data, delimiter), 50)]
        except FileError:
            return 0, 0
        widths = [len(cells) for cells in rows if len(cells) > 1]
        numbers = sum(is_number(cell, delimiter != ",") for cells in rows if len(cells) > 1 for cell in cells)
        return numbers, max(map(widths.count, widths), default=0)

    return max(reversed(DELIMITERS), key=score)


# names


def _has_names(rows: Sequence[Row]) -> bool:
    """Whether the first row has a text above a column in which most cells are numbers."""
    (_, top), *rest = rows
    for i, cell in enumerate(top):
        if cell.strip().lower() not in MISSING and not is_number(cell, True):
            numbers = sum(is_number(cells[i], True) for _, cells in rest)
            if 2 * numbers > len(rest):
                return True
    return False


def _names(cells: Sequence[str]) -> list[str]:
    return different([clean(cell) or _unnamed(i) for i, cell in enumerate(cells, start=1)])


def _unnamed(number: int) -> str:
    return f"column {number}"


def different(names: Sequence[str]) -> list[str]:
    """The names, made distinct by a number: "x", "x (2)"."""
    taken, found = set(names), []
    for name in names:
        new, count = name, 2
        while new in found or (new != name and new in taken):
            end = f" ({count})"
            new, count = name[: NAME_LENGTH - len(end)] + end, count + 1
        found.append(new)
    return found


# numbers


def number(text: str, decimal_comma: bool = False) -> float:
    """The number in a cell, NaN if there is none."""
    if "_" in text:
        return math.nan  # Python reads 1_000 as a number
    try:
        return float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return math.nan


def is_number(text: str, decimal_comma: bool = False) -> bool:
    """Whether a cell is a number whose size is at most `LARGEST`."""
    return abs(number(text, decimal_comma)) <= LARGEST


def _numbers(cells: Sequence[str], decimal_comma: bool, plain: bool) -> Array:
    """Cells as numbers (n,) float64, NaN if a cell is none; `plain`: no cell has a _."""
    if plain:
        try:
            return np.array(list(map(float, cells)))
        except ValueError:
            pass
    return np.array([number(cell, decimal_comma) for cell in cells])


@dataclass
class _Growing:
    """A column while its rows are read."""

    values: bytearray = field(default_factory=bytearray)
    flaw: Flaw | None = None
    words: dict[str, int] = field(default_factory=dict)
    codes: bytearray | None = field(default_factory=bytearray)

    def add(self, row: int, cells: Sequence[str], decimal_comma: bool, plain: bool) -> None:
        """Add the cells of the rows from number `row` on."""
        if self.flaw is None:
            self._add_numbers(row, cells, _numbers(cells, decimal_comma, plain))
        if self.codes is not None:
            words = self.words
            codes = [words.setdefault(cell, len(words)) for cell in cells]
            if len(words) > MAX_WORDS:
                self.words, self.codes = {}, None
            else:
                self.codes += bytes(codes)

    def _add_numbers(self, row: int, cells: Sequence[str], values: Array) -> None:
        wrong = ~(np.abs(values) <= LARGEST)
        if wrong.any():
            first = int(wrong.argmax())
            self.flaw, self.values = Flaw(row + first, cells[first]), bytearray()
        else:
            self.values += values.astype(np.float32).data

    def done(self, number: int, name: str) -> Column:
        """The column, after its last row was added."""
        values = None if self.flaw else np.frombuffer(self.values, np.float32)
        codes = None if self.codes is None else np.frombuffer(self.codes, np.uint8)
        return Column(number, name, values, self.flaw, tuple(self.words), codes)
