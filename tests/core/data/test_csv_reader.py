"""Tests of reading CSV files: what is taken and how, and a sentence with the place for whatever cannot be."""

import csv
import io
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.csv_reader import CHUNK, MAX_WORDS, different, number, read_csv
from core.data.safe_load import NAME_LENGTH, FileError, clean
from core.data.shelf import LARGEST, MAX_BYTES, MAX_FEATURES, MAX_ROWS


def sheet(text):
    return read_csv(text.encode())


def names(text):
    return [column.name for column in sheet(text).columns]


def values(text):
    """The numbers of each column, None where it has a flaw."""
    return [None if column.values is None else column.values.tolist() for column in sheet(text).columns]


def answer(data):
    """The sheet of a file; None where it is answered with a sentence."""
    try:
        return read_csv(data)
    except FileError as error:
        words = str(error)
    assert words.isprintable()
    assert len(words) < 300
    return None


def sentence(data):
    """What is said of a file that cannot be taken."""
    with pytest.raises(FileError) as caught:
        read_csv(data if isinstance(data, bytes) else data.encode())
    words = str(caught.value)
    assert words[0].isupper()
    assert words.endswith((".", "?"))
    assert words.isprintable()
    assert len(words) < 300
    return words


# what is taken


def test_a_plain_file():
    read = sheet("size,weight,kind\n1,2.5,cat\n-3,4e2,dog\n")
    assert read.named
    assert read.delimiter == ","
    assert [column.name for column in read.columns] == ["size", "weight", "kind"]
    assert [column.number for column in read.columns] == [1, 2, 3]
    assert values("size,weight,kind\n1,2.5,cat\n-3,4e2,dog\n") == [[1, -3], [2.5, 400], None]
    assert read.columns[0].values.dtype == np.float32
    assert read.columns[2].words == ("cat", "dog")
    assert read.columns[2].codes.tolist() == [0, 1]
    assert read.columns[2].flaw == (0, "cat")
    assert read.lines.tolist() == [2, 3]
    assert read.preview == (("1", "2.5", "cat"), ("-3", "4e2", "dog"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "BOM"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_line_ends_and_byte_order_mark(end, start, last):
    text = start + end.join(["a,b", "1,x", "", "  ", "2,y"]) + (end if last else "")
    read = sheet(text)
    assert [column.name for column in read.columns] == ["a", "b"]
    assert read.columns[0].values.tolist() == [1, 2]
    assert read.lines.tolist() == [2, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=repr)
def test_delimiters(delimiter):
    text = "a,b,c\n1,2,x\n3,4,y\n".replace(",", delimiter)
    assert sheet(text).delimiter == delimiter
    assert values(text) == [[1, 3], [2, 4], None]


def test_a_decimal_comma_counts_between_semicolons():
    text = "a;b;c\n1,5;2,25;x\n3;-4,5e1;y\n0.5;1;x\n"
    assert sheet(text).delimiter == ";"
    assert values(text) == [[1.5, 3, 0.5], [2.25, -45, 1], None]


def test_a_decimal_comma_in_every_cell_does_not_make_the_comma_the_delimiter():
    assert values("1,5;2,5;3,5\n4,5;5,5;6,5\n") == [[1.5, 4.5], [2.5, 5.5], [3.5, 6.5]]


@pytest.mark.parametrize("text", ['"1,5",2,a\n"2,5",3,b\n', "1,5\t2\ta\n2,5\t3\tb\n"], ids=["commas", "tabs"])
def test_a_decimal_comma_is_no_number_elsewhere(text):
    assert sheet(text).columns[0].flaw == (0, "1,5")


def test_other_delimiters_inside_cells_do_not_count():
    assert values("1,2,a;b\n3,4,c;d\n") == [[1, 3], [2, 4], None]
    assert sheet('1,2,"a,b;c"\n3,4,"d,e;f"\n').columns[2].words == ("a,b;c", "d,e;f")


def test_quoted_cells():
    read = sheet('"a ""big"" one", "b,c",d\n"1", "2",x\n"3","4","y\nz"\n5,6,x\n')
    assert [column.name for column in read.columns] == ['a "big" one', "b,c", "d"]
    assert read.columns[1].values.tolist() == [2, 4, 6]
    assert read.columns[2].words == ("x", "y\nz")
    assert read.lines.tolist() == [2, 3, 5]  # the row on line 3 has two lines
    assert read.preview[1] == ("3", "4", "y z")


def test_spaces_around_cells_do_not_count():
    assert values(" a , b\n 1 , 2 \n\t3, 4 \n") == [[1, 3], [2, 4]]


def test_a_delimiter_at_the_end_of_every_line_makes_no_column():
    assert names("a,b,\n1,x,\n2,y,\n") == ["a", "b"]
    assert names("1,x,,\n2,y,,\n") == ["column 1", "column 2"]
    assert names("a,b,note\n1,x,\n2,y,\n") == ["a", "b", "note"]


def test_rows_of_delimiters_are_blank():
    assert sheet("1,a\n,\n2,b\n , \n").lines.tolist() == [1, 3]


# names


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a,b,c\n1,2,x\n3,4,y\n", True),
        ("1,2,x\n3,4,y\n", False),
        ("1,2,3\n4,5,6\n", False),
        ("a,b,c\n1,2,3\n", True),
        (",a,b\n0,1,x\n1,2,y\n", True),  # as pandas writes it
        ("year,2019,2020\nx,1,2\ny,3,4\nx,5,6\n", False),  # the texts stand above texts
        ("a;b\n1,5;x\n2,5;y\n", True),
        ("a\tb\n1,5\tx\n2,5\ty\n", True),
        ("nan,1,x\n2,3,y\n2,3,y\n", False),  # a missing value names nothing
        (",1,x\n2,3,y\n2,3,y\n", False),
        ("a,b\n1,x\n?,y\n3,x\n", True),  # most rows below have a number
        ("a,b\nq,x\nr,y\n", False),
        ("cat,x\n3,y\ndog,z\ncat,x\n", False),  # few rows below have a number
    ],
)
def test_a_row_of_names_is_known_by_a_text_above_numbers(text, named):
    assert sheet(text).named is named


