"""A frame as bytes: uint32 length of the header, the header as JSON, then all arrays one after another.

Everything is little-endian. The header is padded with spaces so that the arrays begin at a multiple of 8. Strings and
numbers are in the header; for an array it has {"d": type, "o": offset in bytes, "n": shape}. An array that several keys
share, such as the steps of many lines, is sent once. NaN stays NaN in arrays and is null in the header.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "i4": np.dtype("<i4"), "u1": np.dtype("u1")}
KINDS = {"f": "f4", "i": "i4", "u": "i4", "b": "u1"}  # numpy kind -> type that is sent
Frames = dict[str, dict[str, Any]]


def pack(header: Mapping[str, Any], frames: Mapping[str, Mapping[str, Any]]) -> bytes:
    """One message: `header`, and under "charts" the frame of each chart by its name.

    Arrays (1-D or 2-D) become float32, int32 or uint8. Raises `ValueError` for an array of another kind or shape.
    """
    blob = bytearray()
    there: dict[int, Any] = {}
    charts = {name: {key: _laid(value, blob, there) for key, value in frame.items()} for name, frame in frames.items()}
    text = json.dumps(
        _strict(dict(header)) | {"charts": charts}, allow_nan=False, ensure_ascii=False, separators=(",", ":")
    )
    encoded = text.encode()
    encoded += b" " * (-(4 + len(encoded)) % 8)
    return struct.pack("<I", len(encoded)) + encoded + bytes(blob)


def _laid(value: Any, blob: bytearray, there: dict[int, Any]) -> Any:
    """What the header has for a value. An array is appended to `blob`, unless `there` (by id) says that it is in it."""
    if isinstance(value, np.ndarray) and value.ndim:
        if id(value) not in there:
            there[id(value)] = _described(value, blob)
        return there[id(value)]
    if isinstance(value, Mapping):
        return {key: _laid(inner, blob, there) for key, inner in value.items()}
    return _strict(value)


def _described(array: np.ndarray, blob: bytearray) -> dict[str, Any]:
    kind = "u1" if array.dtype == np.uint8 else KINDS.get(array.dtype.kind)
    if kind is None or array.ndim > 2:
        raise ValueError(f"An array of {array.dtype} and shape {array.shape} cannot be packed.")
    blob.extend(bytes(-len(blob) % 4))
    offset = len(blob)
    blob.extend(np.ascontiguousarray(array, TYPES[kind]).data.cast("B") if array.size else b"")
    return {"d": kind, "o": offset, "n": list(array.shape)}


def _strict(value: Any) -> Any:
    """A value for strict JSON: Python's own numbers, and None for those that are not finite."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value


def unpack(message: bytes) -> tuple[dict[str, Any], Frames]:
    """What `pack` was given: the header without "charts", and the frames by chart, with arrays in the types sent."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    blob = memoryview(message)[4 + length :]
    charts = header.pop("charts")
    return header, {name: {key: _taken(value, blob) for key, value in frame.items()} for name, frame in charts.items()}


def _taken(value: Any, blob: memoryview) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"d", "o", "n"}:
        flat = np.frombuffer(blob, TYPES[value["d"]], math.prod(value["n"]), value["o"])
        return flat.reshape(value["n"])
    return {key: _taken(inner, blob) for key, inner in value.items()}
