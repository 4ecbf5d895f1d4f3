"""What a chart says about itself under its "i": what to look for, and the rows of the course that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

COURSE = {
    "C1": "what to tune, in which order",
    "C2": "random points, not a grid",
    "C3": "from coarse to fine",
    "C4": "sample α on a log scale",
    "C5": "sample 1-β on a log scale",
    "C6": "intuitions go stale: check settings again",
    "C7": "Panda: babysit one model",
    "C8": "Caviar: train many, keep the best",
    "C9": "normalize inputs",
    "C10": "batch norm, forward",
    "C11": "γ = √(σ²+ε), β = μ: batch norm changes nothing",
    "C12": "γ and β[l] are learnt like weights",
    "C13": "the bias b cancels before batch norm",
    "C14": "why batch norm works",
    "C15": "batch norm at test time: running averages",
    "C16": "softmax: a = exp(z) / Σ exp(z)",
    "C17": "hardmax, and temperature",
    "C18": "two classes: the logistic sigmoid",
    "C19": "loss and cost",
    "C20": "learning-rate decay, mini-batch size, ε",
}


@dataclass(frozen=True)
class Guide:
    """`look_for`: sentences on what to watch in the chart. `course`: keys of `COURSE`, the most important first."""

    look_for: str
    course: tuple[str, ...]

    @property
    def rows(self) -> list[str]:
        """The rows of the course in words, such as "C19: loss and cost"."""
        return [f"{row}: {COURSE[row]}" for row in self.course]
