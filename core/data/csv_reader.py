"""Reading a CSV file that a person brings, in one pass and little memory: what is in each column, and where.

A column keeps its numbers as float32, its few different texts as codes, and the place of its first cell that is no
number, not a string a cell: 5 MB of text would become 150 MB of strings.
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
Row = tuple[int, list[str]]  # the line on which it begins, from 1, and its cells
MAX_LINES = 4 * MAX_ROWS  # some rows have several lines, some lines are blank
MAX_LINE = 2**16  # characters
MAX_WORDS = 64  # different texts that a column remembers: a class may be written in several ways
PREVIEW, PREVIEW_LENGTH = 5, 40
CHUNK = 256  # rows that are strings at the same time
DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


class Flaw(NamedTuple):
    """The first cell of a column that is not a number up to 1e30: its row, from 0, and its text."""

    row: int
    text: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column of m cells. `values` (m,) float32 is None where there is a flaw; `codes` (m,) uint8 number the `words`,
    the different texts, and are None where those are more than 64."""

    number: int  # from 1
    name: str
    values: Array | None
    flaw: Flaw | None
    words: tuple[str, ...]
    codes: Array | None

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it."""
        return self.codes is not None and not any(map(str.strip, self.words))


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of a file; `lines` (m,) are the lines, from 1, on which its rows begin, `preview` the first rows."""

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
    """The sheet of a CSV file in UTF-8: commas, semicolons or tabs, with or without a row of names, numbers with a
    decimal point or, between semicolons, a decimal comma.

    Raises `FileError` with the line for a file that is too large (5 MB, 50,000 rows, 256 columns beside the label
    column), no CSV, or empty.
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
    """Raises `FileError` for what is no text or far too long; True where no cell can have a _ in a number."""
    text = read_text(data, MAX_BYTES)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError(f"Line {line:,} has a NUL byte, so this is no text file: save the table as CSV in UTF-8.")
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        raise FileError(f"The file has more than {MAX_LINES:,} lines: at most {MAX_ROWS:,} rows are taken.")
    return "_" not in text


def _read(body: Iterator[Row], names: list[str], named: bool, delimiter: str, plain: bool) -> Sheet:
    """The sheet of the rows below the names."""
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
        del whole[-1]  # every line ends with a delimiter
    return Sheet(tuple(whole), np.array(lines, np.int32), named, delimiter, preview)


# rows


def _even_rows(data: bytes, delimiter: str) -> Iterator[Row]:
    """The rows that are not blank; raises `FileError` at the first that is longer or shorter than those before."""
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
    """What the csv module found, in words for a person."""
    if "unexpected end" in error:
        return "a quotation mark is opened there and never closed"
    if "expected after" in error:
        return "text follows a closing quotation mark; inside a quoted cell, write it twice"
    if "field limit" in error:
        return "one of its cells is far too long; is a quotation mark never closed?"
    return error


def _delimiter(data: bytes) -> str:
    """The delimiter that parts the first rows into most numbers, and of such the one that parts them most evenly."""

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
    """Whether the first row has a text in a column that has numbers in most rows below."""
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
    """The names; where one was there before, a number is added: "x", "x (2)"."""
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
    """The number that a cell holds, NaN where it holds none."""
    if "_" in text:
        return math.nan  # Python's own way to part thousands
    try:
        return float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return math.nan


def is_number(text: str, decimal_comma: bool = False) -> bool:
    """Whether a cell holds a number that can be taken."""
    return abs(number(text, decimal_comma)) <= LARGEST


def _numbers(cells: Sequence[str], decimal_comma: bool, plain: bool) -> Array:
    """Cells as numbers (n,) float64, NaN where they hold none; `plain`: none has a _ in it."""
    if plain:
        try:
            return np.array(list(map(float, cells)))
        except ValueError:
            pass
    return np.array([number(cell, decimal_comma) for cell in cells])


@dataclass
class _Growing:
    """A column while its rows come in."""

    values: bytearray = field(default_factory=bytearray)
    flaw: Flaw | None = None
    words: dict[str, int] = field(default_factory=dict)
    codes: bytearray | None = field(default_factory=bytearray)

    def add(self, row: int, cells: Sequence[str], decimal_comma: bool, plain: bool) -> None:
        """Take up the cells of `row` and those that follow."""
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
        """The column when all its rows are in."""
        values = None if self.flaw else np.frombuffer(self.values, np.float32)
        codes = None if self.codes is None else np.frombuffer(self.codes, np.uint8)
        return Column(number, name, values, self.flaw, tuple(self.words), codes)
