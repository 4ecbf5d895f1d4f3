"""Verifies the compiled step in a child process, `python -m core.training.jit_verify`, before a server uses it.

The step calls private parts of numpy, so a mistake there is a crash and not an exception. The child compiles the step,
compares it with numpy in all cases of `core.training.jit_checks`, and leaves it in numba's cache. A stamp file then
spares later starts the child, until Python, a package, the processor or a source file has changed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

from core.training.jit_checks import cases, differences
from core.training.jit_trainer import Trainer, usual_threads

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "core" / "training" / "jit_kernel.py"
STAMP = f"jit_verified.{sys.implementation.cache_tag}"  # its first line is the fingerprint, its second numba's folder
MOST_PROCESSOR_SECONDS = 300  # for the child; wall time says little on a busy machine, which runs it last
MOST_SECONDS = 3600  # for a child that hangs without using the processor, and for systems that limit no processor time
CHILD = [sys.executable, "-m", "core.training.jit_verify"]


# what the stamp says


def fingerprint() -> str:
    """SHA-256 of all that decides whether the compiled step is right: Python, packages, processor, source files."""
    from llvmlite import binding

    packages = [(name, version(name)) for name in ("numpy", "numba", "llvmlite")]
    cpu = platform.machine(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    blas = sorted({str(library.get("architecture")) for library in threadpool_info() if library["user_api"] == "blas"})
    options = sorted(item for item in os.environ.items() if item[0].startswith(("NUMBA_", "NPY_")))
    # The kernel's time counts because numba compiles it again when that changes.
    digest = hashlib.sha256(repr((sys.version, packages, cpu, blas, options, KERNEL.stat().st_mtime_ns)).encode())
    for path in sorted([*KERNEL.parent.glob("*.py"), *(ROOT / "core" / "nn").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_verified(folder: Path, key: str) -> bool:
    """Whether the step that is in numba's cache has passed all checks when `fingerprint` was `key`."""
    with suppress(OSError, ValueError):
        found, cached = (folder / STAMP).read_text(encoding="utf-8").splitlines()
        return found == key and any(Path(cached).glob("jit_kernel.train-*.nbc"))
    return False


def remember(folder: Path, key: str, cached: str) -> None:
    """Write the stamp of a step that has passed when `fingerprint` was `key`. `cached` is where numba keeps it."""
    with suppress(OSError):
        (folder / STAMP).write_text(f"{key}\n{cached}\n", encoding="utf-8")


@contextmanager
def cache_folder() -> Iterator[Path]:
    """The folder of numba's cache and of the stamp. Where it cannot be written, a temporary one takes its place, and
    everything is compiled and verified again at the next start."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    usual = Path(named) if named else Path(cache_from_source(str(KERNEL))).parent
    if _writable(usual):
        yield usual
        return
    LOG.warning("%s cannot be written: steps are compiled and verified again at every start.", usual)
    with tempfile.TemporaryDirectory(prefix="panda-compiled-", ignore_cleanup_errors=True) as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("NUMBA_CACHE_DIR") if named is None else os.environ.update(NUMBA_CACHE_DIR=named)


def _writable(folder: Path) -> bool:
    """Asked as numba asks, which otherwise chooses another folder by itself."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False


# the child, as its parent sees it


def verify_in_child(folder: Path) -> None:
    """Compile and verify the step in a child process. Raises `RuntimeError`, saying why, unless it ends with 0."""
    with suppress(OSError):
        (folder / STAMP).unlink()
    nothing, pipe, same = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(CHILD, cwd=ROOT, stdin=nothing, stdout=pipe, stderr=same) as child:
        try:
            said = _await(child).decode(errors="replace").split("\n")
        finally:
            child.kill()
    if child.returncode:
        raise RuntimeError(_reason(child.returncode, [line for line in said if line.strip()]))


def _await(child: subprocess.Popen[bytes]) -> bytes:
    """What the child has printed when it ends. Raises `RuntimeError` when time is over, or this program ends."""
    until = time.monotonic() + MOST_SECONDS
    while threading.main_thread().is_alive():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=0.5)[0]
        if time.monotonic() > until:
            raise RuntimeError(f"verifying the compiled step took more than {MOST_SECONDS} seconds.")
    raise RuntimeError("the program ended while the compiled step was verified.")


def _reason(code: int, said: list[str]) -> str:
    """Why the child did not end with 0: by its last line if it still could say so, else by the signal."""
    if code > 0:
        return said[-1] if said else f"verifying the compiled step ended with exit code {code}."
    if -code == getattr(signal, "SIGXCPU", None):
        return f"verifying the compiled step took more than {MOST_PROCESSOR_SECONDS} processor seconds."
    known = {number.value: number.name for number in signal.Signals}
    return f"verifying the compiled step crashed ({known.get(-code, f'signal {-code}')})."


# the child itself


def main() -> int:
    """Returns 0 if the compiled step has numpy's bits in all cases. Else prints why not, in one line, and returns 1."""
    _give_way()
    logging.disable()
    try:
        from core.training import jit_kernel as kernel

        kernel.train.recompile()  # empties the cache: numba does not see changes of what the kernel imports
        with threadpool_limits(1):  # as in the app
            wrong = differences(Trainer(kernel, usual_threads()), cases(kernel))
    except Exception as error:
        print(one_line(error))
        return 1
    if wrong:
        print(f"compiled steps differ from numpy's in {len(wrong)} of the cases, first in this: {wrong[0]}.")
    return 1 if wrong else 0


def _give_way() -> None:
    """Let other processes go first, and end by a signal when too much processor time is used."""
    if hasattr(os, "nice"):
        os.nice(10)
    with suppress(ImportError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        most = MOST_PROCESSOR_SECONDS if hard == resource.RLIM_INFINITY else min(MOST_PROCESSOR_SECONDS, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def one_line(error: Exception) -> str:
    """What went wrong, in one line: numba's errors have many."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
