"""The numbers of a text, figures and words alike.

`Numbers.readable` is generous: every value that some reading of some part gives, so that "half past ten", "10:30" and
"22.30 Uhr" agree. `Numbers.stated` is strict: the longest readings of figures and cardinals, from two on. A text in a
language without a table gives its figures alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import cast

import regex

from glotmill.filters.features.composed_number import POWERS, Item, compose
from glotmill.filters.features.figures import DIGIT, FIGURE, Number, Quantity, Value, read_figure
from glotmill.filters.features.number_words import Lexicon, fold, lexicon
from glotmill.filters.features.words import UNSPACED_SCRIPTS
from glotmill.schemas.languages import ENGLISH

RUN = 12  # number words in a row that are read as one; the next begins another
SEEN = 200_000  # words of a language that are remembered with what they are
LETTERS = 60  # of a word that may be composed of number words
STEPS = 300  # tried to take one word apart

_ASCII = re.compile(rf"({FIGURE.replace(DIGIT, '[0-9]')})|([a-z]+)")  # the same, faster, for most sources
_SPACED = regex.compile(rf"({FIGURE})|([\p{{L}}\p{{M}}]+)")
_GAP = " -\u2010\u2011'’\u200c\u00a0\n\t"  # what may stand between the words of one number
_THOUSAND = 1000
_CLITICS = {"Arab": ("وال", "بال", "ال", "و", "ب", "ل", "ف"), "Hebr": ("וה", "ו", "ה", "ב", "ל", "מ", "ש", "כ")}
_SINO = frozenset("일이삼사오육칠팔구")  # alone, Korean particles and names rather than numbers
_TEENS, _YEARS = range(10, 21), range(10, 100)  # nineteen eighty-four: the year 1984


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a text.

    Attributes:
        figures: Its figures, in order.
        stated: The numbers from two on that it states in figures and cardinals, in order.
        readable: All values that some reading gives.
        known: Whether the language has a table of number words.
    """

    figures: tuple[Quantity, ...]
    stated: tuple[Quantity, ...]
    readable: frozenset[Value]
    known: bool


@dataclass(slots=True)
class _Found:
    """What `Numbers` is made of."""

    figures: list[Quantity] = field(default_factory=list)
    stated: list[Quantity] = field(default_factory=list)
    readable: set[Value] = field(default_factory=set)


_JOINER = Item()
_COMMA = Item()
_OTHER = Item(weak=True)


