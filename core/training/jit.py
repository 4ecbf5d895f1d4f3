"""Lets stacks train by the compiled kernel: makes it ready beside what goes on, tries it, and tells it of a stack.

Until it is ready, and where it cannot be used, stacks go on with numpy. Not a bit depends on it: before it is used, it
has to train a few networks as numpy does.
"""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from core.data.datasets import load
from core.nn import activations, optimizers
from core.nn.activations import ACTIVATIONS
from core.nn.network import turned
from core.nn.optimizers import OPTIMIZERS
from core.settings.table import RunSpec, Settings
from core.training.stack import WEIGHTS, Stack, shared

Array = np.ndarray
LOG = logging.getLogger(__name__)
ROOMS = 3  # mini-batch sizes that a stack has room for, as `Network` has passes
ROOM = 64 * 2**20  # bytes for the activations of one network; with larger mini-batches there is little to gain
ROOT = Path(__file__).parents[2]
DELAY = 6.0  # seconds before the kernel is loaded
MOST_SECONDS = 300  # that compiling may take
WORTH = 2_000_000  # multiplications from which the members of a stack are shared among threads

# The kernel's formula of each function; with one that has none, a stack trains with numpy.
ACTIVATION_FORMS = {
    activations.relu: "RELU",
    activations.leaky_relu: "LEAKY_RELU",
    activations.tanh: "TANH_UNIT",
    activations.sigmoid: "SIGMOID",
}
OPTIMIZER_FORMS = {
    optimizers.gradient_descent: "GRADIENT_DESCENT",
    optimizers.momentum: "MOMENTUM",
    optimizers.rmsprop: "RMSPROP",
    optimizers.adam: "ADAM",
}


