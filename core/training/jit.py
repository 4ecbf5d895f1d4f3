"""Compiles the training step in the background, verifies it, installs it. Until then, and without it, numpy trains.

No bit depends on it: the compiled step is installed only after it has trained as numpy does in many cases.
"""

from __future__ import annotations

import logging
import threading
import time
from importlib.util import find_spec
from itertools import islice

from core.training.jit_checks import cases, differences
from core.training.jit_trainer import Trainer, usual_threads
from core.training.jit_verify import cache_folder, fingerprint, is_verified, one_line, remember, verify_in_child
from core.training.stack import Stack

LOG = logging.getLogger(__name__)
DELAY = 6.0  # seconds that a server gives its first pages before it loads the compiled step

_thread: threading.Thread | None = None
_lock, _at_once = threading.Lock(), threading.Event()


def begin(delay: float = 0.0) -> None:
    """Install the compiled step, in a thread that starts its work after `delay` seconds. Later calls do nothing.

    The first time on a machine compiling and verifying take some seconds; later the step is read from numba's cache.
    """
    global _thread
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_install_after, args=(delay,), name="compiler")
            _thread.start()


def hurry() -> None:
    """Where the step is to be installed after a delay, do that now: somebody waits for many steps."""
    _at_once.set()


def wait() -> bool:
    """Install the compiled step without delay, and wait for it. Returns whether stacks train by it now."""
    hurry()
    begin()
    assert _thread is not None  # `begin` has started it
    _thread.join()
    return Stack.compiled is not None


def _install_after(delay: float) -> None:
    until = time.monotonic() + delay
    while time.monotonic() < until and not _at_once.wait(0.1):
        if not threading.main_thread().is_alive():
            return
    _install()


def _install() -> None:
    """Have stacks train by the compiled step, or say in the log, in one line, why they do not."""
    try:
        Stack.compiled = _verified().advance
    except Exception as error:  # whatever it is, numpy trains
        if threading.main_thread().is_alive():
            LOG.warning("Training uses numpy only: %s", one_line(error))


def _verified() -> Trainer:
    """A trainer whose compiled step has passed all checks. Raises where there is none."""
    if not find_spec("numba"):
        raise ImportError("numba is not installed.")
    with cache_folder() as folder:
        key = fingerprint()
        was_verified = is_verified(folder, key)
        if not was_verified:
            verify_in_child(folder)
        from core.training import jit_kernel as kernel

        trainer = Trainer(kernel, usual_threads())
        if wrong := differences(trainer, islice(cases(kernel), 1)):  # also reads the step from the cache
            raise RuntimeError(f"compiled steps differ from numpy's in this case: {wrong[0]}.")
        kernel.train.disable_compile()  # other types of arguments would be a mistake
        if not was_verified:
            remember(folder, key, kernel.train.stats.cache_path)
    return trainer
