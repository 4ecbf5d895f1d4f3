"""One frame: train a slice, measure, pack, in the one worker thread of the process, first come first served."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from core.charts import CHARTS, charts_of
from core.charts.marks import newest
from core.charts.packet import pack
from core.notices import luck_words, notices, twin_words
from core.open_runs import OpenRun
from core.run import Run
from core.settings import SETTINGS

SLICE_SECONDS = 0.030
LEAST_SECONDS = 0.004
ROUND_SECONDS = 0.120  # what one turn of all who wait may take together

WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="panda-train")


def warm_up() -> None:
    """Draw a default run once, so that the first visitor does not wait for what is loaded at first use."""
    run = Run()
    for chart in charts_of(run).values():
        chart.skeleton(run).to_json()
        chart.frame(run)


class Meter:
    """Seconds spent on frames, by what they were spent on; for benchmarks, and cheap enough to stay on."""

    def __init__(self) -> None:
        self.frames, self.training, self.other = 0, 0.0, 0.0


METER = Meter()


def budget(waiting: int) -> float:
    """Seconds that one frame may train while `waiting` frames are asked for."""
    return min(SLICE_SECONDS, max(LEAST_SECONDS, ROUND_SECONDS / max(1, waiting)))


def make_frame(
    opened: OpenRun, viewer: object, charts: list[str], seq: int, waiting: int
) -> tuple[bytes, Future[None] | None]:
    """Train if this viewer drives; then the status and the arrays of the asked charts as one packet, and what must be
    in the store before it is shown."""
    start = time.perf_counter()
    with opened.lock:
        opened.answer()
        if opened.due_to(viewer):
            opened.train(viewer, budget(waiting))
        trained = time.perf_counter()
        run = opened.shown
        header = {"type": "frame", "seq": seq, "version": opened.version, "status": status(opened)}
        chosen = [CHARTS[name] for name in charts if name in CHARTS and CHARTS[name].applies(run)]
        packet = pack(header, {chart.name: chart.frame(run) for chart in chosen})
    METER.frames += 1
    METER.training += trained - start
    METER.other += time.perf_counter() - trained
    return packet, opened.saving


def status(opened: OpenRun) -> dict[str, Any]:
    """What is true now of the run, or of the step that is looked at, beside its charts."""
    run, head = opened.shown, opened.run
    history, examples = run.history, run.data.train.labels.size
    return {
        "step": run.step,
        "epoch": run.epoch,
        "examples": [run.stack.state.cursor, examples],
        "playing": opened.playing,
        "speed": opened.speed,
        "stop_at": opened.stop_at,
        "rate": opened.rate if opened.playing else None,
        "loss": history.losses.latest,
        **{name: history.latest(name) for name in ("train_loss", "train_accuracy", "dev_loss", "dev_accuracy")},
        "learning_rate": run.learning_rate,
        "settings": asdict(run.settings),
        "since": run.since,
        "head": head.step,
        "marks": [gesture.step for gesture in newest(head.journal)],
        "looking": opened.view is not None,
        "catching_up": opened.catching_up.step if opened.catching_up else None,
        "watch": watched(opened),
        "words": {"twin": twin_words(head), "luck": luck_words(head)},
        "idle": {field.name: words for field in SETTINGS if (words := field.idle(run.settings))},
        "notices": [*filter(None, [opened.unsaved, opened.said]), *notices(run)],
        "trouble": trouble(run),
        "hints": {chart.name: words for chart in charts_of(run).values() if (words := chart.hint(run))},
    }


def watched(opened: OpenRun) -> dict[str, Any]:
    """What panels of the page depend on, beside the settings: where it changes, they are drawn anew."""
    run, keeper = opened.run, opened.keeper
    return {
        "nudges": len(run.journal),
        "line": keeper.line if keeper else "",
        "ghost": opened.shown.ghost is not None,
        "luck": run.luck is not None,
        "settled": opened.settled,
    }


def trouble(run: Run) -> dict[str, Any] | None:
    """The sentence, and where one can go back to: just before, and before the nudge after which it began."""
    if not run.trouble:
        return None
    gesture = run.trouble.gesture
    return {
        "sentence": run.trouble.sentence,
        "step": max(0, run.trouble.step - 1),
        "before_nudge": gesture.first if gesture else None,
    }
