"""How well a network of 100-100 learns MNIST-1D: dev accuracy (%) on the split of the paper, best and at the end.

`python -m benchmarks.mnist1d [--seeds 5] [--steps 6000]`. Measured every 100 steps. The dev set is the test set of
the paper, where such a network has 68 %.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from core.settings.table import RunSpec, Settings
from core.training import jit
from core.training.run_data import data_of
from core.training.stack import Stack

EVERY = 100  # steps between two measurements
RELU = RunSpec("mnist1d", hidden=(100, 100))
TANH = replace(RELU, activation="tanh", initialization="xavier")
ADAM = Settings(0.003, optimizer="adam")
CASES = {
    "ReLU, batch norm, Adam, α 0.003": (RELU, ADAM),
    "ReLU, batch norm, momentum, α 0.1": (RELU, Settings()),
    "tanh, batch norm, momentum, α 0.1": (TANH, Settings()),
    "tanh, momentum, α 0.1": (TANH, Settings(batch_norm=False)),
    "ReLU, momentum, α 0.1": (RELU, Settings(batch_norm=False)),
    "ReLU, Adam, α 0.001": (RELU, replace(ADAM, learning_rate=0.001, batch_norm=False)),
}


def accuracies(spec: RunSpec, settings: Settings, seeds: int, steps: int) -> np.ndarray:
    """Dev accuracy in percent every 100 steps, (measurements, seeds)."""
    data, rows = data_of(spec), []
    stack = Stack(spec, data, [settings] * seeds, list(range(seeds)))
    losses = np.empty((EVERY, seeds), stack.dtype)
    for _ in range(steps // EVERY):
        stack.advance(EVERY, losses)
        rows.append(100 * (stack.predict(data.dev.X).argmax(axis=1) == data.dev.labels).mean(axis=1))
    return np.array(rows)


def main() -> None:
    """Print a row for each network with its settings: mean and range over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6000)
    chosen = parser.parse_args()
    jit.wait()
    print(f"{'40-100-100-10, mini-batches of 64':36}{'best':>20}{'at the end':>20}{'first at 64 %':>16}")
    for name, (spec, settings) in CASES.items():
        with threadpool_limits(limits=1):
            found = accuracies(spec, settings, chosen.seeds, chosen.steps)
        row = "".join(f"{a.mean():8.1f} ({a.min():.1f}-{a.max():.1f})" for a in (found.max(axis=0), found[-1]))
        reached = [int(EVERY * (1 + np.argmax(column >= 64))) for column in found.T if column.max() >= 64]
        print(f"{name:36}{row}  {len(reached)} of {chosen.seeds}, {np.median(reached) if reached else 0:,.0f} steps")


if __name__ == "__main__":
    main()
