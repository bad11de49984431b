"""Putting a record together from what came back.

Guarantees: an answer that is one of the choices is the same text in both places, in every language; different choices
stay different; a segment that failed fails its record with the segment's reason and never becomes an empty text; a
turn whose structure changed fails its record with what changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from glotmill.engine.text.answer_making import AnswerMaker
from glotmill.engine.text.answers import SOURCE, AnswerRule, Origin
from glotmill.engine.text.choices import collide
from glotmill.engine.text.fields import is_answer, turn_lang
from glotmill.engine.text.instructions import (
    is_translated,
    options,
    render,
    slot_texts,
    slots_in,
    template_of,
    with_images,
)
from glotmill.engine.text.part_making import PartMaker, RecordFailedError
from glotmill.engine.text.parts import HUMAN, REPAIRED, Entry, Part, TurnPair, pair
from glotmill.engine.text.row_languages import (
    Languages,
    TurnLanguages,
    language_columns,
    languages_of,
    languages_of_part,
    only,
    templated,
    untranslated_columns,
)
from glotmill.engine.text.template_wording import TEMPLATE_REFUSED, Words
from glotmill.recipes.sections.templates import Role
from glotmill.schemas.keys import content_hash, digest
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
    repaired: bool,
) -> dict[str, Any]:
    """The ``mt`` column of a record.

    Args:
        engines: The translators by fingerprint; ``""`` is who stands in for one that is not among them.
        asked: Fingerprints of those that translated.
        copied: The fields that are as in the source.
        origins: Where its answers and its bare yes and no come from.
        by_people: Whether a correction is in it.
        repaired: Whether a translation in it took the place of one that failed.
    """
    tables = [f"answer_{name}" for name in ("table", "yes_no_table") if name in origins]
    marks = [mark for mark, there in ((HUMAN, by_people), (REPAIRED, repaired)) if there]
    used = [engines.get(name, engines[""]) for name in sorted(asked)]
    prints = sorted({engine.fingerprint for engine in used})
    return {
        "engines": [*dict.fromkeys(engine.engine for engine in used), *marks, *tables],
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
        self._rule = rule
        self._copied: list[str] = []
        self._pairs: list[TurnPair] = []
        self._parts = PartMaker(self._source, entries, rule)
        self._answer_maker = AnswerMaker(row, lang, rule, self._parts)
        self._answers = self._answer_maker.all()
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
                engines,
                self._parts.asked,
                self._copied,
                {*origins, *self._parts.tables},
                by_people=HUMAN in self._parts.made_by,
                repaired=REPAIRED in self._parts.made_by,
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
                bare = self._parts.part(text, self._lang)
                self._pairs.append(pair(number, [bare], self._lang))
                return target, languages, bare.back
            return target, languages, None
        part = self._parts.part(text, into)
        if SOURCE in part.settled or not (part.entries or part.settled):
            self._copied.append(where)
        languages = TurnLanguages(languages_of_part(part, into, self._source))
        if not part.entries:
            return part.target, languages, None
        self._pairs.append(pair(number, [part], into))
        return part.target, languages, part.back

    def _templated(self, number: int, turn: Mapping[str, str], into: str) -> tuple[str, TurnLanguages, str | None]:
        """A turn that a template made: its texts in their slots, its own words in the language that they go into.

        Scorers are shown the slots' texts alone: the words were judged before any row carried them.
        """
        template = str(template_of(self._row, turn))
        parts = {
            name: self._parts.part(text, into) if into != self._source else Part(text, text, None, (), [])
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
        self._parts.made_by |= words.origins
        self._parts.asked |= words.engines
        return words, languages_of(template, into, self._source)

    def _settled(self, template: str, into: str) -> dict[str, str]:
        """What a template's slots hold beside the texts that are translated for them."""
        values = {
            LANGUAGE: language(self._reply_language()).name,
            OPTIONS: options(self._choices() if OPTIONS in slots_in(template) else []),
        }
        for slot in self._row["slots"] or ():
            if slot["label"] is not None and slot["name"] != "answer":
                values[slot["name"]] = self._answer_maker.label(slot["text"], slot["label"], into)
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
