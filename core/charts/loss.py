"""The losses of mini-batches, training set and dev set against steps, with a mark at every nudge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts import twin
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, key_of, layout, line, steps_axis
from core.charts.marks import marked
from core.charts.palette import BLUE, GREEN, VERMILLION, faded
from core.charts.thinning import grouped, thinned
from core.runs.run import Run

Array = np.ndarray
SAID = {"average": "mini-batch", "train": "train set", "dev": "dev set"}
INK = {"average": BLUE, "train": GREEN, "dev": VERMILLION}
DASH = {"average": "solid", "train": "dash", "dev": "dashdot"}
LEAST = 1e-8  # stands for a loss of 0, which a logarithmic axis cannot show


@dataclass(frozen=True)
class Losses:
    """What the chart draws: costs J in nats, float32, at most 129 points a line (C19)."""

    steps: Array  # (n,) last step of each bin of mini-batches
    low: Array  # (n,) least loss of a mini-batch in the bin
    high: Array  # (n,) greatest
    average: Array  # (n,) exponentially weighted average at the end of the bin
    measured: Array  # (k,) steps at which the sets were measured
    train: Array  # (k,)
    dev: Array  # (k,)


def numbers(run: Run) -> Losses:
    """The losses of a run, from its start to its present step."""
    trace, history = run.history.losses, run.history
    ends, low, high = grouped(trace.low, trace.high)
    at = thinned(history.steps.size)
    sets = (history.column(name)[at, 0] for name in ("train_loss", "dev_loss"))
    columns = (trace.steps[ends], _floored(low), _floored(high), _floored(trace.average[ends]), history.steps[at])
    return Losses(*(np.asarray(column, np.float32) for column in (*columns, *map(_floored, sets))))


def twin_numbers(run: Run) -> dict[str, tuple[Array, Array]]:
    """The twin's steps and losses, float32, by line ("average", "train", "dev"), since it diverged from the run."""
    if not run.twin:
        return {}
    trace, history = run.twin.history.losses, run.twin.history
    ends, at = twin.since(run, trace.steps, 3), twin.since(run, history.steps, 3)
    lines = {"average": (trace.steps[ends], trace.average[ends])}
    for name in ("train", "dev"):
        lines[name] = history.steps[at], history.column(f"{name}_loss")[at, 0]
    return {
        name: (steps.astype(np.float32), _floored(losses).astype(np.float32)) for name, (steps, losses) in lines.items()
    }


def _floored(losses: Array) -> Array:
    return np.asarray(np.maximum(losses, LEAST))


def skeleton(run: Run) -> go.Figure:
    """Empty lines, marks and labels."""
    key = key_of((INK[name], DASH[name], said) for name, said in SAID.items()) + twin.key(run)
    shape = layout(
        "loss",
        key,
        meta={"log": True, "steps": True, "smooth": ["average", "twin_average"]},
        xaxis=steps_axis(),
        yaxis=axis(),
    )
    ends = {"color": [GREEN, VERMILLION], "symbol": ["circle", "diamond"], "size": 6}
    dotted = SAID if run.twin else {}
    traces = [
        line("raw", "mini-batch", line={"color": faded(BLUE, 0.45), "width": 1}, hoverinfo="skip", hovertemplate=None),
        *(line(f"twin_{name}", f"twin: {said}", line=twin.style(INK[name])) for name, said in dotted.items()),
        line("train", "train set", line={"color": GREEN, "dash": "dash"}),
        line("dev", "dev set", line={"color": VERMILLION, "dash": "dashdot"}),
        line("average", "mini-batch, averaged", line={"color": BLUE, "width": 2.5}),
        go.Scatter(uid="now", x=[], y=[], mode="markers", marker=ends, cliponaxis=False, hoverinfo="skip"),
    ]
    return go.Figure(traces, shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    losses = numbers(run)
    arrays = {f"twin_{name}": xy for name, xy in twin_numbers(run).items()}
    return {
        **{f"{uid}.{way}": values for uid, xy in arrays.items() for way, values in zip("xy", xy, strict=True)},
        "raw.x": np.repeat(losses.steps, 2),
        "raw.y": _zigzag(losses.low, losses.high),
        "average.x": losses.steps,
        "average.y": losses.average,
        "train.x": losses.measured,
        "train.y": losses.train,
        "dev.x": losses.measured,
        "dev.y": losses.dev,
        "now.x": np.repeat(losses.measured[-1:], 2),
        "now.y": np.concatenate([losses.train[-1:], losses.dev[-1:]]),
    }


def _zigzag(low: Array, high: Array) -> Array:
    """low, high, high, low, low, high, ... (2 n,): as a line it fills the space between `low` and `high` (n,)."""
    pairs = np.stack([low, high], axis=1)
    pairs[1::2] = pairs[1::2, ::-1]
    return pairs.reshape(-1)


def under_dropout(run: Run) -> str | None:
    """Which of the losses are those of a network with dropout, or None without it."""
    return "Only mini-batches have dropout." if run.settings.dropout else None


CHART: Chart[Run] = marked(
    Chart(
        "loss",
        "Loss",
        "Cost of the mini-batches and its average, of the training set and of the dev set, against training steps, "
        "with a line at every nudge.",
        skeleton,
        frame,
        hint=under_dropout,
        guide=Guide(
            "A line that falls. If the mini-batches jump about, α or the mini-batch size is the reason. If the dev set "
            "rises while the training set falls, the network overfits. If all rise, α is too large: what leaves the top "
            "is cut off, and its number stands there.",
            ("C19", "C7", "C20"),
        ),
    )
)
