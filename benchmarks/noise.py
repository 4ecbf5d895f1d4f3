"""Noise after batch norm, as in the lab's "Why it works" (Santurkar et al. 2018). `python -m benchmarks.noise`.

Trains the lab's three networks to their last step under 16 seeds of weights, order and noise. Prints how many steps
each takes to halve its loss, the loss at the end, and how far the inputs of each layer wander; and under how many seeds
the claims of the paper hold. Ends with 1 where that is fewer than 14 of 16 with sigmoid. A minute an activation.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.live_report import table
from core.labs.side_by_side import ACTIVATIONS, LAYERS, MOST_STEPS, NAMES, SideBySide

SEEDS = 16
ENOUGH = 14 / 16


@dataclass(frozen=True)
class Seen:
    """What three networks did under one seed, in the order of `NAMES`: without batch norm, with it, with noise.

    `halved` are the steps until the loss was half of log C, infinite if it never was; `loss` is that of the last step;
    `wandering` has a row for each layer whose inputs are measured, 2 to LAYERS + 1.
    """

    halved: tuple[float, ...]
    loss: tuple[float, ...]
    wandering: tuple[tuple[float, ...], ...]


CLAIMS: dict[str, Callable[[Seen], bool]] = {
    "noise makes the inputs of every layer wander more than without batch norm": lambda it: all(
        noisy > without > normal for without, normal, noisy in it.wandering
    ),
    "with noise the loss is halved in at most 1.5 times the steps of batch norm": lambda it: (
        it.halved[2] <= 1.5 * it.halved[1]
    ),
    "and in at most half of the steps without batch norm": lambda it: 2 * it.halved[2] <= it.halved[0],
    "with noise the loss at the end is at most 0.7 times that without batch norm": lambda it: (
        it.loss[2] <= 0.7 * it.loss[0]
    ),
}


def seen(activation: str, seed: int, steps: int = MOST_STEPS) -> Seen:
    """Train the three networks and return what is seen of them."""
    trained = SideBySide(activation, seed)
    trained.advance(steps)
    nets = trained.nets
    return Seen(
        tuple(net.halved_at or math.inf for net in nets),
        tuple(net.losses.latest for net in nets),
        tuple(tuple(net.wandering(layer) for net in nets) for layer in range(2, LAYERS + 2)),
    )


def rows(found: Sequence[Seen]) -> list[list[str]]:
    """A row for each network: medians over the seeds."""
    made = []
    for i, name in enumerate(NAMES):
        wandering = [median(one.wandering[layer][i] for one in found) for layer in range(LAYERS)]
        halved, loss = median(one.halved[i] for one in found), median(one.loss[i] for one in found)
        made.append([name, f"{halved:.0f}", f"{loss:.3f}", *(f"{one:.2f}" for one in wandering)])
    return made


def main() -> int:
    """Measure and print; 0 if the claims hold with sigmoid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("activations", nargs="*", default=ACTIVATIONS, help=f"of {', '.join(ACTIVATIONS)}")
    given, failed = parser.parse_args(), False
    for activation in given.activations:
        found = [seen(activation, seed) for seed in range(given.seeds)]
        heads = ["", "steps to half the loss", "loss at the end", *(f"inputs of {l}" for l in range(2, LAYERS + 2))]
        print(f"\n## {activation}, {MOST_STEPS} steps\n", table(heads, rows(found)), sep="\n")
        for claim, holds in CLAIMS.items():
            count = sum(map(holds, found))
            print(f"{claim}: {count} of {len(found)} seeds", flush=True)
            failed |= activation == "sigmoid" and count < ENOUGH * len(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
