"""Addresses of numpy's own inner loops, which the compiled step calls so that it has numpy's bits."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import numpy as np


class _CallInfo(ctypes.Structure):
    """What numpy says about an inner loop, see `numpy.ufunc._get_strided_loop`."""

    _fields_ = [
        ("loop", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("auxiliary", ctypes.c_void_p),
        ("needs_python", ctypes.c_bool),
        ("sets_no_flags", ctypes.c_bool),
    ]


class Loops:
    """numpy's inner loops for float32. `addresses` has one row (function, context, auxiliary data) for each ufunc.

    Raises `NotImplementedError` if a loop needs the interpreter. These parts of numpy are private: with a numpy that
    changes them a call can crash the process, which is why `core.training.jit_verify` tries them in a child process.
    """

    def __init__(self, ufuncs: Iterable[np.ufunc]) -> None:
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
        self._capsules, rows = [], []  # a capsule keeps alive what its addresses point to
        for ufunc in ufuncs:
            # Private methods, which numpy's stubs do not have.
            types = (np.dtype(np.float32),) * ufunc.nin + (None,) * ufunc.nout
            _, capsule = ufunc._resolve_dtypes_and_context(types)  # type: ignore[attr-defined]
            ufunc._get_strided_loop(capsule)  # type: ignore[attr-defined]
            info = _CallInfo.from_address(pointer(capsule, b"numpy_1.24_ufunc_call_info"))
            if info.needs_python:
                raise NotImplementedError(f"numpy's {ufunc.__name__} needs the interpreter")
            self._capsules.append(capsule)
            rows.append((info.loop, info.context, info.auxiliary or 0))
        self.addresses = np.array(rows, np.int64)