class Reader:
    """Reads the numbers of texts of one language.

    Args:
        lang: FLORES-200 code.
        words: Its number words; None where it has no table.
    """

    def __init__(self, lang: str, words: Lexicon | None) -> None:
        self._lang = lang
        self._words = words or Lexicon(lang)
        self._known = words is not None
        self._unspaced = lang.endswith(UNSPACED_SCRIPTS)
        self._pattern = _unspaced(self._words) if self._unspaced else _SPACED
        self._clitics = _CLITICS.get(lang[-4:], ())
        self._seen: dict[str, Item] = {}

    def read(self, text: str) -> Numbers:
        """The numbers of a text."""
        found = _Found()
        run: list[Item] = []
        for item in self._items(fold(text, self._lang)):
            if run and not _continues(run, item):
                if item.weak and item.values and (value := compose([*run, item], self._words)) is not None:
                    found.readable.add(value)  # twenty-fourth; yigirma toʻrtda, "in the twenty-four"
                self._settle(run, found)
                run = []
            if item.weak:
                found.readable.update(item.values)
            elif item.values or run:
                run.append(item)
        if run:
            self._settle(run, found)
        return Numbers(tuple(found.figures), tuple(found.stated), frozenset(found.readable), self._known)

    def _items(self, text: str) -> Iterator[Item]:
        pattern = _ASCII if text.isascii() and not self._unspaced else self._pattern
        matches = list(pattern.finditer(text))
        seen = self._seen
        place, end = 0, -1  # end: of the item before, or -1 after anything else
        while place < len(matches):
            match = matches[place]
            word = match[2]
            count, item = 1, seen.get(word)
            if item is None:
                count, item = self._longest(matches, place, word) if word else (1, _figure(match[1]))
            place += count
            if item is _OTHER:
                end = -1
                continue
            gap = text[end : match.start()].strip(_GAP) if end >= 0 else "."
            if gap:
                yield _COMMA if gap == "," else _OTHER
            yield item
            end = matches[place - 1].end()

    def _longest(self, matches: list[re.Match[str]], place: int, word: str) -> tuple[int, Item]:
        """(matches taken, item) of the longest entry that begins with a word."""
        firsts = (word, *(word.removeprefix(clitic) for clitic in self._clitics if word.startswith(clitic)))
        several = False
        for first in firsts:
            longest = self._words.longest.get(first, 1)
            several |= longest > 1
            for count in range(min(longest, len(matches) - place), 1, -1):
                rest = (match.group() for match in matches[place + 1 : place + count])
                found = self._entry(" ".join((first, *rest)))
                if found:
                    return count, found
        item = self._word(word)
        if not several and len(self._seen) < SEEN:
            self._seen[word] = item
        return 1, item

    def _entry(self, key: str) -> Item | None:
        if key in self._words.cardinals:
            return Item(self._words.cardinals[key])
        return Item(self._words.weak[key], weak=True) if key in self._words.weak else None

    def _word(self, word: str) -> Item:
        """What one word is."""
        words = self._words
        if word in words.joiners:
            return _JOINER
        if word in _SINO:
            return _OTHER
        found = self._entry(word)
        if found or self._unspaced:
            return found or _OTHER
        for clitic in self._clitics:
            found = found or (self._entry(word.removeprefix(clitic)) if word.startswith(clitic) else None)
        if found or len(word) > LETTERS:
            return found or _OTHER
        value = self._composed(word)
        if value is not None:
            return Item((value,))
        heads = (word[:length] for length in range(len(word), 0, -1) if self._lang != ENGLISH)
        return next((Item(words.stems[head], weak=True) for head in heads if head in words.stems), _OTHER)

    def _composed(self, word: str) -> Number | None:
        """The number that a word is made of, counters behind it aside."""
        words = self._words
        if word[:2] not in words.starts and word[:1] not in words.starts:
            return None

        steps = 0

        def parts(rest: str, run: list[Item]) -> Number | None:
            nonlocal steps
            steps += 1
            if steps > STEPS:
                return None
            for length in range(len(rest), 0, -1):
                head = rest[:length]
                item = Item(words.cardinals[head]) if head in words.cardinals else None
                if head in words.infixes and run and run[-1].values:
                    item = _JOINER
                found = parts(rest[length:], [*run, item]) if item else None
                if found is not None:
                    return found
            ends = not rest or rest.startswith(tuple(words.counters))
            return compose(run, words) if ends and run and run[-1].values else None

        return parts(word, [])

    def _settle(self, run: list[Item], found: _Found) -> None:
        """Read a run of items: each part of it is readable, its longest numbers are stated."""
        if len(run) == 1 and not run[0].figure:
            found.readable.update(run[0].values)
            if run[0].values[0] not in (0, 1):
                found.stated.append(Quantity(run[0].values))
            return
        pieces: list[Quantity] = []
        begin = 0
        while begin < len(run):
            size = self._longest_number(run, begin, found, pieces)
            if len(pieces) > 1 and _is_year(*pieces[-2:]):
                century, year = (cast("int", piece.values[0]) for piece in pieces[-2:])
                pieces[-2:] = [Quantity((century * 100 + year, century, year))]
                found.readable.add(century * 100 + year)
            begin += size
        found.stated.extend(piece for piece in pieces if piece.values[0] not in (0, 1))

    def _longest_number(self, run: list[Item], begin: int, found: _Found, pieces: list[Quantity]) -> int:
        """Add the longest number that begins at an item to the pieces; what shorter ones say is readable.

        Returns:
            How many items it takes.
        """
        first = run[begin]
        if not first.values:
            return 1
        number, size = first.figure or Quantity(first.values), 1
        for end in range(begin + 2, len(run) + 1):
            value = compose(run[begin:end], self._words) if run[end - 1].values else None
            if value is not None:
                number, size = Quantity((value,)), end - begin
                found.readable.add(value)
        taken = run[begin : begin + size]
        for item in taken:
            found.readable.update(item.values)
            if item.figure:
                found.readable.update(item.figure.groups)
                found.figures.append(Quantity((*number.values, *item.values), item.figure.groups))
        pieces.append(number)
        return size


def _is_year(first: Quantity, second: Quantity) -> bool:
    """Whether two numbers in words are a year: nineteen eighty-four."""
    return first.values[0] in _TEENS and second.values[0] in _YEARS and not (first.groups or second.groups)


def _figure(text: str) -> Item:
    quantity = read_figure(text)
    return Item(quantity.values, quantity)


def _continues(run: list[Item], item: Item) -> bool:
    """Whether an item may be part of the same number as those before it."""
    if item.weak or len(run) >= RUN:
        return False
    last = run[-1].values[0] if run[-1].values else None
    if item is _COMMA:  # seven thousand, four hundred
        return last in POWERS and last != 100
    if item.figure:  # 2만 5천
        return isinstance(last, int) and last >= _THOUSAND and last in POWERS
    if run[-1].figure:  # 3 million
        return bool(item.values) and item.values[0] in POWERS
    return bool(item.values) or last is not None


def _unspaced(words: Lexicon) -> regex.Pattern[str]:
    """Figures, and the number words of a language that puts no spaces between words."""
    forms = sorted({*words.cardinals, *words.weak, *words.joiners}, key=lambda form: (-len(form), form))
    if not forms:
        return _SPACED
    firsts = "".join(sorted({form[0] for form in forms}))
    return regex.compile(f"({FIGURE})|((?=[{firsts}])(?:{'|'.join(map(regex.escape, forms))}))")


@cache
def reader(lang: str) -> Reader:
    """The reader of a language (FLORES-200 code)."""
    return Reader(lang, lexicon(lang))
