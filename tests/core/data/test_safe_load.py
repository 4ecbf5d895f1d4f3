"""Tests of the loader of what comes in: what it takes comes back whole, and all else is a sentence, soon."""

import contextlib
import io
import json
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.data.safe_load import DEPTH, MEMBERS, FileError, read_json, read_npz, read_text, shown, size_words, write_npz

MOST = 5 * 2**20


def sentence(read, *arguments):
    """What a person is told: one short sentence or two, and within a second."""
    start = time.process_time()
    with pytest.raises(FileError) as caught:
        read(*arguments)
    assert time.process_time() - start < 1
    words = str(caught.value)
    assert words[0].isupper()
    assert words.endswith(".")
    assert len(words) < 200
    assert words.isprintable()
    return words


# text


@given(st.text())
@hypothesis_settings(deadline=None)
def test_text_comes_back(text):
    assert read_text(text.encode(), MOST) == text.removeprefix("\ufeff")
    assert read_text(b"\xef\xbb\xbf" + text.encode(), MOST) == text


def test_text_that_is_too_long_is_not_decoded():
    assert read_text(b"12345", 5) == "12345"
    assert "larger than 1 KB" in sentence(read_text, b"\xff" * 6, 5)


def test_the_place_of_a_wrong_byte_is_named():
    assert "line 3" in sentence(read_text, b"a,b\n1,2\n\xe9,3\n4,5\n", MOST)
    assert "UTF-8" in sentence(read_text, "größe\n".encode("latin-1"), MOST)
    assert "UTF-16" in sentence(read_text, "a,b\n1,2\n".encode("utf-16"), MOST)


# JSON

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(), plain))
@hypothesis_settings(deadline=None)
def test_json_comes_back(found):
    text = json.dumps(found)
    assert read_json(text, MOST) == found
    assert read_json(text.encode(), MOST) == found
    assert read_json(json.dumps(found, ensure_ascii=False).encode("utf-8-sig"), MOST) == found


NO_JSON = {
    "empty": ("", "empty"),
    "spaces": (" \n ", "empty"),
    "cut": ('{"a": [1, 2', "line 1"),
    "text": ("step,loss\n1,2\n", "line 1"),
    "comma": ('{"a": 1,\n "b": 2,}', "line 2"),
    "list": ("[1, 2]", "object"),
    "number": ("12", "object"),
    "null": ("null", "object"),
    "two": ("{} {}", "line 1"),
    "twice": ('{"step": 1, "step": 2}', "'step' twice"),
    "twice within": ('{"a": [{"b": 1, "c": 2, "b": 1}]}', "'b' twice"),
    "many and twice": ("{" + "".join(f'"{i}": 1,' for i in range(100_000)) + '"99999": 1}', "'99999' twice"),
    "NaN": ('{"a": NaN}', "NaN"),
    "infinity": ('{"a": -Infinity}', "-Infinity"),
    "infinite": ('{"a": 1e999}', "1e999"),
    "digits": ('{"a": 1' + "0" * 5000 + "}", "too large"),
    "many digits": ('{"a": -' + "9" * 4_000_000 + "}", "too large"),
    "64 bits": ('{"a": 9223372036854775808}', "too large"),
    "half": ('{"a": "\\ud800"}', "half a character"),
    "half a name": ('{"a": {"\\udfff": 1}}', "half a character"),
    "raw half": ('{"a": "\ud800"}', "half a character"),
    "deep lists": ("[" * 100_000, "deep"),
    "deep objects": ('{"a":' * 100_000, "deep"),
    "rather deep": ('{"a":' + "[" * DEPTH + "]" * DEPTH + "}", "deep"),
    "many": ('{"a": [' + "[]," * 1_000_000 + "[]]}", "too many"),
    "control": ('{"a": "b\nc"}', "line 1"),
    "BOM": ("\ufeff\ufeff{}", "line 1"),
}


@pytest.mark.parametrize("name", NO_JSON)
def test_bad_json_is_a_sentence(name):
    text, part = NO_JSON[name]
    assert part in sentence(read_json, text, MOST)
    if name != "raw half":
        assert part in sentence(read_json, text.encode(), MOST)


def test_json_as_deep_as_it_may_be():
    deep = DEPTH - 2
    assert read_json('{"a":' + "[" * deep + "1" + "]" * deep + "}", MOST)


def test_the_largest_numbers_are_taken():
    assert read_json('{"a": [9223372036854775807, -9223372036854775807, 1.7976931348623157e308]}', MOST)


def test_json_is_bounded_before_it_is_read():
    assert "larger" in sentence(read_json, b"\xff" * (MOST + 1), MOST)
    assert "larger" in sentence(read_json, "{" * (MOST + 1), MOST)


