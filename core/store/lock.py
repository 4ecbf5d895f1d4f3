"""One writer: an exclusive lock on a file beside the database, for the life of the process.

The system releases it when the process ends, also by kill -9. Programs that this process starts do not inherit it.
Where the database alone is mounted in two folders, as into two containers, there are two such files. So on Linux a byte
of the database itself is locked too, far behind those that SQLite locks.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

from core.store.private import PRIVATE, beside, create_private
from core.store.trouble import StoreError

FAR = 1 << 40  # the byte of the database that is locked; SQLite locks bytes at 1 << 30
AT = 1 << 30  # the byte that Windows locks; the number of the process, before it, stays readable

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        """Lock the file, or raise `OSError` at once where another process has it."""
        os.lseek(descriptor, AT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        """Lock the file, or raise `OSError` at once where another process has it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_far(descriptor: int) -> None:
    """Lock the byte `FAR`, or raise `OSError` at once where another process has it. The lock belongs to the descriptor:
    unlike SQLite's own, it is not lost when the process closes the file elsewhere."""
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, FAR, 1, 0))


class WriterLock:
    """The lock of the database at `path`, held until `release`. Raises `StoreError` where another process has it, or
    the file cannot be made."""

    def __init__(self, path: Path) -> None:
        self.path = beside(path, ".lock")
        self._database = path
        self._descriptor = self._held()
        self._far = -1
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.release)

    def release(self) -> None:
        """Let another process have it, once SQLite has closed the database: closing it here ends SQLite's locks. The
        file stays: deleting it would let two processes lock two files."""
        descriptors = self._descriptor, self._far
        self._descriptor = self._far = -1
        for descriptor in descriptors:
            if descriptor >= 0:
                os.close(descriptor)

    def hold_database(self) -> None:
        """Lock the database too, before SQLite opens it. Raises `StoreError` where another process has it."""
        if sys.platform != "linux":
            return  # on others such locks and SQLite's may meet
        try:
            self._far = os.open(self._database, os.O_RDWR)
        except OSError:
            return  # SQLite says why it cannot be opened
        try:
            _take_far(self._far)
        except BlockingIOError as error:
            raise StoreError(self._refusal(self._descriptor)) from error
        except OSError:  # a file system without such locks
            return

    def keep(self) -> None:
        """Lock the file again where somebody has deleted it. Raises as the constructor does."""
        if self._descriptor < 0 or not _names(self.path, self._descriptor):
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)
            self._descriptor = self._held()

    def _held(self) -> int:
        while True:
            descriptor = self._opened()
            try:
                _take(descriptor)
            except OSError as error:
                words = self._refusal(descriptor)
                os.close(descriptor)
                raise StoreError(words) from error
            if _names(self.path, descriptor):
                with suppress(OSError):  # of a full disk: the number is only for the refusal
                    os.write(descriptor, f"{os.getpid():<20}".encode())
                return descriptor
            os.close(descriptor)  # deleted between the two calls: lock the file that is there now

    def _opened(self) -> int:
        create_private(self.path)
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE)  # Python closes it in programs that it starts
        except OSError as error:
            raise StoreError(
                f"The store {self._database} cannot be used ({error}): let the server write to its folder, or name "
                "another file in PANDA_DB."
            ) from error

    def _refusal(self, descriptor: int) -> str:
        holder = ""
        with suppress(OSError, ValueError):
            os.lseek(descriptor, 0, os.SEEK_SET)
            holder = f" (process {found})" if (found := int(os.read(descriptor, 20))) != os.getpid() else ""
        return (
            f"Another Panda{holder} uses {self._database}. One server uses a file at a time: end the other one, start "
            "one server without --workers, or name another file in PANDA_DB."
        )


def _names(path: Path, descriptor: int) -> bool:
    """Whether `path` still is the open file."""
    with suppress(OSError):
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    return False
