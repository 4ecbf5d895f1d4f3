"""Below a path of a web server, which passes the path on or takes it away."""

import re
import ssl
import urllib.request
from urllib.parse import urljoin, urlsplit

import pytest
from websockets.sync.client import connect

from tests.browser.conftest import ready
from tests.browser.proxy.nginx import proxied

pytestmark = pytest.mark.browser
LOOSE = ssl._create_unverified_context()


def get(address):
    asked = urllib.request.Request(address, headers={"Accept": "text/html, */*"})
    return urllib.request.urlopen(asked, timeout=10, context=LOOSE if address.startswith("https") else None)


def first_words(page, origin=None):
    """What the channel of the site with this page says first, to a client that asks for no run."""
    address = urljoin(page, "live/nothing").replace("http", "ws", 1)
    with connect(address, origin=origin, ssl=LOOSE if address.startswith("wss") else None) as socket:
        return socket.recv(10)


def test_each_file_that_a_page_names_comes_and_so_does_the_channel(site):
    for page in (site, urljoin(site, "caviar")):
        links = re.findall(r'<link rel="[^>]*href="([^"]+)" fetchpriority="low">', get(page).read().decode())
        names = [name for name in links if "static/js" not in name]  # those are Streamlit's own
        kinds = {urlsplit(name).path: get(urljoin(page, name)).headers.get_content_type() for name in names}
        assert len(kinds) > 20
        assert set(kinds.values()) == {"text/javascript", "text/css"}
        assert "no run at this address" in first_words(page, origin=urljoin(site, "/").rstrip("/"))


def test_a_network_trains_and_other_pages_are_reached(context, site):
    page, errors, missing = context.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.goto(site)
    ready(page)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.__panda.lastStep > 100")
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_role("link", name="Caviar").click()
    page.locator(".panda-search-bar").wait_for()
    assert page.url.startswith(f"{site}caviar")
    page.reload()
    page.locator(".panda-search-bar").wait_for()
    assert errors == []
    assert [address for address in missing if "_stcore" not in address] == []


def test_behind_a_proxy_with_tls_the_channel_opens_and_the_cookie_is_secure(root):
    with proxied(root, tls=True) as address:
        assert "Secure" in get(f"{address}/panda/").headers["set-cookie"]
        assert "no run at this address" in first_words(f"{address}/panda/", origin=address)
