"""What PANDA_DB may name: a file. Everything else is refused in one line."""

import os

import pytest

from core.errors import UserError
from core.store import Store, the_store


@pytest.mark.parametrize(
    "named",
    [":memory:", "file:x.db", "file:///tmp/x.db?mode=ro", "FILE:x", "sqlite:///x.db", ":", "a\nb", "x\x1b[0m.db"],
)
def test_what_names_no_file_is_refused_in_one_line_and_makes_none(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANDA_DB", named)
    with pytest.raises(UserError, match="PANDA_DB names no file") as refused:
        the_store()
    assert str(refused.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    store = Store("~/panda.db")
    assert store.path == (tmp_path / "panda.db").resolve()
    store.close()
    with pytest.raises(UserError, match="cannot be used"):
        Store("~nobody-of-this-name/panda.db")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_is_no_ordinary_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "loop", "x" * 300, "."):
        with pytest.raises(UserError, match="cannot be used"):
            Store(tmp_path / name)
    with pytest.raises(UserError, match="no ordinary file"):
        Store("/dev/null")


def test_a_file_with_two_names_is_refused_as_sqlite_would_damage_it(tmp_path):
    Store(tmp_path / "panda.db").close()
    os.link(tmp_path / "panda.db", tmp_path / "other.db")
    for name in ("panda.db", "other.db"):
        with pytest.raises(UserError, match="a second name"):
            Store(tmp_path / name)


def test_odd_but_honest_names_work(tmp_path):
    for name in ("a b.db", "ä?#%20&.db", "run's.db", "x.sqlite"):
        store = Store(tmp_path / name)
        assert store.rows("SELECT 1")[0][0] == 1
        store.close()
        assert (tmp_path / name).exists()


def test_a_link_that_leads_nowhere_yet_makes_the_file_that_it_names(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    Store(tmp_path / "link.db").close()
    assert (tmp_path / "real.db").exists()
