"""Putting a record together from what came back.

Guarantees: an answer that is one of the choices is the same text in both places, in every language; different choices
stay different; a segment that failed fails its record with the segment's reason and never becomes an empty text; a
turn whose structure changed fails its record with what changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from glotmill.engine.text.answers import SOURCE, AnswerRule, Origin, carrier, is_returned, recover
from glotmill.engine.text.choices import collide
from glotmill.engine.text.fields import answer_texts, is_answer, labels_of, only_question, turn_lang
from glotmill.engine.text.instructions import (
    is_translated,
    options,
    render,
    slot_texts,
    slots_in,
    template_of,
    with_images,
)
from glotmill.engine.text.parts import HUMAN, Entry, Part, TurnPair, pair
from glotmill.engine.text.row_languages import (
    NO_WORDS,
    Languages,
    TurnLanguages,
    language_columns,
    languages_of,
    languages_of_part,
    only,
    templated,
    untranslated_columns,
)
from glotmill.engine.text.segments import Cut, split
from glotmill.engine.text.template_wording import TEMPLATE_REFUSED, Words
from glotmill.engine.text.text_structure import mismatch
from glotmill.recipes.sections.templates import Role
from glotmill.schemas.keys import content_hash, digest, nfc
from glotmill.schemas.languages import language
from glotmill.schemas.sample import IMAGE_MARKER
from glotmill.schemas.task import LANGUAGE, OPTIONS


@dataclass(frozen=True, slots=True)
class EngineName:
    """The translator as a record names it."""

    engine: str
    model: str
    fingerprint: str


@dataclass(slots=True)
class Composed:
    """The target side of a record, or why there is none.

    Attributes:
        failure: Reason code, where there is none.
        columns: The record's target columns.
        pairs: Its translated turns.
        answers: How many of its different answers and choices went which way.
    """

    failure: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    pairs: list[TurnPair] = field(default_factory=list)
    answers: Counter[Origin] = field(default_factory=Counter)


class RecordFailedError(Exception):
    """A record that has no target side, for a reason."""


def compose(
    row: Mapping[str, Any],
    lang: str,
    entries: Mapping[tuple[str, str], Entry],
    rule: AnswerRule,
    engine: EngineName,
    engines: Mapping[str, EngineName] = MappingProxyType({}),
) -> Composed:
    """Put a record's target side together.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`, as `glotmill.engine.text.fields.as_carried` gives it.
        lang: Target language.
        entries: What is known of each request, by its language and text.
        rule: How answers are treated.
        engine: The translator, for the ``mt`` column.
        engines: The translators by fingerprint, where there are several.
    """
    if lang == row["source_lang"]:
        return _untranslated(row)
    try:
        return _Composer(row, lang, entries, rule).record({"": engine, **engines})
    except RecordFailedError as error:
        return Composed(failure=str(error))


def _untranslated(row: Mapping[str, Any]) -> Composed:
    columns = {
        "messages": row["source_messages"],
        "choices": row["source_choices"],
        "answer_index": row["answer_index"],
        "answers": row["source_answers"],
        **untranslated_columns(row),
    }
    return Composed(columns={**columns, "content_hash": _hash(columns), "mt": None, "back_messages": None})


def _hash(columns: Mapping[str, Any]) -> str:
    turns = [(turn["role"], turn["content"]) for turn in columns["messages"]]
    return content_hash(turns, columns["choices"], columns["answers"])


def provenance(
    engines: Mapping[str, EngineName],
    asked: Iterable[str],
    copied: Sequence[str],
    origins: Collection[str] = (),
    *,
    by_people: bool,
) -> dict[str, Any]:
    """The ``mt`` column of a record.

    Args:
        engines: The translators by fingerprint; ``""`` is who stands in for one that is not among them.
        asked: Fingerprints of those that translated.
        copied: The fields that are as in the source.
        origins: Where its answers and its bare yes and no come from.
        by_people: Whether a correction is in it.
    """
    tables = [f"answer_{name}" for name in ("table", "yes_no_table") if name in origins]
    people = [HUMAN] if by_people else []
    used = [engines.get(name, engines[""]) for name in sorted(asked)]
    prints = sorted({engine.fingerprint for engine in used})
    return {
        "engines": [*dict.fromkeys(engine.engine for engine in used), *people, *tables],
        "models": list(dict.fromkeys(engine.model for engine in used)),
        "params_hash": (prints[0] if len(prints) == 1 else digest(prints)) if prints else None,
        "copied_fields": copied,
    }


class _Composer:
    """One record on its way together; notes what was used for it."""

    def __init__(
        self, row: Mapping[str, Any], lang: str, entries: Mapping[tuple[str, str], Entry], rule: AnswerRule
    ) -> None:
        self._row = row
        self._lang = lang
        self._source = row["source_lang"]
        self._entries = entries
        self._rule = rule
        self._policy = rule.policy(row, lang)
        self._copied: list[str] = []
        self._pairs: list[TurnPair] = []
        self._made_by: set[str] = set()
        self._asked: set[str] = set()  # fingerprints of the engines that translated
        self._tables: set[str] = set()  # where bare yes and no in its texts come from
        self._answers = {text: self._answer(text) for text in answer_texts(row)}
        self._answer_languages = {text: languages for text, (_, languages, _) in self._answers.items()}

    def record(self, engines: Mapping[str, EngineName]) -> Composed:
        """The record's target side, or `RecordFailedError`."""
        turns = [self._turn(number, turn) for number, turn in enumerate(self._row["source_messages"])]
        roles = [turn["role"] for turn in self._row["source_messages"]]
        back = [returned for _, _, returned in turns]
        columns = {
            "messages": [{"role": r, "content": text} for r, (text, _, _) in zip(roles, turns, strict=True)],
            "choices": self._listed("choices"),
            "answer_index": self._row["answer_index"],
            "answers": self._listed("answers"),
            **language_columns(self._row, [languages for _, languages, _ in turns], self._answer_languages),
        }
        if collide(self._row["source_choices"] or (), columns["choices"] or ()):
            raise RecordFailedError("choices_collide")
        origins = Counter(origin for _, _, origin in self._answers.values())
        returned = [{"role": role, "content": text} for role, text in zip(roles, back, strict=True)]
        columns |= {
            "content_hash": _hash(columns),
            "mt": provenance(
                engines, self._asked, self._copied, {*origins, *self._tables}, by_people=HUMAN in self._made_by
            ),
            "back_messages": returned if any(back) else None,
        }
        return Composed(columns=columns, pairs=self._pairs, answers=origins)

    def _turn(self, number: int, turn: Mapping[str, str]) -> tuple[str, TurnLanguages, str | None]:
        """(target text, its languages, back-translation) of a turn."""
        text, where = turn["content"], f"messages[{number}].content"
        into = turn_lang(self._row, number, self._lang)
        if template_of(self._row, turn) is not None:
            return self._templated(number, turn, into)
        if into == self._source:
            self._copied.append(where)
            return text, TurnLanguages(languages_of(text, into, self._source)), None
        if is_answer(self._row, turn):
            target, known, origin = self._answers[text]
            languages = TurnLanguages(known)
            self._note(where, origin)
            if origin in ("bare", "dictionary"):
                bare = self._part(text, self._lang)
                self._pairs.append(pair(number, [bare], self._lang))
                return target, languages, bare.back
            return target, languages, None
        part = self._part(text, into)
        if SOURCE in part.settled or not (part.entries or part.settled):
            self._copied.append(where)
        languages = TurnLanguages(languages_of_part(part, into, self._source))
        if not part.entries:
            return part.target, languages, None
        self._pairs.append(pair(number, [part], into))
        return part.target, languages, part.back

    def _part(self, text: str, into: str) -> Part:
        """A text in a language, its structure checked; that of a bare yes or no is the table's, and is not counted."""
        cut = split(text, self._source)
        entries = [self._entry(request, into) for request in cut.requests]
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
        self._tables |= settled
        back = self._returned(cut, into)
        return Part(text, target, back, cut.requests, entries, frozenset(settled), judged=part)

    def _templated(self, number: int, turn: Mapping[str, str], into: str) -> tuple[str, TurnLanguages, str | None]:
        """A turn that a template made: its texts in their slots, its own words in the language that they go into.

        Scorers are shown the slots' texts alone: the words were judged before any row carried them.
        """
        template = str(template_of(self._row, turn))
        parts = {
            name: self._part(text, into) if into != self._source else Part(text, text, None, (), [])
            for name, text in slot_texts(self._row, template).items()
        }
        values = self._settled(template, into) | {name: part.target for name, part in parts.items()}
        words, spoken = self._words(turn, template, into)
        images = turn["content"].count(IMAGE_MARKER)
        target = with_images(render(words.text, values), images)
        slots = {name: languages_of_part(part, into, self._source) for name, part in parts.items()}
        languages = templated(self._row, template, spoken, slots, into, self._answer_languages)
        translated = [part for part in parts.values() if part.entries]
        if translated:
            self._pairs.append(pair(number, translated, into))
        made = bool(translated or words.origins)  # whether an engine or a person had a part in it
        if any(SOURCE in part.settled for part in parts.values()) or (not made and words.text == template):
            self._copied.append(f"messages[{number}].content")
        if not made or any(part.back is None for part in translated) or (words.origins and words.back is None):
            return target, languages, None
        backs = {name: part.back or part.target for name, part in parts.items()}
        return target, languages, with_images(render(words.back or template, values | backs), images)

    def _words(self, turn: Mapping[str, str], template: str, into: str) -> tuple[Words, Languages]:
        """A template's own words in the language that they go into, and which that is."""
        if not is_translated(self._row, turn) or into == self._source:
            return Words(template), languages_of(template, self._source, self._source)
        role: Role = "assistant" if turn["role"] == "assistant" else "user"
        rule = self._rule.instructions
        words = rule.words(self._row["template_id"], role, template, into) if rule else None
        if not isinstance(words, Words):
            raise RecordFailedError(TEMPLATE_REFUSED)
        self._made_by |= words.origins
        self._asked |= words.engines
        return words, languages_of(template, into, self._source)

    def _settled(self, template: str, into: str) -> dict[str, str]:
        """What a template's slots hold beside the texts that are translated for them."""
        values = {
            LANGUAGE: language(self._reply_language()).name,
            OPTIONS: options(self._choices() if OPTIONS in slots_in(template) else []),
        }
        for slot in self._row["slots"] or ():
            if slot["label"] is not None and slot["name"] != "answer":
                values[slot["name"]] = self._label(slot["text"], slot["label"], into)
            elif slot["name"] == "answer":
                values["answer"] = self._answers[slot["text"]][0]
        return values

    def _reply_language(self) -> str:
        """The language of what the assistant says; text that is the same in all counts as the target's."""
        turns = self._row["source_messages"]
        number = max(place for place, turn in enumerate(turns) if turn["role"] == "assistant")
        turn = turns[number]
        if is_answer(self._row, turn):
            return only(self._answers[turn["content"]][1]) or self._lang
        return turn_lang(self._row, number, self._lang)

    def _choices(self) -> list[str]:
        return [self._answers[text][0] for text in self._row["source_choices"] or ()]

    def _label(self, text: str, label: str, into: str) -> str:
        if into == self._source:
            return text
        found = self._rule.labels.get(into, {}).get(label)
        if found is None:
            raise RecordFailedError("no_label")
        return found

    def _entry(self, request: str, into: str) -> Entry:
        entry = self._entries[into, request]
        if entry.text is None:
            raise RecordFailedError(entry.failure)
        self._use(entry)
        return entry

    def _use(self, entry: Entry) -> None:
        self._made_by.add(entry.origin)
        if entry.origin == "machine":
            self._asked.add(entry.engine)

    def _translation(self, request: str, into: str) -> str:
        return str(self._entry(request, into).text)

    def _returned(self, cut: Cut, into: str, yes_no: Callable[[str], str] = str) -> str | None:
        """A text with each segment translated there and back; None where a back-translation failed."""
        if any(self._entries[into, request].back is None for request in cut.requests):
            return None
        return cut.join(lambda request: str(self._entries[into, request].back), yes_no)

    def _answer(self, text: str) -> tuple[str, Languages, Origin]:
        """(target text, its languages, where from) of an answer or choice."""
        into, stays = frozenset([self._lang]), frozenset([self._source])
        label = labels_of(self._row).get(text)
        if label is not None and self._policy == "target":
            return self._label(text, label, self._lang), into, "label"
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
            bare = cut.join(lambda request: self._entries[self._lang, request].text or "")
            same = bare.casefold() == found.casefold()
            return found, into, "in_context_as_bare" if same else "in_context"
        part = self._part(text, self._lang)
        return part.target, languages_of_part(part, self._lang, self._source), "bare"

    def _in_dictionary(self, text: str) -> tuple[str, Languages, Origin]:
        """A frequent answer's translation, where it is translated back as the answer and is the language's word."""
        stays = frozenset([self._source])
        found = [self._entries[self._lang, request] for request in split(text, self._source).requests]
        if any(entry.text is None or entry.back is None for entry in found):
            return text, stays, "source"
        part = self._part(text, self._lang)
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
        own, both = (self._entries[self._lang, request].text for request in (asked, nfc(shown)))
        if own is None or both is None:
            return None
        found = recover(both, own, text, self._lang)
        if found is None or mismatch(text, found, self._source, self._lang):
            if self._rule.section.context_miss == "fail":
                raise RecordFailedError("field_count")
            return None
        self._use(self._entries[self._lang, nfc(shown)])
        return found

    def _note(self, where: str, origin: Origin) -> None:
        if origin in ("copied", "source", "set_apart"):
            self._copied.append(where)

    def _listed(self, name: str) -> list[str] | None:
        """Answers or choices in the target language, as many as the source has."""
        texts = self._row[f"source_{name}"]
        if texts is None:
            return None
        found = []
        for number, text in enumerate(texts):
            target, _, origin = self._answers[text]
            self._note(f"{name}[{number}]", origin)
            found.append(target)
        return found


def _nothing(_: str) -> str:
    return ""
