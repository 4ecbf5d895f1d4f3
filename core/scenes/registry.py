"""The scenes, in the order in which *next* goes through them. A new scene is one row; `benchmarks/scenes.py` checks it.

Where a nudge helps or harms was measured, not guessed: docs/scenes.md has the figures.
"""

from __future__ import annotations

from functools import lru_cache

from core.scenes.scene import Scene
from core.search.plan import Plan
from core.search.space import Range, Space
from core.settings.table import RunSpec, Settings

# fmt: off
_RACE = RunSpec(turns=8.0, noise=0.12)
_RANGES = (Range("learning_rate", 1e-4, 1.0, "log"), Range("beta1", 0.5, 0.99, "one_minus"))

_ROWS = (
    Scene(
        "spiral", "Spiral", "A spiral",
        "Press Play and watch the arms come apart. Then try 30 times the learning rate.",
        "α × 30",
        "The steps are too long: soon every ReLU gives 0, and the loss stays at ln 3, that of guessing. "
        "The dotted twin goes on without it.",
        "C7",
        RunSpec(turns=8.0, noise=0.12),
        Settings(learning_rate=0.03, optimizer="heavy_ball", batch_norm=False),
        {"learning_rate": 0.9},
        ("loss", "network", "decision_map", "activations"), speed=1, try_at=300,
    ),
    Scene(
        "fast", "Too fast", "Too fast",
        "This run learns well. Try a learning rate of 10.",
        "α from 0.1 to 10",
        "Each step overshoots by more than the last, until the loss is no longer a number: it has diverged.",
        "C4",
        RunSpec(turns=6.0, hidden=(16,) * 4, activation="leaky_relu"),
        Settings(batch_norm=False),
        {"learning_rate": 10.0},
        ("loss", "decision_map", "gradients", "outputs"), speed=1, step=100, try_at=100, horizon=300,
    ),
    Scene(
        "slow", "Too slow", "Too slow",
        "With α = 0.001 the loss hardly falls. Try 100 times as much.",
        "α × 100",
        "The loss falls at once. Good values of α lie decades apart, so look for them on a logarithmic scale.",
        "C4",
        RunSpec(turns=6.0, noise=0.12),
        Settings(learning_rate=0.001),
        {"learning_rate": 0.1},
        ("loss", "decision_map", "gradients", "outputs"), step=100, try_at=100, horizon=300,
    ),
    Scene(
        "momentum", "Momentum", "Momentum",
        "The data lie in a ravine, and without momentum the weights jump from wall to wall. Try β = 0.9.",
        "β from 0 to 0.9",
        "The average of gradients cancels the jumps from wall to wall and keeps the way along the ravine. "
        "β matters here because α is large; at a small α it changes little.",
        "C5",
        RunSpec("ravine", hidden=(16,), activation="tanh", initialization="xavier"),
        Settings(learning_rate=3.5, beta1=0.0, batch_norm=False, batch_size=640),
        {"beta1": 0.9},
        ("loss", "weight_path", "decision_map", "gradients"), step=60, try_at=60, horizon=300,
    ),
    Scene(
        "batch_norm", "Batch norm", "Batch norm to the rescue",
        "Five sigmoid layers do not learn: almost no gradient reaches the first ones. Try batch norm.",
        "batch norm on",
        "With normalized z, every layer gets a gradient, and the loss falls.",
        "C14",
        RunSpec(hidden=(16,) * 5, activation="sigmoid", initialization="xavier"),
        Settings(learning_rate=1.0, batch_norm=False),
        {"batch_norm": True},
        ("loss", "gradients", "network", "decision_map"), step=200, try_at=200,
    ),
    Scene(
        "batch_size", "Mini-batches", "Mini-batch size",
        "Mini-batches of 4 make the loss jump and lead nowhere. Try all 640 examples in each step.",
        "m from 4 to 640",
        "The gradient of all examples has no noise: the curve is smooth. But each step now costs 160 times as much.",
        "C20",
        RunSpec(turns=6.0, noise=0.1),
        Settings(learning_rate=0.5, batch_norm=False, batch_size=4),
        {"batch_size": 640},
        ("loss", "decision_map", "gradients", "outputs"), step=200, try_at=200,
    ),
    Scene(
        "decay", "Decay", "Learning-rate decay",
        "At this α the loss does not settle: the noise of the mini-batches keeps it up. Try decay.",
        "α × 0.8 an epoch",
        "With each epoch the steps get shorter, and the noise sinks with them.",
        "C20",
        RunSpec(hidden=(32, 32), activation="tanh", initialization="xavier"),
        Settings(learning_rate=0.5, batch_norm=False, batch_size=2, decay_rate=0.2),
        {"decay": "exponential"},
        ("loss", "decision_map", "outputs", "gradients"), speed=10, step=600, try_at=600, horizon=1500,
    ),
    Scene(
        "two", "Batches of 2", "Batch norm of two",
        "Of two examples, batch norm makes 1 and -1, whatever they were, so little can be learned. Try m = 64.",
        "m from 2 to 64",
        "Mean and variance of 64 examples are near those of all, and the network learns.",
        "C10",
        RunSpec(noise=0.12),
        Settings(batch_size=2),
        {"batch_size": 64},
        ("loss", "z", "statistics", "decision_map"), step=300, try_at=300,
    ),
    Scene(
        "digits", "Softmax", "Softmax on digits",
        "Press Play and watch each output turn from a guess into a decision. Try a 30th of α while it does.",
        "α ÷ 30",
        "The outputs stop where they are, undecided. The dotted twin goes on.",
        "C16",
        RunSpec("digits", hidden=(64, 32)),
        Settings(learning_rate=0.05),
        {"learning_rate": 0.05 / 30},
        ("outputs", "network", "loss", "confusion"), speed=1, try_at=40, horizon=200,
    ),
    Scene(
        "overfitting", "Overfitting", "Overfitting",
        "The loss on the training set falls, that on the dev set rises: the network learns by heart. Try weight decay.",
        "λ from 0 to 1",
        "Small weights draw smooth boundaries: the dev loss comes down.",
        "C20",
        RunSpec("moons", noise=0.4, examples=200, dev_share=0.5, hidden=(64, 64)),
        Settings(learning_rate=0.01, optimizer="adam", batch_norm=False),
        {"weight_decay": 1.0},
        ("loss", "decision_map", "network", "outputs"), step=200, try_at=200, horizon=1000,
    ),
    Scene(
        "race", "Race", "A race of 64",
        "Press Play: 64 networks train side by side, each with its own α and β. Then search near the best.",
        "zoom into the best",
        "The new models lie in the region of the best tenth.",
        "C8",
        _RACE, Settings(),
        horizon=500,
        checks="of 64 models, the median dev loss is at least twice the best",
        race=Plan(Space(_RACE, Settings(), _RANGES), "random", 64, 500),
    ),
)
# fmt: on

SCENES: dict[str, Scene] = {scene.key: scene for scene in _ROWS}
FIRST = next(iter(SCENES))


@lru_cache(maxsize=512)
def scene_of(spec: RunSpec) -> Scene | None:
    """The scene that a run of this spec belongs to, under whatever seed; None for another run."""
    return next((scene for scene in SCENES.values() if scene.is_of(spec)), None)


def beside(scene: Scene, by: int) -> Scene | None:
    """The scene `by` places after this one; None past either end."""
    keys = list(SCENES)
    at = keys.index(scene.key) + by
    return SCENES[keys[at]] if 0 <= at < len(keys) else None