@given(st.binary(max_size=60))
@hypothesis_settings(deadline=None)
def test_any_bytes_are_json_or_a_sentence(data):
    with contextlib.suppress(FileError):
        assert isinstance(read_json(data, MOST), dict)


# arrays

numbers = arrays.arrays(
    st.sampled_from(["?", "i1", "u2", "<i4", ">i4", "i8", "u8", "f2", "<f4", ">f8"]),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    """An archive of (name, bytes) pairs, of whatever names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return file.getvalue()


def npy_file(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def headed(header, body=b"", version=(1, 0)):
    """A `.npy` file with this text as its header."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", len(text)) + text + body


def described(shape, descr="'<f4'", fortran=False):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}}}"


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), numbers, max_size=5))
@hypothesis_settings(deadline=None)
def test_arrays_come_back(found):
    data = write_npz(found)
    assert write_npz(found) == data
    read = read_npz(data, MOST)
    with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
        assert list(read) == loaded.files == list(found)
        for name, array in found.items():
            np.testing.assert_array_equal(read[name], array)
            np.testing.assert_array_equal(loaded[name], array)
            assert read[name].dtype == array.dtype.newbyteorder("=")
            assert read[name].dtype.isnative
            assert read[name].shape == array.shape
            assert read[name].flags.writeable


def test_numpys_own_files_are_read():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(6).reshape(2, 3), b=np.float32(1.5))
    read = read_npz(file.getvalue(), MOST)
    np.testing.assert_array_equal(read["a"], np.arange(6).reshape(2, 3))
    assert read["b"] == 1.5


def test_what_is_written_is_compressed_and_holds_no_objects():
    assert len(write_npz({"a": np.zeros(100_000)})) < 1000
    with pytest.raises(ValueError, match="Object arrays"):
        write_npz({"a": np.array([{}])})


def test_truth_values_are_0_or_1():
    body = npy_file(np.array([True, False, True]))
    read = read_npz(zipped([("a.npy", body[:-1] + b"\x07")]), MOST)["a"]
    assert read.view(np.uint8).tolist() == [1, 0, 1]


GOOD = write_npz({"a": np.arange(60, dtype=np.float32).reshape(3, 20), "b": np.eye(3)})


def flagged(data, flag):
    """The archive with a flag set on every member."""
    data = bytearray(data)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= flag
            at = data.find(signature, at + 1)
    return bytes(data)


def declared(data, size):
    """The archive in which every member declares that it has `size` bytes."""
    data = bytearray(data)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 24, size)
        at = data.find(b"PK\x01\x02", at + 1)
    return bytes(data)


