"""Whether everything that a requirements file asks for has a wheel, on each Python and machine that the README names.

    python -m scripts.wheels [requirements-dask.txt ...]

Without a file, all of them are looked at. Prints a table for each and exits with 1 where a wheel is missing. It asks
PyPI through `pip install --dry-run`; pip 25 or newer is quick, as it reads the wheels' metadata alone.

pip reads markers as on the machine that it runs on, whatever `--platform` and `--python-version` say. So the markers of
the files are evaluated here, for the target, and so are those of the packages found: what only the target needs is
asked for in another round, and what only this machine needs is not counted. Three things this does not show:

- Where a package that only this machine needs has no wheel for the target, pip gives up. Then packages are asked for
  with `--no-deps`, round by round, and whether their versions agree with each other is not seen.
- pip itself, without `--only-binary`, prefers a newer release to an older one that has a wheel, and tries to build it.
  Where the target gets an older release than others, the line of differing versions below the table says so.
- Nothing is installed or imported: that a wheel is there does not mean that it works.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
AT_ONCE = 4  # targets
NO_WHEEL = "No matching distribution"  # pip's words
GLIBC = range(5, 29)  # 2.5 to 2.28, which RHEL 8 and Debian 10 have


def _linux(machine: str) -> list[str]:
    return [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]


# pip's names of a machine and what markers see there: sys_platform, platform_system, platform_machine, os_name
MACHINES = {
    "Linux x86-64": (_linux("x86_64"), ("linux", "Linux", "x86_64", "posix")),
    "Linux arm64": (_linux("aarch64"), ("linux", "Linux", "aarch64", "posix")),
    "macOS arm64": (["macosx_14_0_arm64"], ("darwin", "Darwin", "arm64", "posix")),  # and all that run on 14
    "Windows": (["win_amd64"], ("win32", "Windows", "AMD64", "nt")),
}


class Target(NamedTuple):
    """A Python on a machine, such as ("3.15", "Windows")."""

    python: str
    machine: str

    @property
    def markers(self) -> dict[str, str]:
        """What environment markers see there."""
        names = ("sys_platform", "platform_system", "platform_machine", "os_name")
        return {
            **dict(zip(names, MACHINES[self.machine][1], strict=True)),
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
        }

    def needs(self, requirement: Requirement, extras: Iterable[str] = ()) -> bool:
        """Whether the requirement's marker holds there, with one of these extras or without."""
        marker = requirement.marker
        return marker is None or any(marker.evaluate(self.markers | {"extra": extra}) for extra in {"", *extras})


@dataclass
class Found:
    """What pip would install on a target: versions by name; what is missing, by line of the file, and pip's words."""

    versions: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    words: str = ""


TARGETS = [Target(python, machine) for python in PYTHONS for machine in MACHINES]


# requirements files


def read(path: Path) -> list[Requirement]:
    """The file's own requirements, without those of files that it names by `-r`."""
    return [Requirement(line) for line in _lines(path) if not line.startswith("-")]


def whole(path: Path) -> list[Requirement]:
    """The requirements of the file, of those that it names, and of requirements.txt, which goes with each."""
    others = [path.parent / line.split()[1] for line in _lines(path) if line.startswith("-r ")]
    files = dict.fromkeys([BASE, *others, path])  # each once
    return [requirement for file in files for requirement in read(file)]


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if said := line.partition("#")[0].strip():
            yield said


# asking pip


def resolve(requirements: list[Requirement], target: Target) -> Found:
    """What pip would install on the target for these requirements."""
    asked = [_plain(requirement) for requirement in requirements if target.needs(requirement)]
    found = _rounds(asked, target)
    if NO_WHEEL not in found.words:
        return found
    found = _rounds(asked, target, "--no-deps")
    if found.words:
        found.missing = [line for line in asked if _ask(target, [line], "--no-deps")[0] is None]
    return found


def _rounds(asked: list[str], target: Target, *options: str) -> Found:
    """Ask pip until nothing is left that the target needs besides."""
    wanted = list(asked)
    while True:
        report, words = _ask(target, wanted, *options)
        if report is None:
            return Found(words=words)
        versions, more = _follow(report, asked, target)
        if not more:
            return Found(versions)
        wanted += more


