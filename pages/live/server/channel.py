"""The live channel: a websocket beside Streamlit's own, on which a page's charts ask for frames and send nudges.

Self-clocked: a frame is made only when the browser asks for the next, so a slow projector never builds a queue and a
closed tab costs nothing. What a client may ask for is bounded; what is not understood is answered by a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import UserError
from core.sessions.commands import Command, Frame, Sight
from core.sessions.decoder import identity_in
from core.sessions.lab_session import LAB_SESSIONS, LabSession
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.run_session import RunSession
from core.sessions.search_registry import SEARCH_SESSIONS
from core.sessions.search_session import SearchSession
from core.sessions.session import CLOSED, DRIVER_SECONDS, Listener, Session
from pages.live.server.frames import WORKER, make_frame
from pages.live.server.guard import in_a_line
from pages.live.server.origin import refusal
from pages.live.server.turns import TURN_SECONDS, Allowance, Turns

MOST_PENDING = 256
MOST_VIEWERS = 1000  # connections to all runs together
FAILED = "Something went wrong on the server; the run is as it was."
REFUSED = 1008  # the code of a connection that is closed because of its origin (client/obstacle.js)
FULL = "The server has no room for more viewers now: reload the page in a minute."
GONE = "There is no run at this address: it was deleted, or the address is incomplete."
NOT_YOURS = "This run is somebody else's: you can watch it, and make a branch of it that is yours."
OPENER = ThreadPoolExecutor(max_workers=4, thread_name_prefix="panda-open")  # waits for the store; frames do not

TURNS = Turns(WORKER)
LOG = logging.getLogger(__name__)

AnySession = RunSession | SearchSession | LabSession


def find(token: str, listener: Listener) -> AnySession | None:
    """What a token opens, with a listener from now on."""
    found = LAB_SESSIONS.get(token, listener) or SEARCH_SESSIONS.get(token, listener)
    return found or RUN_SESSIONS.get(token, listener)


class Viewer:
    """One connection: the frame that it asked for, if any, and what it has been shown. `see` says which session."""

    waiting = 0  # frames asked for and not yet made, of all viewers
    connected = 0  # viewers
    opened: AnySession

    def __init__(self, socket: WebSocket) -> None:
        self.socket, self.drives, self._sees = socket, False, False
        self.sight = Sight()
        self._loop, self._wake, self._allowance = asyncio.get_running_loop(), asyncio.Event(), Allowance()
        self._asked: tuple[int, list[str]] | None = None
        self._shown_version = -1
        self._shown: set[str] = set()
        self._unsent = 0  # errors of commands that the client has not taken

    def see(self, opened: AnySession, drives: bool) -> None:
        """Show this session from now on."""
        self.opened, self.drives, self._sees = opened, drives, True

    def changed(self) -> None:
        """Called from any thread when the session has changed; who has asked for no frame need not know."""
        if not self._sees or self._asked is not None or self.opened.closed:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def read(self) -> None:
        """Take in messages until the client leaves, in turns with all else that the server does."""
        while (message := await self.socket.receive())["type"] != "websocket.disconnect":
            text, command = message.get("text") or message.get("bytes") or "", None
            try:
                command = self.opened.decode(text)
                self._take(command)
            except UserError as error:
                await self._say(error, command.id if command else identity_in(text))
            await asyncio.sleep(self._allowance.take())  # in any case others come first

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
        self._wake.set()

    def _ask(self, command: Command) -> None:
        """Post the command at once, so that a slice under way takes it up, and see to it that somebody does."""
        opened: Session[Any] = self.opened  # its own decoder made the command
        if max(opened.waiting, self._unsent) >= MOST_PENDING:
            raise UserError("Too many changes at once: wait for the last ones to take effect.")

        def done(future: Future[Any]) -> None:  # in the thread that carries it out
            if error := future.exception():
                with contextlib.suppress(RuntimeError):  # the server ends
                    self._loop.call_soon_threadsafe(self._failed, error, command.id)

        opened.ask(command).add_done_callback(done)
        TURNS.ask(opened)

    def _failed(self, error: BaseException, identity: int | None) -> None:
        self._unsent += 1
        asyncio.ensure_future(self._say(error, identity)).add_done_callback(self._said)

    def _said(self, task: asyncio.Task[None]) -> None:
        self._unsent -= 1
        if not task.cancelled():
            task.exception()  # the client has left

    async def _say(self, error: BaseException, identity: int | None) -> None:
        words = str(error) if isinstance(error, UserError) else FAILED
        if words == FAILED:
            LOG.error("A command failed: %s", in_a_line(error))
        await _send(self.socket, {"type": "error", "sentence": words, "id": identity})

    async def write(self) -> None:
        """Answer each request for a frame as soon as there is something new to show."""
        while True:
            await self._stirred()
            self._wake.clear()
            if self.opened.closed:
                await _gone(self.socket, CLOSED)
                return
            if self._asked is None or not self._news():
                continue
            seq, charts = self._asked
            self._asked = None
            await self.socket.send_bytes(await self._frame(charts, seq))

    async def _frame(self, charts: list[str], seq: int) -> bytes:
        """A frame that shows nothing that is not in the store: where something could not be saved, another one is made,
        which has it no more and says so."""
        loop, failed = asyncio.get_running_loop(), None
        while True:
            Viewer.waiting += 1
            try:
                while self.opened.waiting and await loop.run_in_executor(WORKER, self.opened.answer, TURN_SECONDS):
                    pass  # so that the frame shows what was asked for before it
                packet, saving = await loop.run_in_executor(
                    WORKER, make_frame, self.opened, self, charts, seq, lambda: Viewer.waiting
                )
            finally:
                Viewer.waiting -= 1
            if await _saved(saving) or saving is failed:  # a search goes on, and says that it is not saved
                return packet
            failed = saving

    async def _stirred(self) -> None:
        """Wait for a request or a change; while the run plays, look again soon, for its driver may have left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRIVER_SECONDS if self.opened.busy else None):
                await self._wake.wait()  # `wait_for` of Python 3.11 may swallow that the client has left

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


