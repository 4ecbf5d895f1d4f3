"""A store of its own for each test that asks for one."""

import pytest

from core.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "panda.db")
    yield store
    store.close()
