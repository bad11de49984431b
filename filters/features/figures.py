"""Figures: groups of digits of any script, and what number each may be."""

from __future__ import annotations

import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

import regex

Number = int | float
Value = Number | str  # digits too many for a number stay text

DIGITS = 18  # of a figure that is read as a number; a longer one keeps its digits as text
# Digit groups with separators inside: 1,000 · 3.5 · 10:30 · 1 000 are one figure each.
DIGIT = r"\p{Nd}"
FIGURE = rf"{DIGIT}+(?:[.,:/\u066b\u066c'’\u00a0\u202f]{DIGIT}+| {DIGIT}{{3}}(?!{DIGIT}))*"
_DECIMAL_MARKS = ".,\u066b"
_GROUP = regex.compile(f"{DIGIT}+")
_ROMAN = regex.compile(r"\b(?=[IVXLC]{2,7}\b)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a text, written in figures or words.

    Attributes:
        values: What it may be as a whole, likeliest first: 1000 or 1 for 1,000; 1.5 or 15 for 1.5.
        groups: The groups of digits that a figure is made of: 10 and 30 for 10:30.
    """

    values: tuple[Value, ...]
    groups: tuple[Value, ...] = ()

    def within(self, readable: Set[Value]) -> bool:
        """Whether some reading of it is among the values: it as a whole, or each of its groups."""
        if not readable.isdisjoint(self.values):
            return True
        return len(self.groups) > 1 and all(group == 0 or group in readable for group in self.groups)


def _ascii(text: str) -> str:
    return text if text.isascii() else "".join(str(unicodedata.decimal(c)) for c in text)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else digits.lstrip("0")


@lru_cache(maxsize=65_536)
def read_figure(text: str) -> Quantity:
    """What a match of `FIGURE` may mean: native digits are digits, and a mark parts thousands, decimals or hours."""
    parts = [_ascii(part) for part in _GROUP.findall(text)]
    groups = tuple(_whole(part) for part in parts)
    if len(parts) == 1:
        return Quantity(groups, groups)
    values: list[Value] = [_whole("".join(parts))]
    if text[-len(parts[-1]) - 1] in _DECIMAL_MARKS and sum(map(len, parts)) <= DIGITS:
        decimal = float(f"{''.join(parts[:-1])}.{parts[-1]}")
        values.append(int(decimal) if decimal.is_integer() else decimal)
        if len(parts[-1]) != len("000"):
            values.reverse()
    return Quantity(tuple(values), groups)


def roman(text: str) -> set[int]:
    """The Roman numerals of a text: two capitals and more, below 400."""
    found = set()
    for match in _ROMAN.finditer(text):
        digits = [_ROMAN_DIGITS[letter] for letter in match.group()]
        found.add(sum(-d if d < after else d for d, after in zip(digits, [*digits[1:], 0], strict=False)))
    return found - {0}
