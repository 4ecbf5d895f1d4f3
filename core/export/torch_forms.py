"""The activations and optimizers as PyTorch source, for the PyTorch script; each dict is by the name of the row."""

from __future__ import annotations

ACTIVATION_FORMS = {
    "relu": "torch.relu",
    "leaky_relu": "lambda Z: nn.functional.leaky_relu(Z, 0.01)",
    "tanh": "torch.tanh",
    "sigmoid": "torch.sigmoid",
}

# `now` has the settings, alpha after decay, and the corrections 1 - beta^t of young averages, or 1.
STEP_FORMS = {
    "sgd": '''
def sgd(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """theta -= alpha g."""
    theta -= now["alpha"] * g
''',
    "momentum": '''
def momentum(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """m = beta1 m + (1 - beta1) g; theta -= alpha m^ (torch.optim.SGD has no factor 1 - beta1)."""
    m += (1 - now["beta1"]) * (g - m)
    theta -= now["alpha"] / now["correction1"] * m
''',
    "heavy_ball": '''
def heavy_ball(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """m = beta1 m + g; theta -= alpha m, as in torch.optim.SGD."""
    m.mul_(now["beta1"]).add_(g)
    theta -= now["alpha"] * m
''',
    "nesterov": '''
def nesterov(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """m as in momentum; theta -= alpha (beta1 m + (1 - beta1) g), both corrected as m is."""
    m += (1 - now["beta1"]) * (g - m)
    theta -= now["alpha"] / now["correction1"] * (m + (1 - now["beta1"]) * (g - m))
''',
    "rmsprop": '''
def rmsprop(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """v = beta2 v + (1 - beta2) g^2; theta -= alpha g / (sqrt(v^) + eps)."""
    v += (1 - now["beta2"]) * (g * g - v)
    theta -= now["alpha"] * g / (torch.sqrt(v / now["correction2"]) + now["epsilon"])
''',
    "adam": '''
def adam(theta: Tensor, g: Tensor, m: Tensor, v: Tensor, now: dict[str, Any]) -> None:
    """m and v as in momentum and RMSprop; theta -= alpha m^ / (sqrt(v^) + eps)."""
    m += (1 - now["beta1"]) * (g - m)
    v += (1 - now["beta2"]) * (g * g - v)
    theta -= now["alpha"] / now["correction1"] * m / (torch.sqrt(v / now["correction2"]) + now["epsilon"])
''',
}
