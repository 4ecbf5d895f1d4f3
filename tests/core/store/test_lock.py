"""One writer: the file belongs to one process until that ends, however it ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import UserError
from core.store import Store, lock, place

ROOT = Path(__file__).parents[3]
HOLDS = """
import subprocess, sys, time
from core.store import Store, lock, place
store = Store(sys.argv[1])
{more}
print("open", flush=True)
time.sleep(60)
"""
OPENS = """
import sys
from core.errors import UserError
from core.store import Store, lock, place
try:
    Store(sys.argv[1]).close()
except UserError as error:
    print(error)
"""
CHILD = (
    'child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)\nprint(child.pid)'
)
FORK = """import os
pid = os.fork()
if not pid: time.sleep(60)
print(pid)"""


@contextmanager
def holding(path, more=""):
    """A process that has the file open; yields it and the number of the child that it has started, if any."""
    command = [sys.executable, "-c", HOLDS.format(more=more), path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        child = None
        while (said := process.stdout.readline().strip()) != "open":
            child = int(said)
        try:
            yield process, child
        finally:
            process.kill()
            if child:
                os.kill(child, signal.SIGKILL)


def refusal(path, cwd=ROOT):
    """What another process says that opens the file; "" where it could."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", OPENS, path], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_second_process_is_refused_by_whatever_path_it_comes(tmp_path):
    path = tmp_path / "panda.db"
    with holding(path) as (process, _):
        (tmp_path / "link.db").symlink_to(path)
        (tmp_path / "sub").mkdir()
        (tmp_path / "here").symlink_to(tmp_path)
        for other in (path, tmp_path / "link.db", tmp_path / "sub" / ".." / "panda.db", tmp_path / "here" / "panda.db"):
            words = refusal(other)
            assert words.startswith(f"Another Panda (process {process.pid}) uses {path}.")
            assert "\n" not in words
        assert "Another Panda" in refusal("panda.db", cwd=tmp_path)
    assert refusal(path) == ""


def test_a_second_store_of_the_same_process_is_refused_until_the_first_is_closed(store):
    with pytest.raises(UserError, match="Another Panda"):
        Store(store.path)
    store.close()
    Store(store.path).close()


def test_the_file_is_free_at_once_after_a_kill(tmp_path):
    path = tmp_path / "panda.db"
    with holding(path) as (process, _):
        process.kill()
        process.wait()
        start = time.monotonic()
        Store(path).close()
        assert time.monotonic() - start < 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("more", [CHILD, FORK], ids=["a program", "a fork"])
def test_what_a_process_starts_does_not_hold_its_lock(tmp_path, more):
    path = tmp_path / "panda.db"
    with holding(path, more) as (process, child):
        assert "Another Panda" in refusal(path)
        process.kill()
        process.wait()
        os.kill(child, 0)  # it goes on
        Store(path).close()


def test_deleting_the_lock_lets_nobody_else_in(store):
    store.path.with_name("panda.db.lock").unlink()
    store.write(lambda db: None).result(5)
    assert "Another Panda" in refusal(store.path)


def test_a_writer_whose_lock_was_stolen_saves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_take_far", lambda descriptor: None)  # as where there are no such locks
    store = Store(tmp_path / "panda.db")
    store.write(lambda db: None).result(5)  # the sweep of the start is done too, and nothing writes by itself
    store.path.with_name("panda.db.lock").unlink()
    with holding(store.path), pytest.raises(UserError, match="Another Panda"):
        store.write(lambda db: None).result(5)
    store.write(lambda db: None).result(5)
    store.close()


def test_a_store_that_could_not_be_opened_holds_no_lock(tmp_path):
    path = tmp_path / "panda.db"
    path.write_text("This is a letter.")
    for _ in range(2):
        with pytest.raises(UserError, match="cannot be used"):
            Store(path)
    path.unlink()
    Store(path).close()


def test_a_database_mounted_in_two_folders_has_one_writer(tmp_path, monkeypatch):
    """As when one file is mounted into two containers: the files beside it differ. A hard link stands for the mount."""
    monkeypatch.setattr(place, "_wrong", lambda *_: "")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = tmp_path / "one" / "panda.db", tmp_path / "two" / "panda.db"
    store = Store(first)
    os.link(first, second)
    said = ""
    try:
        Store(second).close()
    except UserError as error:
        said = str(error)
    store.close()
    assert ("Another Panda uses" in said) == (sys.platform == "linux")
    Store(second).close()


def test_a_lock_that_was_deleted_can_be_stolen_only_where_the_database_is_not_locked_too(tmp_path):
    store = Store(tmp_path / "panda.db")
    (tmp_path / "panda.db.lock").unlink()
    assert ("uses" in refusal(tmp_path / "panda.db")) == (sys.platform == "linux")
    store.close()
