"""The files that the browser needs: the right plotly, and every page says early what it will ask for."""

import re
from pathlib import Path

import plotly
import pytest
import tree_sitter_javascript
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from tree_sitter import Language, Parser

from pages.live.server.assets import FILES, FILES_ROUTE, PLOTLY, address, send_file
from pages.live.server.preload import Preload


async def page(request):
    return HTMLResponse("<p>page</p>")


async def data(request):
    return JSONResponse({})


client = TestClient(
    Starlette(
        routes=[Route("/", page), Route("/data", data), Route(FILES_ROUTE, send_file)], middleware=[Middleware(Preload)]
    )
)


def version(path):
    return re.search(r"plotly\.js .*?v([\d.]+)", path.read_text(encoding="utf-8")[:200]).group(1)


def test_plotly_js_is_of_the_version_that_the_installed_plotly_carries():
    assert version(PLOTLY) == version(Path(plotly.__file__).parent / "package_data" / "plotly.min.js")


@pytest.mark.parametrize("name", FILES)
def test_a_page_names_each_file_early_and_the_file_comes_for_good(name):
    assert f"<{address(name)}>" in client.get("/").headers["link"]
    answer = client.get(address(name))
    assert answer.content == FILES[name].read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_what_is_no_page_names_nothing():
    assert "link" not in client.get("/data").headers


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fapp.py", "frames.py"])
def test_no_other_file_is_served(name):
    assert client.get(address(name)).status_code == 404


JAVASCRIPT = Language(tree_sitter_javascript.language())
FUNCTIONS = {"function_declaration", "function_expression", "arrow_function", "method_definition"}
MODULES = sorted((Path(__file__).parents[3] / "pages" / "live" / "client").glob("*.js"))


def awaits_outside_functions(source):
    """The lines of a module, counted from 1, that await at its top level."""
    tree = Parser(JAVASCRIPT).parse(source.encode())
    assert not tree.root_node.has_error
    found, nodes = [], [tree.root_node]
    while nodes:
        node = nodes.pop()
        inside = node.type in FUNCTIONS or node.type.startswith("generator_function")
        if node.type == "await" or node.type == "await_expression":
            found.append(node.start_point[0] + 1)
        nodes += [] if inside else node.children
    return sorted(set(found))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_awaits_at_its_top_level(path):
    """WebKit hands such a module to later importers before its exports exist, so parts of the page stay empty."""
    assert awaits_outside_functions(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("const x = 1;\nawait x;", [2]),
        ("if (true) {\n  await load();\n}", [2]),
        ("for await (const x of y) {}", [1]),
        ("const f = async () => await x;\nexport async function g() { await x; }", []),
        ("class A { async m() { await x; } }\nconst s = 'await x'; // await x", []),
    ],
)
def test_an_await_outside_functions_is_found(source, lines):
    assert awaits_outside_functions(source) == lines
