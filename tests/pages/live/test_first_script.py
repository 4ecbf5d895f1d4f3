"""The first script is in every page that a browser opens, and in nothing else."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from streamlit import file_util

from pages.live.server.assets import FILES, address
from pages.live.server.first_script import FirstScript

TAG = f'<script type="module" src="{address("first.js")}">'
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def data(request):
    return JSONResponse({"html": "</head>"})


client = TestClient(
    Starlette(
        routes=[Route("/data", data), Mount("/", StaticFiles(directory=file_util.get_static_dir(), html=True))],
        middleware=[Middleware(FirstScript), Middleware(GZipMiddleware)],
    )
)


def test_streamlits_page_has_the_script_once_in_its_head_and_the_length_agrees():
    answer = client.get("/", headers=BROWSER)
    assert answer.text.count(TAG) == 1
    assert answer.text.index(TAG) < answer.text.index("<body>")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "first.js" in FILES


def test_a_browser_that_has_the_page_without_the_script_gets_it_anew():
    known = {"if-none-match": client.get("/").headers["etag"]}
    assert client.get("/", headers=known).status_code == 304
    assert TAG in client.get("/", headers=BROWSER | known).text


@pytest.mark.parametrize("headers", [BROWSER, {}])
def test_what_is_no_page_is_as_it_was(headers):
    assert client.get("/data", headers=headers).json() == {"html": "</head>"}
