"""A small run for tests of what is measured of it."""

from core.settings.table import RunSpec, Settings

SPEC = RunSpec(examples=90, hidden=(6, 5), activation="tanh")
WHOLE = Settings(optimizer="sgd", batch_size=50_000)  # every mini-batch is the training set
WIDTHS = {  # with two hidden layers and three classes
    "train_loss": 1, "train_accuracy": 1, "dev_loss": 1, "dev_accuracy": 1, "learning_rate": 1,
    "z_mean": 2, "z_variance": 2, "zt_mean": 2, "zt_variance": 2, "a_mean": 2, "a_variance": 2,
    "batch_mean": 2, "batch_variance": 2, "running_mean": 2, "running_variance": 2,
    "gamma_low": 2, "gamma": 2, "gamma_high": 2, "shift_low": 2, "shift": 2, "shift_high": 2,
    "gradient_norm": 3, "update_ratio": 3, "mean_output": 3,
    "total_norm": 1,
}  # fmt: skip


def latest(run):
    """The newest value of every column."""
    return {name: run.history.column(name)[-1].astype(float) for name in WIDTHS}
