"""Walking a record: which of its texts are translated, and putting a record together from translations.

Guarantees: what `turn_requests` and `answer_requests` ask for is exactly what `compose` uses; an answer that is one
of the choices is the same text in both places, in every language; a segment that failed fails its record with the
segment's reason and never becomes an empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.text.answers import AnswerTable
from engine.text.spans import Piece, plain, segments, split
from schemas.keys import content_hash, nfc
from schemas.sample import IMAGE_MARKER

# Tasks whose short answers follow the recipe's answer policy.
ANSWER_TASKS = frozenset({"vqa_open", "vqa_mc", "matching", "ocr", "classification"})
ANSWER_TABLE = "answer_table"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one segment in one language: its translation or failure, and the way back."""

    text: str | None
    failure: str | None
    logprob: float | None
    target_tokens: int | None
    hit_limit: bool | None
    back: str | None


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """How answers are treated: the recipe's ``answers`` section with its table loaded."""

    policy: str
    table: AnswerTable


@dataclass(frozen=True, slots=True)
class TurnPair:
    """A translated turn for the scorers: plain texts, and what the translator said of it."""

    turn: int
    source: str
    target: str
    back: str | None
    logprob: float | None
    hit_limit: bool


@dataclass(slots=True)
class Composed:
    """The target side of a record, or why there is none."""

    failure: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    pairs: list[TurnPair] = field(default_factory=list)


class SegmentFailedError(Exception):
    """A segment of a record has no translation; its reason fails the record."""


def is_answer(row: Mapping[str, Any], turn: Mapping[str, str]) -> bool:
    """Whether an assistant turn is one of the sample's answers or choices."""
    return (
        turn["role"] == "assistant"
        and row["task"] in ANSWER_TASKS
        and turn["content"] in {*(row["source_answers"] or ()), *(row["source_choices"] or ())}
    )


def turn_requests(row: Mapping[str, Any]) -> list[str]:
    """The segments of a sample's turns, answers apart: the same in every language."""
    return [
        segment
        for turn in row["source_messages"]
        if not is_answer(row, turn)
        for segment in segments(split(turn["content"]))
    ]


def answer_requests(row: Mapping[str, Any], lang: str, answers: AnswerRule) -> list[str]:
    """The segments of a sample's answers and choices in one language, each answer once."""
    if answers.policy != "target":
        return []
    known = answers.table.get(lang, {})
    texts = dict.fromkeys([*(row["source_answers"] or ()), *(row["source_choices"] or ())])
    return [segment for text in texts if text.casefold() not in known for segment in segments(split(text))]


def compose(
    row: Mapping[str, Any],
    lang: str,
    entries: Mapping[str, Entry],
    answers: AnswerRule,
    engine: tuple[str, str, str],
) -> Composed:
    """Put a record's target side together.

    Args:
        row: A row of `schemas.sample.SAMPLE_SCHEMA`.
        lang: Target language.
        entries: What is known of each segment in that language, by its text.
        answers: How answers are treated.
        engine: The translator's engine, model and fingerprint, for the ``mt`` column.
    """
    if lang == row["source_lang"]:
        return _untranslated(row, lang)
    try:
        return _Composer(row, lang, entries, answers, engine).record()
    except SegmentFailedError as error:
        return Composed(failure=str(error))


def _untranslated(row: Mapping[str, Any], lang: str) -> Composed:
    messages = row["source_messages"]
    columns = {
        "messages": messages,
        "turn_langs": [lang] * len(messages),
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

    def __init__(
        self,
        row: Mapping[str, Any],
        lang: str,
        entries: Mapping[str, Entry],
        answers: AnswerRule,
        engine: tuple[str, str, str],
    ) -> None:
        self._row = row
        self._lang = lang
        self._entries = entries
        self._policy = answers.policy
        self._known = answers.table.get(lang, {})
        self._engine = engine
        self._translated = False
        self._from_table = False
        self._copied: list[str] = []
        self._pairs: list[TurnPair] = []

    def record(self) -> Composed:
        messages, langs, back = [], [], []
        for number, turn in enumerate(self._row["source_messages"]):
            text, lang, returned = self._turn(number, turn)
            messages.append({"role": turn["role"], "content": text})
            langs.append(lang)
            back.append({"role": turn["role"], "content": returned})
        columns = {
            "messages": messages,
            "turn_langs": langs,
            "choices": self._answers("choices"),
            "answer_index": self._row["answer_index"],
            "answers": self._answers("answers"),
        }
        if len(set(columns["choices"] or ())) < len(columns["choices"] or ()):
            raise SegmentFailedError("choices_collide")
        return Composed(
            columns={
                **columns,
                "content_hash": _hash(columns),
                "mt": self._provenance(),
                "back_messages": back if any(turn["content"] is not None for turn in back) else None,
            },
            pairs=self._pairs,
        )

    def _provenance(self) -> dict[str, Any]:
        name, model, fingerprint = self._engine
        engines = [name] if self._translated else []
        if self._from_table:
            engines.append(ANSWER_TABLE)
        return {
            "engines": engines,
            "models": [model] if self._translated else [],
            "params_hash": fingerprint if self._translated else None,
            "copied_fields": self._copied,
        }

    def _turn(self, number: int, turn: Mapping[str, str]) -> tuple[str, str | None, str | None]:
        """(target text, its language, back-translation) of a turn."""
        where = f"messages[{number}].content"
        if is_answer(self._row, turn) and (self._policy == "source" or turn["content"].casefold() in self._known):
            return *self._answer(turn["content"], where), None
        pieces = split(turn["content"])
        if not any(piece.translate for piece in pieces):
            self._copied.append(where)
            return turn["content"], None, None
        found = self._pieces(pieces)
        target = _join(pieces, found, "text")
        if target.count(IMAGE_MARKER) != turn["content"].count(IMAGE_MARKER):
            raise SegmentFailedError("image_marker_count")
        returned = _join(pieces, found, "back") if all(e.back is not None for e in found.values()) else None
        self._pairs.append(_pair(number, turn["content"], target, returned, list(found.values())))
        return target, self._lang, returned

    def _pieces(self, pieces: tuple[Piece, ...]) -> dict[int, Entry]:
        """The entry of each translated piece by its position."""
        found = {}
        for position, piece in enumerate(pieces):
            if piece.translate:
                entry = self._entries[nfc(piece.text)]
                if entry.text is None:
                    raise SegmentFailedError(entry.failure)
                found[position] = entry
        self._translated = True
        return found

    def _answer(self, text: str, where: str) -> tuple[str, str | None]:
        """(target text, its language) of an answer or choice, the same wherever it stands in the record."""
        known = self._known.get(text.casefold())
        if known is not None:
            self._from_table = True
            return known, self._lang
        pieces = split(text)
        words = any(piece.translate for piece in pieces)
        if self._policy == "source" or not words:
            self._copied.append(where)
            return text, self._row["source_lang"] if words else None
        return _join(pieces, self._pieces(pieces), "text"), self._lang

    def _answers(self, name: str) -> list[str] | None:
        texts = self._row[f"source_{name}"]
        if texts is None:
            return None
        return [self._answer(text, f"{name}[{i}]")[0] for i, text in enumerate(texts)]


def _join(pieces: tuple[Piece, ...], entries: Mapping[int, Entry], side: str) -> str:
    return "".join(getattr(entries[i], side) if i in entries else piece.text for i, piece in enumerate(pieces))


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
    )
