"""Examples whose features are an image's pixels, as small tiles of one heatmap."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.palette import INK
from core.data.datasets import Data

Array = np.ndarray


def tiles(data: Data, examples: Array) -> Array:
    """Pictures (n, height, width) of dev examples, 0 to 1, top row first; (0, 0, 0) if the features are no pixels."""
    if not data.picture:
        return np.empty((0, 0, 0), np.float32)
    raw = data.raw(data.dev.X[:, examples])  # (n_x, n)
    return (raw / max(float(raw.max()), 1e-6)).T.reshape(-1, *data.picture).astype(np.float32)


def across(pictures: Array) -> tuple[Array, Array]:
    """Pictures side by side, one unit wide each: x (n (width + 1),) and z (height, n (width + 1)), lowest row first."""
    n, height, width = pictures.shape
    z = np.full((height, n, width + 1), np.nan, np.float32)
    z[..., :width] = pictures[:, ::-1].transpose(1, 0, 2)
    x = np.arange(n)[:, None] + (np.arange(width + 1) - (width - 1) / 2) / (width + 1)
    return x.reshape(-1).astype(np.float32), z.reshape(height, -1)


def heatmap(uid: str, **more: Any) -> go.Heatmap:
    """An empty heatmap of tiles, grey on the page's background."""
    return go.Heatmap(uid=uid, colorscale=INK, zmin=0, zmax=1, showscale=False, hoverinfo="skip", **more)