def test_names_are_made_where_there_are_none():
    assert names("1,2,x\n3,4,y\n") == ["column 1", "column 2", "column 3"]
    assert names(",b, \n1,2,x\n3,4,y\n") == ["column 1", "b", "column 3"]


def test_names_differ():
    assert names("x,x,y,x\n1,2,3,4\n5,6,7,8\n") == ["x", "x (2)", "y", "x (3)"]
    assert different(["x", "x", "x (2)"]) == ["x", "x (3)", "x (2)"]


@given(st.lists(st.sampled_from(["x", "x (2)", "x (3)", "y", "z" * NAME_LENGTH]), max_size=12))
def test_different_keeps_the_first_of_each_and_makes_all_unique(given_names):
    found = different(given_names)
    assert len(set(found)) == len(found) == len(given_names)
    assert all(len(name) <= NAME_LENGTH for name in found)
    for name in set(given_names):
        assert found[given_names.index(name)] == name


@given(st.text(max_size=200), st.sampled_from([1, 5, 40, 60, None]))
@example("a\nb\x00\x1b[31m\u202e\u200bc", 60)
@example("x" * 61, 60)
@example("\u200b a", 60)
@example("e\u0301" * 70, 60)
def test_clean_names_are_short_and_can_be_seen(text, most):
    name = clean(text, most)
    assert name == clean(name, most)
    assert name == " ".join(name.split())
    assert all(c.isprintable() or c.isspace() for c in name.replace("\u200c", "").replace("\u200d", ""))
    assert not any(c in name for c in "\n\r\t\x00\x1b\u202e\u200b")
    assert most is None or len(name) <= most


