"""Tests of names in charts: short, on one line, and nothing but text to plotly; and of the key that holds them."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts.layout import KEY_LINES, KEY_WIDTH, key_of
from core.charts.names import NAMELESS, NO_TEMPLATE, distinct, left_of, letters, shared_word, short, width

anything = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("arm 1", "arm 1"),
        ("exactly 14 ch.", "exactly 14 ch."),
        ("a name too long", "a name too lo…"),
        ("cut at a space here", "cut at a spac…"),
        ("thirteen and more", "thirteen and…"),
        ("", NAMELESS),
        (" \t\n", NAMELESS),
        ("\u200b\u202e\x00", NAMELESS),
        ("\u200c", NAMELESS),
        ("\u200d \u0301", NAMELESS),
        ("two\nlines", "two lines"),
        ("<b>&lt;", "&lt;b&gt;&amp;lt;"),
        ("%{x}", f"{NO_TEMPLATE}x}}"),
        ("\u202eleft", "left"),
        ("a" * 5000, "a" * 13 + "…"),
        ("\u65e5" * 7, "\u65e5" * 7),
        ("\u65e5" * 8, "\u65e5" * 6 + "…"),
        ("\u05e9\u05dc", "\u2068\u05e9\u05dc\u2069"),
        ("e\u0301" * 14, "e\u0301" * 14),
    ],
)
def test_short(name, shown):
    assert short(name) == shown


@given(anything, st.integers(3, 30))
def test_short_is_bounded_and_safe(name, most):
    text = short(name, most)
    assert 0 < width(text) <= max(most, len(NAMELESS))
    assert not re.search(r"[<>\x00-\x1f]|&(?!amp;|lt;|gt;)|%\{", text)
    assert not {unicodedata.category(c) for c in text} & {"Cc", "Cs", "Zl", "Zp"}
    assert short(name, most) == text


COUNTRIES = ["Iris-versicolor-population-alpha", "Iris-versicolor-population-beta", "Iris-setosa"]


@pytest.mark.parametrize(
    ("names", "most", "shown"),
    [
        (COUNTRIES, 10, ["Iris…alpha", "Iris-…beta", "Iris-seto…"]),
        (["very long name one of it", "very long name two of it"], 14, ["very…one of it", "very…two of it"]),
        (["sample of the north", "sample of the northern"], 14, ["sample of …rth", "sample of …ern"]),
        (["spiral", "spiral", "blobs"], 14, ["spiral", "spiral 2", "blobs"]),
        (["a\u200bb", "ab"], 14, ["ab", "ab 2"]),
        (["arm 1", "arm 2"], 14, ["arm 1", "arm 2"]),
    ],
)
def test_names_that_a_cut_makes_alike_keep_what_they_differ_in(names, most, shown):
    assert distinct(names, most) == shown


@given(st.lists(st.text("ab <&%{\u65e5", max_size=40) | anything, max_size=12), st.integers(7, 40))
def test_no_two_names_are_alike(names, most):
    shown = distinct(names, most)
    assert len(set(shown)) == len(names)
    assert not any(re.search(r"[<>\x00-\x1f]|&(?!amp;|lt;|gt;)|%\{", text) for text in shown)
    assert all(width(text) <= max(most, len(NAMELESS) + 3) for text in shown)


@given(anything)
def test_a_name_that_fits_is_kept(name):
    plain = "".join(c for c in name if c.isalnum() and c.isascii())
    assert not plain or short(plain, 60) == plain


def test_letters():
    assert letters("abc") == 3
    assert letters("\u65e5\u672c") == 4
    assert letters("e\u0301\u2060") == 1
    assert width("&lt;{}") == 3


def test_margin_is_that_of_the_text_and_not_of_its_code():
    assert left_of([short("<" * 14)]) == left_of([short("a" * 14)]) < 100


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (("arm 1", "arm 2"), ("arm", ["1", "2"])),
        (("arm 1", "leg 2"), ("", ["arm 1", "leg 2"])),
        (("arm 1",), ("", ["arm 1"])),
        (("arm", "arm 2"), ("", ["arm", "arm 2"])),
        (("arm ", "arm 2"), ("", ["arm ", "arm 2"])),
        ((" 1", " 2"), ("", [" 1", " 2"])),
        (("", ""), ("", ["", ""])),
    ],
)
def test_shared_word(names, shared):
    assert shared_word(names) == shared


def entries(names):
    return [("#0072B2", "solid", name) for name in names]


def lines_of(key):
    """The lines of a key as they look."""
    return [re.sub(r"<[^>]*>", "", line) for line in key.split("<br>")]


@given(st.lists(st.text("abc", min_size=1, max_size=14), max_size=30), st.sampled_from(["", "class"]))
def test_a_key_fits(names, before):
    lines = lines_of(key_of(entries(names), before))
    assert len(lines) <= KEY_LINES
    assert all(len(line) <= KEY_WIDTH + len("   and 30 more") for line in lines)
    shown = sum(line.count("—") for line in lines)
    if shown < len(names):
        assert lines[-1].endswith(f"   and {len(names) - shown} more")
    else:
        assert "more" not in lines[-1]


def test_a_key_counts_what_it_leaves_out():
    lines = lines_of(key_of(entries(["a" * 14] * 20)))
    assert len(lines) == KEY_LINES
    assert lines[-1].endswith("   and 12 more")
    assert len(lines_of(key_of(entries(["a" * 14] * 20), most=9))) == 9


def test_a_key_counts_what_text_takes_and_not_its_code():
    assert len(lines_of(key_of(entries([short("<<<<<<<<")] * 4)))) == 1
