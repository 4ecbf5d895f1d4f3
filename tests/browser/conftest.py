"""A real server, started as the README says, and a real headless Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, sync_playwright

ROOT = Path(__file__).parents[2]
PLAIN = "/?dataset=spiral"  # the default run, without a scene
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STREAMLIT = [
    "streamlit",
    "run",
    "app.py",
    "--server.address",
    "127.0.0.1",
    "--server.headless",
    "true",
    "--server.port",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(port, store, program=STREAMLIT, path=""):
    """A server on `port`, below `path`, with the store in that file, once it is up."""
    command = [sys.executable, "-m", *program, str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PANDA_DB": str(store)}, **quiet)
    wait_until_up(f"http://127.0.0.1:{port}{path}", process)
    return process


@contextmanager
def serving(program=STREAMLIT, path=""):
    """The address of a fresh server with a store of its own, which is ended with the block."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = started(port, Path(folder) / "panda.db", program, path)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def wait_until_up(address, process):
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the server did not come up within a minute")


def absent(browser):
    """Skip the test for want of that browser, or fail where browsers are required."""
    words = f"there is no {browser} on this machine"
    if os.environ.get("PANDA_BROWSER_TESTS") == "required":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="package")
def chromium():
    """A browser, closed before the tests of other folders: until then its event loop counts as running here."""
    if CHROMIUM is None:
        absent("Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(chromium):
    with serving() as address:
        yield address


@pytest.fixture
def context(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context, server):
    """The Panda page with a new default run, ready to play; an error in the page's own code fails the test."""
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server + PLAIN)
    ready(page)
    yield page
    assert errors == []


def ready(page):
    page.wait_for_function("window.__panda && window.__panda.frames > 0")
    page.get_by_role("button", name="Play").wait_for()
    at_rest(page)


def at_rest(page, state="visible"):
    """Wait until the page's script has run to its end: what it draws anew may close a list that is open. Presenter mode
    hides the page, which is then "attached" only."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(state=state)


def choose(page, label, option):
    """Choose from one of Streamlit's lists, which a late redraw may close again."""
    at_rest(page)
    entry = page.get_by_role("option", name=option)
    for _ in range(4):
        page.get_by_role("combobox", name=label, exact=True).click()
        try:
            entry.click(timeout=4_000)
            return
        except TimeoutError:
            page.keyboard.press("Escape")
    entry.click()
