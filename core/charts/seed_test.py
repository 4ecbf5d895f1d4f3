"""Luck or nudge? The dev loss with and without the last nudge, under other seeds: a median and two bands for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts.bands import band, outline
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import SPACE, axis, key_of, layout, line, steps_axis
from core.charts.marks import marked
from core.charts.numbers import Y
from core.charts.palette import BLUE, VERMILLION
from core.runs.run import Run

Array = np.ndarray
LEAST = 1e-8  # stands for a loss of 0, which a logarithmic axis cannot show
SIDES = {"with": (BLUE, "solid", "with the nudge"), "without": (VERMILLION, "dot", "without")}
BANDS = {"most": (0.1, 0.13), "half": (0.25, 0.2)}  # share of seeds left out at each end, opacity


@dataclass(frozen=True)
class Spread:
    """Dev losses of one side over the seeds measured so far, float32; NaN if there are none, or they diverged."""

    median: Array  # (n,)
    bands: dict[str, tuple[Array, Array]]  # lowest and highest (n,) without the outer tenths or quarters


def numbers(run: Run) -> tuple[Array, dict[str, Spread]]:
    """Steps (n,) float32 and the spread of each side. Losses that exploded are cut off."""
    if not run.seed_test:
        return np.empty(0, np.float32), {}
    sides = {"with": run.seed_test.with_, "without": run.seed_test.without}
    finite = [losses[np.isfinite(losses)] for losses in sides.values()]
    top = max((float(losses.max()) for losses in finite if losses.size), default=np.nan)
    top = min(top, run.history.ceiling(run.data.n_classes))
    return run.seed_test.steps.astype(np.float32), {name: spread(losses, top) for name, losses in sides.items()}


def spread(losses: Array, top: float) -> Spread:
    """The spread of losses (n, seeds): NaN is not measured yet; inf diverged and counts as the highest."""
    ordered = np.sort(losses, axis=1)  # NaN comes last, after inf
    last = np.sum(~np.isnan(losses), axis=1) - 1

    def at(share: float, up: bool) -> Array:
        place = np.ceil(share * last) if up else np.floor(share * last)
        return np.take_along_axis(ordered, np.maximum(place, 0).astype(int)[:, None], axis=1)[:, 0]

    median = (at(0.5, up=False) + at(0.5, up=True)) / 2
    cut = {name: (at(tail, up=False), at(1 - tail, up=True)) for name, (tail, _) in BANDS.items()}
    return Spread(
        _shown(np.where(median <= top, median, np.nan)),
        {name: (_shown(low), _shown(np.minimum(high, top))) for name, (low, high) in cut.items()},
    )


def _shown(losses: Array) -> Array:
    return np.asarray(np.maximum(losses, LEAST), np.float32)


def skeleton(run: Run) -> go.Figure:
    """Empty bands and medians, on the steps since the nudge."""
    key = key_of(SIDES.values()) + f"{SPACE}median; bands: half, most seeds"
    since = {"range": [run.seed_test.first, run.seed_test.target], "rangemode": "normal"} if run.seed_test else {}
    traces = []
    for name, (_, opacity) in BANDS.items():
        traces += [band(f"{side}_{name}", ink, opacity) for side, (ink, *_) in SIDES.items()]
    for side, (ink, dash, said) in SIDES.items():
        over = f"{said}: median {Y} at step %{{x:,}}<extra></extra>"
        traces.append(line(f"{side}_median", said, line={"color": ink, "dash": dash}, hovertemplate=over))
    return go.Figure(traces, layout("luck", key, meta={"log": True}, xaxis=steps_axis(**since), yaxis=axis()))


def frame(run: Run) -> Frame:
    """What is measured so far."""
    steps, sides = numbers(run)
    arrays: Frame = {}
    for side, found in sides.items():
        arrays |= {f"{side}_median.x": steps, f"{side}_median.y": found.median}
        for name, (low, high) in found.bands.items():
            arrays[f"{side}_{name}.x"], arrays[f"{side}_{name}.y"] = outline(steps, low, high)
    return arrays


def tested(run: Run) -> tuple[float, float]:
    """From the nudge that is tested to the last step of the test."""
    return (run.seed_test.first, run.seed_test.target) if run.seed_test else (0, run.step)


def hint(run: Run) -> str | None:
    """How much is done, and at the end the verdict in a few words."""
    if not run.seed_test:
        return None
    verdict = run.seed_test.verdict
    if not verdict:
        return f"Computing: {run.seed_test.progress:.0%} done."
    return f"{verdict.kind.capitalize()}: lower under {verdict.better} of {run.seed_test.seeds} seeds."


CHART: Chart[Run] = marked(
    Chart(
        "luck",
        "Luck or nudge?",
        "Dev loss with and without the last nudge against training steps, under other seeds: the median, and the bands "
        "that hold half and most of the seeds.",
        skeleton,
        frame,
        applies=lambda run: run.seed_test is not None,
        hint=hint,
        every=2,
        guide=Guide(
            "Bands that part: then the nudge helps or hurts under most seeds. Bands that lie on each other mean that "
            "what you saw was luck.",
            ("C6", "C7"),
        ),
    ),
    shown=tested,
)
