"""Colours of classes and layers, with dashes and marker symbols, because nothing is told by colour alone.

The palette is Okabe and Ito's, for all kinds of colour vision. Its yellow is darker and its black is grey here, so that
every line is visible on white and on near-black.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, GREY, YELLOW = "#56B4E9", "#CC79A7", "#8C8C8C", "#B8A800"

COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, GREY, YELLOW)
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")  # "dot" is reserved: twins, true shares
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "cross", "star", "triangle-down", "x")

SWATCHES = {"solid": "—", "dash": "- -", "dashdot": "-·-", "longdash": "– –", "longdashdot": "–·–", "dot": "···"}
GLYPHS = {
    "circle": "●",
    "square": "■",
    "triangle-up": "▲",
    "diamond": "◆",
    "cross": "✚",
    "star": "★",
    "triangle-down": "▼",
    "x": "✖",
}


def colour(i: int) -> str:
    """The colour of class or layer i, from 0."""
    return COLOURS[i % len(COLOURS)]


def dash(i: int) -> str:
    """The dash of line i, from 0. No two of the first 40 lines have the same colour and dash."""
    return DASHES[i % len(DASHES)]


def symbol(i: int) -> str:
    """The marker symbol of class i, from 0. No two of the first 64 classes have the same colour and symbol."""
    return SYMBOLS[(i + i // len(COLOURS)) % len(SYMBOLS)]


def faded(hex_colour: str, opacity: float) -> str:
    """A colour such as "#0072B2" with an opacity from 0 to 1, as plotly reads it."""
    red, green, blue = (int(hex_colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


# From transparent to blue. Text in the page's colour is readable on every shade, in both themes.
SHADES = [[0.0, faded(BLUE, 0)], [1.0, faded(BLUE, 0.7)]]
INK = [[0.0, faded(GREY, 0)], [1.0, faded(GREY, 1)]]
