"""The PyTorch script with gaps that `torch_script` fills: the network and its training, written to be read."""

from __future__ import annotations

IMPORTS = {"import base64", "import io", "from functools import partial", "from itertools import pairwise"}
IMPORTS |= {"from typing import Any", "import numpy as np", "import torch"}
IMPORTS |= {"from torch import Tensor", "from torch import nn"}

TEMPLATE = '''"""{title}

A run of Panda as a PyTorch script; all that it needs is torch and numpy.
{losses}

It trains the same network again, from the same first weights, on the same mini-batches, with every nudge at its step.
PyTorch takes sums in another order, so that the last digits differ, and in long runs more than the last.

Change ACTIVATION, INITIALIZATION, SETTINGS, NUDGES or STEPS to see what would have happened: all that there is to
choose from is in the script, see CHOICES and RANGES.

Examples are rows, as usual in PyTorch: X (m, n_x), Z[l] = A[l-1] W[l].T + b[l], with W[l] (n_l, n_{{l-1}}).
"""

from __future__ import annotations

{imports}

{the_run}

# What is calculated


{numbers}

{steps_of_optimizers}

# What there is to choose from

ACTIVATIONS = {activations}
INITIALIZERS = {initializers}  # the deviation of the first weights
OPTIMIZERS = {optimizers}  # each with the averages that it keeps
SCHEDULES = {schedules}
{limits}


# The network, and its training


class BatchNorm(nn.Module):
    """Batch norm as in the course: biased variance, running averages that are corrected while they are young.

    (nn.BatchNorm1d keeps the unbiased variance and corrects nothing.)
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(units)), nn.Parameter(torch.zeros(units))
        self.mean, self.variance = torch.zeros(units), torch.ones(units)  # running
        self.weight = 1.0  # product of all rho so far; bias correction divides by 1 minus it

    def forward(self, Z: Tensor, now: dict[str, Any]) -> Tensor:
        """z~ = gamma (z - mu) / sqrt(var + eps) + beta, with the mini-batch's statistics or the running ones."""
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = Z.mean(dim=0), Z.var(dim=0, correction=0)
            self.average(mean.detach(), variance.detach(), now["bn_decay"])
        return self.gamma * (Z - mean) / torch.sqrt(variance + now["bn_epsilon"]) + self.beta

    def average(self, mean: Tensor, variance: Tensor, rho: float) -> None:
        """Take a mini-batch's statistics into the running averages."""
        self.weight *= rho
        part = (1 - rho) / (1 - self.weight)
        self.mean = self.mean + part * (mean - self.mean)
        self.variance = self.variance + part * (variance - self.variance)


class Network(nn.Module):
    """Linear layers; between a hidden one and its activation, batch norm while it is on."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(SEED)
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(SIZES))
        self.norms = nn.ModuleList(BatchNorm(units) for units in SIZES[1:-1])
        for layer in self.layers:
            n_out, n_in = layer.weight.shape
            W = rng.standard_normal((n_out, n_in)) * INITIALIZERS[INITIALIZATION](n_in, n_out)
            layer.weight.data, layer.bias.data = torch.tensor(W, dtype=torch.float32), torch.zeros(n_out)

    def forward(self, X: Tensor, now: dict[str, Any]) -> Tensor:
        """The last layer's Z (m, C), of which the loss takes the softmax; in batch norm b would cancel."""
        A = X
        for l, (layer, norm) in enumerate(zip(self.layers, self.norms), start=1):
            A = ACTIVATIONS[ACTIVATION](norm(A @ layer.weight.T, now) if now["batch_norm"] else layer(A))
            if self.training and now["dropout"]:
                A = A * torch.from_numpy(now["mask"](l, A.detach().numpy().T[None])[0].T)
        return self.layers[-1](A)

    def learnt(self, now: dict[str, Any]) -> list[nn.Parameter]:
        """What learns: W and b, with batch norm gamma and beta in the place of the hidden b."""
        own = self.norms.parameters() if now["bn_learn"] else []
        hidden = own if now["batch_norm"] else (layer.bias for layer in self.layers[:-1])
        return [*(layer.weight for layer in self.layers), self.layers[-1].bias, *hidden]

    @torch.no_grad()
    def switch_on(self, X: Tensor, epsilon: float) -> None:
        """Start batch norm with gamma = sqrt(var + eps) and beta = mu + b over the inputs X: the outputs stay."""
        A = X
        for layer, norm in zip(self.layers, self.norms):
            Z = A @ layer.weight.T
            norm.mean, norm.variance, norm.weight = Z.mean(dim=0), Z.var(dim=0, correction=0), 0.0
            norm.gamma.copy_(torch.sqrt(norm.variance + epsilon))
            norm.beta.copy_(norm.mean + layer.bias)
            A = ACTIVATIONS[ACTIVATION](Z + layer.bias)
            layer.bias.zero_()

    @torch.no_grad()
    def switch_off(self, epsilon: float) -> None:
        """Fold batch norm into W and b: the outputs at test time stay the same."""
        for layer, norm in zip(self.layers, self.norms):
            scale = norm.gamma / torch.sqrt(norm.variance + epsilon)
            layer.weight *= scale[:, None]
            layer.bias.copy_(norm.beta - scale * norm.mean)


class Training:
    """The state of the training: settings, the optimizer's averages, step, epoch and place in the data."""

    def __init__(self, X: Tensor, labels: Tensor) -> None:
        self.network, self.now, self.X, self.labels = Network(), dict(SETTINGS), X, labels
        self.step = self.epoch = self.cursor = self.decay_from = 0
        self.reset_moments()

    def reset_moments(self) -> None:
        self.moments = {{p: (torch.zeros_like(p), torch.zeros_like(p)) for p in self.network.parameters()}}
        self.weights = {{True: [1.0, 1.0], False: [1.0, 1.0]}}  # beta1^t and beta2^t of gamma and beta, and of the rest

    def nudge(self, changes: dict[str, Any]) -> None:
        """Change settings from the next step on, and adapt the network and the averages to them."""
        old, self.now = self.now, self.now | changes
        if old["batch_norm"] != self.now["batch_norm"]:
            if self.now["batch_norm"]:
                self.network.switch_on(self.X[:{statistics_from}], self.now["bn_epsilon"])
            else:
                self.network.switch_off(old["bn_epsilon"])
            self.reset_moments()  # the parameters have another meaning now
        elif old["optimizer"] != self.now["optimizer"]:
            sums = ["sum" in OPTIMIZERS[settings["optimizer"]][1] for settings in (old, self.now)]
            if self.now["on_switch"] == "reset" or sums[0] != sums[1]:
                self.reset_moments()  # a sum of gradients cannot go on as an average
        self.end_epoch()
        if old["decay"] != self.now["decay"]:
            self.decay_from = self.epoch

    def advance(self) -> None:
        """One step: mini-batch, forward, backward, optimizer."""
        if self.cursor == 0:
            order = np.random.default_rng([SEED, self.epoch]).permutation(len(self.X))
            self.order = torch.from_numpy(order)
        batch = self.order[self.cursor : self.cursor + self.now["batch_size"]]
        self.network.train()
        self.network.zero_grad()
        now = self.now | {{"mask": partial(Dropout([SEED], [self.now["dropout"]]).mask, self.step)}}
        nn.functional.cross_entropy(self.network(self.X[batch], now), self.labels[batch]).backward()
        self.update()
        self.step += 1
        self.cursor += len(batch)
        self.end_epoch()

    def end_epoch(self) -> None:
        """Begin the next epoch where this one has no mini-batch left."""
        least = min(self.now["batch_size"], len(self.X)) if self.now["drop_last"] else 1
        if len(self.X) - self.cursor < least:
            self.cursor, self.epoch = 0, self.epoch + 1

    @torch.no_grad()
    def update(self) -> None:
        """One step of the optimizer on every parameter that learns."""
        now, age = self.now, self.epoch - self.decay_from
        step, averages = OPTIMIZERS[now["optimizer"]]
        factor = SCHEDULES[now["decay"]](age, now["decay_rate"], now["decay_every"])
        now = now | {{"alpha": float(now["learning_rate"] * factor), "correction1": 1.0, "correction2": 1.0}}
        learnt, norms = self.network.learnt(now), set(self.network.norms.parameters())
        if now["clip_norm"] < {no_clipping}:
            nn.utils.clip_grad_norm_(learnt, now["clip_norm"])
        for layer in self.network.layers:
            layer.weight *= 1 - now["alpha"] * now["weight_decay"]
        for norm, weights in self.weights.items():
            some = [theta for theta in learnt if (theta in norms) == norm]
            for i, (average, beta) in enumerate((("m", "beta1"), ("v", "beta2"))):
                if average in averages and (some or RULES < 2):  # young gamma and beta have averages of few steps
                    weights[i] *= now[beta]
                    now[f"correction{{i + 1}}"] = 1 - weights[i] if now["bias_correction"] else 1.0
            for theta in some:
                step(theta, theta.grad, *self.moments[theta], now)

    @torch.no_grad()
    def evaluate(self, X: Tensor, labels: Tensor) -> tuple[float, float]:
        """Loss and accuracy at test time; batch norm uses its running averages."""
        self.network.eval()
        Z = self.network(X, self.now)
        most = np.inf if RULES > 1 else -np.log(np.finfo(np.float32).tiny)  # nats of an example
        loss = nn.functional.cross_entropy(Z.double(), labels, reduction="none").clamp(max=most).mean().item()
        return loss, (Z.argmax(dim=1) == labels).double().mean().item()


def examples(name: str) -> tuple[Tensor, Tensor]:
    """X (m, n_x), normalized, and labels (m,) of the "train" or the "dev" set."""
    arrays = np.load(io.BytesIO(base64.b64decode(DATA)), allow_pickle=False)
    labels = arrays[f"{{name}}_labels"].astype(np.int64)
    return torch.from_numpy(np.ascontiguousarray(arrays[f"{{name}}_X"].T)), torch.from_numpy(labels)


def main() -> Training:
    """Train with every nudge at its step, and print loss and accuracy at test time."""
    check_name("ACTIVATION", ACTIVATION, ACTIVATIONS)
    check_name("INITIALIZATION", INITIALIZATION, INITIALIZERS)
    check_settings(SETTINGS, NUDGES, CHOICES, RANGES, SEED=SEED, STEPS=STEPS)
    torch.set_num_threads(1)
    training = Training(*examples("train"))
    for step, changes in [*in_order(NUDGES, STEPS), (STEPS, {{}})]:
        while training.step < step:
            training.advance()
        training.nudge(changes)
    print(f"step {{training.step}}")
    for name in ("train", "dev"):
        loss, accuracy = training.evaluate(*examples(name))
        print(f"{{name:5}} loss {{loss:.8g}}, accuracy {{accuracy:.2%}}")
    return training


{data}

if __name__ == "__main__":
    main()
'''
