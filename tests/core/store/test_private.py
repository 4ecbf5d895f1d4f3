"""Nobody but the account of the server reads the store."""

import os
import stat
import sys

import pytest

from core.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def modes(folder):
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


@pytest.fixture
def umask():
    """Sets the umask of this process, until the test ends."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_every_file_of_a_new_store_is_for_its_owner_only(tmp_path, umask, mask):
    umask(mask)
    store = Store(tmp_path / "panda.db")
    store.tables.add("table-x", "a" * 22, "title", b"data").result()
    store.tables.of("a" * 22)
    assert set(modes(tmp_path)) >= {"panda.db", "panda.db-wal", "panda.db-shm"}
    assert set(modes(tmp_path).values()) == {"0o600"}
    store.close()
    assert set(modes(tmp_path).values()) == {"0o600"}


def test_a_store_that_was_open_to_others_is_closed_when_it_is_opened(tmp_path, umask):
    umask(0o022)
    Store(tmp_path / "panda.db").close()
    for name in ("panda.db", "panda.db-wal", "panda.db-shm"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    store = Store(tmp_path / "panda.db")
    store.tables.of("a" * 22)
    assert set(modes(tmp_path).values()) == {"0o600"}
    store.close()


def test_a_file_that_is_no_store_keeps_its_mode(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_bytes(b"This is a letter, not a database. " * 40)
    path.chmod(0o644)
    with pytest.raises(Exception, match="cannot be used"):
        Store(path)
    assert modes(tmp_path)["letter.txt"] == "0o644"
