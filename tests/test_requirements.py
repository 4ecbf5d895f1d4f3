"""Tests of what is installed: every requirement is pinned, and each Python gets one release of each package."""

from collections import Counter
from pathlib import Path

import pytest

from scripts import wheels

FILES = sorted(wheels.ROOT.glob("requirements*.txt"))
INTEL_MAC = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"}


def each_target():
    return pytest.mark.parametrize("target", wheels.TARGETS, ids=" ".join)


def wanted(target, path=wheels.BASE):
    """Names of what a file asks for on a target."""
    return [requirement.name for requirement in wheels.read(path) if target.needs(requirement)]


def test_every_file_of_requirements_is_found():
    assert {"requirements.txt", "requirements-dev.txt"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_is_pinned(path):
    requirements = wheels.read(path)
    assert requirements
    for requirement in requirements:
        (pin,) = requirement.specifier
        assert (pin.operator, "*" in pin.version) == ("==", False), requirement


@each_target()
def test_each_target_gets_exactly_one_release_of_each_package(target):
    counts = Counter(wanted(target))
    assert counts["numpy"] == 1
    assert set(counts.values()) == {1}


def test_the_oldest_python_and_the_newest_have_their_numpy():
    def numpy_on(python):
        target = wheels.Target(python, "Linux x86-64")
        (found,) = [one for one in wheels.read(wheels.BASE) if one.name == "numpy" and target.needs(one)]
        return str(found.specifier)

    assert [numpy_on(python) for python in wheels.PYTHONS] == ["==2.4.6"] * 4 + ["==2.5.5"]


@each_target()
def test_the_compiler_is_asked_for_where_it_has_wheels(target):
    assert {"numba", "llvmlite"} <= set(wanted(target))


def test_the_compiler_is_left_out_on_a_mac_with_an_intel_processor():
    """numba and llvmlite have no wheel there, and everything else has."""
    markers = wheels.Target("3.13", "macOS arm64").markers | INTEL_MAC
    found = {one.name for one in wheels.read(wheels.BASE) if one.marker is None or one.marker.evaluate(markers)}
    assert found.isdisjoint({"numba", "llvmlite"})
    assert {"numpy", "streamlit"} <= found


def test_what_goes_with_a_file_is_read_once(tmp_path):
    path = tmp_path / "requirements-more.txt"
    path.write_text("# more\n-r other.txt\nb==2 ; sys_platform == 'win32' # on Windows\n", encoding="utf-8")
    Path(tmp_path / "other.txt").write_text("a[x]==1\n\n", encoding="utf-8")
    assert [one.name for one in wheels.read(path)] == ["b"]
    names = [one.name for one in wheels.whole(path)]
    assert names[-2:] == ["a", "b"]
    assert names[:-2] == [one.name for one in wheels.read(wheels.BASE)]
    assert wanted(wheels.Target("3.15", "Windows"), path) == ["b"]
    assert wanted(wheels.Target("3.15", "Linux arm64"), path) == []


NEEDED = ["c", "d ; sys_platform == 'win32'", "e ; extra == 'x'"]
REPORT = [
    {"metadata": {"name": "A_b", "version": "1", "requires_dist": NEEDED}},
    {"metadata": {"name": "c", "version": "2"}},
    {"metadata": {"name": "f", "version": "3"}},
]


@pytest.mark.parametrize(
    ("machine", "asked", "more"),
    [("Linux arm64", "a-b", []), ("Windows", "a-b", ["d"]), ("Linux arm64", "a-b[x]", ["e"])],
)
def test_what_packages_need_is_read_for_the_target(machine, asked, more):
    """What only this machine needs, `f` here, is not counted; what only the target needs is asked for."""
    versions, others = wheels._follow(REPORT, [asked], wheels.Target("3.12", machine))
    assert versions == {"a-b": "1", "c": "2"}
    assert others == more


def test_the_table_names_the_machines_without_a_wheel():
    path = wheels.ROOT / "requirements-optuna.txt"
    (pin,) = [str(one) for one in wheels.read(path)]
    found = {target: wheels.Found({"optuna": "5"}) for target in wheels.TARGETS}
    found[wheels.Target("3.15", "Windows")] = wheels.Found(missing=[pin], words="No matching distribution")
    row, together = list(wheels.table(path, found))[2:]
    assert row == f"| {pin} | all | all | all | all | **not Windows** |"
    assert together == "| everything together | " + "1 packages | " * 4 + "**not Windows** |"
