"""A seeded draw of the texts that are requested in some languages.

Guarantees: a draw follows from the texts, not from their order or how often each occurs; it holds as many texts of a
language as were wanted, whatever the size of a build. Questions with their answers are texts like any others.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappush, heappushpop

from glotmill.engine.memory.entries import Direction
from glotmill.engine.translation.requests import RequestSource, TextsInto
from glotmill.engine.translators.contract import VOCABULARY
from glotmill.schemas.keys import draw

Drawn = tuple[Direction, str]  # a text and its direction


class DrawnTexts:
    """Takes texts as they come, and keeps those of each language with the lowest seeded numbers.

    Args:
        langs: The target languages.
        most: How many different texts of each language are kept.
    """

    def __init__(self, langs: Iterable[str], most: int) -> None:
        self._kept = {lang: _Lowest(most) for lang in langs}

    def add(self, texts: TextsInto) -> None:
        """Take texts in."""
        targets = [self._kept[lang] for lang in texts.targets if lang in self._kept]
        for text in texts.texts if targets else ():
            number = draw(VOCABULARY, texts.source, text)
            for kept in targets:
                kept.add((number, text, texts.source))

    def of(self, lang: str) -> list[Drawn]:
        """The texts of a target language in the seeded order; all of its texts where these are no more than wanted."""
        return [(Direction(source, lang), text) for _, text, source in self._kept[lang].ascending()]


def drawn(requested: RequestSource, lang: str, most: int) -> list[Drawn]:
    """So many of the texts that are requested in a language, in the seeded order."""
    texts = DrawnTexts([lang], most)
    for direction in requested.directions():
        if direction.target_lang == lang:
            texts.add(TextsInto(direction.source_lang, (lang,), requested.table(direction)["text"].to_list()))
    return texts.of(lang)


class _Lowest:
    """The lowest of some rows, each different row once: a heap with the highest of them on top."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, _Row]] = []
        self._rows: set[_Row] = set()

    def add(self, row: _Row) -> None:
        if row in self._rows:
            return
        entry = (-row[0], row)
        if len(self._heap) < self._most:
            heappush(self._heap, entry)
            self._rows.add(row)
        elif row[0] < -self._heap[0][0]:
            self._rows.add(row)
            self._rows.remove(heappushpop(self._heap, entry)[1])

    def ascending(self) -> list[_Row]:
        return sorted(self._rows)


_Row = tuple[float, str, str]  # its number, the text, its language