def test_clean_keeps_what_can_be_seen():
    assert clean("  größe\t(cm)\r\n²  ") == "größe (cm) ²"
    assert clean("<b>[x](http://y)</b>") == "<b>[x](http://y)</b>"
    assert clean("می\u200cخواهم \u200d") == "می\u200cخواهم"
    assert clean("\u200d\u200b\u200c") == ""
    assert clean("x" * 60) == "x" * 60
    assert clean("x" * 61) == "x" * 59 + "…"
    assert clean("x" * 57 + " " + "y" * 9) == "x" * 57 + " y…"
    assert clean("x" * 58 + " " + "y" * 9) == "x" * 58 + "…"
    assert clean("e\u0301") == "é"


def test_the_preview_is_bounded():
    read = sheet("".join(f"{i},{'w' * 100}\n" for i in range(30)))
    assert len(read.preview) == 5
    assert all(len(cell) <= 40 for row in read.preview for cell in row)


# numbers


@pytest.mark.parametrize("text", ["1", "-1.5", "+2", ".5", "5.", "1e3", "1E-3", " 7 ", "1e30", "-1e30", "1e-400"])
def test_numbers(text):
    assert number(text) == float(text)
    assert values(f"{text},a\n1,b\n")[0][0] == np.float32(float(text))


@pytest.mark.parametrize(
    "text", ["", "abc", "nan", "NaN", "inf", "-Infinity", "1e400", "1.1e30", "1_000", "0x10", "1 000", "5 cm", "1,5,2"]
)
def test_what_is_no_number_is_a_flaw(text):
    read = sheet(f'1;a\n2;b\n"{text}";b\n3;a\n')
    assert read.columns[0].flaw == (2, text)
    assert read.columns[0].values is None


def test_a_flaw_is_the_first_of_its_column_wherever_it_stands():
    rows = [f"{i},{i},a" for i in range(3 * CHUNK)]
    rows[CHUNK + 7] = "oh,1,a"
    rows[2 * CHUNK + 1] = "no,nan,a"
    first, second, _ = sheet("\n".join(rows)).columns
    assert first.flaw == (CHUNK + 7, "oh")
    assert second.flaw == (2 * CHUNK + 1, "nan")


