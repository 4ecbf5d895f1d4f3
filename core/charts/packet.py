"""A frame as bytes: uint32 length of the header, the header as JSON, then all arrays one after another.

Little-endian; the header is padded with spaces so that the arrays begin at a multiple of 8. Strings and numbers stay
in the header, arrays leave {"d": type, "o": offset in bytes, "n": shape} there; one that several keys share, such as
the steps of many lines, is sent once. NaN is a gap in arrays and null in the header.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "i4": np.dtype("<i4"), "u1": np.dtype("u1")}
KINDS = {"f": "f4", "i": "i4", "u": "i4", "b": "u1"}  # which of them an array of another width becomes
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
    """What stands in the header for a value; an array's bytes go to the end of `blob`, unless they are `there`."""
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
    """A value that strict JSON can hold: plain numbers, null for those that are not finite."""
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
    """The header without "charts", and the frames by chart: what `pack` was given, arrays in the message's types."""
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
