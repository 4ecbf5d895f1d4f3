"""One frame: train a slice, measure, pack, in the one worker thread of the process, first come first served."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from core.charts import CHARTS, Chart, charts_of
from core.charts.labs.side_by_side import SIDE_CHARTS
from core.charts.marks import label, newest
from core.charts.packet import pack
from core.charts.searches import SEARCH_CHARTS
from core.charts.searches.regions import region_words
from core.charts.seed_test import hint as luck
from core.labs.side_by_side import SHORT
from core.runs.helped import helped
from core.runs.journal import Gesture
from core.runs.notices import decay_words, notices, seed_test_words
from core.runs.run import Run
from core.runs.wrong import wrong
from core.scenes.registry import scene_of
from core.search.search import Search
from core.search.space import Range
from core.search.view import short
from core.sessions.lab_session import LabSession
from core.sessions.run_session import RunSession
from core.sessions.search_session import SearchSession
from core.settings.table import SETTINGS

SLICE_SECONDS = 0.030
LEAST_SECONDS = 0.004
LEADERS = 10  # models in the list of the best
ROUND_SECONDS = 0.120  # what one turn of all who wait may take together

WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="panda-train")


def warm_up() -> None:
    """Draw a default run once, so that modules loaded at first use do not delay the first visitor."""
    run = Run()
    for chart in charts_of(run).values():
        chart.skeleton(run).to_json()
        chart.frame(run)


class Meter:
    """Seconds spent on frames, by activity. For benchmarks; cheap enough to be always on."""

    def __init__(self) -> None:
        self.frames, self.training, self.other = 0, 0.0, 0.0


METER = Meter()


def budget(waiting: int) -> float:
    """Seconds that one frame may train while `waiting` frames are asked for."""
    return min(SLICE_SECONDS, max(LEAST_SECONDS, ROUND_SECONDS / max(1, waiting)))


def make_frame(
    opened: RunSession | SearchSession | LabSession,
    viewer: object,
    charts: list[str],
    seq: int,
    waiting: Callable[[], int],
) -> tuple[bytes, Future[None] | None]:
    """Train if this viewer drives; then the status and the arrays of the asked charts as one packet, and what must be
    in the store before it is shown. `waiting()` frames are asked for now, this one among them."""
    start = time.perf_counter()
    with opened.lock:
        opened.answer()
        shows = KINDS[type(opened)]
        while opened.due_to(viewer) and opened.train(viewer, budget(waiting())):
            if waiting() > 1 or time.perf_counter() - start > shows.alone:
                break
        trained = time.perf_counter()
        seen = opened.as_seen(getattr(viewer, "sight", None))
        shown = seen.shown
        header = {"type": "frame", "seq": seq, "version": opened.version, "status": shows.say(seen)}
        chosen = [chart for name in charts if (chart := shows.charts.get(name)) and chart.applies(shown)]
        packet = pack(header, {chart.name: chart.frame(shown) for chart in chosen})
        saving = opened.saving  # before another thread takes back what could not be saved
    METER.frames += 1
    METER.training += trained - start
    METER.other += time.perf_counter() - trained
    return packet, saving


def status(opened: RunSession) -> dict[str, Any]:
    """What is true now of the run, or of the step that is looked at, beside its charts."""
    run, head, pacing = opened.shown, opened.run, opened.pacing
    found = helped(head)
    replay = opened.timeline.replays.first
    history, examples, nudges = run.history, run.data.train.labels.size, newest(head.journal)
    return {
        "step": run.step,
        "epoch": run.epoch,
        "examples": [run.stack.state.cursor, examples],
        "playing": pacing.playing,
        "speed": pacing.speed,
        "stop": stop_row(opened),
        "rate": pacing.rate if pacing.playing else None,
        "loss": history.losses.latest,
        **{name: history.latest(name) for name in ("train_loss", "train_accuracy", "dev_loss", "dev_accuracy")},
        "learning_rate": run.learning_rate,
        "settings": asdict(run.settings),
        "since": run.since,
        "head": head.step,
        "marks": [gesture.step for gesture in nudges],
        "nudge": last_nudge(nudges, run.step),
        "looking": opened.timeline.view is not None,
        "catching_up": replay.step if replay else None,
        "watch": watched(opened),
        "helped": asdict(found) | {"luck": luck(head)} if found else None,
        "words": {"twin": found.sentence if found else "", "luck": seed_test_words(head), "decay": decay_words(run)},
        "idle": {field.name: words for field in SETTINGS if (words := field.idle(run.settings))},
        "notices": [*filter(None, [opened.recording.state.unsaved, opened.said, pacing.said]), *notices(run)],
        "wrong": wrong_row(run),
        "hints": {chart.name: words for chart in charts_of(run).values() if (words := chart.hint(run))},
    }


def last_nudge(nudges: list[Gesture], step: int) -> dict[str, Any] | None:
    """The last nudge that was made up to `step`: its step, and its new value as the charts' marks say it."""
    made = next((gesture for gesture in reversed(nudges) if gesture.step <= step), None)
    return {"step": made.step, "text": label(made)} if made else None


