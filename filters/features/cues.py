"""Small words that carry much: what denies, and how many."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path

import regex

from glotmill.schemas.languages import ENGLISH, read_table

NEGATIONS = Path(__file__).parent.parent / "data" / "negation_cues.csv"

_NUMERALS = {word: str(number) for number, word in enumerate(
    ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2)}  # fmt: skip
_FIGURE = regex.compile(r"\p{Nd}+(?:[.,:\u066b\u066c'’\u00a0\u202f]\p{Nd}+)*")
_WORD = regex.compile(r"\p{L}+")


@cache
def negation_patterns() -> dict[str, str]:
    """Regular expressions of the words that deny, by language, case ignored."""
    return {row["lang"]: f"(?i){row['pattern']}" for row in read_table(NEGATIONS)}


@lru_cache(maxsize=131_072)
def figures(text: str) -> Counter[str]:
    """The figures of a text as ASCII digits, native digits mapped, separators and leading zeros taken out."""
    found: Counter[str] = Counter()
    for match in _FIGURE.finditer(text):
        digits = "".join(str(unicodedata.decimal(c)) for c in match.group() if c.isdecimal())
        found[digits.lstrip("0") or "0"] += 1
    return found


def english_numbers(text: str) -> Counter[str]:
    """The numbers of an English text from two on, figures and words alike."""
    words = Counter(_NUMERALS[word] for word in _WORD.findall(text.lower()) if word in _NUMERALS)
    return words + Counter({figure: n for figure, n in figures(text).items() if figure not in ("0", "1")})


@lru_cache(maxsize=131_072)
def is_number(word: str) -> bool:
    """Whether an English word, marks around it aside, is a number from two on."""
    return bool(english_numbers(word))


@cache
def _english() -> regex.Pattern[str]:
    return regex.compile(negation_patterns()[ENGLISH])


def denies(text: str) -> bool:
    """Whether an English text holds a word that denies."""
    return _english().search(text) is not None
