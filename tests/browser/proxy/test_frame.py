"""Panda in a frame on another site: the browser sends it no cookies, and the page says why an upload would fail."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.conftest import ready
from tests.browser.test_runs import turn_to

pytestmark = pytest.mark.browser


@contextmanager
def framed(browser, address):
    """A page of another site (localhost) with this address in a frame: the frame."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<h1>A course</h1><iframe src='{address}' width=1200 height=900></iframe>".encode())

        def log_message(self, *words):
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"http://localhost:{site.server_port}/")
        frame = page.frame(url=lambda url: url.startswith(address))
        ready(frame)
        yield frame
    finally:
        context.close()
        site.shutdown()
        site.server_close()


def test_without_cookies_the_page_says_why_a_file_cannot_be_uploaded_and_where_it_can(chromium, root):
    with framed(chromium, f"{root}/") as frame:
        turn_to(frame, "New run")
        frame.get_by_text("Your own data (CSV)", exact=True).click()
        frame.get_by_text("A file cannot be uploaded here").first.wait_for()
        link = frame.get_by_role("link", name="Open Panda in a tab of its own").first
        assert link.get_attribute("href").rstrip("/") == root
        assert link.get_attribute("target") == "_blank"
        assert frame.locator("[data-testid=stFileUploaderDropzoneInput]").count() == 0
