"""A pattern comes from outside: a bad one is refused with words, and none hangs or fills the memory."""

from __future__ import annotations

import time

import pytest

from glotmill.schemas.errors import InputError
from glotmill.schemas.picture_pattern import LONGEST, SECONDS, coco_key, key_by_pattern, picture_pattern


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "not a regular expression: missing"),
        ("(?P<a>[)", "not a regular expression"),
        (r"\d+", "expected a named group, such as"),
        (r"(\d+)", "expected a named group, such as"),
        (r"(?P<uri>\d+)", "the group name 'uri' is taken"),
        (r"(?P<sha256>\d+)", "the group name 'sha256' is taken"),
        ("(?P<a>x)" + "y" * LONGEST, "508 characters; expected at most 500"),
        ("(?P<a>(x{60000}){60000})", "counted repeats multiply to more than 100,000"),
        ("(?P<a>x{99999999999999999999})", "counted repeats multiply"),
        ("(?P<a>((x{ 100 }){,100}){100})", "counted repeats multiply"),
        ("(?P<a>(?&a))", "a group of it calls a group"),
        ("(?P<a>x(?R)?)", "a group of it calls a group"),
        ("(?P<a>x(?1)?)", "a group of it calls a group"),
    ],
)
def test_a_bad_pattern_is_refused(pattern: str, message: str):
    with pytest.raises(ValueError, match=message):
        picture_pattern(pattern)


def test_nested_groups_are_no_more_than_the_parser_takes():
    depth = (LONGEST - len("(?P<a>x)")) // 2
    assert picture_pattern("(" * depth + "(?P<a>x)" + ")" * depth)


def test_a_pattern_that_goes_back_and_forth_is_stopped():
    pattern = picture_pattern(r"^(?P<a>(?:.+.+)+)\d$")
    began = time.monotonic()
    with pytest.raises(InputError, match=r"images\.id: the pattern .* takes more than 1 s on 'abab"):
        key_by_pattern(pattern, "ab" * 4000)
    assert time.monotonic() - began < 20 * SECONDS


def test_digits_of_the_group_coco_are_a_number():
    pattern = picture_pattern(r"(?P<coco>[^/]+)$")
    assert key_by_pattern(pattern, "x/33471") == coco_key("33471") == "coco:000000033471"
    assert key_by_pattern(pattern, "9" * 5000) == "coco:" + "9" * 5000  # too long for a number, and for int()
    assert key_by_pattern(pattern, "x/٣٣") == "coco:٣٣"
