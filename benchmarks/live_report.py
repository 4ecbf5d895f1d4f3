"""What is required of the live page, and the tables that say what was measured and whether that is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.live_browser import Watched


@dataclass(frozen=True)
class Required:
    """A figure that is required: at least or at most so much of a unit."""

    name: str
    limit: float
    unit: str
    least: bool = False

    def row(self, situation: str, measured: float) -> list[str]:
        """Situation, required, measured, met or not."""
        met = measured >= self.limit if self.least else measured <= self.limit
        words = f"{'at least' if self.least else 'at most'} {self.limit:g} {self.unit}"
        return [self.name, situation, words, f"{measured:.3g}", "met" if met else "NOT MET"]


FRAMES = Required("frames/s of four charts", 15, "/s", least=True)
CHANGE = Required("from a changed control to the first frame that has it, median", 120, "ms")
PACKET = Required("packet, largest", 25, "KB of 1,024 bytes")
OTHER = Required("server time for a frame, beside training", 4, "ms")
USABLE = Required("from opening the address to a drawn frame and a Play button, median", 3, "s")
RATE = Required("frames/s of each session, least", 4.5, "/s", least=True)
ERRORS = Required("errors of all sessions", 0, "")
HEAD = ["figure", "situation", "required", "measured", ""]
WATCHED = ["situation", "frames/s", "slowest chart", "control to frame: median / 90 % ms, changes",
           "packet, median / largest bytes", "bytes for a frame", "server ms", "training ms", "drawing ms",
           "from step"]  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def watched(found: dict[str, Watched]) -> str:
    """Everything that was seen of each situation."""
    return table(WATCHED, (_row(name, it) for name, it in found.items()))


def _row(name: str, it: Watched) -> list[str]:
    middle, late = it.change
    rate, chart = it.slowest
    packets = f"{median(it.packets):,.0f} / {max(it.packets):,}"
    cost = [f"{it.other:.2f}", f"{it.training:.1f}", f"{it.drawing:.1f}", f"{it.step:,}"]
    delay = f"{middle:.0f} / {late:.0f}, {len(it.changes)}"
    return [name, f"{it.frames:.1f}", f"{rate:.1f} {chart}", delay, packets, f"{it.volume:,.0f}", *cost]


def verdicts(found: dict[str, Watched], frames: Required = FRAMES, change: Required = CHANGE) -> list[list[str]]:
    """What is required of each situation in the browser, figure by figure."""
    figures = {
        frames: lambda it: it.frames,
        change: lambda it: it.change[0],
        PACKET: lambda it: max(it.packets) / 1024,
        OTHER: lambda it: it.other,
    }
    return [required.row(name, read(it)) for required, read in figures.items() for name, it in found.items()]


def ratios(live: dict[str, Watched], obvious: dict[str, Watched]) -> str:
    """How many times better the live page does than the obvious way in the same situation."""
    head = ["times better", "frames/s", "slowest chart", "control to frame", "bytes for a frame", "server time"]
    rows = []
    for name, slow in obvious.items():
        fast = live[name]
        pairs = [(fast.frames, slow.frames), (fast.slowest[0], slow.slowest[0]), (slow.change[0], fast.change[0])]
        pairs += [(slow.volume, fast.volume), (slow.other, fast.other)]
        rows.append([name, *(f"{more / less:.1f}" if less else "-" for more, less in pairs)])
    return table(head, rows)