def stop_row(opened: RunSession) -> dict[str, Any] | None:
    """Where the run will pause by itself, and how far it is on its way."""
    stop = opened.pacing.stop
    return {"by": stop.by, "at": stop.at, "share": stop.share(opened.shown)} if stop else None


def watched(opened: RunSession) -> dict[str, Any]:
    """What panels of the page depend on, beside the settings: where it changes, they are drawn anew."""
    run, recorder, scene = opened.run, opened.recorder, scene_of(opened.run.spec)
    return {
        "nudges": len(run.journal),
        "line": recorder.line if recorder else "",
        "twin": opened.shown.twin is not None,
        "tried": bool(scene and scene.tried(opened.shown.settings)),
        "luck": run.seed_test is not None,
        "pending": opened.timeline.pending,
    }


def wrong_row(run: Run) -> dict[str, Any] | None:
    """What has gone wrong and why, more on it, and the words of the button that repairs it."""
    found = wrong(run)
    if not found:
        return None
    more = run.trouble.sentence if run.trouble else ""
    return {"sentence": found.sentence, "more": more, "repair": found.repair.words}


def search_status(opened: SearchSession) -> dict[str, Any]:
    """What is true now of a search, beside its charts."""
    search, shown, viewing = opened.search, opened.shown, opened.viewing
    states = Counter(trial.state for trial in search.trials)
    best = opened.best(LEADERS)
    contest, unsaved = opened.contest, opened.recording.state.unsaved
    whole = contest if contest and not contest.done else search
    return {
        "playing": opened.playing,
        "done": whole.done,
        "progress": whole.progress,
        "rate": whole.rate if opened.playing else None,
        "left": whole.left if opened.playing else None,
        "states": states,
        "models": len(search.trials),
        "best": search.trials[best[0]].loss if best else None,
        "leaders": [leader(search, number) for number in best],
        "picked": None if viewing.picked is None else leader(search, viewing.picked),
        "settings": {},
        "watch": {"generation": viewing.generation, "generations": len(opened.generations), "done": search.done,
                  "picked": viewing.picked, "region": region_words(shown), "whole": viewing.whole,
                  "finished": opened.training.finished},
        "selected": bool(viewing.region),
        "stoppable": opened.recording.started and not opened.training.done,
        "hints": {chart.name: words for chart in SEARCH_CHARTS.values() if (words := chart.hint(shown))},
        "step": int(max(trial.step for trial in search.trials)),
        "words": {"contest": contest.words if contest else ""},
        "notices": [*filter(None, [unsaved, opened.training.said, getattr(whole, "notice", "")])],
    }  # fmt: skip


def leader(search: Search, number: int) -> dict[str, Any]:
    """A model in a list."""
    trial = search.trials[number]
    words = ", ".join(
        f"{one.field.symbol or one.field.label} {said(one, trial.point)}" for one in search.plan.space.ranges
    )
    return {"number": number, "loss": trial.loss, "accuracy": trial.accuracy, "state": trial.state, "words": words}


def said(searched: Range, point: dict[str, Any]) -> str:
    """A point's value of a setting, in few signs."""
    value = point[searched.name]
    return short(value) if isinstance(value, float) else searched.field.word(value)


def side_status(opened: LabSession) -> dict[str, Any]:
    """What is true now of three networks that train side by side, beside their charts."""
    trained, shown = opened.trained, opened.shown
    return {
        "playing": opened.playing,
        "done": trained.done,
        "step": trained.step,
        "names": SHORT,
        "losses": [net.losses.latest for net in trained.nets],
        "settings": {},
        "watch": {"rests_at": opened.rests_at},
        "hints": {chart.name: words for chart in SIDE_CHARTS.values() if (words := chart.hint(shown))},
    }


@dataclass(frozen=True)
class Kind:
    """Something that can be looked at live: its charts, what a frame says beside them, and for how many seconds one
    frame may train it while nobody else waits."""

    charts: Mapping[str, Chart[Any]]
    say: Callable[[Any], dict[str, Any]]
    alone: float = 0.0


# A search is watched rather than steered: its charts take as long to draw, and the models wait for no finger.
KINDS: dict[type, Kind] = {
    RunSession: Kind(CHARTS, status),
    SearchSession: Kind(SEARCH_CHARTS, search_status, alone=0.060),
    LabSession: Kind(SIDE_CHARTS, side_status),
}
