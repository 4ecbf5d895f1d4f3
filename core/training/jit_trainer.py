"""Trains stacks with the compiled step: prepares its arguments, shares the members among threads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np

from core.nn.activations import ACTIVATIONS
from core.nn.network import copy_transposed
from core.nn.optimizers import OPTIMIZERS
from core.training.jit_loops import Loops
from core.training.stack import PER_MEMBER, Stack
from core.training.state import WEIGHTS, per_member

Array = np.ndarray
MOST_SIZES = 3  # mini-batch sizes for which workspaces are kept, as many as `Network` keeps passes
MOST_BYTES = 64 * 2**20  # of activations of one network; compiling gains little with larger mini-batches
WORTH_THREADS = 2_000_000  # multiplications from which several threads are faster than one


def not_compiled(kernel: ModuleType) -> list[str]:
    """A sentence for each row of ACTIVATIONS and OPTIMIZERS that has no compiled formula, saying what to add."""
    add = "has no compiled formula, so numpy trains it. Add its name to"
    return [
        f'ACTIVATIONS["{name}"] {add} ACTIVATIONS of core/training/jit_kernel.py, '
        "and branches to `_activate` and `_times_slope` there."
        for name in ACTIVATIONS
        if name not in kernel.ACTIVATIONS
    ] + [
        f'OPTIMIZERS["{name}"] {add} OPTIMIZERS of core/training/jit_kernel.py, and a branch to `_update` there.'
        for name in OPTIMIZERS
        if name not in kernel.OPTIMIZERS
    ]


class StackArguments:
    """The kernel's arguments for a stack that stay the same until its settings change."""

    def __init__(self, kernel: ModuleType, stack: Stack) -> None:
        self.kernel, self.of_settings = kernel, stack.settings
        self.shape, self.settings = self._shape(stack), self._settings(stack)
        self._sizes = stack.sizes
        self._workspaces: dict[int, list[Any]] = {}  # by mini-batch size

    def _shape(self, stack: Stack) -> Any:
        theta = stack.network.theta
        sizes, K, last = stack.sizes, stack.members, len(stack.sizes) - 1
        starts = {block: at // K for block, at in theta.starts.items()}
        places = [_integers(starts.get((kind, l), 0) for l in range(last + 1)) for kind in ("W", "b", "gamma", "beta")]
        units = _integers([0, 0, *np.cumsum(sizes[1:last])])
        blocks = _integers([*starts.values(), theta.buffer.size // K])
        seeds, norms = np.array(stack.seeds, np.uint64), 2 * (last - 1)
        return self.kernel.Shape(K, stack.batches.orders, seeds, _integers(sizes), *places, norms, units, blocks)

    def _settings(self, stack: Stack) -> Any:
        kernel, theta, fields = self.kernel, stack.network.theta, self.kernel.KernelSettings._fields
        one, moments = stack.settings[0], stack.update.optimizer.moments
        ends = [*theta.starts.values(), theta.buffer.size]
        first, last, _ = theta.learnt(one.batch_norm, one.bn_learn).indices(theta.buffer.size)
        return kernel.KernelSettings(
            activation=kernel.ACTIVATIONS.index(stack.spec.activation),
            batch_norm=one.batch_norm,
            optimizer=kernel.OPTIMIZERS.index(one.optimizer),
            keeps_m="m" in moments,
            keeps_v="v" in moments,
            bias_correction=one.bias_correction,
            counts_norms=stack.update.counts_norms,
            first=ends.index(first),
            last=ends.index(last),
            alpha=np.empty(stack.members),
            **{name: self._each(name) for name in PER_MEMBER if name in fields},
        )

    def _each(self, name: str) -> Array:
        """One setting of every member, (K,)."""
        return np.array([getattr(settings, name) for settings in self.of_settings], np.float64)

    def workspaces(self, examples: int, count: int) -> list[Any]:
        """`count` workspaces for mini-batches of `examples`. Those of the last few sizes are kept."""
        if len(self._workspaces) >= MOST_SIZES and examples not in self._workspaces:
            self._workspaces.pop(next(iter(self._workspaces)))
        kept = self._workspaces.setdefault(examples, [])
        kept += [self._workspace(examples) for _ in range(count - len(kept))]
        return kept[:count]

    def _workspace(self, m: int) -> Any:
        sizes, last = self._sizes, len(self._sizes) - 1
        copies = np.array([0 < l < last and copy_transposed(sizes[l], sizes[l + 1], m) for l in range(last + 1)])
        return self.kernel.workspace(self.shape, self.settings, copies, m)


class Trainer:
    """Trains stacks with the kernel. The members of a large stack are shared among `threads` threads."""

    def __init__(self, kernel: ModuleType, threads: int) -> None:
        self.kernel, self.loops = kernel, Loops(kernel.UFUNCS)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "train") if threads > 1 else None

    def advance(self, stack: Stack, steps: int, losses: Array) -> int:
        """Train as `Stack.advance` does. Returns the number of steps done.

        These are fewer than `steps` where numpy has to go on: 0 for a stack that the kernel cannot train, or the steps
        before a loss that is not finite.
        """
        if not self._can_train(stack, losses):
            return 0
        arguments, state = self._arguments(stack), stack.state
        weights = np.array([np.broadcast_to(getattr(state, name), stack.members) for name in WEIGHTS], np.float64)
        done = 0
        while done < steps:
            order = stack.batches.order(stack.state.epoch)
            at, m = state.cursor, min(stack.batch, order.shape[1] - state.cursor)
            count = min(steps - done, (order.shape[1] - at) // m)
            arguments.settings.alpha[:] = stack.alpha
            buffers = self._buffers(stack, order)
            trained = self._train(arguments, buffers, weights, (state.step, at), m, losses[done : done + count])
            done += trained
            stack.count(trained, m)
            if trained < count:
                break
        for name, values in zip(WEIGHTS, weights.tolist(), strict=True):
            setattr(state, name, per_member(values))
        return done

    def _can_train(self, stack: Stack, losses: Array) -> bool:
        """Whether all that the stack needs has been compiled, in its type and size."""
        optimizer, kernel = stack.settings[0].optimizer, self.kernel
        compiled = stack.spec.activation in kernel.ACTIVATIONS and optimizer in kernel.OPTIMIZERS
        right = stack.dtype is np.float32 and losses.dtype == np.float32 and losses.flags.c_contiguous
        return compiled and right and 8 * sum(stack.sizes[1:]) * stack.batch <= MOST_BYTES

    def _arguments(self, stack: Stack) -> StackArguments:
        """The stack's arguments, made anew after a change of settings."""
        plan = stack.plan
        if not isinstance(plan, StackArguments) or plan.of_settings is not stack.settings:
            stack.plan = plan = StackArguments(self.kernel, stack)
        return plan

    def _buffers(self, stack: Stack, order: Array) -> Any:
        net = stack.network
        return self.kernel.Buffers(
            net.theta.buffer, stack.m.buffer, stack.v.buffer, net.batch, net.running, stack.batches.rows, order
        )

    def _train(
        self, arguments: StackArguments, buffers: Any, weights: Array, start: tuple[int, int], m: int, losses: Array
    ) -> int:
        """Train on mini-batches of m examples of one epoch. `start` is the step and the example from which on.

        Returns the number of steps done.
        """
        steps, K = losses.shape
        work = steps * K * arguments.shape.starts[-1] * m
        parts = min(self._threads, K) if work > WORTH_THREADS else 1
        ends = [K * i // parts for i in range(parts + 1)]
        fixed = self.loops.addresses, arguments.shape, buffers, arguments.settings
        calls: list[tuple[Any, ...]] = [
            (*fixed, workspace, weights, *start, losses, first, last)
            for workspace, first, last in zip(arguments.workspaces(m, parts), ends, ends[1:], strict=False)
        ]
        others = [self._pool.submit(self.kernel.train, *call) for call in calls[1:]] if self._pool else []
        trained: int = self.kernel.train(*calls[0])
        for other in others:
            other.result()
        return trained


def usual_threads() -> int:
    """OMP_NUM_THREADS, the usual limit for BLAS, if it is set; else one thread for each core of this process."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    if allowed.isdecimal():
        return max(1, int(allowed))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _integers(values: Iterable[int]) -> Array:
    return np.array(list(values), np.int64)