BAD_NPZ = {
    "empty": (b"", "readable .npz"),
    "text": (b"x1,x2,label\n", "readable .npz"),
    "bare npy": (npy_file(np.eye(2)), "readable .npz"),
    "cut": (GOOD[: len(GOOD) // 2], "readable .npz"),
    "end only": (GOOD[len(GOOD) // 2 :], "readable .npz"),
    "flipped": (GOOD[:200] + bytes([GOOD[200] ^ 255]) + GOOD[201:], "damaged"),
    "encrypted": (flagged(GOOD, 1), "encrypted"),
    "lzma": (zipped([("a.npy", npy_file(np.eye(2)))], zipfile.ZIP_LZMA), "compressed"),
    "bzip2": (zipped([("a.npy", npy_file(np.eye(2)))], zipfile.ZIP_BZIP2), "compressed"),
    "many": (zipped([(f"a{i}.npy", npy_file(np.eye(1))) for i in range(MEMBERS + 1)]), "more than 64"),
    "bomb": (zipped([("a.npy", npy_file(np.zeros(25_000_000)))]), "unpacked is larger than 5 MB"),
    "bombs": (zipped([(f"a{i}.npy", npy_file(np.zeros(100_000))) for i in range(9)]), "unpacked is larger"),
    "says less": (declared(GOOD, 100), "damaged"),
    "says more": (declared(GOOD, 4000), "damaged"),
    "nested": (zipped([("a/b.npy", npy_file(np.eye(2)))]), "not an array's name"),
    "upwards": (zipped([("../a.npy", npy_file(np.eye(2)))]), "not an array's name"),
    "folder": (zipped([("a/", b"")]), "not an array's name"),
    "other file": (zipped([("a.txt", b"hello")]), "not an array's name"),
    "archive within": (zipped([("a.npz", GOOD)]), "not an array's name"),
    "strange name": (zipped([("a\n\u202e.npy", npy_file(np.eye(2)))]), "not an array's name"),
    "objects": (zipped([("a.npy", npy_file(np.array([{}, None])))]), "plain numbers"),
    "text array": (zipped([("a.npy", npy_file(np.array(["a", "b"])))]), "plain numbers"),
    "complex": (zipped([("a.npy", npy_file(np.array([1j])))]), "plain numbers"),
    "dates": (zipped([("a.npy", npy_file(np.array(["2024-01-01"], "M8[D]")))]), "plain numbers"),
    "long double": (zipped([("a.npy", npy_file(np.ones(3, np.longdouble)))]), "plain numbers"),
    "record": (zipped([("a.npy", npy_file(np.zeros(2, [("x", "f4")])))]), "plain numbers"),
    "no header": (zipped([("a.npy", b"hello")]), "no header"),
    "empty member": (zipped([("a.npy", b"")]), "no header"),
    "no literal": (zipped([("a.npy", headed("print(1)"))]), "no header"),
    "python 2": (zipped([("a.npy", headed(described("(2L,)"), b"\0" * 8) + b"x")]), "that"),
    "no descr": (zipped([("a.npy", headed("{'shape': (1,)}"))]), "no header"),
    "deep": (zipped([("a.npy", headed("(" * 9000 + ")" * 900))]), "no header"),
    "deep lists": (zipped([("a.npy", headed("[" * 4000 + "]" * 4000))]), "no header"),
    "tokens": (zipped([("a.npy", headed("'''{"))]), "no header"),
    "indent": (zipped([("a.npy", headed("if 1:\n   a\n  b"))]), "no header"),
    "long header": (zipped([("a.npy", headed("{" + " " * 60_000 + "}"))]), "no header"),
    "version 2 cut": (zipped([("a.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1))]), "no header"),
    "version 9": (zipped([("a.npy", headed(described("(1,)"), b"\0" * 4, (9, 0)))]), "no header"),
    "giant": (zipped([("a.npy", headed(described("(1000000000000,)"), b"\0" * 8))]), "shape"),
    "giant and nothing": (zipped([("a.npy", headed(described("(0, 10**30)".replace("10**30", "9" * 30))))]), "shape"),
    "negative": (zipped([("a.npy", headed(described("(-2, -1)"), b"\0" * 8))]), "shape"),
    "many sides": (zipped([("a.npy", headed(described("(" + "1, " * 70 + ")"), b"\0" * 4))]), "shape"),
    "short": (zipped([("a.npy", npy_file(np.arange(9.0))[:-8])]), "not as long"),
    "long": (zipped([("a.npy", npy_file(np.arange(9.0)) + b"\0")]), "not as long"),
    "no width": (zipped([("a.npy", headed(described("(3,)", "'<U0'")))]), "plain numbers"),
    "sub-arrays": (zipped([("a.npy", headed(described("(1,)", "('<f4', (2,))"), b"\0" * 8))]), ""),
    "Fortran": (zipped([("a.npy", npy_file(np.asfortranarray(np.ones((2, 3)))))]), "Fortran"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_NPZ)
def test_a_bad_archive_is_a_sentence(name):
    data, part = BAD_NPZ[name]
    assert part in sentence(read_npz, data, MOST)


def test_a_name_that_is_there_twice():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped([("a.npy", npy_file(np.eye(2)))] * 2)
    assert "twice" in sentence(read_npz, data, MOST)


def test_a_file_is_bounded_before_it_is_opened():
    assert "larger" in sentence(read_npz, GOOD, len(GOOD) - 1)
    assert read_npz(GOOD, 2000)


@pytest.mark.parametrize("name", ["bomb", "giant", "many"])
def test_a_bomb_takes_no_memory(name):
    data, _ = BAD_NPZ[name]
    tracemalloc.start()
    sentence(read_npz, data, MOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(data) + 300_000


def test_a_hundred_thousand_members_are_refused_at_once():
    body = zipped([("a.npy", b"")])
    entry = body[body.find(b"PK\x01\x02") : body.find(b"PK\x05\x06")]
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, 65535 * len(entry), 0, 0)
    data = entry * 65535 + end
    tracemalloc.start()
    assert "more than 64" in sentence(read_npz, data, MOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
@hypothesis_settings(max_examples=400, deadline=None)
def test_any_damage_is_a_sentence_or_harmless(changes, cut):
    data = bytearray(GOOD)
    for at, byte in changes:
        data[at] = byte
    try:
        read = read_npz(bytes(data[: changes[0][0]] if cut else data), MOST)
    except FileError:
        return
    assert all(array.dtype.kind in "biuf" for array in read.values())


# words


def test_what_is_shown_of_a_file_is_short_and_printable():
    assert shown("step") == "'step'"
    assert len(shown("x" * 10**6)) == 40
    assert shown("a\nb\u202e\ud800") == r"'a\nb\u202e\ud800'"
    assert shown(12) == "12"


def test_sizes_in_words():
    assert [size_words(n) for n in (0, 1, 1024, 1025, 2**20, 5 * 2**20, 1_400_000)] == [
        "0 KB", "1 KB", "1 KB", "2 KB", "1 MB", "5 MB", "1.34 MB"]  # fmt: skip