class _CallInfo(ctypes.Structure):
    """What numpy tells of an inner loop, see `numpy.ufunc._get_strided_loop`."""

    _fields_ = [
        ("loop", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("auxiliary", ctypes.c_void_p),
        ("needs_python", ctypes.c_bool),
        ("sets_no_flags", ctypes.c_bool),
    ]


class Loops:
    """numpy's inner loops for float32: `addresses` has a row (function, context, auxiliary data) for each ufunc."""

    def __init__(self, ufuncs: Iterable[np.ufunc]) -> None:
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
        self._capsules, rows = [], []  # what the addresses point to lives as long as its capsule
        for ufunc in ufuncs:
            _, capsule = ufunc._resolve_dtypes_and_context((np.dtype(np.float32),) * ufunc.nin + (None,) * ufunc.nout)
            ufunc._get_strided_loop(capsule)
            info = _CallInfo.from_address(pointer(capsule, b"numpy_1.24_ufunc_call_info"))
            if info.needs_python:
                raise NotImplementedError(f"numpy's {ufunc.__name__} needs the interpreter")
            self._capsules.append(capsule)
            rows.append((info.loop, info.context, info.auxiliary or 0))
        self.addresses = np.array(rows, np.int64)


class Plan:
    """What the kernel is told of a stack, as long as its settings stay what they are."""

    def __init__(self, kernel: ModuleType, stack: Stack) -> None:
        self.kernel, self.settings = kernel, stack.settings
        self.shape, self.rules = self._shape(stack), self._rules(stack)
        self._sizes, self._width = stack.sizes, stack.rows.shape[1]
        self._rooms: dict[int, list[Any]] = {}

    def _shape(self, stack: Stack) -> Any:
        theta = stack.network.theta
        sizes, K, last = stack.sizes, stack.members, len(stack.sizes) - 1
        starts = {block: at // K for block, at in theta.starts.items()}
        places = [_integers(starts.get((kind, l), 0) for l in range(last + 1)) for kind in ("W", "b", "gamma", "beta")]
        units = _integers([0, 0, *np.cumsum(sizes[1:last])])
        blocks = _integers([*starts.values(), theta.buffer.size // K])
        return self.kernel.Shape(K, stack.orders, _integers(sizes), *places, units, blocks)

    def _rules(self, stack: Stack) -> Any:
        kernel, theta = self.kernel, stack.network.theta
        one, kept = stack.settings[0], stack.optimizer.moments
        ends = [*theta.starts.values(), theta.buffer.size]
        first, last, _ = theta.learnt(one.batch_norm, one.bn_learn).indices(theta.buffer.size)
        return kernel.Rules(
            getattr(kernel, ACTIVATION_FORMS[stack.network.activation.apply]),
            one.batch_norm,
            getattr(kernel, OPTIMIZER_FORMS[stack.optimizer.step]),
            "m" in kept,
            "v" in kept,
            one.bias_correction,
            ends.index(first),
            ends.index(last),
            np.empty(stack.members),
            *(self._each(name, np.float64) for name in ("beta1", "beta2", "epsilon", "bn_decay")),
            self._each("bn_epsilon", np.float32),
        )

    def _each(self, name: str, dtype: type) -> Array:
        """A setting of every member, (K,)."""
        return np.array([getattr(settings, name) for settings in self.settings], dtype)

    def rooms(self, examples: int, count: int) -> list[Any]:
        """`count` times the arrays to work in on mini-batches of this size."""
        if len(self._rooms) >= ROOMS and examples not in self._rooms:
            self._rooms.pop(next(iter(self._rooms)))
        rooms = self._rooms.setdefault(examples, [])
        rooms += [self._room(examples) for _ in range(count - len(rooms))]
        return rooms[:count]

    def _room(self, m: int) -> Any:
        sizes, width = self._sizes, self._width
        units, widest, classes = sum(sizes[1:-1]), max(sizes[1:-1], default=1), sizes[-1]
        last = len(sizes) - 1
        copied = np.array([0 < l < last and turned(sizes[l], sizes[l + 1], m) for l in range(last + 1)])
        shapes = [(m, width), (width, m), (units, m), (units, m), (widest, m), (classes, m), m, m, m, 1]
        shapes += [self.shape.starts[-1], units, units]
        arrays = [np.zeros(shape, np.float32) for shape in shapes]
        ones, shares = np.ones(max(m, classes), np.float32), np.full(m, 1 / m, np.float32)
        return self.kernel.Room(copied, np.empty(16, np.int64), *arrays, ones, shares)


class Trainer:
    """Trains stacks by the kernel, the members of a large one in as many threads as there are cores."""

    def __init__(self, kernel: ModuleType, threads: int) -> None:
        self.kernel, self.loops = kernel, Loops(kernel.UFUNCS)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "train") if threads > 1 else None

    def advance(self, stack: Stack, steps: int, losses: Array) -> int:
        """`Stack.advance`, unwatched. Returns fewer steps where numpy has to go on: at a loss that is not finite, or
        where there is no form of what the stack needs."""
        if not self._fits(stack, losses):
            return 0
        plan = self._plan(stack)
        net, state, K = stack.network, stack.state, stack.members
        weights = np.array([np.broadcast_to(getattr(state, name), K) for name in WEIGHTS], np.float64)
        done = 0
        while done < steps:
            order = stack.order()
            at, m = state.cursor, min(stack.batch, order.shape[1] - state.cursor)
            count = min(steps - done, (order.shape[1] - at) // m)
            plan.rules.alpha[:] = stack.alpha
            data = self.kernel.Buffers(
                net.theta.buffer, stack.m.buffer, stack.v.buffer, net.batch, net.running, stack.rows, order
            )
            trained = self._train(plan, data, weights, at, m, losses[done : done + count])
            done += trained
            stack.count(trained, m)
            if trained < count:
                break
        for name, values in zip(WEIGHTS, weights, strict=True):
            setattr(state, name, shared(values))
        return done

    def _fits(self, stack: Stack, losses: Array) -> bool:
        """Whether the kernel can train this stack."""
        forms = stack.network.activation.apply in ACTIVATION_FORMS and stack.optimizer.step in OPTIMIZER_FORMS
        right = stack.dtype is np.float32 and losses.dtype == np.float32 and losses.flags.c_contiguous
        return forms and right and 8 * sum(stack.sizes[1:]) * stack.batch <= ROOM

    def _plan(self, stack: Stack) -> Plan:
        """What the kernel has to know, made anew after a change of settings."""
        if stack.plan is None or stack.plan.settings is not stack.settings:
            stack.plan = Plan(self.kernel, stack)
        return stack.plan

    def _train(self, plan: Plan, data: Any, weights: Array, cursor: int, examples: int, losses: Array) -> int:
        """Some steps within an epoch, on mini-batches of one size."""
        steps, K = losses.shape
        work = steps * K * plan.shape.starts[-1] * examples
        parts = min(self._threads, K) if work > WORTH else 1
        ends = [K * i // parts for i in range(parts + 1)]
        calls = [
            (self.loops.addresses, plan.shape, data, plan.rules, room, weights, cursor, losses, first, last)
            for room, first, last in zip(plan.rooms(examples, parts), ends, ends[1:], strict=False)
        ]
        others = [self._pool.submit(self.kernel.train, *call) for call in calls[1:]] if self._pool else []
        trained = self.kernel.train(*calls[0])
        for other in others:
            other.result()
        return trained


def _integers(values: Iterable[int]) -> Array:
    return np.array(list(values), np.int64)


# making it ready

_making: threading.Thread | None = None
_lock, _at_once = threading.Lock(), threading.Event()


def begin() -> None:
    """Make the kernel ready in a thread, unless that has begun: in a while, so that a server that has just started has
    its first visitors' pages to see to, and a short program ends without it. The first time on a machine it has to be
    compiled, for some seconds; later it is read from numba's cache."""
    global _making
    with _lock:
        if _making is None:
            _making = threading.Thread(target=_make_in_a_while, name="compiler")
            _making.start()


def wait() -> bool:
    """Have the kernel made at once, and wait until it is; whether stacks train by it now."""
    _at_once.set()
    begin()
    _making.join()
    return Stack.compiled is not None


def _make_in_a_while() -> None:
    until, main = time.monotonic() + DELAY, threading.main_thread()
    while time.monotonic() < until and not _at_once.wait(0.1):
        if not main.is_alive():
            return
    _make()


def _make() -> None:
    try:
        from core.training import jit_kernel as kernel

        if __name__ != "__main__":
            _compile_beside(kernel)
        trainer = Trainer(kernel, _threads())
        wrong = _differences(trainer)
        kernel.train.disable_compile()  # it is now what it has to be; other types would be an error, and take long
    except Exception as error:  # whatever it is, numpy does the same
        LOG.warning("Training goes on with numpy alone: %s", _line(error))
    else:
        if wrong:
            LOG.warning("Training goes on with numpy alone: compiled steps differ with %s.", ", ".join(wrong))
        else:
            Stack.compiled = trainer.advance


def _line(error: Exception) -> str:
    """What went wrong, in one line: numba's errors have many."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _compile_beside(kernel: ModuleType) -> None:
    """The first time, leave the work to a process of its own, which gives way to others and shares no interpreter lock
    with the pages; then it is in the cache. It also tries the kernel: numpy's loops are not part of its public
    interface, so with another numpy than before it has to do so again. Raises `RuntimeError` where it crashed."""
    cache = Path(kernel.train.stats.cache_path)
    if _tried(cache).exists() and any(cache.glob("jit_kernel.train-*.nbc")):
        return
    command = [sys.executable, "-m", "core.training.jit"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False, timeout=MOST_SECONDS)
    if done.returncode:
        raise RuntimeError(f"the process that tries compiled steps ended with {done.returncode}.")


def _tried(cache: Path) -> Path:
    """A file that is there once this Python has tried the kernel with this numpy, and did not crash."""
    return cache / f"jit_kernel.tried-py{sys.version_info[0]}{sys.version_info[1]}-numpy{np.__version__}"


def _try_alone() -> None:
    """What the process beside does. What goes wrong is logged by the server, which then meets it too."""
    if hasattr(os, "nice"):
        os.nice(10)
    logging.disable()
    _make()
    kernel = sys.modules.get("core.training.jit_kernel")
    if kernel:
        with suppress(OSError):
            _tried(Path(kernel.train.stats.cache_path)).touch()


def _threads() -> int:
    """As many as the usual variable for BLAS allows, else one for each core that this process may use."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    if allowed.isdecimal():
        return max(1, int(allowed))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _differences(trainer: Trainer) -> list[str]:
    """With which activations and optimizers a few steps do not have numpy's bits."""
    data = load("spiral", 3, 100, 0.1, 0, 0.2, True)
    found = []
    for name in {*ACTIVATIONS, *OPTIMIZERS}:
        spec = RunSpec(hidden=(5, 4), activation=name if name in ACTIVATIONS else "tanh")
        settings = Settings(optimizer=name if name in OPTIMIZERS else "adam", batch_size=16)
        for batch_norm in (False, True):
            ways = [Stack(spec, data, replace(settings, batch_norm=batch_norm), [0, 1]) for _ in range(2)]
            losses = np.empty((12, 2), np.float32)
            ways[0].advance(12, losses)
            trainer.advance(ways[1], 12, losses)
            if ways[0].give().rows.tobytes() != ways[1].give().rows.tobytes():
                found.append(name)
    return found


if __name__ == "__main__":
    _try_alone()
