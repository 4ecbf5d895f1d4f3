"""The faults of `benchmarks.store_faults`: what is done to a store's file, and how it is undone."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.store import Store

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

PAGE = 4096
Bring = Callable[[Path, int], AbstractContextManager[None]]  # of a file and the process that has it


@dataclass(frozen=True)
class Fault:
    """A fault; one that is `harmless` the store mends by itself."""

    name: str
    brought: Bring
    harmless: bool = False


def for_good(act: Callable[[Path], object]) -> Bring:
    """A fault that is not undone."""

    @contextmanager
    def brought(path: Path, pid: int) -> Iterator[None]:
        act(path)
        yield

    return brought


@contextmanager
def locked(path: Path, pid: int, how: str) -> Iterator[None]:
    """Another program is in a transaction."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


@contextmanager
def limited(path: Path, pid: int, most: int) -> Iterator[None]:
    """No file of the server may grow beyond so many bytes, which SQLite sees as a disk that is full or fails."""
    known = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, known[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, known)


@contextmanager
def moved(path: Path, pid: int, what: str) -> Iterator[None]:
    """A file, or with "" the folder, is moved away and later back."""
    there = path.parent if not what else path.with_name(path.name + what)
    there.rename(there.with_name("moved"))
    yield
    there.with_name("moved").rename(there)


def overwrite(path: Path, places: Callable[[int], list[int]], count: int = 60) -> None:
    """Write nonsense at some places of a file of this size."""
    with path.open("r+b") as file:
        for place in places(path.stat().st_size):
            file.seek(place)
            file.write(random.randbytes(count))


def checkpoint(path: Path) -> None:
    """Bring all that is beside the file into it."""
    with closing(sqlite3.connect(path, timeout=10)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def after_checkpoint(act: Callable[[Path], object]) -> Callable[[Path], None]:
    """Damage to the file is damage to all, once nothing is beside it."""

    def done(path: Path) -> None:
        checkpoint(path)
        act(path)

    return done


def other_store(path: Path) -> Path:
    """Another store, beside this one."""
    other = path.with_name("other.db")
    Store(other).close()
    return other


def by_hand(path: Path, query: str) -> None:
    """Carry out a query as another program would."""
    with closing(sqlite3.connect(path, timeout=10)) as db, db:
        db.execute(query)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(other_store(path))


def lose_all_but_the_wal(path: Path) -> None:
    path.with_name("panda.db-wal").write_bytes(b"x" * 5000)
    path.unlink()


def wal(path: Path) -> Path:
    return path.with_name("panda.db-wal")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "its header overwritten": lambda path: overwrite(path, lambda size: [0]),
    "every page overwritten": lambda path: overwrite(path, lambda size: list(range(PAGE, size, PAGE))),
    "the schema overwritten": lambda path: overwrite(path, lambda size: [100]),
    "its second half overwritten": lambda path: overwrite(path, lambda size: list(range(size // 2, size, 50))),
    "cut to half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a letter instead": lambda path: path.write_text("Dear Sir or Madam, " * 900),
    "nonsense instead": lambda path: path.write_bytes(random.randbytes(50_000)),
}
RUNNING = [
    Fault("locked by another program, exclusive", partial(locked, how="EXCLUSIVE")),
    Fault("locked by another program, immediate", partial(locked, how="IMMEDIATE")),
    Fault("disk full: no byte more", partial(limited, most=0)),
    Fault("disk full: after 40 KB", partial(limited, most=40_000)),
    Fault("deleted", for_good(Path.unlink)),
    Fault("its -wal deleted", for_good(lambda path: wal(path).unlink())),
    Fault("its -shm deleted", for_good(lambda path: path.with_name("panda.db-shm").unlink())),
    Fault("its folder deleted", for_good(lambda path: shutil.rmtree(path.parent))),
    Fault("moved away", partial(moved, what="")),
    Fault("its -wal moved away", partial(moved, what="-wal")),
    Fault("the file moved away alone", for_good(lambda path: path.rename(path.with_name("moved")))),
    Fault("replaced by a copy", for_good(lambda path: shutil.copy(path, path.with_name("c")).replace(path))),
    Fault("replaced by another store", for_good(lambda path: other_store(path).replace(path))),
    Fault("replaced by an empty file", for_good(lambda path: (path.unlink(), path.touch()))),
    Fault("replaced by a folder", for_good(become_a_folder)),
    Fault("replaced by a link to another store", for_good(become_a_link)),
    Fault("emptied in its place", for_good(after_checkpoint(lambda path: path.write_bytes(b"")))),
    *(Fault(f"running, {name}", for_good(after_checkpoint(act))) for name, act in DAMAGES.items()),
    Fault("a row that is no JSON", for_good(lambda path: by_hand(path, "UPDATE lines SET curve = 'no JSON'")), True),
    Fault("its lock file deleted", for_good(lambda path: path.with_name("panda.db.lock").unlink()), True),
]
BEFORE = [
    *(Fault(f"before the start, {name}", for_good(act)) for name, act in DAMAGES.items()),
    Fault("before the start, the file gone and its -wal left", for_good(lose_all_but_the_wal)),
]
REFUSED: dict[str, Callable[[Path], str | Path]] = {
    "refused: :memory:": lambda path: ":memory:",
    "refused: a file: address": lambda path: f"file:{path}?mode=ro",
    "refused: a folder": lambda path: path.parent,
    "refused: no such folder": lambda path: path.parent / "nowhere" / "panda.db",
    "refused: a file of a newer version": lambda path: by_hand(path, "PRAGMA user_version = 99") or path,
    "refused: a second name": lambda path: path.with_name("x.db").hardlink_to(path) or path,
}
assert len([*RUNNING, *BEFORE, *REFUSED]) == 40
