"""Tests of a person's own data: from a sheet to a table, to bytes and back, and the shelf that keeps tables by name."""

import json
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.csv_reader import read_csv
from core.data.safe_load import NAME_LENGTH, FileError, read_npz, write_npz
from core.data.shelf import (
    LARGEST,
    MAX_CELLS,
    MAX_CLASSES,
    MAX_FEATURES,
    MAX_ROWS,
    MAX_UNPACKED,
    Shelf,
    Table,
    is_table,
)
from core.data.uploads import label_guess, table_of
from core.errors import UserError


def sheet(text):
    return read_csv(text.encode())


def table(text, label=None):
    read = sheet(text)
    return table_of(read, label_guess(read).number - 1 if label is None else label)


def sentence(text, label=None):
    """What is said of a file that makes no table."""
    with pytest.raises(FileError) as caught:
        table(text, label)
    words = str(caught.value)
    assert words[0].isupper()
    assert words.endswith(".")
    assert words.isprintable()
    assert len(words) < 300
    return words


def labelled(labels, more=""):
    """A file of one column of numbers and these labels; `more` comes after it."""
    return "x,kind\n" + "".join(f'{i},"{label}"\n' for i, label in enumerate(labels)) + more


def a_table(m=6, n_x=2, C=2, seed=0):
    points = np.random.default_rng(seed).normal(size=(m, n_x)).astype(np.float32)
    names = tuple(f"class {c}" for c in range(C)), tuple(f"x{i}" for i in range(n_x))
    return Table(points, np.arange(m) % C, *names)


# from a sheet


def test_a_table_of_a_file():
    made = table("a,kind,b\n1,cat,2\n3,dog,4\n5,cat,6\n7,dog,8\n")
    assert made.points.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert made.labels.tolist() == [0, 1, 0, 1]
    assert made.class_names == ("cat", "dog")
    assert made.feature_names == ("a", "b")
    assert made.counts == {"cat": 2, "dog": 2}
    assert (made.points.dtype, made.labels.dtype) == (np.float32, np.int64)
    for array in (made.points, made.labels):
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("label", [1, "b"])
def test_the_label_column_by_number_or_name(label):
    made = table("a,b,c\n1,0,2\n3,1,4\n5,0,6\n7,1,8\n", label)
    assert made.feature_names == ("a", "c")
    assert made.class_names == ("0", "1")


@pytest.mark.parametrize("label", ["d", 3, -1, "x" * 500])
def test_a_label_column_that_is_not_there(label):
    assert "has no column" in sentence("a,b,c\n1,0,2\n3,1,4\n", label)


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("a,b,c\n1,2,0\n3,4,1\n", "c"),
        ("kind,b,c\nx,2,0\ny,4,1\n", "kind"),  # the only text
        ("a,kind,b,note\n1,x,2,u\n3,y,4,v\n", "note"),
        ("kind,b\n" + "".join(f"{i % 2},{i}\n" for i in range(30)), "kind"),  # the last has too many values
        ("a,b\n" + "".join(f"{i},{i}\n" for i in range(30)), "b"),
    ],
)
def test_the_label_column_is_guessed(text, guess):
    assert label_guess(sheet(text)).name == guess


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "B", "a b", "A"], ("A", "a", "a b", "B", "b")),
        (["arm 10", "arm 2", "arm 1"], ("arm 1", "arm 2", "arm 10")),
        (["a10b2", "a10b1", "a9", "a"], ("a", "a9", "a10b1", "a10b2")),
        (["10", "9", "-1", "0.5"], ("-1", "0.5", "9", "10")),
        (["1", "0"], ("0", "1")),
        (["10", "9", "many"], ("9", "10", "many")),
        (["none", "mild", "severe"], ("mild", "none", "severe")),
        (["007", "7b"], ("007", "7b")),
        (["²", "٣", "1"], ("1", "²", "٣")),
    ],
)
def test_classes_are_sorted_as_a_person_would(labels, names):
    made = table(labelled(labels * 2))
    assert made.class_names == names
    assert [made.class_names[label] for label in made.labels] == labels * 2


def test_a_class_may_be_written_in_several_ways():
    assert table(labelled(["1", "1.0", "01", "2", "2e0"])).counts == {"1": 3, "2": 2}
    assert table(labelled(["a", " a ", "a\u200b", "b", "b"])).counts == {"a": 3, "b": 2}
    assert table("x;k\n1;0,5\n2;0.5\n3;1\n4;1,0\n", "k").counts == {"0,5": 2, "1": 2}


def test_long_class_names_stay_different():
    long = "x" * 100
    names = table(labelled([long + "1", long + "2"] * 2)).class_names
    assert len(set(names)) == 2
    assert all(len(name) <= NAME_LENGTH for name in names)


