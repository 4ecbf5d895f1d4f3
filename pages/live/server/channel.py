"""The live channel: a websocket beside Streamlit's own, on which a page's charts ask for frames and send nudges.

Self-clocked: a frame is made only when the browser asks for the next, so a slow projector never builds a queue and a
closed tab costs nothing. What a client may ask for is bounded; what is not understood is answered by a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import UserError
from core.sessions.lab_session import LAB_SESSIONS, LabSession
from core.sessions.run_session import RUN_SESSIONS, RunSession
from core.sessions.search_session import SEARCH_SESSIONS, SearchSession, Sight
from core.sessions.session import CLOSED, DRIVER_SECONDS
from pages.live.server.frames import WORKER, make_frame

LONGEST_MESSAGE = 4096
MOST_PENDING = 256
MOST_CHARTS = 40
GONE = "There is no run at this address: it was deleted, or the address is incomplete."
NOT_YOURS = "This run is somebody else's: you can watch it, and make a branch of it that is yours."

Command = Callable[[Any], Any]


def _whole(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise UserError(f"The message needs a whole number called {name!r}.")
    return value


def _nudge(message: dict[str, Any]) -> Command:
    changes = message.get("changes")
    if not isinstance(changes, dict) or not 0 < len(changes) <= 20:
        raise UserError("A nudge needs 'changes', from a setting's name to its value.")
    gesture = _whole(message, "gesture") if "gesture" in message else 0
    return lambda opened: opened.nudge(changes, gesture)


def _stop_at(message: dict[str, Any]) -> Command:
    step = None if message.get("step") is None else _whole(message, "step")
    return lambda opened: opened.set_stop(step)


def _speed(message: dict[str, Any]) -> Command:
    steps = _whole(message, "steps")
    return lambda opened: opened.set_speed(steps)


def _look(message: dict[str, Any]) -> Command:
    step = None if message.get("step") is None else _whole(message, "step")
    return partial(RunSession.look, step=step)


def _rewind(message: dict[str, Any]) -> Command:
    step = _whole(message, "step")
    return lambda opened: opened.rewind(step)


def _pick(message: dict[str, Any]) -> Command:
    number = None if message.get("number") is None else _whole(message, "number")
    return lambda opened: opened.pick(number)


def _region(message: dict[str, Any]) -> Command:
    places = message.get("places")
    if places is not None and (not isinstance(places, dict) or len(places) > 40):
        raise UserError("A region needs 'places', from a setting's name to two places on its axis, or null.")
    of = _whole(message, "of") if places is not None else 0
    return lambda opened: opened.select(of, places)


def _sight(message: dict[str, Any]) -> Sight:
    """What a watcher chose to see, beside the request for a frame."""
    given = message.get("sight") or {}
    names = given.get("axes") if isinstance(given, dict) else ()
    pair = names is None or (isinstance(names, list) and len(names) == 2 and all(isinstance(one, str) for one in names))
    if not pair or not given.keys() <= Sight.__dataclass_fields__.keys():
        raise UserError("What is to be seen needs 'generation', 'axes' and 'whole', or some of them.")
    generation = _whole(given, "generation") if "generation" in given else None
    whole = given["whole"] is True if "whole" in given else None
    return Sight(generation, tuple(names) if names else None, whole)


RUN_COMMANDS: dict[str, Callable[[dict[str, Any]], Command]] = {
    "nudge": _nudge,
    "play": lambda message: RunSession.play,
    "pause": lambda message: RunSession.pause,
    "step": lambda message: lambda opened: opened.owe(1),
    "epoch": lambda message: RunSession.owe_epoch,
    "speed": _speed,
    "stop_at": _stop_at,
    "look": _look,
    "rewind": _rewind,
}
SEARCH_COMMANDS: dict[str, Callable[[dict[str, Any]], Command]] = {
    "play": lambda message: SearchSession.play,
    "pause": lambda message: SearchSession.pause,
    "stop": lambda message: SearchSession.stop,
    "pick": _pick,
    "region": _region,
}
SIDE_COMMANDS: dict[str, Callable[[dict[str, Any]], Command]] = {
    "play": lambda message: LabSession.play,
    "pause": lambda message: LabSession.pause,
    "more": lambda message: LabSession.more,
    "restart": lambda message: LabSession.restart,
}
COMMANDS = {RunSession: RUN_COMMANDS, SearchSession: SEARCH_COMMANDS, LabSession: SIDE_COMMANDS}


def find(token: str) -> RunSession | SearchSession | LabSession | None:
    """What a token opens."""
    return LAB_SESSIONS.get(token) or SEARCH_SESSIONS.get(token) or RUN_SESSIONS.get(token)


class Viewer:
    """One connection: the frame that it asked for, if any, and what it has been shown."""

    waiting = 0  # frames asked for and not yet made, of all viewers

    def __init__(self, opened: RunSession | SearchSession | LabSession, socket: WebSocket, drives: bool) -> None:
        self.opened, self.socket, self.drives = opened, socket, drives
        self.wake = asyncio.Event()
        self.sight = Sight()
        self._asked: tuple[int, list[str]] | None = None
        self._shown_version = -1
        self._shown: set[str] = set()
        self._pending = 0

    async def read(self) -> None:
        """Take in messages until the client leaves."""
        while True:
            text = await self.socket.receive_text()
            try:
                await self._take(_parse(text))
            except UserError as error:
                await self._say(error, None)

    async def _take(self, message: dict[str, Any]) -> None:
        kind, commands = message.get("type"), COMMANDS[type(self.opened)]
        if kind == "frame":
            charts = message.get("charts")
            if not isinstance(charts, list) or len(charts) > MOST_CHARTS:
                raise UserError("A request for a frame needs 'charts', a list of chart names.")
            sight = _sight(message)
            self._asked = (_whole(message, "seq"), [str(name) for name in charts])
            if message.get("anew") is True:
                self._shown = set()
            if sight != self.sight:
                self.sight, self._shown_version = sight, -1
            self.wake.set()
        elif kind in commands and not self.drives:
            raise UserError(NOT_YOURS)
        elif kind in commands:
            self._ask(commands[kind](message), message.get("id"))
        else:
            raise UserError(f"There is no message type {str(kind)[:40]!r}: there are frame, {', '.join(commands)}.")

    def _ask(self, command: Command, identity: Any) -> None:
        """Post the command at once, so that a slice under way takes it up, and see to it that somebody does."""
        if self._pending >= MOST_PENDING:
            raise UserError("Too many changes at once: wait for the last ones to take effect.")
        self._pending += 1
        future = asyncio.wrap_future(self.opened.ask(command))
        future.add_done_callback(lambda done: self._answered(done, identity))
        WORKER.submit(self.opened.answer)

    def _answered(self, done: asyncio.Future[Any], identity: Any) -> None:
        self._pending -= 1
        error = done.exception()
        if error:
            task = asyncio.ensure_future(self._say(error, identity))
            task.add_done_callback(lambda finished: finished.exception())

    async def _say(self, error: BaseException, identity: Any) -> None:
        words = (
            str(error) if isinstance(error, UserError) else "Something went wrong on the server; the run is as it was."
        )
        await self.socket.send_json(
            {"type": "error", "sentence": words, "id": identity if isinstance(identity, int) else None}
        )

    async def write(self) -> None:
        """Answer each request for a frame as soon as there is something new to show."""
        loop = asyncio.get_running_loop()
        while True:
            await self._stirred()
            self.wake.clear()
            if self.opened.closed:
                await _gone(self.socket, CLOSED)
                return
            if self._asked is None or not self._news():
                continue
            seq, charts = self._asked
            self._asked = None
            Viewer.waiting += 1
            try:
                packet, saving = await loop.run_in_executor(
                    WORKER, make_frame, self.opened, self, charts, seq, lambda: Viewer.waiting
                )
            finally:
                Viewer.waiting -= 1
            await _saved(saving)
            await self.socket.send_bytes(packet)

    async def _stirred(self) -> None:
        """Wait for a request or a change; while the run plays, look again soon, for its driver may have left."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), DRIVER_SECONDS if self.opened.busy else None)

    def _news(self) -> bool:
        """Whether a frame would show what the viewer has not seen; a still run is shown once."""
        _, charts = self._asked or (0, [])
        opened = self.opened
        if opened.version != self._shown_version:
            self._shown = set()
        new = opened.due_to(self) or opened.version != self._shown_version or not self._shown.issuperset(charts)
        if new:
            self._shown_version = opened.version
            self._shown.update(charts)
        return new


