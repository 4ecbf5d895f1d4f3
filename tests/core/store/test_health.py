"""A file that is damaged, deleted or replaced is noticed, and nothing is then said to be saved."""

import shutil
import sqlite3
import threading

import pytest

from core.errors import UserError
from core.store import Progress, Store, health

OWNER = "o" * 22
FAR = Progress(120, 0.25, 0.5, 0.9, ([0, 120], [1.1, 0.5]))
ROWS = [{"step": i, "changes": {"learning_rate": [0.1, 0.1 + i]}} for i in range(2000)]


def fill(store, run="run"):
    store.add_run(run, OWNER, "", {"dataset": "moons"}, {}, f"{run}-0", ROWS, FAR).result(5)


@pytest.fixture
def path(tmp_path):
    """A file with a run of 2,000 nudges, whose server has ended."""
    store = Store(tmp_path / "panda.db")
    fill(store)
    store.close()
    return store.path


def empty(path):
    path.write_bytes(b"")


def shorten(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite_header(path):
    with path.open("r+b") as file:
        file.write(b"\xff" * 100)


def overwrite_pages(path):
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 40)


def overwrite_one_page(path):
    """A page of the journal, which a start does not read."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 4096)
        file.write(b"\xa5" * 40)


def delete(path):
    path.unlink()


def move(path):
    path.rename(path.with_name("moved.db"))


def replace_with_another(path):
    Store(path.with_name("other.db")).close()
    path.with_name("other.db").replace(path)


def replace_with_a_copy(path):
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)


def replace_with_a_folder(path):
    path.unlink()
    path.mkdir()


def delete_the_wal(path):
    path.with_name("panda.db-wal").unlink()


def delete_the_shm(path):
    path.with_name("panda.db-shm").unlink()


def delete_the_folder(path):
    shutil.rmtree(path.parent)


DAMAGES = [empty, shorten, overwrite_header, overwrite_pages, overwrite_one_page]
LOSSES = [
    delete, move, replace_with_another, replace_with_a_copy, replace_with_a_folder, delete_the_wal, delete_the_shm,
    delete_the_folder,
]  # fmt: skip
named = {"ids": lambda fault: fault.__name__}


def checkpoint(store):
    """Bring all into the file itself, so that damage to it is damage to what SQLite reads."""
    store.write(lambda db: None).result(5)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


@pytest.mark.parametrize("fault", DAMAGES[1:], **named)
def test_damage_is_found_at_the_start(path, fault):
    fault(path)
    with pytest.raises(UserError, match=r"panda\.db.*(damaged|cannot be used)"):
        Store(path)


@pytest.mark.parametrize("fault", [*DAMAGES, *LOSSES], **named)
def test_a_fault_while_it_is_open_is_said_and_nothing_is_saved(path, fault):
    store = Store(path)
    fill(store, "second")
    checkpoint(store)
    fault(path)
    with pytest.raises(UserError, match=r"panda\.db\S* (is|was) .* nothing more is saved"):
        store.record("second-0", len(ROWS), [ROWS[-1]], FAR).result(5)
    with pytest.raises(UserError, match="nothing more is saved"):
        store.find("run")
    with pytest.raises(UserError, match=r"panda\.db"):
        store.runs_of(OWNER)
    store.close()


@pytest.mark.parametrize("nonsense", [b"", b"\xa5" * 32, b"\x37\x7f\x06\x82" + bytes(28)], ids=len)
def test_last_changes_that_are_cut_or_overwritten_are_noticed_before_more_is_saved(path, nonsense):
    store = Store(path)
    fill(store, "second")
    wal = path.with_name("panda.db-wal")
    if nonsense:
        with wal.open("r+b") as file:
            file.write(nonsense)
    else:
        wal.write_bytes(b"")
    with pytest.raises(UserError, match=r"panda\.db\S* is damaged"):
        store.record("second-0", len(ROWS), [ROWS[-1]], FAR).result(5)
    store.close()


def test_a_file_that_was_moved_and_is_put_back_goes_on(path):
    store = Store(path)
    path.rename(path.with_name("moved.db"))
    with pytest.raises(UserError, match="is gone"):
        store.find("run")
    path.with_name("moved.db").rename(path)
    assert store.find("run")
    store.record("run-0", len(ROWS), [ROWS[-1]], FAR).result(5)
    store.close()


def test_no_new_file_is_made_in_the_place_of_one_that_is_gone(path):
    store = Store(path)
    path.unlink()
    reader = threading.Thread(target=lambda: pytest.raises(UserError, store.find, "run"))
    reader.start()
    reader.join()
    store.close()
    assert not path.exists()


def test_the_replacement_is_left_as_it_is(path):
    store = Store(path)
    fill(store, "second")
    replace_with_another(path)
    before = path.read_bytes()
    store.write(lambda db: None)
    store.close()
    assert path.read_bytes() == before


def test_changes_that_are_no_damage_change_nothing(path):
    store = Store(path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET name = 'by hand'")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    assert store.find("run").name == "by hand"
    store.record("run-0", len(ROWS), [ROWS[-1]], FAR).result(5)
    store.close()


def test_a_large_file_is_checked_in_the_background(path, monkeypatch):
    overwrite_one_page(path)
    monkeypatch.setattr(health, "AT_ONCE", 0)
    gate, told = threading.Event(), health.Health._run_check
    monkeypatch.setattr(health.Health, "_run_check", lambda self: gate.wait(5) and told(self))
    store = Store(path)  # does not wait
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "panda-check":
            thread.join(5)
    with pytest.raises(UserError, match="is damaged"):
        store.find("run")
    store.close()


def test_a_file_whose_last_changes_lie_beside_it_is_not_begun_anew(path):
    path.with_name("panda.db-wal").write_bytes(b"x" * 100)
    path.unlink()
    with pytest.raises(UserError, match=r"panda\.db is missing, but its last changes are in .*panda\.db-wal"):
        Store(path)
    assert not path.exists()


@pytest.mark.parametrize("text", ["not JSON", "[1", b"\xff\xfe"])
def test_a_row_that_nobody_wrote_is_damage(path, text):
    with sqlite3.connect(path) as db:
        db.execute("UPDATE nudges SET nudge = CAST(? AS TEXT) WHERE place = 3", (text,))
        db.execute("UPDATE lines SET curve = CAST(? AS TEXT)", (text,))
    db.close()
    store = Store(path)
    for read in (lambda: store.journal("run-0"), lambda: store.find("run"), lambda: store.runs_of(OWNER)):
        with pytest.raises(UserError, match=r"panda\.db has a row that cannot be read"):
            read()
    store.close()
