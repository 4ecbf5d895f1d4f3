"""The file in which SQLite keeps the last changes, `-wal`: https://sqlite.org/fileformat2.html#walformat.

While it is open SQLite never reads its header again. If that is overwritten, all goes on, and after a crash what was
committed is gone. SQLite takes no locks on this file, so it may be opened here; the others may not.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

HEADER = 32  # bytes
MAGIC = {0x377F0682: "<", 0x377F0683: ">"}  # byte order of the words that are summed up


def wal_state(path: Path) -> tuple[int, bytes]:
    """Size and header; (0, b"") where there is no file."""
    with suppress(OSError), path.open("rb") as file:
        return path.stat().st_size, file.read(HEADER)
    return 0, b""


def is_header(header: bytes) -> bool:
    """Whether SQLite wrote this, by its magic number and its checksum. An empty file has none, and that is right."""
    if not header:
        return True
    if len(header) < HEADER or (order := MAGIC.get(int.from_bytes(header[:4], "big"))) is None:
        return False
    first = second = 0
    words = struct.unpack(f"{order}6I", header[:24])
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) % 2**32
        second = (second + y + first) % 2**32
    return struct.unpack(">2I", header[24:]) == (first, second)
