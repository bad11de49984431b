"""Making the answers and choices of a record, each once.

Guarantees: an answer that is one of the choices is the same text in both places, in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.text.answers import AnswerRule, Origin, carrier, is_returned, recover
from glotmill.engine.text.fields import answer_texts, labels_of, only_question
from glotmill.engine.text.part_making import PartMaker, RecordFailedError
from glotmill.engine.text.row_languages import NO_WORDS, Languages, languages_of_part
from glotmill.engine.text.segments import split
from glotmill.engine.text.text_structure import mismatch
from glotmill.schemas.keys import nfc


class AnswerMaker:
    """Makes the answers and choices of one record.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        lang: Target language.
        rule: How answers are treated.
        parts: Makes its texts.
    """

    def __init__(self, row: Mapping[str, Any], lang: str, rule: AnswerRule, parts: PartMaker) -> None:
        self._row = row
        self._lang = lang
        self._source = row["source_lang"]
        self._rule = rule
        self._policy = rule.policy(row, lang)
        self._parts = parts

    def all(self) -> dict[str, tuple[str, Languages, Origin]]:
        """(target text, its languages, where from) of each different answer and choice."""
        return {text: self.answer(text) for text in answer_texts(self._row)}

    def answer(self, text: str) -> tuple[str, Languages, Origin]:
        """(target text, its languages, where from) of an answer or choice."""
        into, stays = frozenset([self._lang]), frozenset([self._source])
        label = labels_of(self._row).get(text)
        if label is not None and self._policy == "target":
            return self.label(text, label, self._lang), into, "label"
        known = self._rule.known(text, self._lang, self._policy)
        if known is not None:
            return known[0], into, known[1]
        cut = split(text, self._source)
        if not cut.segments:
            return text, NO_WORDS, "copied"
        if not cut.requests or self._policy != "target" or not self._rule.is_asked(text):
            return text, stays, "source"
        if self._rule.section.dictionary is not None:
            return self._in_dictionary(text)
        found = self._in_context(text)
        if found is not None:
            bare = cut.join(lambda request: self._parts.entries[self._lang, request].text or "")
            same = bare.casefold() == found.casefold()
            return found, into, "in_context_as_bare" if same else "in_context"
        part = self._parts.part(text, self._lang)
        return part.target, languages_of_part(part, self._lang, self._source), "bare"

    def _in_dictionary(self, text: str) -> tuple[str, Languages, Origin]:
        """A frequent answer's translation, where it is translated back as the answer and is the language's word."""
        stays = frozenset([self._source])
        found = [self._parts.entries[self._lang, request] for request in split(text, self._source).requests]
        if any(entry.text is None or entry.back is None for entry in found):
            return text, stays, "source"
        part = self._parts.part(text, self._lang)
        if not is_returned(text, part.target, str(part.back)):
            return text, stays, "source"
        if text in self._rule.apart.get(self._lang, ()):
            return text, stays, "set_apart"
        return part.target, languages_of_part(part, self._lang, self._source), "dictionary"

    def _in_context(self, text: str) -> str | None:
        asked = only_question(self._row) if self._rule.section.context else None
        shown = carrier(asked, text) if asked else None
        if asked is None or shown is None:
            return None
        own, both = (self._parts.entries[self._lang, request].text for request in (asked, nfc(shown)))
        if own is None or both is None:
            return None
        found = recover(both, own, text, self._lang)
        if found is None or mismatch(text, found, self._source, self._lang):
            if self._rule.section.context_miss == "fail":
                raise RecordFailedError("field_count")
            return None
        self._parts.use(self._parts.entries[self._lang, nfc(shown)])
        return found

    def label(self, text: str, label: str, into: str) -> str:
        """The name of a thing in a language.

        Raises:
            RecordFailedError: The table has none.
        """
        if into == self._source:
            return text
        found = self._rule.labels.get(into, {}).get(label)
        if found is None:
            raise RecordFailedError("no_label")
        return found
