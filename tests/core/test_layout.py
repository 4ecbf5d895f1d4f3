"""Tests of the house: who may import what, what is never used, and that the engine runs without the pages."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "core").rglob("*.py"))
OUTSIDE = [*sorted((ROOT / "pages").rglob("*.py")), *ROOT.glob("app.py")]

# Packages, bottom first: a module imports only from its own package and from those before it.
ORDER = [
    "errors", "nn", "data", "settings", "training", "runs", "search", "search_dask", "store", "labs", "sessions",
    "scenes", "charts", "export",
]  # fmt: skip
MOST_LEVELS = 14  # modules of core on the longest way from import to import

# Who alone may import a package; folders end in a slash.
ONLY = {
    "streamlit": ("pages/", "app.py"),
    "starlette": ("pages/", "app.py"),
    "uvicorn": ("pages/", "app.py"),
    "pages": ("pages/", "app.py"),
    "app": (),
    "plotly": ("core/charts/", "core/export/"),
    "sklearn": ("core/data/",),
    "sqlite3": ("core/store/",),
    "dask": ("core/search_dask/",),
    "distributed": ("core/search_dask/",),
    "optuna": ("core/export/",),
    "numba": ("core/training/jit_kernel.py",),
    "llvmlite": ("core/training/jit_kernel.py", "core/training/jit_verify.py"),
    "tests": (),
    "benchmarks": (),
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def name_of(path):
    """Such as "core/runs/run.py"."""
    return path.relative_to(ROOT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def imports(source, package=""):
    """The full names of all that a module imports: `from core import run` gives core.runs.run."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            parts = package.split("/")[: -node.level] if node.level else []
            base = ".".join([*parts, *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def imports_of(path):
    return imports(path.read_text(encoding="utf-8"), name_of(path))


def layer(name):
    """core.charts.loss belongs to charts."""
    return name.split(".")[1]


def offences(source):
    """What a module uses that could run somebody else's code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(node.func.id)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.loads", "numpy.loads"):
            found.append(ast.unparse(node.func))
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            value = node.value
            if not (isinstance(value, ast.Constant) and value.value is False):
                found.append("allow_pickle")
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [name for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
    return found


@each([*CORE, *OUTSIDE])
def test_packages_are_imported_only_where_they_belong(path):
    for imported in imports_of(path):
        allowed = ONLY.get(imported.split(".")[0])
        assert allowed is None or name_of(path).startswith(allowed), f"{name_of(path)} imports {imported}"


@each([path for path in CORE if path.parent.name != "core"])
def test_core_imports_downwards(path):
    own = layer(name_of(path).replace("/", "."))
    assert own in ORDER, f"give core/{own} its place in ORDER"
    for imported in imports_of(path):
        if imported.startswith("core."):
            other = layer(imported)
            assert ORDER.index(other) <= ORDER.index(own), f"{name_of(path)} imports {imported}"


def graph(paths):
    """Each module and the modules of ours that it imports, also only for type checkers or within a function."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    found = {}
    for name, path in names.items():
        wanted = {one if one in names else one.rpartition(".")[0] for one in imports_of(path)}
        found[name] = (wanted & names.keys()) - {name}
    return found


def circle(edges):
    """Modules that import one another in a circle, [] where there is none."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        way.append(name)
        found = next(filter(None, map(visit, sorted(edges[name]))), [])
        way.pop()
        done.add(name)
        return found

    return next(filter(None, map(visit, sorted(edges))), [])


def levels(edges):
    """How many modules lie on the longest way from import to import."""

    @cache
    def height(name):
        return 1 + max(map(height, edges[name]), default=0)

    return max(map(height, edges))


@pytest.mark.parametrize("paths", [CORE, OUTSIDE], ids=["core", "pages"])
def test_no_modules_import_one_another_in_a_circle(paths):
    assert circle(graph(paths)) == []


def test_core_has_few_import_levels():
    assert levels(graph(CORE)) <= MOST_LEVELS


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert levels({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3


@each([*CORE, *OUTSIDE])
def test_nothing_runs_code_that_came_as_data(path):
    assert offences(path.read_text(encoding="utf-8")) == []


def test_these_tests_see_what_they_look_for():
    source = "if TYPE_CHECKING:\n    import a\nelse:\n    import b\ndef f():\n    from c import d\nfrom core import run"
    assert imports(source) == {"a", "b", "c.d", "core.run"}
    assert imports("from .palette import X\nfrom ..run import Run", "core/charts/loss.py") == {
        "core.charts.palette.X",
        "core.run.Run",
    }
    assert offences("import pickle\nfrom pickle import loads\nx = eval('1')\ntorch.load(f)") != []
    assert offences("np.load(f, allow_pickle=True)") == ["allow_pickle"]
    assert offences("np.load(f, allow_pickle=False)\nmodel.eval()") == []
    assert len(CORE) >= 14


WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"streamlit", "starlette", "plotly", "uvicorn", "pages", "torch", "jax"}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocked())
try:
    import streamlit
except ImportError:
    pass
else:
    raise SystemExit("nothing is blocked")
from core.runs.run import Run

run = Run()
print(run.advance(20), run.evaluate("dev").loss)
"""


def test_core_trains_where_there_is_no_streamlit_and_no_plotly():
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    steps, loss = done.stdout.split()
    assert int(steps) == 20
    assert 0 < float(loss) < 2
