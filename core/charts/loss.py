"""The losses of mini-batches, training set and dev set against steps, with a mark at every nudge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts import cut, twin
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, key_of, layout, line, steps_axis
from core.charts.marks import marked
from core.charts.palette import BLUE, GREEN, SKY, VERMILLION, faded
from core.charts.thinning import grouped, thinned
from core.runs.run import Run

Array = np.ndarray
SAID = {"average": "mini-batches, averaged", "train": "train set", "dev": "dev set"}
KEY = {"average": "averaged", "train": "train", "dev": "dev"}
INK = {"average": BLUE, "train": GREEN, "dev": VERMILLION}
DASH = {"average": "solid", "train": "dash", "dev": "dashdot"}
EARLY = 10  # steps before which the axis of losses goes down to 0: so few losses differ by next to nothing
LEAST = 1e-8  # stands for a loss of 0, which a logarithmic axis cannot show


@dataclass(frozen=True)
class Losses:
    """What was measured: costs J in nats, float32, at most 129 points a line (C19)."""

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
    entries = [(INK[name], DASH[name], said) for name, said in KEY.items()]
    key = key_of([(SKY, "solid", "mini-batch"), *entries]) + twin.key(run)
    shape = layout(
        "loss",
        key,
        meta={"log": True, "steps": True, "smooth": ["average", "twin_average"]},
        xaxis=steps_axis(),
        yaxis=axis(),
    )
    ends = {"color": [GREEN, VERMILLION], "symbol": ["circle", "diamond"], "size": 6}
    dotted, thin = SAID if run.twin else {}, {"color": faded(SKY, 0.75), "width": 1}
    traces = [
        line("raw", "each mini-batch", line=thin, hoverinfo="skip", hovertemplate=None),
        *(line(f"twin_{name}", f"twin: {said}", line=twin.style(INK[name])) for name, said in dotted.items()),
        line("train", "train set", line={"color": GREEN, "dash": "dash"}),
        line("dev", "dev set", line={"color": VERMILLION, "dash": "dashdot"}),
        line("average", SAID["average"], line={"color": BLUE, "width": 2.5}),
        go.Scatter(uid="now", x=[], y=[], mode="markers", marker=ends, cliponaxis=False, hoverinfo="skip"),
        cut.arrows(),
        line("floor", "", hoverinfo="skip", hovertemplate=None),  # one point, so it is not seen
    ]
    return go.Figure(traces, shape)


def frame(run: Run) -> Frame:
    """The lines at the present step, up to the height at which they are cut off."""
    losses, top = numbers(run), run.history.ceiling(run.data.n_classes)
    lines = {name: (losses.measured, getattr(losses, name)) for name in ("train", "dev")}
    lines |= {"average": (losses.steps, losses.average)}
    lines |= {f"twin_{name}": xy for name, xy in twin_numbers(run).items()}
    ends = np.concatenate([losses.train[-1:], losses.dev[-1:]])
    found = cut.peaks([(losses.steps, losses.high), lines["train"], lines["dev"], _broken(run)], top, run.step)
    arrays: Frame = {
        "raw.x": np.repeat(losses.steps, 2),
        "raw.y": _zigzag(*cut.band(losses.low, losses.high, top)),
        "now.x": np.repeat(losses.measured[-1:], 2),
        "now.y": np.where(ends > top, np.float32(np.nan), ends),
        "floor.x": np.zeros(1, np.float32),
        "floor.y": np.full(1, 0 if run.step < EARLY else np.nan, np.float32),
    }
    for uid, (x, y) in lines.items():
        arrays[f"{uid}.x"], arrays[f"{uid}.y"] = cut.cut(x, y, top)
    return arrays | cut.arrows_at(found, run.step)


def _broken(run: Run) -> tuple[Array, Array]:
    """The next loss of a run that stopped because it is no finite number, as a line of one point; else of none."""
    steps = np.array([run.step] if run.trouble else [], np.float32)
    return steps, np.full_like(steps, np.inf)


def _zigzag(low: Array, high: Array) -> Array:
    """low, high, high, low, low, high, ... (2 n,): as a line it fills the space between `low` and `high` (n,)."""
    pairs = np.stack([low, high], axis=1)
    pairs[1::2] = pairs[1::2, ::-1]
    return pairs.reshape(-1)


def of_mini_batches(run: Run) -> str:
    """How the losses of mini-batches differ from the others."""
    dropout = " Only mini-batches have dropout." if run.settings.dropout else ""
    return f"A mini-batch's loss is from before its update.{dropout}"


CHART: Chart[Run] = marked(
    Chart(
        "loss",
        "Loss",
        "Cost of the mini-batches, each before its own update, and their average, of the training set and of the dev "
        "set, against training steps, with a line at every nudge.",
        skeleton,
        frame,
        hint=of_mini_batches,
        guide=Guide(
            "A line that falls. If the mini-batches jump about, α or the mini-batch size is the reason. If the dev set "
            "rises while the training set falls, the network overfits. If all rise, α is too large: what leaves the "
            "top is cut off, and its number stands there.",
            ("C19", "C7", "C20"),
        ),
    )
)
