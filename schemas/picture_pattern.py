"""A recipe's own pattern for the names of its pictures: a regular expression whose named group is the picture's key.

Guarantees: a pattern comes from outside and cannot hang or fill the memory: its length, its counted repeats and the
time that it may take are bounded, and a group cannot call itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import TypeAlias

import regex

from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.keys import nfc

LONGEST = 500  # characters
MOST_REPEATS = 100_000  # all counts of {n} multiplied: each is unrolled, at up to 400 bytes
SECONDS = 1.0  # for one URI
TAKEN = ("sha256", "uri")  # what ids of other kinds begin with
COCO = "coco"
COCO_DIGITS = 12

PicturePattern: TypeAlias = "regex.Pattern[str]"

_COUNT = re.compile(r"\{\s*(\d*)\s*,?\s*(\d*)")
_CALL = re.compile(r"\(\?(?:R|[-+]?\d|&|P>)")


@lru_cache
def picture_pattern(text: str) -> PicturePattern:
    r"""The compiled pattern.

    Args:
        text: A regular expression with at least one named group, such as ``VG_100K(?:_2)?/(?P<vg>\d+)\.jpg``.

    Raises:
        ValueError: It is not one that can be used; the message says why.
    """
    if len(text) > LONGEST:
        msg = f"the pattern has {len(text):,} characters; expected at most {LONGEST}"
        raise ValueError(msg)
    repeats = prod(max(int(number or 1) for number in counts) for counts in _COUNT.findall(text))
    if repeats > MOST_REPEATS:
        msg = f"its counted repeats multiply to more than {MOST_REPEATS:,}"
        raise ValueError(msg)
    if _CALL.search(text):
        msg = "a group of it calls a group; expected plain groups"
        raise ValueError(msg)
    try:
        pattern = regex.compile(text)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        msg = f"not a regular expression: {one_line(error) or type(error).__name__}"
        raise ValueError(msg) from None
    if not pattern.groupindex:
        msg = r"expected a named group, such as (?P<vg>\d+) for the key vg:2315353"
        raise ValueError(msg)
    for name in pattern.groupindex:
        if name in TAKEN:
            msg = f"the group name '{name}' is taken; choose another"
            raise ValueError(msg)
    return pattern


def key_by_pattern(pattern: PicturePattern, uri: str) -> str | None:
    """The key that a pattern finds in a URI: the name of the first named group that holds text, a colon, the text.

    Digits of a group called ``coco`` are a number of COCO and come out as COCO's key.

    Raises:
        InputError: The pattern takes too long.
    """
    try:
        match = pattern.search(uri, timeout=SECONDS)
    except TimeoutError:
        msg = (
            f"images.id: the pattern {pattern.pattern!r} takes more than {SECONDS:g} s on {uri[:60]!r}; "
            "expected one without repeats inside repeats"
        )
        raise InputError(msg) from None
    if match is None:
        return None
    for name in pattern.groupindex:
        value = match[name]
        if value:
            is_number = value.isascii() and value.isdecimal() and len(value) <= COCO_DIGITS
            return coco_key(value) if name == COCO and is_number else f"{name}:{nfc(value)}"
    return None


def coco_key(number: str) -> str:
    """COCO's key of a picture by its number."""
    return f"{COCO}:{int(number):0{COCO_DIGITS}d}"