async def _saved(saving: Future[None] | None) -> bool:
    """Wait until what a frame shows is in the store; returns whether it is."""
    if saving is None or saving.done():
        return saving is None or saving.exception() is None
    waiting = asyncio.wrap_future(saving)
    await asyncio.wait([waiting])
    return waiting.exception() is None


async def _gone(socket: WebSocket, sentence: str, code: int = 1000) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has left
        await _send(socket, {"type": "gone", "sentence": sentence})
        await socket.close(code)


async def _send(socket: WebSocket, answer: dict[str, Any]) -> None:
    """Send an answer in ASCII, which also a sentence with half a character in it can be."""
    await socket.send_text(json.dumps(answer))


async def live(socket: WebSocket) -> None:
    """The endpoint of /live/{token}."""
    try:
        await socket.accept()
    except (WebSocketDisconnect, RuntimeError):  # it has left already
        return
    if refused := refusal(socket):
        await _gone(socket, refused, REFUSED)
    elif Viewer.connected >= MOST_VIEWERS:
        await _gone(socket, FULL)
    else:
        Viewer.connected += 1
        try:
            await _show(socket)
        finally:
            Viewer.connected -= 1


async def _show(socket: WebSocket) -> None:
    """Show the client what its token opens, until it leaves."""
    token, viewer = socket.path_params["token"], Viewer(socket)
    wake = viewer.changed  # one object, to be found among the listeners
    try:
        opened = await asyncio.get_running_loop().run_in_executor(OPENER, find, token, wake)
    except UserError as error:
        await _gone(socket, str(error))
        return
    if opened is None:
        await _gone(socket, GONE)
        return
    viewer.see(opened, opened.drives(token))
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
