"""A picture of classes: the likeliest class at each point of a plane and how sure that is, in one byte a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.palette import colour, faded

Array = np.ndarray
STRONGEST = 0.62  # opacity of full confidence


def picture(likeliest: Array, confidence: Array, classes: int, extent: list[float]) -> dict[str, Any]:
    """The picture "image" of a frame, of `likeliest` class and `confidence` from 0 to 1 (rows, columns), lowest row
    first: `points` uint8 (rows, columns) with class times `steps` plus confidence in steps, see `steps`."""
    fine = steps(classes)
    level = np.rint(confidence * (fine - 1))
    return {"points": (likeliest * fine + level).astype(np.uint8), "classes": classes, "extent": extent}


def steps(classes: int) -> int:
    """How many degrees of confidence a byte tells apart beside that many classes."""
    return 256 // classes


def read(image: Mapping[str, Any]) -> tuple[Array, Array]:
    """Likeliest class and confidence (rows, columns) of a picture."""
    fine = steps(image["classes"])
    return image["points"] // fine, image["points"] % fine / (fine - 1)


def heatmap(image: Mapping[str, Any]) -> go.Heatmap:
    """A picture as a heatmap: class c with a confidence from 0 to 1 is the number c + confidence."""
    (likeliest, confidence), n_classes = read(image), image["classes"]
    rows, columns = likeliest.shape
    x0, x1, y0, y1 = image["extent"]
    scale = []
    for c in range(n_classes):
        scale += [[c / n_classes, faded(colour(c), 0)], [(c + 0.999) / n_classes, faded(colour(c), STRONGEST)]]
    scale.append([1.0, faded(colour(n_classes - 1), STRONGEST)])
    return go.Heatmap(
        uid="image",
        z=likeliest + 0.999 * confidence,
        x0=x0 + (x1 - x0) / columns / 2,
        dx=(x1 - x0) / columns,
        y0=y0 + (y1 - y0) / rows / 2,
        dy=(y1 - y0) / rows,
        zmin=0,
        zmax=n_classes,
        colorscale=scale,
        showscale=False,
        hoverinfo="skip",
    )