async def _saved(saving: Future[None] | None) -> None:
    """Wait until what a frame shows is in the store; where that fails, the status of the next frame says so."""
    if saving and not saving.done():
        await asyncio.wait([asyncio.wrap_future(saving)])


def _parse(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise UserError(f"A message may have {LONGEST_MESSAGE:,} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise UserError("A message is one JSON object.")
    return message


def same_origin(socket: WebSocket) -> bool:
    """Whether the page that connects came from this server; a client that is no browser names no origin."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


async def _gone(socket: WebSocket, sentence: str) -> None:
    await socket.send_json({"type": "gone", "sentence": sentence})
    await socket.close()


async def live(socket: WebSocket) -> None:
    """The endpoint of /live/{token}."""
    if not same_origin(socket):
        await socket.close(1008)
        return
    await socket.accept()
    token, loop = socket.path_params["token"], asyncio.get_running_loop()
    try:
        opened = await loop.run_in_executor(WORKER, find, token)
    except UserError as error:
        await _gone(socket, str(error))
        return
    if opened is None:
        await _gone(socket, GONE)
        return
    viewer = Viewer(opened, socket, opened.drives(token))

    def wake() -> None:
        loop.call_soon_threadsafe(viewer.wake.set)

    opened.listeners.add(wake)
    writing = asyncio.ensure_future(viewer.write())
    try:
        await viewer.read()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        opened.listeners.discard(wake)
        opened.seen = time.monotonic()
        writing.cancel()
