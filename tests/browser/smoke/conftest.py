"""One server for all smoke tests, and one browser of each kind."""

import pytest

from tests.browser.conftest import absent, serving
from tests.browser.smoke.firefox import Firefox
from tests.browser.smoke.webkit import WebKit

HOOKED = ["uvicorn", "tests.browser.smoke.hooked:app", "--host", "127.0.0.1", "--port"]


@pytest.fixture(scope="session")
def hooked():
    with serving(HOOKED) as address:
        yield address


@pytest.fixture(scope="session", params=[WebKit, Firefox], ids=["webkit", "firefox"])
def started(request):
    if request.param.missing:
        absent(request.param.missing)
    with request.param.running() as browser:
        yield browser


@pytest.fixture
def browser(started):
    """A browser; what the page that it is left on has complained of fails the test."""
    yield started
    errors = started.errors()
    assert not errors, "\n".join(errors)
