"""Putting a record together from what came back.

Guarantees: an answer that is one of the choices is the same text in both places, in every language; a segment that
failed fails its record with the segment's reason and never becomes an empty text; a turn whose structure changed
fails its record with what changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.text.answers import AnswerRule, Origin, carrier, is_yes_no, recover
from engine.text.fields import answer_texts, is_answer, only_question
from engine.text.segments import plain, split
from engine.text.structure import mismatch
from schemas.keys import content_hash, nfc

HUMAN = "human"  # a person's correction, among the engines of a record


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one segment in one language: its translation or failure, the way back, and who made it."""

    text: str | None
    failure: str | None
    logprob: float | None
    target_tokens: int | None
    hit_limit: bool | None
    back: str | None
    back_failed: bool | None = False
    origin: str = "machine"


@dataclass(frozen=True, slots=True)
class TurnPair:
    """A translated turn for the scorers: plain texts, and what the translator said of it."""

    turn: int
    source: str
    target: str
    back: str | None
    logprob: float | None
    hit_limit: bool
    back_failed: bool


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
    row: Mapping[str, Any], lang: str, entries: Mapping[str, Entry], rule: AnswerRule, engine: EngineName
) -> Composed:
    """Put a record's target side together.

    Args:
        row: A row of `schemas.sample.SAMPLE_SCHEMA`.
        lang: Target language.
        entries: What is known of each request in that language, by its text.
        rule: How answers are treated.
        engine: The translator, for the ``mt`` column.
    """
    if lang == row["source_lang"]:
        return _untranslated(row, lang)
    try:
        return _Composer(row, lang, entries, rule).record(engine)
    except RecordFailedError as error:
        return Composed(failure=str(error))


def _untranslated(row: Mapping[str, Any], lang: str) -> Composed:
    columns = {
        "messages": row["source_messages"],
        "turn_langs": [lang] * len(row["source_messages"]),
        "choices": row["source_choices"],
        "answer_index": row["answer_index"],
        "answers": row["source_answers"],
    }
    return Composed(columns={**columns, "content_hash": _hash(columns), "mt": None, "back_messages": None})


def _hash(columns: Mapping[str, Any]) -> str:
    turns = [(turn["role"], turn["content"]) for turn in columns["messages"]]
    return content_hash(turns, columns["choices"], columns["answers"])


