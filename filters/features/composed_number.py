"""How number words in a row make one number: two · hundred · and · five."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from glotmill.filters.features.figures import Number, Quantity, Value
from glotmill.filters.features.number_words import Lexicon
from glotmill.schemas.languages import ENGLISH

POWERS = frozenset(10**n for n in (2, 3, 4, 5, 6, 7, 8, 9, 12))  # what numbers multiply, lakh and crore too
_TEN = 10
_TENS_COUNT = ("Jpan", "Hans", "Hant", "Hang")  # scripts where tens are multiplied too: 三十
_AND_AFTER = 100  # in English, "and" joins what comes after hundreds alone


@dataclass(frozen=True, slots=True)
class Item:
    """A figure or word of a text: its values, and the figure, if it is one.

    A joiner has no values. ``weak`` values are readable and no more.
    """

    values: tuple[Value, ...] = ()
    figure: Quantity | None = None
    weak: bool = False


def compose(run: Sequence[Item], words: Lexicon) -> Number | None:
    """The one number that items in a row are (two · hundred · five), or None where they are several.

    Args:
        run: Numbers and the joiners between them.
        words: The number words of their language, which has an order of its own.
    """
    values = [item.values[0] if item.values else None for item in run]
    if any(isinstance(value, str) for value in values):
        return None
    numbers = cast("list[Number | None]", values)
    if words.units_below:
        numbers = _units_first(numbers, words.units_below)
    if words.lang == ENGLISH and any(
        value is None and (before or 0) % _AND_AFTER for before, value in pairwise(numbers)
    ):
        return None
    return _compose([value for value in numbers if value is not None], words.lang.endswith(_TENS_COUNT))


def _units_first(values: list[Number | None], below: int) -> list[Number | None]:
    """The same with each "two and twenty" as one value."""
    for place in range(len(values) - 2, 0, -1):
        unit, joiner, tens = [*values[place - 1 : place + 2], None][:3]
        if joiner is None and unit in range(1, below) and tens in range(20, 100, 10):
            values[place - 1 : place + 2] = [cast("int", unit) + cast("int", tens)]
    return values


def _compose(values: list[Number], tens_count: bool) -> Number | None:
    if len(values) == 1:
        return values[0]
    if not values:
        return None
    most = max(values)
    place = len(values) - 1 - values[::-1].index(most)
    before, after = values[:place], values[place + 1 :]
    if before and not (most in POWERS or (tens_count and most == _TEN)):
        return None
    factor = _compose(before, tens_count) if before else 1
    rest = _compose(after, tens_count) if after else 0
    if factor is None or rest is None or not 0 < factor < most or (after and not 0 < rest < _unit(most)):
        return None
    return factor * most + rest


def _unit(value: Number) -> int:
    """The greatest power of ten that divides a value: what is added to it is less."""
    unit = 1
    while value and value % (unit * 10) == 0:
        unit *= 10
    return unit
