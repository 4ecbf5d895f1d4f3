"""The loader for everything that comes in: text, JSON and arrays. Sizes are checked before anything is unpacked.

A `FileError` says in a sentence what is wrong with a file and what to do.
"""

from __future__ import annotations

import io
import json
import math
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy

from core.errors import UserError

CENTRAL_ENTRY = b"PK\x01\x02"  # first bytes of each entry in a zip file's list of contents
MEMBERS = 64  # arrays in one file, at most
DEPTH = 32  # levels of nested lists and objects, at most
VALUES = 1_000_000  # values in one JSON text, at most
LARGEST = 2**63  # whole numbers must be smaller
KINDS = "biuf"  # numpy kinds: bool, signed and unsigned integers, floats
NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,63})\.npy")
NAME_LENGTH = 60
JOINERS = "\u200c\u200d"  # invisible, but some scripts need them between letters
ENDS = " " + JOINERS
AGAIN = "Save or download it again."
NO_JSON = "The file is not readable JSON"


class FileError(UserError):
    """A file cannot be used; the message says what is wrong with it and what to do."""


def read_text(data: bytes, most: int) -> str:
    """UTF-8 text, with or without a byte order mark, of at most `most` bytes. Raises `FileError`."""
    _bounded(len(data), most)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError("The file is UTF-16 text: save it again with the encoding UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"The file is not UTF-8 text: line {line:,} has a byte that does not belong there. "
            "Save it again with the encoding UTF-8."
        ) from None


def read_json(data: bytes | str, most: int) -> dict[str, Any]:
    """One JSON object, of at most `most` bytes (characters of a `str`). Raises `FileError`.

    Stricter than Python's `json`: names are unique, numbers finite and integers smaller than 2^63, strings can be
    written as UTF-8, and nothing is nested more than 32 levels deep.
    """
    _bounded(len(data), most)
    text = data if isinstance(data, str) else read_text(data, most)
    if not text.strip():
        raise FileError("The file is empty: choose another.")
    if sum(map(text.count, ",[{")) > VALUES:
        raise FileError(f"The file has more than {VALUES:,} values: that is too many.")
    found = _parsed(text)
    if not isinstance(found, dict):
        raise FileError("The file does not hold a JSON object: it must begin with { and end with }.")
    for value in _strings(found):
        if not value.isascii():
            _check_writable(value)
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_number, parse_float=_number, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise FileError(f"{NO_JSON}: line {error.lineno:,}, column {error.colno:,}. {AGAIN}") from None
    except RecursionError:
        raise FileError(f"{NO_JSON}: it is nested more than {DEPTH} levels deep.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = max(Counter(name for name, _ in pairs).items(), key=lambda item: item[1])
        raise FileError(f"The file has {shown(twice)} twice in one object: leave out one of them.")
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FileError(f"The file has the number {shown(text)}: only finite numbers can be read.")
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) >= LARGEST:
        raise FileError(f"The file has the whole number {shown(text)}: that is too large.")
    return int(text)


def _strings(found: Any) -> Iterator[str]:
    """Every string in nested lists and objects. Raises `FileError` if they are nested too deep."""
    level = [found]
    for _ in range(DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str):
                yield value
        level = inner
    if level:
        raise FileError(f"{NO_JSON}: it is nested more than {DEPTH} levels deep.")


