"""The worst mistakes on the dev set: wrong examples with the largest loss, or if none is wrong the least certain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts import pictures
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, layout, titled
from core.charts.names import distinct
from core.charts.numbers import X
from core.charts.palette import BLUE, VERMILLION, faded
from core.runs.run import Run

Array = np.ndarray
COUNT = 8


@dataclass(frozen=True)
class Mistakes:
    """Examples of the dev set, the worst first."""

    examples: Array  # (n,) indices into the dev set
    losses: Array  # (n,) -log of the true class's probability, nats (C19)
    said: Array  # (n,) predicted class, the likeliest
    sure: Array  # (n,) its probability
    wrong: Array  # (n,) whether the prediction is wrong


def numbers(run: Run) -> Mistakes:
    """The worst mistakes. They are right examples only if no example is wrong."""
    A, labels, losses = run.outputs("dev"), run.data.dev.labels, run.losses("dev")
    said = np.argmax(A, axis=0)
    wrong = said != labels
    there = np.flatnonzero(wrong) if wrong.any() else np.arange(labels.size)
    worst = there[np.argsort(-losses[there], kind="stable")[:COUNT]]
    return Mistakes(worst, losses[worst], said[worst], A[said[worst], worst], wrong[worst])


def skeleton(run: Run) -> go.Figure:
    """Empty bars with a text on each, and pictures beside them if the features are pixels."""
    start = 0.13 if run.data.picture else 0
    yaxis = axis(range=[COUNT - 0.5, -0.5], visible=False, fixedrange=True)
    xaxis = axis(domain=[start, 1], rangemode="tozero", title=titled("loss"))
    shape = layout("mistakes", left=8, xaxis=xaxis, yaxis=yaxis, barmode="overlay", bargap=0.15)
    traces = [_bars("wrong", VERMILLION), _bars("right", BLUE)]
    traces.append(
        go.Scatter(uid="words", x=[], y=[], text=[], mode="text", textposition="middle right", hoverinfo="skip")
    )
    if run.data.picture:
        high, wide = run.data.picture
        pixels = {"scaleanchor": "y", "scaleratio": 1 / (high + 1), "constrain": "domain", "constraintoward": "right"}
        across = {"domain": [0, start - 0.01], "range": [-0.5, wide - 0.5]}
        shape["xaxis2"] = axis(visible=False, fixedrange=True, **across, **pixels)
        traces.append(pictures.heatmap("pictures", x=[], y=[], z=[], xaxis="x2"))
    return go.Figure(traces, shape)


def _bars(uid: str, ink: str) -> go.Bar:
    style = {"color": faded(ink, 0.45), "line": {"width": 0}}
    return go.Bar(uid=uid, x=[], y=[], orientation="h", marker=style, hovertemplate=f"loss {X}<extra></extra>")


def frame(run: Run) -> Frame:
    """Bars, texts and pictures of the worst mistakes at the present step."""
    worst = numbers(run)
    places = np.arange(worst.examples.size, dtype=np.float32)
    losses = worst.losses.astype(np.float32)
    arrays: Frame = {
        "wrong.x": np.where(worst.wrong, losses, np.float32(np.nan)),
        "wrong.y": places,
        "right.x": np.where(worst.wrong, np.float32(np.nan), losses),
        "right.y": places,
        "words.x": np.zeros_like(places),
        "words.y": places,
        "words.text": words(run, worst),
    }
    if run.data.picture:
        arrays |= _tiles(run, worst.examples)
    return arrays


def words(run: Run, worst: Mistakes) -> list[str]:
    """Such as "example 17: 8, said 3 (97 %)": index in the dev set, true class, predicted class and its probability."""
    names = distinct(run.data.class_names)
    truth = run.data.dev.labels[worst.examples]
    rows = zip(worst.examples.tolist(), truth.tolist(), worst.said.tolist(), worst.sure.tolist(), strict=True)
    return [f"\u00a0example {i}: {names[c]}, said {names[said]} ({100 * p:.0f} %)" for i, c, said, p in rows]


def _tiles(run: Run, examples: Array) -> Frame:
    """Pictures on top of each other, one unit high each: `pictures.across`, transposed."""
    shown = pictures.tiles(run.data, examples)[:, ::-1].transpose(0, 2, 1)
    y, z = pictures.across(shown)
    return {"pictures.x": np.arange(len(z), dtype=np.float32), "pictures.y": y, "pictures.z": np.ascontiguousarray(z.T)}


def hint(run: Run) -> str | None:
    """What is shown instead if there are no mistakes, else None."""
    if np.array_equal(np.argmax(run.outputs("dev"), axis=0), run.data.dev.labels):
        return "No dev example is wrong: these are the least certain ones."
    return None


CHART: Chart[Run] = Chart(
    "mistakes",
    "Worst mistakes",
    "The wrong dev examples with the largest loss, or the least certain ones if none is wrong: number in the dev set, "
    "true class, predicted class and its probability.",
    skeleton,
    frame,
    applies=lambda run: run.data.n_x != 2,
    hint=hint,
    every=2,
    guide=Guide(
        "Mistakes that you would make too, and examples with a wrong label. A long bar is a confident mistake: it "
        "alone may be most of the loss.",
        ("C19",),
    ),
)
