"""The live channel: a websocket beside Streamlit's own, on which a page's charts ask for frames and send nudges.

Self-clocked: a frame is made only when the browser asks for the next, so a slow projector never builds a queue and a
closed tab costs nothing. What a client may ask for is bounded; what is not understood is answered by a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import UserError
from core.sessions.commands import Command, Frame, Sight
from core.sessions.lab_session import LAB_SESSIONS, LabSession
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.run_session import RunSession
from core.sessions.search_registry import SEARCH_SESSIONS
from core.sessions.search_session import SearchSession
from core.sessions.session import CLOSED, DRIVER_SECONDS, Listener, Session
from pages.live.server.frames import WORKER, make_frame
from pages.live.server.origin import refusal

MOST_PENDING = 256
REFUSED = 1008  # the code of a connection that is closed because of its origin (client/obstacle.js)
GONE = "There is no run at this address: it was deleted, or the address is incomplete."
NOT_YOURS = "This run is somebody else's: you can watch it, and make a branch of it that is yours."
OPENER = ThreadPoolExecutor(max_workers=4, thread_name_prefix="panda-open")  # waits for the store; frames do not

AnySession = RunSession | SearchSession | LabSession


def find(token: str, listener: Listener) -> AnySession | None:
    """What a token opens, with a listener from now on."""
    found = LAB_SESSIONS.get(token, listener) or SEARCH_SESSIONS.get(token, listener)
    return found or RUN_SESSIONS.get(token, listener)


class Viewer:
    """One connection: the frame that it asked for, if any, and what it has been shown.

    `wake` is set when the session has changed."""

    waiting = 0  # frames asked for and not yet made, of all viewers

    def __init__(self, opened: AnySession, socket: WebSocket, drives: bool, wake: asyncio.Event) -> None:
        self.opened, self.socket, self.drives, self.wake = opened, socket, drives, wake
        self.sight = Sight()
        self._asked: tuple[int, list[str]] | None = None
        self._shown_version = -1
        self._shown: set[str] = set()
        self._pending = 0

    async def read(self) -> None:
        """Take in messages until the client leaves."""
        while (message := await self.socket.receive())["type"] != "websocket.disconnect":
            try:
                self._take(self.opened.decode(message.get("text") or message.get("bytes") or ""))
            except UserError as error:
                await self._say(error, None)

    def _take(self, command: Command) -> None:
        if isinstance(command, Frame):
            self._request(command)
        elif not self.drives:
            raise UserError(NOT_YOURS)
        else:
            self._ask(command)

    def _request(self, frame: Frame) -> None:
        """The next frame is this one, in place of one that was asked for before."""
        sight = frame.sight or Sight()
        self._asked = (frame.seq, frame.charts)
        if frame.anew:
            self._shown = set()
        if sight != self.sight:
            self.sight, self._shown_version = sight, -1
        self.wake.set()

    def _ask(self, command: Command) -> None:
        """Post the command at once, so that a slice under way takes it up, and see to it that somebody does."""
        if self._pending >= MOST_PENDING:
            raise UserError("Too many changes at once: wait for the last ones to take effect.")
        self._pending += 1
        opened: Session[Any] = self.opened  # its own decoder made the command
        future = asyncio.wrap_future(opened.ask(command))
        future.add_done_callback(lambda done: self._answered(done, command.id))
        WORKER.submit(opened.answer)

    def _answered(self, done: asyncio.Future[Any], identity: int | None) -> None:
        self._pending -= 1
        error = done.exception()
        if error:
            task = asyncio.ensure_future(self._say(error, identity))
            task.add_done_callback(lambda finished: finished.exception())

    async def _say(self, error: BaseException, identity: int | None) -> None:
        words = (
            str(error) if isinstance(error, UserError) else "Something went wrong on the server; the run is as it was."
        )
        await self.socket.send_json({"type": "error", "sentence": words, "id": identity})

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
            async with asyncio.timeout(DRIVER_SECONDS if self.opened.busy else None):
                await self.wake.wait()  # `wait_for` of Python 3.11 may swallow that the client has left

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


async def _gone(socket: WebSocket, sentence: str, code: int = 1000) -> None:
    await socket.send_json({"type": "gone", "sentence": sentence})
    await socket.close(code)


async def live(socket: WebSocket) -> None:
    """The endpoint of /live/{token}."""
    await socket.accept()
    if refused := await refusal(socket):
        await _gone(socket, refused, REFUSED)
        return
    token, loop, changed = socket.path_params["token"], asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(changed.set)

    try:
        opened = await loop.run_in_executor(OPENER, find, token, wake)
    except UserError as error:
        await _gone(socket, str(error))
        return
    if opened is None:
        await _gone(socket, GONE)
        return
    viewer = Viewer(opened, socket, opened.drives(token), changed)
    writing = asyncio.ensure_future(viewer.write())
    try:
        await viewer.read()
    except (WebSocketDisconnect, RuntimeError):  # of an answer to a client that has left
        pass
    finally:
        opened.listeners.discard(wake)
        opened.seen = time.monotonic()
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await writing  # a client may leave while its frame is made
