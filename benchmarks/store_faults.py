"""Brings 40 faults upon the store of a real server and looks at what people see.

`python -m benchmarks.store_faults [PART OF A NAME]`. For each fault a server is started as the README starts it. Faults
of a running server come while somebody nudges a run over the live channel; then a new visitor opens every page. Counted
are tracebacks on screen, and nudges that a frame shows and the file does not have. Exit code 1 where there is any.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.kill import ask_for_frame, prepare, say
from benchmarks.kill_book import lines_of
from benchmarks.live_process import APP, ROOT, server
from benchmarks.page_session import PAGES, visit
from benchmarks.store_fault_kinds import BEFORE, REFUSED, RUNNING, Fault
from core.charts.packet import unpack
from core.store import key_of, new_token

RATE, LATER = 0.0123, 0.0321  # of the nudge before the fault, and of the one during it
WATCHED = 7.5  # seconds for which the nudge is looked for: longer than a write waits for a lock


@dataclass
class Outcome:
    """What came of a fault."""

    name: str
    tracebacks: list[str] = field(default_factory=list)  # on screen
    errors: int = 0  # pages that say a sentence
    unfinished: int = 0  # pages that never came
    shown: bool = False  # whether a frame showed the nudge
    stored: bool = False  # whether the file has it
    said: str = ""  # the first sentence about it
    logged: int = 0  # tracebacks in the server's log

    @property
    def bad(self) -> bool:
        """Whether it fell short of what is asked."""
        return bool(self.tracebacks) or (self.shown and not self.stored) or bool(self.unfinished) or not self.said


def nudge(socket: ClientConnection, rate: float) -> None:
    """Set the learning rate."""
    say(socket, type="nudge", changes={"learning_rate": rate}, gesture=0, id=1)


def watch(socket: ClientConnection, rate: float, seconds: float) -> tuple[bool, str]:
    """Whether a frame shows this learning rate, and the first sentence that the channel says, within some seconds."""
    shown, said, deadline = False, "", time.monotonic() + seconds
    with contextlib.suppress(TimeoutError, ConnectionClosed):
        ask_for_frame(socket)
        while (left := deadline - time.monotonic()) > 0:
            message = socket.recv(timeout=left)
            if isinstance(message, str):
                said = said or json.loads(message).get("sentence", "")
                continue
            status = unpack(message)[0]["status"]
            shown = shown or status["settings"]["learning_rate"] == rate
            said = said or next(iter(status["notices"]), "")
            if shown and not said:
                return shown, said
            ask_for_frame(socket)
    return shown, said


def has(path: Path, run: str, rate: float) -> bool:
    """Whether the file has a nudge to this learning rate."""
    with contextlib.suppress(Exception):
        return any(made == rate for line in lines_of(path, run).values() for _, made in line.nudges)
    return False


def look(outcome: Outcome, port: int) -> None:
    """Open every page as a new visitor."""
    for page in PAGES:
        seen = visit(port, page)
        outcome.tracebacks += seen.tracebacks
        outcome.errors += bool(seen.errors)
        outcome.unfinished += not seen.finished
        outcome.said = outcome.said or next(iter(seen.errors), "")


def running(fault: Fault, folder: Path) -> Outcome:
    """The fault comes while a run is nudged."""
    outcome, owner, path = Outcome(fault.name), new_token(), folder / "store" / "panda.db"
    path.parent.mkdir()
    run = prepare(path, owner)
    with server(APP, path, log=folder / "log") as it, contextlib.ExitStack() as lifted:
        with connect(f"ws://127.0.0.1:{it.port}/live/{key_of(owner, run)}", max_size=None) as socket:
            nudge(socket, RATE)
            assert watch(socket, RATE, 20)[0]
            lifted.enter_context(fault.brought(path, it.pid))
            say(socket, type="play")
            nudge(socket, LATER)
            outcome.shown, outcome.said = watch(socket, LATER, WATCHED)
        look(outcome, it.port)
        lifted.close()
        outcome.stored = has(path, run, LATER)
    outcome.logged = (folder / "log").read_text(errors="replace").count("Traceback")
    if fault.harmless and outcome.shown and outcome.stored:
        outcome.said = outcome.said or "(saved: this fault is mended)"
    return outcome


def before(fault: Fault, folder: Path) -> Outcome:
    """The fault is there before the start, and the server says so on its pages."""
    outcome, owner, path = Outcome(fault.name), new_token(), folder / "store" / "panda.db"
    path.parent.mkdir()
    prepare(path, owner)
    with contextlib.ExitStack() as lifted:
        lifted.enter_context(fault.brought(path, 0))
        with server(APP, path, log=folder / "log") as it:
            look(outcome, it.port)
    outcome.logged = (folder / "log").read_text(errors="replace").count("Traceback")
    return outcome


def refused(name: str, named: Callable[[Path], str | Path], folder: Path) -> Outcome:
    """The server does not start, and says why in one line."""
    outcome, path = Outcome(name), folder / "panda.db"
    prepare(path, new_token())
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
    env = os.environ | {"PANDA_DB": str(named(path))}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "PANDA_DB" in line or "Panda" in line]
    outcome.tracebacks = ["in the output"] if "Traceback" in done.stdout + done.stderr else []
    outcome.said = lines[0] if done.returncode == 3 and len(lines) == 1 else ""
    return outcome


def outcomes(part: str) -> Iterator[Outcome]:
    """Of all faults whose name has `part` in it."""
    plan: list[tuple[str, Callable[[Path], Outcome]]] = [
        *((fault.name, lambda folder, fault=fault: running(fault, folder)) for fault in RUNNING),
        *((fault.name, lambda folder, fault=fault: before(fault, folder)) for fault in BEFORE),
        *(
            (name, lambda folder, name=name, named=named: refused(name, named, folder))
            for name, named in REFUSED.items()
        ),
    ]
    for name, bring in plan:
        if part in name:
            folder = Path(tempfile.mkdtemp(prefix="panda-fault-"))
            try:
                yield bring(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def bench(part: str) -> int:
    """Bring the faults and print what came of them; the exit code."""
    random.seed(1)
    found = []
    for one in outcomes(part):
        found.append(one)
        state = f"{len(one.tracebacks)} tracebacks, {one.errors} pages say it, nudge "
        state += "not shown" if not one.shown else "shown and stored" if one.stored else "SHOWN, NOT STORED"
        print(f"{'BAD ' if one.bad else 'ok  '}{one.name:46} {state}, {one.logged} in the log: {one.said}", flush=True)
    print(f"faults                                  {len(found)}")
    print(f"tracebacks on screen                    {sum(len(one.tracebacks) for one in found)}")
    print(f"nudges shown that are not on disk       {sum(one.shown and not one.stored for one in found)}")
    print(f"faults that nobody was told of          {sum(not one.said for one in found)}")
    print(f"pages that did not come                 {sum(one.unfinished for one in found)}")
    return int(any(one.bad for one in found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="", help="of the names of the faults; all if not given")
    raise SystemExit(bench(parser.parse_args().part))
