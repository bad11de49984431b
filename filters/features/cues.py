"""Small words that carry much: what denies, and how many."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import regex

from glotmill.filters.scorers.numbers import figures
from glotmill.schemas.languages import ENGLISH, read_table

NEGATIONS = Path(__file__).parent.parent / "data" / "negation_cues.csv"

_NUMERALS = {word: str(number) for number, word in enumerate(
    ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2)}  # fmt: skip
_WORD = regex.compile(r"\p{L}+")


@cache
def negation_patterns() -> dict[str, str]:
    """Regular expressions of the words that deny, by language, case ignored."""
    return {row["lang"]: f"(?i){row['pattern']}" for row in read_table(NEGATIONS)}


def english_numbers(text: str) -> Counter[str]:
    """The numbers of an English text from two on, figures and words alike."""
    words = Counter(_NUMERALS[word] for word in _WORD.findall(text.lower()) if word in _NUMERALS)
    return words + Counter({figure: n for figure, n in figures(text).items() if figure not in ("0", "1")})


def is_number(word: str) -> bool:
    """Whether an English word, marks around it aside, is a number from two on."""
    return bool(english_numbers(word))


@cache
def _english() -> regex.Pattern[str]:
    return regex.compile(negation_patterns()[ENGLISH])


def denies(text: str) -> bool:
    """Whether an English text holds a word that denies."""
    return _english().search(text) is not None
