"""One server at the root and one below a path, for all tests of this package, and nginx in front of each."""

import pytest

from tests.browser.conftest import STREAMLIT, serving
from tests.browser.proxy.nginx import example, proxied

BELOW = [*STREAMLIT[:-1], "--server.baseUrlPath", "panda", STREAMLIT[-1]]


@pytest.fixture(scope="package")
def root():
    """The address of a server without a base path."""
    with serving() as address:
        yield address


@pytest.fixture(scope="package")
def below():
    """The address of a server with the base path /panda."""
    with serving(BELOW, "/panda") as address:
        yield address


@pytest.fixture
def stripped(root):
    """Where the page is when the proxy takes the path away, as docs/deployment.md has it."""
    with proxied(root) as address:
        yield f"{address}/panda/"


@pytest.fixture
def kept(below):
    """Where the page is when the proxy keeps the path: the example without its last slash."""
    block = example().replace(":8501/;", ":8501;")
    assert block != example()
    with proxied(below, block) as address:
        yield f"{address}/panda/"


@pytest.fixture(params=["stripped", "kept"])
def site(request):
    """Where the page is, for each of the two."""
    return request.getfixturevalue(request.param)