def _check_writable(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FileError(f"The file has half a character in {shown(value)}: write it again in full.") from None


def read_npz(data: bytes, most: int) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file by name. The file and its unpacked content may each have at most `most` bytes.

    Arrays hold plain numbers in C order and are returned in this machine's byte order. Nothing is unpacked before the
    file's list of contents has been checked. Raises `FileError`.
    """
    _bounded(len(data), most)
    if data.count(CENTRAL_ENTRY) > MEMBERS:
        raise FileError(f"The file holds more than {MEMBERS} arrays: that is too many.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _checked(archive.infolist(), most)
            return {name: _array(name, _unpacked(archive, info)) for name, info in members.items()}
    except FileError:
        raise
    except Exception:  # zipfile and zlib raise a dozen types for a damaged or forged file
        raise FileError(f"The file is not a readable .npz archive, or it is damaged. {AGAIN}") from None


def _checked(infos: list[zipfile.ZipInfo], most: int) -> dict[str, zipfile.ZipInfo]:
    """The members by array name. Raises `FileError` if a name, declared size or compression is not allowed."""
    if len(infos) > MEMBERS:
        raise FileError(f"The file holds more than {MEMBERS} arrays: that is too many.")
    _bounded(sum(info.file_size for info in infos), most, "The file unpacked")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = NAME.fullmatch(info.filename)
        if not name or name[1] in members:
            raise FileError(f"The file holds {shown(info.filename)}, which is not an array's name or occurs twice.")
        if info.flag_bits & 1:
            raise FileError("The file is encrypted: save it without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(
                "The file is compressed in a way that cannot be read here: save it with numpy.savez_compressed."
            )
        members[name[1]] = info
    return members


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member. Raises `FileError` if there are more or fewer than it declares."""
    with archive.open(info) as member:
        body = member.read(info.file_size + 1)
    if len(body) != info.file_size:
        raise FileError(f"The file is damaged: {shown(info.filename)} is not as long as it says. {AGAIN}")
    return body


def _array(name: str, body: bytes) -> np.ndarray:
    """The array in the bytes of a `.npy` file. Raises `FileError`."""
    shape, fortran, dtype, start = _header(name, body)
    if dtype.kind not in KINDS or dtype.itemsize > 8:
        raise FileError(f"The array {name!r} does not hold plain numbers, and nothing else is read.")
    if fortran and len(shape) > 1:
        raise FileError(f"The array {name!r} is in Fortran order: save it after numpy.ascontiguousarray.")
    if min(shape, default=0) < 0 or max(shape, default=0) > len(body) or len(shape) > 8:
        raise FileError(f"The array {name!r} has an impossible shape. {AGAIN}")
    if math.prod(shape) * dtype.itemsize != len(body) - start:
        raise FileError(f"The array {name!r} is not as long as its shape says. {AGAIN}")
    if dtype.kind == "b":
        truth: np.ndarray = np.frombuffer(body, np.uint8, offset=start) != 0
        return truth.reshape(shape)
    array: np.ndarray = np.frombuffer(body, dtype, offset=start).astype(dtype.newbyteorder("=")).reshape(shape)
    return array


def _header(name: str, body: bytes) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """(shape, whether in Fortran order, dtype, offset of the numbers)."""
    file = io.BytesIO(body)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        return *readers[npy.read_magic(file)](file), file.tell()
    except Exception:  # numpy parses the header as a Python literal, which can fail in many ways
        raise FileError(f"The array {name!r} has no header that can be read. {AGAIN}") from None


def write_npz(arrays: Mapping[str, np.ndarray], packed: bool = True) -> bytes:
    """The arrays as an `.npz` file for `read_npz`. The same arrays give the same bytes.

    `packed` compresses it, which takes long and saves little for numbers that look like noise.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                npy.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
    return file.getvalue()


def shown(value: Any) -> str:
    """A value from a file, to be quoted in a sentence: at most 40 characters, nothing unprintable."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def size_words(size: int) -> str:
    """Such as "5 MB", "1.3 MB" or "12 KB", where 1 KB is 1,024 bytes."""
    return f"{size / 2**20:.3g} MB" if size >= 2**20 else f"{math.ceil(size / 2**10)} KB"


def _bounded(size: int, most: int, what: str = "The file") -> None:
    if size > most:
        raise FileError(f"{what} is larger than {size_words(most)}, the most that can be read: choose a smaller one.")


def clean(text: str, most: int | None = NAME_LENGTH) -> str:
    """The text on one line, without invisible characters, cut to at most `most` characters."""
    text = text.strip()[: 4 * most if most else None]
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or c in JOINERS or unicodedata.category(c)[0] != "C")
    text = unicodedata.normalize("NFC", " ".join(text.split())).strip(ENDS)
    return text if most is None or len(text) <= most else text[: most - 1].rstrip(ENDS) + "…"
