"""Firefox, driven over its own websocket with WebDriver BiDi."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from websockets.sync.client import connect

from tests.browser.conftest import free_port
from tests.browser.smoke.browser import Browser

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
WINDOW = {"width": 1280, "height": 800}
ANSWER_WITHIN = 60  # seconds


class Firefox(Browser):
    missing = None if FIREFOX else "Firefox (Debian: apt-get install firefox-esr)"

    def __init__(self, socket):
        self._socket = socket
        self._numbers = count(1)
        self.send("session.new", capabilities={})
        self._tab = {"context": self.send("browsingContext.getTree")["contexts"][0]["context"]}
        self.send("browsingContext.setViewport", **self._tab, viewport=WINDOW)

    def send(self, method, **parameters):
        """The result of a command; RuntimeError with the browser's words where it fails."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        answer = json.loads(self._socket.recv(ANSWER_WITHIN))
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        assert answer["id"] == number  # no event has been subscribed to
        return answer["result"]

    def open(self, address):
        self.send("browsingContext.navigate", **self._tab, url=address, wait="complete")

    def run(self, script):
        answer = self.send("script.evaluate", expression=script, target=self._tab, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def perform(self, actions):
        self.send("input.performActions", **self._tab, actions=actions)

    def shoot(self, path):
        picture = self.send("browsingContext.captureScreenshot", **self._tab)["data"]
        Path(path).write_bytes(base64.b64decode(picture))

    @classmethod
    @contextmanager
    def running(cls, **preferences):
        """A new Firefox with these preferences, ended with the block."""
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            (Path(profile) / "user.js").write_text("\n".join(lines))
            with listening(profile) as socket:
                browser = cls(socket)
                yield browser
                browser.send("browser.close")


@contextmanager
def listening(profile):
    """The websocket of a Firefox without a window, which is ended with the block."""
    port = free_port()
    command = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connected(f"ws://127.0.0.1:{port}/session", process) as socket:
                yield socket
        finally:
            process.terminate()


def connected(address, process):
    """The websocket at an address, as soon as the process listens there."""
    end = time.monotonic() + 60
    while True:
        try:
            return connect(address, max_size=None, proxy=None)
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)