def test_names_are_kept_as_they_are_but_for_what_cannot_be_seen():
    made = table('"<b>\x1b[1m\n x",k\n1,"$a$\u202e"\n2,:red[x]\n1,$a$\n2,:red[x]\n')
    assert made.feature_names == ("<b>[1m x",)
    assert made.class_names == ("$a$", ":red[x]")


def test_a_constant_column_is_taken():
    assert table("a,b,k\n1,7,x\n2,7,y\n3,7,x\n4,7,y\n").points[:, 1].tolist() == [7] * 4


def test_zero_and_minus_zero_are_equal():
    assert table(labelled("aabb").replace("0,", "-0,", 1)).name == table(labelled("aabb")).name


# what cannot be, and where


def test_a_missing_value():
    assert sentence("a,k\n1,x\n2,y\n ,x\n3,y\n").startswith("Line 4, column 1 (a): the value is missing. Fill")
    assert sentence("a,k\n1,x\nNA,y\n3,y\n3,x\n").startswith("Line 3, column 1 (a): the value is missing ('NA').")
    assert sentence("a,k\n1,x\n2,x\n\n4,\n3,y\n3,y\n").startswith("Line 5, column 2 (k): the label is missing.")
    assert sentence("1,0\n2,1\n3,?\n3,0\n3,1\n", 1).startswith("Line 3, column 2: the label is missing.")
    assert sentence(labelled(["a", "a", "\u200b", "b", "b"])).startswith(
        "Line 4, column 2 (kind): the label is missing"
    )


def test_text_in_a_column_of_numbers():
    assert sentence("a,k\n1,x\n2,y\nabc,x\n3,y\n").startswith("Line 4, column 1 (a): 'abc' is not a number. All")
    words = sentence("a,k\n1,x\n2,y\n" + "abc" * 100 + ",x\n3,y\n")
    assert "abc" * 12 in words
    assert "abc" * 14 not in words


def test_the_first_flaw_of_the_file_is_told():
    assert sentence("a,b,k\n1,2,x\n1,no,y\noh,2,x\n1,2,y\n").startswith("Line 3, column 2 (b): 'no'")
    assert sentence("a,b,k\n1,2,x\nb,a,y\n1,2,x\n1,2,y\n").startswith("Line 3, column 1 (a): 'b'")


def test_numbers_that_are_too_large():
    for text in ("1e400", "-inf", "2e30"):
        assert f"{text!r} is too large. Numbers go from -1e+30 to 1e+30." in sentence(f"a,k\n1,x\n2,y\n{text},x\n3,y\n")


def test_a_decimal_comma():
    words = sentence('a,k\n1,x\n2,y\n"3,5",x\n4,y\n')
    assert "'3,5' is not a number here. Write it with a decimal point and without commas." in words


def test_no_features_and_no_rows():
    assert "only one column" in sentence("k\n1\n2\n1\n2\n")
    assert "only one row" in sentence("a,k\n1,x\n")
    assert "only one row" in sentence("1,x\n")


def test_one_class_only():
    words = sentence("a,k\n1,x\n2,x\n")
    assert words.startswith("Column 2 (k) has the same value in every row, 'x'")
    assert sentence("1,5\n2,5\n", 1).startswith("Column 2 has the same value")


def test_a_class_with_one_row():
    words = sentence("a,k\n1,x\n2,y\n3,z\n4,y\n5,x\n")
    assert words.startswith("Line 4, column 2 (k): the class 'z' has only this one row")


def test_too_many_classes():
    assert len(table(labelled([f"c{i}" for i in range(MAX_CLASSES)] * 2)).class_names) == MAX_CLASSES
    for many in (MAX_CLASSES + 1, 1000):
        words = sentence(labelled([f"c{i}" for i in range(many)] * 2), "kind")
        assert words.startswith("Column 2 (kind) has more than 20 different values")


# names and bytes


def test_a_name_is_a_digest_of_all_that_is_in_it():
    one = a_table()
    assert is_table(one.name)
    assert a_table().name == one.name
    others = [
        a_table(seed=1),
        Table(one.points, 1 - one.labels, one.class_names, one.feature_names),
        Table(one.points, one.labels, ("class 0", "other"), one.feature_names),
        Table(one.points, one.labels, one.class_names, ("x0", "other")),
        Table(one.points.reshape(6, 2)[::-1], one.labels[::-1], one.class_names, one.feature_names),
        Table(np.ascontiguousarray(one.points.T).reshape(6, 2), one.labels, one.class_names, one.feature_names),
    ]
    assert len({one.name, *(other.name for other in others)}) == 1 + len(others)


def test_a_name_stays_from_version_to_version():
    made = table("a,k\n1,x\n2,y\n3.5,x\n4,y\n")
    assert made.name == "table-ef6d99bbb21b9327f5da0692d7460e0a"


