"""Making a text of a record out of its segments' entries, its structure checked, and noting who made it.

Guarantees: a segment that failed fails its record with the segment's reason and never becomes an empty text; a text
whose structure changed fails its record with what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glotmill.engine.text.answers import SOURCE, AnswerRule
from glotmill.engine.text.parts import HUMAN, Entry, Part
from glotmill.engine.text.segments import Cut, split
from glotmill.engine.text.text_structure import mismatch


class RecordFailedError(Exception):
    """A record that has no target side, for a reason."""


class PartMaker:
    """Makes the texts of one record.

    Args:
        source: The language of its sample.
        entries: What is known of each request, by its language and text.
        rule: How answers are treated.

    Attributes:
        entries: The same.
        made_by: Whose words are in the record: the origins of its entries.
        asked: Fingerprints of the engines that translated.
        tables: Where bare yes and no in its texts come from.
    """

    def __init__(self, source: str, entries: Mapping[tuple[str, str], Entry], rule: AnswerRule) -> None:
        self.entries = entries
        self.made_by: set[str] = set()
        self.asked: set[str] = set()
        self.tables: set[str] = set()
        self._source = source
        self._rule = rule

    def part(self, text: str, into: str) -> Part:
        """A text in a language, its structure checked; that of a bare yes or no is the table's, and is not counted.

        Raises:
            RecordFailedError: A segment has no translation, or the structure changed.
        """
        cut = split(text, self._source)
        entries = [self.entry(request, into) for request in cut.requests]
        source, target = cut.without_yes_no(), cut.join(lambda request: self._translation(request, into), _nothing)
        reason = mismatch(source, target, self._source, into)
        if reason:
            raise RecordFailedError(reason)
        part = Part(source, target, self._returned(cut, into, _nothing), cut.requests, entries)
        if not cut.has_yes_no:
            return part
        settled: set[str] = set()

        def worded(yes_or_no: str) -> str:
            word, origin = self._rule.yes_no(yes_or_no, into) or (yes_or_no, SOURCE)
            settled.add(origin)
            return word

        target = cut.join(lambda request: self._translation(request, into), worded)
        self.tables |= settled
        back = self._returned(cut, into)
        return Part(text, target, back, cut.requests, entries, frozenset(settled), judged=part)

    def entry(self, request: str, into: str) -> Entry:
        """What is known of a request, which is then in the record.

        Raises:
            RecordFailedError: It has no translation.
        """
        entry = self.entries[into, request]
        if entry.text is None:
            raise RecordFailedError(entry.failure)
        self.use(entry)
        return entry

    def use(self, entry: Entry) -> None:
        """Note that an entry is in the record."""
        self.made_by.add(entry.origin)
        if entry.origin != HUMAN:
            self.asked.add(entry.engine)

    def _translation(self, request: str, into: str) -> str:
        return str(self.entry(request, into).text)

    def _returned(self, cut: Cut, into: str, yes_no: Callable[[str], str] = str) -> str | None:
        """A text with each segment translated there and back; None where a back-translation failed."""
        if any(self.entries[into, request].back is None for request in cut.requests):
            return None
        return cut.join(lambda request: str(self.entries[into, request].back), yes_no)


def _nothing(_: str) -> str:
    return ""
