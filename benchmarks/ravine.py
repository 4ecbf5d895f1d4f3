"""What momentum does on the ravine: dev loss (nats) after some steps with β = 0 and β = 0.9, at the best α of each.

`python -m benchmarks.ravine [--seeds 20] [--steps 500] [--batch-size 64] [--no-normalize]`. A seed draws the data, the
weights and the order of the examples. Momentum is the course's average, m = βm + (1-β)g. With m = βm + g the best α is
1-β times as large and the steps are the same, bias correction aside.
"""

from __future__ import annotations

import argparse

import numpy as np
from threadpoolctl import threadpool_limits

from core.nn import softmax
from core.settings.table import RunSpec, Settings
from core.training import jit
from core.training.run_data import data_of
from core.training.stack import Stack

BETAS = (0.0, 0.9)
ALPHAS = [*(1e-3 * 2**k for k in range(14)), 10.0]  # the highest that can be set


def losses(spec: RunSpec, batch_size: int, steps: int) -> np.ndarray:
    """Dev loss after `steps` steps for each β and α, (β, α); infinite where it broke."""
    base = {"optimizer": "momentum", "batch_norm": False, "batch_size": batch_size}
    settings = [Settings(learning_rate=alpha, beta1=beta, **base) for beta in BETAS for alpha in ALPHAS]
    data = data_of(spec)
    stack = Stack(spec, data, settings, [spec.seed] * len(settings))
    with np.errstate(all="ignore"):
        stack.advance(steps, np.empty((steps, len(settings)), stack.dtype))
        found = softmax.cost(stack.predict(data.dev.X), data.dev.Y, lambda: stack.logits(data.dev.X))
    return np.nan_to_num(found, nan=np.inf).reshape(len(BETAS), len(ALPHAS))


def main() -> None:
    """Print the best of both under each seed, and in how many β = 0.9 has at most half the loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--no-normalize", action="store_true")
    chosen = parser.parse_args()
    jit.wait()
    ratios = []
    print(f"{'seed':>4}" + "".join(f"{f'β = {beta:g}':>12}{'α':>8}" for beta in BETAS) + f"{'ratio':>8}")
    for seed in range(chosen.seeds):
        spec = RunSpec("ravine", hidden=(8,), seed=seed, data_seed=seed, normalize=not chosen.no_normalize)
        with threadpool_limits(limits=1):
            found = losses(spec, chosen.batch_size, chosen.steps)
        best = found.min(axis=1)
        alphas = [ALPHAS[place] for place in found.argmin(axis=1)]
        ratios.append(best[1] / best[0])
        row = "".join(f"{loss:12.5f}{alpha:8.3f}" for loss, alpha in zip(best, alphas, strict=True))
        print(f"{seed:4}{row}{ratios[-1]:8.3f}")
    half = sum(ratio <= 0.5 for ratio in ratios)
    print(f"at most half in {half} of {chosen.seeds} seeds; median ratio {np.median(ratios):.3f}")


if __name__ == "__main__":
    main()