@given(
    st.lists(st.lists(st.floats(-LARGEST, LARGEST), min_size=3, max_size=3), min_size=1, max_size=600),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_numbers_come_in_as_they_were_written(rows, delimiter, quoted):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([*row, "label"] for row in rows)
    read = sheet(file.getvalue())
    found = np.stack([column.values for column in read.columns[:3]], axis=1)
    np.testing.assert_array_equal(found, np.array(rows).astype(np.float32))


def test_texts_are_remembered_while_they_are_few():
    texts = [str(i % MAX_WORDS) for i in range(1000)]
    column = sheet("\n".join(f"{text},a" for text in texts)).columns[0]
    assert [column.words[code] for code in column.codes] == texts
    column = sheet("\n".join(f"{i % (MAX_WORDS + 1)},a" for i in range(1000))).columns[0]
    assert column.codes is None
    assert column.words == ()
    assert column.values.size == 1000


# what cannot be


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \n", b",,\n,,\n", b" \t \n"], ids=repr)
def test_an_empty_file(data):
    assert "is empty" in sentence(data)


def test_a_file_that_is_too_large_is_not_read():
    tracemalloc.start()
    data = bytes(200 * 2**20)
    before = tracemalloc.get_traced_memory()[0]
    start = time.process_time()
    assert "larger than 5 MB" in sentence(data)
    assert time.process_time() - start < 0.5
    assert tracemalloc.get_traced_memory()[1] - before < 2**20
    tracemalloc.stop()


def test_another_encoding_is_told_with_the_line():
    words = sentence("a,b\n1,x\n2,größe\n".encode("latin-1"))
    assert "line 3" in words
    assert "UTF-8" in words
    assert "UTF-8" in sentence("a,b\n1,x\n".encode("utf-16"))


def test_a_nul_byte():
    assert sentence("a,b\n1,x\n2,\0\n").startswith("Line 3 has a NUL byte")


def test_a_ragged_row_names_both_lines_and_the_delimiter():
    words = sentence("\na;b;c\n1;2;x\n\n3;4\n")
    assert words.startswith("Line 5 has 2 cells where line 2 has 3")
    assert "semicolons" in words
    assert sentence("a,b\n1,x\n3\n").startswith("Line 3 has 1 cell where line 1 has 2")


def test_a_ragged_row_late_in_the_file():
    rows = ["1,2,a"] * 1000
    rows[900] = "1,2,3,a"
    assert sentence("\n".join(rows)).startswith("Line 901 has 4 cells where line 1 has 3")


def test_too_many_columns():
    most = MAX_FEATURES + 1
    assert len(sheet(",".join("1" * most) + "\n").columns) == most
    assert "Line 1 has 258 cells: at most 256" in sentence(",".join("1" * (most + 1)) + "\n")


def test_too_many_rows():
    assert sheet("1,a\n" * MAX_ROWS).lines.size == MAX_ROWS
    assert "more than 50,000 rows" in sentence("1,a\n" * (MAX_ROWS + 1))


def test_too_many_lines():
    assert sheet("\n" * 199_000 + "1,a\n").lines.tolist() == [199_001]
    assert "more than 200,000 lines" in sentence("\n" * 200_000 + "1,a\n")
    assert "more than 200,000 lines" in sentence("\r" * 200_000 + "1,a\r")


def test_a_line_that_is_too_long():
    assert len(sheet("1,a\n1," + "b" * 65_000 + "\n").columns[1].words) == 2
    assert sentence("1,a\n1," + "b" * 66_000 + "\n").startswith("Line 2 has 66,003 characters, more than any row")


def test_a_quotation_mark_that_is_never_closed_names_its_line():
    words = sentence('a,b\n1,x\n2,"y\n3,x\n')
    assert "begins on line 3" in words
    assert "never closed" in words
    words = sentence('a,b\n1,x\n2,"y\n' + "3,x\n" * 40_000)
    assert "begins on line 3" in words
    assert "never closed" in words


def test_text_after_a_closing_quotation_mark():
    words = sentence('a,b\n1,"x"y\n')
    assert "begins on line 2" in words
    assert "write it twice" in words


BOMBS = {
    "one line": b"12," * (MAX_BYTES // 3),
    "one cell": b"1" * MAX_BYTES,
    "blank lines": b"\n" * MAX_BYTES,
    "many blank lines": b"\n" * 199_000,
    "empty cells": (b"," * 256 + b"\n") * (MAX_BYTES // 257),
    "long lines": (b"12;" * 21_000 + b"\n") * 80,
    "long numbers": (b"1" * 60_000 + b",a\n") * 80,
    "one quotation mark": b'"' + b"1,2\n" * 199_000,
    "quotation marks": b'"' * MAX_BYTES,
    "noise": np.random.default_rng(0).integers(1, 128, MAX_BYTES, np.uint8).tobytes(),
    "names": b"nan," * 256 + b"nan\n",
    "texts": (b"t," * 256 + b"u\n") * (MAX_BYTES // 514),
    "numbers": (b"12," * 256 + b"u\n") * (MAX_BYTES // 770),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_whatever_comes_takes_little_time_and_memory(data):
    start = time.process_time()
    answer(data)
    assert time.process_time() - start < 4  # about 1 s on the machine of the figures
    tracemalloc.start()
    answer(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 * 2**20


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_are_read_or_answered(data):
    read = answer(data)
    for column in read.columns if read else ():
        assert (column.values is None) == (column.flaw is not None)
        assert column.values is None or column.values.size == read.lines.size


@given(st.text(st.sampled_from('0159.,;\t"\n\r ae-_x'), max_size=200))
@settings(max_examples=500)
def test_anything_like_a_table_is_read_or_answered(text):
    read = answer(text.encode())
    if read:
        assert len({column.name for column in read.columns}) == len(read.columns)
        assert all(len(row) >= len(read.columns) for row in read.preview)