@pytest.mark.parametrize(
    "name",
    ["", "table-", "spiral", "table-" + "g" * 32, "table-" + "0" * 33, "Table-" + "0" * 32, "table-0\n", None, 1],
)
def test_what_is_no_name_of_a_table(name):
    assert not is_table(name)
    assert not is_table("table-" + "0" * 32 + "\n")
    assert is_table("table-" + "0" * 32)


@given(st.integers(2, 40), st.integers(1, 30), st.integers(2, 20), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_a_table_comes_back_from_its_bytes(m, n_x, C, seed):
    made = a_table(max(m, 2 * C), n_x, C, seed)
    again = Table.from_bytes(made.to_bytes())
    np.testing.assert_array_equal(again.points, made.points)
    np.testing.assert_array_equal(again.labels, made.labels)
    assert (again.class_names, again.feature_names) == (made.class_names, made.feature_names)
    assert again.name == made.name


def test_names_of_any_letters_come_back():
    made = table('"ä \U0001f43c ""q""",k\n1,\\n\n2,"{[<&"\n1,\\n\n2,"{[<&"\n')
    assert Table.from_bytes(made.to_bytes()).name == made.name


def test_the_largest_tables_come_back():
    rng = np.random.default_rng(0)
    for m, n_x in ((MAX_CELLS // MAX_FEATURES, MAX_FEATURES), (MAX_ROWS, MAX_CELLS // MAX_ROWS)):
        points = rng.normal(size=(m, n_x)).astype(np.float32)
        features = tuple(f"{i} ".ljust(NAME_LENGTH, "\U0001f43c") for i in range(n_x))
        classes = tuple(f"{i} ".ljust(NAME_LENGTH, '"') for i in range(MAX_CLASSES))
        made = Table(points, np.arange(m) % MAX_CLASSES, classes, features)
        data = made.to_bytes()
        assert len(data) < MAX_UNPACKED
        start = time.process_time()
        assert Table.from_bytes(data).name == made.name
        assert time.process_time() - start < 2


def changed(**parts):
    """The bytes of a table with some of its arrays changed, None: left out."""
    arrays = read_npz(a_table().to_bytes(), MAX_UNPACKED) | parts
    return write_npz({name: array for name, array in arrays.items() if array is not None})


def names(text):
    return np.frombuffer(text.encode(), np.uint8)


def many_names(classes, features):
    return names(json.dumps({"classes": [*map(str, range(classes))], "features": [*map(str, range(features))]}))


LABELS = np.arange(49_960)
GOOD = '{"classes": ["a", "b"], "features": ["x", "y"]}'
HOSTILE = {
    "nothing": b"",
    "noise": b"PK\x03\x04" + bytes(100),
    "another array": changed(more=np.zeros(3)),
    "no points": changed(points=None),
    "no labels": changed(labels=None),
    "no names": changed(names=None),
    "points of one axis": changed(points=np.zeros(6, np.float32)),
    "points of three axes": changed(points=np.zeros((6, 1, 2), np.float32)),
    "a number for points": changed(points=np.float32(1)),
    "too few points": changed(points=np.zeros((5, 2), np.float32)),
    "no rows": changed(points=np.zeros((0, 2), np.float32), labels=np.zeros(0, np.int64)),
    "no features": changed(points=np.zeros((6, 0), np.float32), names=many_names(2, 0)),
    "too many rows": changed(points=np.zeros((MAX_ROWS + 2, 2), np.float32), labels=np.arange(MAX_ROWS + 2) % 2),
    "too many features": changed(points=np.zeros((6, MAX_FEATURES + 1), np.float32), names=many_names(2, 257)),
    "too many cells": changed(points=np.zeros((49_960, 53), np.float32), labels=LABELS % 2, names=many_names(2, 53)),
    "whole numbers for points": changed(points=np.zeros((6, 2), np.int64)),
    "NaN": changed(points=np.full((6, 2), np.nan, np.float32)),
    "infinity": changed(points=np.full((6, 2), np.inf, np.float32)),
    "too large": changed(points=np.full((6, 2), 2 * LARGEST, np.float32)),
    "too large for float32": changed(points=np.full((6, 2), 1e300)),
    "fractions for labels": changed(labels=np.zeros(6)),
    "labels of two axes": changed(labels=np.zeros((6, 1), np.int64)),
    "a label below 0": changed(labels=np.array([0, 0, 0, 1, 1, -1])),
    "a label past the classes": changed(labels=np.array([0, 0, 1, 1, 0, 2])),
    "a label far past the classes": changed(labels=np.array([0, 0, 1, 1, 0, 2**62])),
    "one row of a class": changed(labels=np.array([0, 0, 0, 0, 0, 1])),
    "no row of a class": changed(labels=np.zeros(6, np.int64)),
    "no JSON": changed(names=names("[")),
    "a list for names": changed(names=names("[1]")),
    "a text for classes": changed(names=names(GOOD.replace('["a", "b"]', '"ab"'))),
    "no features named": changed(names=names('{"classes": ["a", "b"]}')),
    "numbers for names": changed(names=names(GOOD.replace('"a", "b"', "1, 2"))),
    "lists for names": changed(names=names(GOOD.replace('"a", "b"', "[1], [2]"))),
    "one name too few": changed(names=names(GOOD.replace(', "y"', ""))),
    "one name too many": changed(names=many_names(2, 3)),
    "one class": changed(names=names(GOOD.replace(', "b"', "")), labels=np.zeros(6, np.int64)),
    "equal names": changed(names=names(GOOD.replace('"b"', '"a"'))),
    "an empty name": changed(names=names(GOOD.replace('"b"', '""'))),
    "a long name": changed(names=names(GOOD.replace('"b"', f'"{"b" * 61}"'))),
    "a control character": changed(names=names(GOOD.replace('"b"', '"b\\u0007"'))),
    "too many classes": changed(points=np.zeros((42, 2), np.float32), labels=LABELS[:42] % 21, names=many_names(21, 2)),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_bytes_that_are_no_table_are_refused(data):
    with pytest.raises(FileError) as caught:
        Table.from_bytes(data)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_the_bytes_that_those_tests_change_are_a_table():
    assert Table.from_bytes(changed()).name == a_table().name
    assert Table.from_bytes(changed(names=names(GOOD))).class_names == ("a", "b")
    assert Table.from_bytes(changed(names=many_names(2, 2))).feature_names == ("0", "1")
    wide = changed(points=np.zeros((40, 256), np.float32), labels=LABELS[:40] % 20, names=many_names(20, 256))
    assert Table.from_bytes(wide).counts == {str(c): 2 for c in range(20)}
    assert Table.from_bytes(changed(points=np.full((6, 2), LARGEST))).points.max() == np.float32(LARGEST)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_are_refused_or_are_a_table(data):
    whole = bytearray(a_table().to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(FileError):
        Table.from_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


# the shelf


def test_a_table_is_found_by_its_name():
    shelf, made = Shelf(), a_table()
    assert shelf.get(shelf.add(made)) is made
    assert len(shelf) == 1


@pytest.mark.parametrize("name", ["table-" + "0" * 32, "spiral", ""])
def test_a_table_that_is_not_there(name):
    shelf = Shelf()
    for source in (None, lambda name: None):
        shelf.source = source
        with pytest.raises(UserError, match="upload the file again"):
            shelf.get(name)


def test_the_longest_unused_goes_first():
    tables = [a_table(100, 10, seed=seed) for seed in range(4)]
    shelf = Shelf(3 * tables[0].nbytes)
    first, second, third = (shelf.add(each) for each in tables[:3])
    shelf.get(first)
    fourth = shelf.add(tables[3])
    assert len(shelf) == 3
    with pytest.raises(UserError):
        shelf.get(second)
    shelf.add(tables[2])
    shelf.add(tables[0])
    shelf.add(tables[1])
    for name in (first, second, third):
        assert shelf.get(name).name == name
    with pytest.raises(UserError):
        shelf.get(fourth)


def test_a_table_larger_than_the_shelf_stays_until_the_next():
    shelf = Shelf(10)
    one = shelf.add(a_table())
    assert shelf.get(one).name == one
    other = shelf.add(a_table(seed=1))
    assert len(shelf) == 1
    assert shelf.get(other).name == other


def test_what_is_not_there_comes_from_the_source_once():
    made, asked = a_table(), []

    def source(name):
        asked.append(name)
        return made.to_bytes()

    shelf = Shelf()
    shelf.source = source
    assert shelf.get(made.name).name == made.name
    assert shelf.get(made.name) is shelf.get(made.name)
    assert asked == [made.name]
    with pytest.raises(UserError):
        shelf.get("spiral")
    assert asked == [made.name]


@pytest.mark.parametrize("data", [b"noise", a_table(seed=1).to_bytes()], ids=["noise", "another table"])
def test_a_source_that_is_damaged(data):
    shelf = Shelf()
    shelf.source = lambda name: data
    with pytest.raises(UserError):
        shelf.get(a_table().name)
    assert len(shelf) == 0


def test_many_threads_share_a_shelf():
    tables = [a_table(50, 5, seed=seed) for seed in range(8)]
    data = {each.name: each.to_bytes() for each in tables}
    shelf, failed = Shelf(3 * tables[0].nbytes), []
    shelf.source = data.get

    def use(seed):
        rng = np.random.default_rng(seed)
        try:
            for _ in range(200):
                each = tables[rng.integers(8)]
                if rng.integers(2):
                    shelf.add(each)
                assert shelf.get(each.name).name == each.name
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(shelf) <= 3
