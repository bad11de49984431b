"""Yes and no: recognised whatever stands around them, and worded by a fixed table.

Guarantees: a text is a bare yes or no where that is its only word, however it is written, quoted, bracketed or marked;
what stands around the word stays around the table's word, byte for byte.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import regex

from glotmill.schemas.keys import nfc
from glotmill.schemas.languages import read_table

YES_NO = Path(__file__).parent / "data" / "yes_no.csv"

# What is no word: marks, symbols, white space, quotes written as modifier letters, and whatever has no shape of its own
# (zero-width space, soft hyphen, variation selectors, Hangul fillers, ...).
_AROUND = r"[[^\p{L}\p{N}]||\p{Lm}||\p{Default_Ignorable_Code_Point}]*+"
_LONGEST = 16  # characters of a yes or no, with shapeless ones between its letters
_BARE = regex.compile(rf"({_AROUND})(\p{{L}}.{{0,{_LONGEST - 1}}}?)({_AROUND})", regex.VERSION1 | regex.DOTALL)
_ASCII = re.compile(r"[^A-Za-z0-9]*(yes|no)[^A-Za-z0-9]*", re.IGNORECASE)  # the same of what is ASCII, and quick
_SHAPELESS = regex.compile(r"\p{Default_Ignorable_Code_Point}")

YesNoTable = dict[str, dict[str, str]]  # language -> yes or no -> the word


def which(text: str) -> str | None:
    """``yes`` or ``no`` where an English text is that and no other word, else None."""
    if text.isascii():
        plain = _ASCII.fullmatch(text)
        return None if plain is None else plain[1].lower()
    # In NFC, where an accent is part of its letter and makes another word.
    found = _BARE.fullmatch(nfc(text))
    word = None if found is None else _SHAPELESS.sub("", found[2]).casefold()
    return word if word in ("yes", "no") else None


def reworded(text: str, word: str) -> str:
    """A bare yes or no with the word in place of its own, with a capital where that has one."""
    found = _BARE.fullmatch(text)
    if found is None:
        msg = f"{text!r} is no bare yes or no"
        raise ValueError(msg)
    return f"{found[1]}{word[0].upper() + word[1:] if found[2][0].isupper() else word}{found[3]}"


@cache
def yes_no() -> YesNoTable:
    """Yes and no by FLORES-200 code; languages that are not in it have no word that we are sure of."""
    return {row["flores_code"]: {"yes": row["yes"], "no": row["no"]} for row in read_table(YES_NO)}
