"""The weights of a run, and everything else that a prediction needs, as arrays in the course's shapes."""

from __future__ import annotations

import numpy as np

from core.data.safe_load import write_npz
from core.runs.run import Run


def weights_npz(run: Run) -> bytes:
    """An `.npz` file of float32 arrays, and as text `class_names` (C,) and `feature_names` (n_x,). From raw features
    X (n_x, m), with g the run's activation:

    A[0] = (X - input_mean) / input_deviation, both (n_x, 1); Z[l] = Wl A[l-1] + bl, with Wl (n_l, n_{l-1}) and bl
    (n_l, 1); A[l] = g(Z[l]), and softmax of the last. With batch norm, a hidden layer has instead of bl:
    Z~[l] = gammal (Z[l] - running_meanl) / sqrt(running_variancel + bn_epsilon) + betal, each (n_l, 1) (C15).
    """
    network, last = run.stack.network, len(run.sizes) - 1
    batch_norm = run.settings.batch_norm
    arrays = {"class_names": np.array(run.data.class_names), "feature_names": np.array(run.data.feature_names)}
    arrays |= {"input_mean": run.data.mean, "input_deviation": run.data.deviation}
    if batch_norm:
        arrays["bn_epsilon"] = np.array(run.settings.bn_epsilon, np.float32)
    for l in range(1, last + 1):
        arrays[f"W{l}"] = network.theta.W[l][0]
        if not batch_norm or l == last:
            arrays[f"b{l}"] = network.theta.b[l][0]
            continue
        arrays |= {f"gamma{l}": network.theta.gamma[l][0], f"beta{l}": network.theta.beta[l][0]}
        arrays |= {f"running_mean{l}": network.running_mean[l][0]}
        arrays |= {f"running_variance{l}": network.running_variance[l][0]}
    return write_npz(arrays)
