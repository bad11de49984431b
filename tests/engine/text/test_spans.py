from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text import spans as module
from glotmill.engine.text.spans import PROTECTED, has_words, protect, spans


def kinds(text: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in protect(text) if piece.kind != "text"]


@pytest.mark.parametrize(
    ("text", "kind", "span"),
    [
        ("Look <image> here", "tag", "<image>"),
        ("<ref>the dog</ref>", "tag", "<ref>"),
        ('An <img src="a.jpg"> tag', "tag", '<img src="a.jpg">'),
        ("<|im_start|>hello", "special_token", "<|im_start|>"),
        ("at [12,30,40,50] now", "coordinates", "[12,30,40,50]"),
        ("at [0.12, 0.4, 0.5, 0.9] now", "coordinates", "[0.12, 0.4, 0.5, 0.9]"),
        ("at [[1, 2], [3, 4]] now", "coordinates", "[[1, 2], [3, 4]]"),
        ("at (12,30) now", "coordinates", "(12,30)"),
        ("see https://x.y/z?a=1.", "url", "https://x.y/z?a=1"),
        ("see www.example.org, please", "url", "www.example.org"),
        ("write to a.b+c@d-e.org now", "email", "a.b+c@d-e.org"),
        ("call `foo(1)` now", "inline_code", "`foo(1)`"),
        ("so:\n```py\nx = 1\n```\ndone", "code_fence", "```py\nx = 1\n```"),
        ("so ```never closed\nx", "code_fence", "```never closed\nx"),
        ("where $a^2 + b$ holds", "latex", "$a^2 + b$"),
        (r"where \frac{1}{2} holds", "latex", r"\frac{1}{2}"),
        (r"where \(x\) holds", "latex", r"\(x\)"),
        ("Hello {name}!", "placeholder", "{name}"),
        ("Hello {{ name }}!", "placeholder", "{{ name }}"),
        ("Hello %s and %(who)s", "placeholder", "%s"),
        ("call %(who)sand go", "placeholder", "%(who)s"),
        ("all %(n)05.1fkm of it", "placeholder", "%(n)05.1f"),
        ("a width of %dpx here", "placeholder", "%d"),
        ("%dx%d dots", "placeholder", "%d"),
        ("%d items and %ditems", "placeholder", "%d"),
        ("after %.2fkm turn", "placeholder", "%.2f"),
        ("after %5dkm turn", "placeholder", "%5d"),
        ("see %s_1 there", "placeholder", "%s"),
        ("text <!-- a note\nof two lines --> text", "markup", "<!-- a note\nof two lines -->"),
        ("text <!-- never closed\nx", "markup", "<!-- never closed\nx"),
        ("<!DOCTYPE html> text", "markup", "<!DOCTYPE html>"),
        ('<!doctype html PUBLIC "-//W3C//DTD"> x', "markup", '<!doctype html PUBLIC "-//W3C//DTD">'),
        ('<?xml version="1.0"?> text', "markup", '<?xml version="1.0"?>'),
        ("- [ ] buy milk", "checkbox", "[ ]"),
        ("- [x] buy milk", "checkbox", "[x]"),
        ("[X] done", "checkbox", "[X]"),
        ("at {<12><30><40><50>} now", "coordinates", "{<12><30><40><50>}"),
        ("at {<12>, <30>} now", "coordinates", "{<12>, <30>}"),
        ("at <12><30><40><50> now", "coordinates", "<12><30><40><50>"),
        ("at [.12, .30] now", "coordinates", "[.12, .30]"),
        ("at (1., -.5) now", "coordinates", "(1., -.5)"),
        ("at [[.1, .2], [.3, .4]] now", "coordinates", "[[.1, .2], [.3, .4]]"),
        ("# Heading", "heading", "# "),
        ("- item", "list_marker", "- "),
        ("12. item", "list_marker", "12. "),
        ("(A) cat", "option", "(A) "),
        ("B. dog", "option", "B. "),
        ("some **bold** words", "emphasis", "**"),
        ("one\r\ntwo", "line_break", "\r\n"),
    ],
)
def test_what_must_not_change_is_protected(text: str, kind: str, span: str):
    assert (kind, span) in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "x < 6 and y > 7",
        "if a<b and c>d",
        "100% sure",
        "vitamin C. It helps.",
        "Plan B. Then go.",
        "a man (left) and a dog",
        "a well-known dog - here",
        "the year 1999, really",
        "50%discount and 20 %discount",
        "the %daily value, a %difference",
        "a[x] and [x](url) and f(xy)[x]",
        "[xx] [y] []",
        "I <3 you, 5<6>4",
        "well <! no",
        "[12.]",
    ],
)
def test_ordinary_text_is_not_protected(text: str):
    assert kinds(text) == []


def test_options_on_one_line_need_an_a_and_a_b():
    assert [kind for kind, _ in kinds("Which? A. cat B. dog C. 12")] == ["option"] * 3


def test_every_kind_is_tried_by_a_test_above():
    tried = {kind for mark in test_what_must_not_change_is_protected.pytestmark for _, kind, _ in mark.args[1]}
    assert tried == set(PROTECTED)


@pytest.mark.parametrize("text", ["", "  ", "42", "B", "3.5", "?!", "(A)", "10:30", "AB12", "x_1", "1/2", "a@b.c"])
def test_text_without_words_has_none(text: str):
    assert not has_words(text)


@pytest.mark.parametrize("text", ["2 dogs", "ok", "été", "犬", "हाँ", "No. 5 is red"])
def test_text_with_words_has_some(text: str):
    assert has_words(text)


PARTS = st.sampled_from(
    ["<image>", "\n", " ", "A dog.", "42", "(A) ", "B. ", "- ", "# ", "> ", "[1,2]", "(3, 4)", "`x`", "$y$", "{z}",
     "<!-- c -->", "<!--", "-->", "<!DOCTYPE x>", "[ ]", "[x]", "%(n)s", "%d", "px", "{<1><2>}", "<3>", "[.1, .2]",
     "%s", "**", "_", "__", "~~~", "```", "\\(q\\)", "1. ", "<|a|>", "</p>", "é", "\t", "\r\n", "<", "$", "{", "[", "("]
)  # fmt: skip


@given(st.text(st.sampled_from("ab1_/@ \n\u2003é犬\u0301."), max_size=12))
def test_words_are_looked_for_outside_of_codes_alone(text: str):
    tokens = [token for token in text.split() if not module._CODE.search(token)]
    assert has_words(text) == any(module._WORD.search(token) for token in tokens)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_the_quick_search_finds_what_the_whole_one_finds(text: str):
    assert not module._MAY_BE_WIDE.search(text)
    whole = [(m.start(), m.end(), m.lastgroup) for m in module._FIXED.finditer(text)]
    assert [(m.start(), m.end(), m.lastgroup) for m in module._NARROW.finditer(text)] == whole


@given(st.lists(PARTS, max_size=12).map("".join))
def test_spans_stand_in_order_and_never_overlap(text: str):
    end = 0
    for start, stop, _ in spans(text):
        assert end <= start < stop
        end = stop
