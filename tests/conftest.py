"""Every run of the tests has a store of its own, which is gone afterwards."""

import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="panda-tests-", ignore_cleanup_errors=True)
os.environ["PANDA_DB"] = str(Path(_folder.name) / "panda.db")
