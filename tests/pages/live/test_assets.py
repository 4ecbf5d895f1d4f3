"""The files that the browser needs: the right plotly, and every page says early what it will ask for."""

import re
from pathlib import Path

import plotly
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import file_util

from pages.live.server.assets import FILES, FILES_ROUTE, PLOTLY, address, send_file
from pages.live.server.first_script import LAZY, FirstScript, lazy_files

BROWSER = {"accept": "text/html"}


async def page(request):
    return HTMLResponse("<head></head><p>page</p>")


async def data(request):
    return JSONResponse({})


client = TestClient(
    Starlette(
        routes=[Route("/", page), Route("/data", data), Route(f"/{FILES_ROUTE}", send_file)],
        middleware=[Middleware(FirstScript)],
    )
)


def version(path):
    return re.search(r"plotly\.js .*?v([\d.]+)", path.read_text(encoding="utf-8")[:200]).group(1)


def test_plotly_js_is_of_the_version_that_the_installed_plotly_carries():
    assert version(PLOTLY) == version(Path(plotly.__file__).parent / "package_data" / "plotly.min.js")


@pytest.mark.parametrize("name", FILES)
def test_a_page_names_each_file_early_and_the_file_comes_for_good(name):
    assert f'href="{address(name)}" fetchpriority="low"' in client.get("/", headers=BROWSER).text
    answer = client.get(address(name))
    assert answer.content == FILES[name].read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_a_page_names_the_files_that_streamlit_asks_for_late_and_none_that_its_page_names_itself():
    index = (Path(file_util.get_static_dir()) / "index.html").read_text()
    page = client.get("/", headers=BROWSER).text
    assert {name.split(".")[0] for name in lazy_files()} >= {*LAZY, "serialization", "recordbatch"}
    for name in lazy_files():
        assert f'href="./static/js/{name}"' in page
        assert name not in index


def test_what_is_no_page_names_nothing():
    assert client.get("/data", headers=BROWSER).json() == {}


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fapp.py", "frames.py"])
def test_no_other_file_is_served(name):
    assert client.get(address(name)).status_code == 404
