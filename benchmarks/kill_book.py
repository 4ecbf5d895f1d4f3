"""What was asked of a run that is killed again and again, what frames acknowledged of it, and what its file then holds.

Every nudge has a learning rate of its own, so that each is known again in the journal. The file is read by SQLite
itself, not by the code that wrote it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIRST_RATE, APART = 0.02, 1e-6


@dataclass(frozen=True)
class Line:
    """A line of the run as the file has it: the recorded step, and (step, learning rate) of every nudge in order."""

    parent: str | None
    step: int
    nudges: tuple[tuple[int, float], ...]


@dataclass
class Book:
    """What was sent and what was acknowledged, over all lives of the server; nudges are numbered as they were sent."""

    rates: list[float] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)  # sentences of the server that no nudge asked for
    first: int = 0  # the first nudge of this life
    leaving: str | None = None  # the line that the run was asked to leave, until a frame shows another
    shown: dict[str, Any] = field(default_factory=dict)  # the last status of the run where it stands
    steps: list[tuple[float, int]] = field(default_factory=list)  # (seconds, step) of frames: of this life and line

    def new_life(self) -> None:
        """The server was started again: what was asked before and not acknowledged stays open for ever."""
        self.first, self.leaving, self.steps = len(self.rates), None, []

    def next_rate(self) -> float:
        """The learning rate of the next nudge."""
        self.rates.append(round(FIRST_RATE + APART * len(self.rates), 9))
        return self.rates[-1]

    def number(self, rate: float) -> int:
        """Which nudge set this learning rate; -1 where none did."""
        number = round((rate - FIRST_RATE) / APART)
        return number if 0 <= number < len(self.rates) and self.rates[number] == rate else -1

    def take(self, status: dict[str, Any], now: float) -> None:
        """A frame acknowledges all nudges of this life up to the one that it shows: none overtakes another."""
        last = self.number(status["settings"]["learning_rate"])
        self.acknowledged.update(set(range(self.first, last + 1)) - self.refused)
        if status["looking"] or status["catching_up"] is not None:
            return
        line = status["watch"]["line"]
        if line != self.leaving:
            self.leaving = None
        if self.shown and line != self.shown["watch"]["line"]:
            self.steps = []
        self.shown = status
        self.steps.append((now, status["head"]))

    def refuse(self, sentence: str, number: int | None) -> None:
        """The server refused the nudge of this number, or something else."""
        if number is None:
            self.said.append(sentence)
        else:
            self.refused.add(number)


@dataclass(frozen=True)
class Verdict:
    """Numbers of the acknowledged nudges that no line has, and of those made twice; how many rates nobody sent."""

    lost: set[int]
    doubled: set[int]
    unknown: int
    disordered: int


def judge(book: Book, lines: Mapping[str, Line]) -> Verdict:
    """Whether each acknowledged nudge was made exactly once: a branch repeats what it shares with its parent."""
    made: Counter[int] = Counter()
    disordered = 0
    for line in lines.values():
        numbers = [book.number(rate) for _, rate in line.nudges]
        disordered += sum(b <= a for a, b in zip(numbers, numbers[1:], strict=False))
        made.update(numbers[_shared(line, lines) :])
    twice = {number for number, count in made.items() if count > 1 and number >= 0}
    return Verdict(book.acknowledged - made.keys(), twice, made[-1], disordered)


def _shared(line: Line, lines: Mapping[str, Line]) -> int:
    """How many nudges a line has from its parent."""
    before = lines[line.parent].nudges if line.parent in lines else ()
    pairs = zip(line.nudges, before, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(line.nudges), len(before)))


def faults_of_reopening(book: Book, status: Mapping[str, Any], lines: Mapping[str, Line]) -> list[str]:
    """What is wrong with a run as it was found again; `status` is that of its first whole frame."""
    line, faults = lines[status["watch"]["line"]], []
    last = line.nudges[-1][0] if line.nudges else 0
    if status["step"] < max(line.step, last):
        faults.append(f"It stands at step {status['step']}, before the recorded {line.step} or its last nudge {last}.")
    if status["watch"]["nudges"] != len(line.nudges):
        faults.append(f"It has {status['watch']['nudges']} nudges, its line in the file {len(line.nudges)}.")
    if status["playing"]:
        faults.append("It plays, and nobody asked for that.")
    if not book.shown or book.leaving:
        return faults
    if status["watch"]["line"] != book.shown["watch"]["line"]:
        faults.append("Another line is in hand than the one that was shown last.")
    if book.number(status["settings"]["learning_rate"]) < book.number(book.shown["settings"]["learning_rate"]):
        faults.append("Its learning rate is older than the one that was shown last.")
    return faults


def lost_play(book: Book, step: int) -> tuple[int, float]:
    """Steps that were shown and are gone in a run that reopened at `step`, and the seconds in which they were made."""
    if book.leaving or not book.steps:
        return 0, 0.0
    (end, last) = book.steps[-1]
    beyond = next((now for now, at in book.steps if at > step), end)
    return max(0, last - step), end - beyond


def lines_of(path: Path, run: str) -> dict[str, Line]:
    """The lines of a run in the file."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT id, parent, step, source, shared FROM lines WHERE run = ?", (run,)).fetchall()
        query = "SELECT place, nudge FROM nudges WHERE line = ?"
        own = {line: dict(db.execute(query, (line,)).fetchall()) for line, *_ in rows}
    origin = {line: (source, shared) for line, _, _, source, shared in rows}

    def whole(line: str) -> dict[int, str]:
        """All nudges of a line by place: those that it shares with its source, and its own."""
        source, shared = origin[line]
        first = {place: nudge for place, nudge in whole(source).items() if place < shared} if shared else {}
        return first | own[line]

    made = {line: [json.loads(nudge) for _, nudge in sorted(whole(line).items())] for line in own}
    rates = {line: tuple((n["step"], n["changes"]["learning_rate"][1]) for n in rows) for line, rows in made.items()}
    return {line: Line(parent, step, rates[line]) for line, parent, step, *_ in rows}


def quick_check(path: Path) -> str:
    """SQLite's own verdict on the file: "ok" where it is sound."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA quick_check").fetchone()[0]