def _plain(requirement: Requirement) -> str:
    """The requirement without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _ask(target: Target, wanted: list[str], *options: str) -> tuple[list[dict[str, Any]] | None, str]:
    """pip's report of what it would install; None, with its error, where it finds no wheel for something."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--report", "-"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", target.python, *options]
    command += [f"--platform={name}" for name in MACHINES[target.machine][0]]
    command += ["--target", "nowhere", *wanted]
    done = subprocess.run(command, env=_pypi_alone(), capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)["install"], ""
    if NO_WHEEL not in done.stderr and "ResolutionImpossible" not in done.stderr:
        raise SystemExit(f"pip failed for {target.python} on {target.machine}:\n{done.stderr}")
    return None, done.stderr.strip().splitlines()[-1]


def _pypi_alone() -> dict[str, str]:
    """The environment in which pip reads no configuration file, and no folder of wheels: what others see too."""
    left_out = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "PIP_NO_INDEX"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}


def _follow(report: list[dict[str, Any]], asked: list[str], target: Target) -> tuple[dict[str, str], list[str]]:
    """The packages of pip's report that the target needs for what is asked, by name; and what it needs besides."""
    there = {canonicalize_name(item["metadata"]["name"]): item["metadata"] for item in report}
    waiting, seen, more = [Requirement(line) for line in asked], set(), []
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name not in there:
            more.append(_plain(requirement))
        elif (name, extras) not in seen:
            seen.add((name, extras))
            needed = map(Requirement, there[name].get("requires_dist", []))
            waiting += [other for other in needed if target.needs(other, extras)]
    return {name: there[name]["version"] for name, _ in sorted(seen, key=lambda pair: pair[0])}, more


# the table


def table(path: Path, found: dict[Target, Found]) -> Iterator[str]:
    """The lines of a Markdown table: a row a requirement, a column a Python, and on which machines there is a wheel."""
    yield "| | " + " | ".join(PYTHONS) + " |"
    yield "|---" * (len(PYTHONS) + 1) + "|"
    for requirement in read(path):
        cells = [_cell(requirement, python, found) for python in PYTHONS]
        yield f"| {_plain(requirement)} | " + " | ".join(cells) + " |"
    yield "| everything together | " + " | ".join(_together(python, found) for python in PYTHONS) + " |"


def _cell(requirement: Requirement, python: str, found: dict[Target, Found]) -> str:
    """Where there is a wheel: on "all" machines, on some of them, or "-" where its marker asks for it on none."""
    targets = [target for target in TARGETS if target.python == python and target.needs(requirement)]
    without = [target.machine for target in targets if _plain(requirement) in found[target].missing]
    if not targets:
        return "-"
    if without:
        return "**none**" if len(without) == len(targets) else f"**not {', '.join(without)}**"
    return "all" if len(targets) == len(MACHINES) else ", ".join(target.machine for target in targets)


def _together(python: str, found: dict[Target, Found]) -> str:
    """How many packages come with them; the machines on which it cannot be installed from wheels."""
    targets = [target for target in TARGETS if target.python == python]
    failing = [target.machine for target in targets if found[target].words]
    if failing:
        return f"**not {', '.join(failing)}**"
    counts = sorted({len(found[target].versions) for target in targets})
    return f"{'-'.join(str(count) for count in (counts[0], counts[-1])[: len(counts)])} packages"


def differing(found: dict[Target, Found]) -> Iterator[str]:
    """A line for each package whose version is not the same on all targets."""
    versions: dict[str, dict[str, list[Target]]] = defaultdict(lambda: defaultdict(list))
    for target, one in found.items():
        for name, version in one.versions.items():
            versions[name][version].append(target)
    for name, by_version in sorted(versions.items()):
        if len(by_version) > 1:
            parts = [f"{version} on {', '.join(_short(targets))}" for version, targets in by_version.items()]
            yield f"{name}: {'; '.join(parts)}"


def _short(targets: list[Target]) -> Iterator[str]:
    for python in PYTHONS:
        machines = [target.machine for target in targets if target.python == python]
        if machines:
            yield python if len(machines) == len(MACHINES) else f"{python} ({', '.join(machines)})"


def show(path: Path) -> bool:
    """Print what a file's requirements find on all targets; returns whether nothing is missing."""
    requirements = whole(path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda target: resolve(requirements, target), TARGETS)
        found = dict(zip(TARGETS, answers, strict=True))
    print(f"\n{path.name}\n", *table(path, found), "", *differing(found), sep="\n", flush=True)
    for target, one in found.items():
        if one.words:
            print(f"Missing for {target.python} on {target.machine}: {', '.join(one.missing) or one.words}")
    return not any(one.words for one in found.values())


def main() -> int:
    files = [Path(name).resolve() for name in sys.argv[1:]] or sorted(ROOT.glob("requirements*.txt"))
    complete = [show(path) for path in files]
    return 0 if all(complete) else 1


if __name__ == "__main__":
    sys.exit(main())