class _Composer:
    """One record on its way together; notes what was used for it."""

    def __init__(self, row: Mapping[str, Any], lang: str, entries: Mapping[str, Entry], rule: AnswerRule) -> None:
        self._row = row
        self._lang = lang
        self._source = row["source_lang"]
        self._entries = entries
        self._rule = rule
        self._policy = rule.policy(row, lang)
        self._copied: list[str] = []
        self._pairs: list[TurnPair] = []
        self._made_by: set[str] = set()
        self._answers = {text: self._answer(text) for text in answer_texts(row)}

    def record(self, engine: EngineName) -> Composed:
        """The record's target side, or `RecordFailedError`."""
        turns = [self._turn(number, turn) for number, turn in enumerate(self._row["source_messages"])]
        roles = [turn["role"] for turn in self._row["source_messages"]]
        back = [returned for _, _, returned in turns]
        columns = {
            "messages": [{"role": r, "content": text} for r, (text, _, _) in zip(roles, turns, strict=True)],
            "turn_langs": [lang for _, lang, _ in turns],
            "choices": self._listed("choices"),
            "answer_index": self._row["answer_index"],
            "answers": self._listed("answers"),
        }
        if _distinct(columns["choices"]) < _distinct(self._row["source_choices"]):
            raise RecordFailedError("choices_collide")
        origins = Counter(origin for _, _, origin in self._answers.values())
        returned = [{"role": role, "content": text} for role, text in zip(roles, back, strict=True)]
        columns |= {
            "content_hash": _hash(columns),
            "mt": self._provenance(engine, origins),
            "back_messages": returned if any(back) else None,
        }
        return Composed(columns=columns, pairs=self._pairs, answers=origins)

    def _provenance(self, engine: EngineName, origins: Mapping[Origin, int]) -> dict[str, Any]:
        tables = [f"answer_{name}" for name in sorted(origins) if name in ("table", "yes_no_table")]
        people = [HUMAN] if HUMAN in self._made_by else []
        translated = "machine" in self._made_by
        return {
            "engines": [*([engine.engine] if translated else []), *people, *tables],
            "models": [engine.model] if translated else [],
            "params_hash": engine.fingerprint if translated else None,
            "copied_fields": self._copied,
        }

    def _turn(self, number: int, turn: Mapping[str, str]) -> tuple[str, str | None, str | None]:
        """(target text, its language, back-translation) of a turn."""
        text, where = turn["content"], f"messages[{number}].content"
        if is_answer(self._row, turn):
            target, lang, origin = self._answers[text]
            self._note(where, origin)
            if origin == "bare":
                entries = [self._entry(request) for request in split(text, self._source).requests]
                returned = self._returned(text)
                self._pairs.append(_pair(number, text, target, returned, entries))
                return target, lang, returned
            return target, lang, None
        cut = split(text, self._source)
        entries = [self._entry(request) for request in cut.requests]
        if not entries:
            self._copied.append(where)
            return text, None, None
        target = cut.join(self._translation)
        reason = mismatch(text, target, self._source, self._lang)
        if reason:
            raise RecordFailedError(reason)
        returned = self._returned(text)
        self._pairs.append(_pair(number, text, target, returned, entries))
        return target, self._lang, returned

    def _entry(self, request: str) -> Entry:
        entry = self._entries[request]
        if entry.text is None:
            raise RecordFailedError(entry.failure)
        self._made_by.add(entry.origin)
        return entry

    def _translation(self, request: str) -> str:
        return str(self._entry(request).text)

    def _returned(self, text: str) -> str | None:
        """The text with each segment translated there and back; None where a way back failed."""
        cut = split(text, self._source)
        if any(self._entries[request].back is None for request in cut.requests):
            return None
        return cut.join(lambda request: str(self._entries[request].back))

    def _answer(self, text: str) -> tuple[str, str | None, Origin]:
        """(target text, its language, where from) of an answer or choice."""
        known = self._rule.known(text, self._lang, self._policy)
        if known is not None:
            return known[0], self._lang, known[1]
        cut = split(text, self._source)
        if not cut.requests:
            return text, None, "copied"
        if self._policy == "source" or is_yes_no(text):
            return text, self._source, "source"
        found = self._in_context(text)
        if found is not None:
            bare = cut.join(lambda request: self._entries[request].text or "")
            same = bare.casefold() == found.casefold()
            return found, self._lang, "in_context_as_bare" if same else "in_context"
        target = cut.join(self._translation)
        reason = mismatch(text, target, self._source, self._lang)
        if reason:
            raise RecordFailedError(reason)
        return target, self._lang, "bare"

    def _in_context(self, text: str) -> str | None:
        asked = only_question(self._row) if self._rule.section.context else None
        shown = carrier(asked, text) if asked else None
        if asked is None or shown is None:
            return None
        own, both = self._entries[asked].text, self._entries[nfc(shown)].text
        if own is None or both is None:
            return None
        found = recover(both, own, text, self._lang)
        if found is None or mismatch(text, found, self._source, self._lang):
            return None
        self._made_by.add(self._entries[nfc(shown)].origin)
        return found

    def _note(self, where: str, origin: Origin) -> None:
        if origin in ("copied", "source"):
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


def _distinct(choices: list[str] | None) -> int:
    return len({choice.casefold() for choice in choices or ()})


def _pair(number: int, source: str, target: str, back: str | None, entries: list[Entry]) -> TurnPair:
    scored = [(e.logprob, e.target_tokens) for e in entries if e.logprob is not None and e.target_tokens]
    total = sum(tokens for _, tokens in scored)
    return TurnPair(
        turn=number,
        source=plain(source),
        target=plain(target),
        back=None if back is None else plain(back),
        logprob=sum(logprob * tokens for logprob, tokens in scored) / total if total else None,
        hit_limit=any(entry.hit_limit for entry in entries),
        back_failed=any(entry.back_failed for entry in entries),
    )
