"""A proxy that lets the page through and not its websockets: the page says what the proxy has to set, after 5 s."""

import time

import pytest

from tests.browser.conftest import STREAMLIT, ready, serving
from tests.browser.proxy.nginx import example, proxied, without

pytestmark = pytest.mark.browser
UPGRADE = ("proxy_set_header Upgrade", "proxy_set_header Connection")
STREAMLITS_ONLY = (
    example().replace("location /panda/ ", "location /panda/_stcore/ ").replace("8501/;", "8501/_stcore/;")
)


def sentence(page, words, within):
    """How many seconds after now the page says something with these words."""
    start = time.monotonic()
    page.get_by_text(words).first.wait_for(timeout=within * 1000)
    return time.monotonic() - start


@pytest.mark.parametrize("page_at", ["", "caviar"])
def test_a_proxy_that_passes_no_websocket_on_is_told_so(context, root, page_at):
    with proxied(root, without(example(), *UPGRADE)) as address:
        page = context.new_page()
        page.goto(f"{address}/panda/{page_at}")
        assert sentence(page, 'proxy_set_header Connection "upgrade";', within=15) > 3
        assert page.get_by_role("alert").count() == 1


def test_a_proxy_that_passes_only_streamlits_websocket_on_is_told_so_in_the_bar(context, root):
    with proxied(root, STREAMLITS_ONLY + without(example(), *UPGRADE)) as address:
        page = context.new_page()
        page.goto(f"{address}/panda/")
        page.get_by_role("button", name="Play").wait_for()
        sentence(page, "does not pass websockets on", within=15)
        assert page.locator(".panda-run-bar").get_by_text("does not pass websockets on").count() == 1


def test_a_refused_address_is_named_with_what_the_proxy_has_to_set(context, root):
    """Only a name that the server does not know for its own: 127.0.0.1 and localhost are always taken."""
    with proxied(root, without(example(), "proxy_set_header Host")) as address:
        page = context.new_page()
        page.goto(f"{address.replace('127.0.0.1', 'panda.localhost')}/panda/")
        sentence(page, "proxy_set_header Host $http_host;", within=20)
        assert page.get_by_text("--browser.serverAddress=panda.localhost").count() == 1


def test_where_host_is_changed_the_servers_own_address_is_enough(context):
    program = [*STREAMLIT[:-1], "--browser.serverAddress", "panda.localhost", STREAMLIT[-1]]
    with serving(program) as server, proxied(server, without(example(), "proxy_set_header Host")) as address:
        page = context.new_page()
        page.goto(f"{address.replace('127.0.0.1', 'panda.localhost')}/panda/")
        ready(page)


def test_a_page_that_is_reached_says_nothing(context, stripped):
    page = context.new_page()
    page.goto(stripped)
    ready(page)
    page.wait_for_timeout(7_000)
    assert page.locator("body > p[role=alert]").count() == 0
    assert page.get_by_text("websockets on").count() == 0
