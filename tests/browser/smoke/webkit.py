"""WebKit, Safari's engine: Debian's MiniBrowser, driven by selenium on a display that no one sees."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from glob import glob

from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.remote.command import Command
from selenium.webdriver.webkitgtk.service import Service

from tests.browser.smoke.browser import Browser

DRIVER, XVFB = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
MINI_BROWSER = next(iter(sorted(glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser"))), None)
WINDOW = (1280, 838)  # with the browser's own bar: a page of 1280 x 800
NO_SANDBOX = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}  # it does not start for root; the pages are our own


class WebKit(Browser):
    missing = None if DRIVER and XVFB and MINI_BROWSER else "WebKit (Debian: apt-get install webkit2gtk-driver xvfb)"

    def __init__(self, driver):
        self._driver = driver

    def open(self, address):
        self._driver.get(address)

    def run(self, script):
        return self._driver.execute_script(f"return {script}")

    def perform(self, actions):
        self._driver.execute(Command.W3C_ACTIONS, {"actions": actions})

    def shoot(self, path):
        self._driver.save_screenshot(path)

    @classmethod
    @contextmanager
    def running(cls, *flags):
        """A new WebKit with these flags, ended with the block."""
        options = WebKitGTKOptions()
        options.binary_location = MINI_BROWSER
        for flag in ("--automation", *flags):
            options.add_argument(flag)
        with display() as name:
            driver = WebKitGTK(options, Service(DRIVER, env=os.environ | NO_SANDBOX | {"DISPLAY": name}))
            try:
                driver.set_window_size(*WINDOW)
                yield cls(driver)
            finally:
                driver.quit()


@contextmanager
def display():
    """The name of an X server in memory, which chooses a free number by itself and is ended with the block."""
    command = [XVFB, "-displayfd", "1", "-screen", "0", "1400x1000x24"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield f":{process.stdout.readline().strip()}"
        finally:
            process.terminate()
