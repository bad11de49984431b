"""The segments of one record and what a memory says of each, looked up without writing anything.

Guarantees: what is looked up is what a build may have requested for the record: the whole of it, the segments of its
turns, and those of its answers, of the questions they were shown with and of the back-translation, where the memory
has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from glotmill.engine.memory.entries import HUMAN, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.text.answers import AnswerRule, carrier
from glotmill.engine.text.fields import answer_texts, labels_of, only_question, turn_lang, turn_texts
from glotmill.engine.text.instructions import is_translated, template_of
from glotmill.engine.text.records import is_record, record_request
from glotmill.engine.text.segments import split
from glotmill.engine.translation.keyed_requests import with_keys
from glotmill.schemas.keys import nfc


@dataclass(frozen=True, slots=True)
class Segment:
    """A request of a record, and what the memory has of it.

    Attributes:
        where: The part of the record: ``whole record``, ``turn 1``, ``template of turn 1``, ``answer``, ``question
            with answer``, or ``back-translation``.
        source_lang: FLORES-200 code of the request.
        target_lang: FLORES-200 code of the translation.
        request: Every byte that the engine is shown.
        entries: The memory's entries by translator, as rows of `glotmill.engine.memory.entries.MEMORY_SCHEMA` with
            ``engine`` and ``model``, and ``hypotheses`` of an engine that keeps several; none where it has none.
    """

    where: str
    source_lang: str
    target_lang: str
    request: str
    entries: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Request:
    where: str
    direction: Direction
    request: str
    sure: bool = True  # every build requests it, whatever the recipe says


def segments_of_record(
    row: Mapping[str, Any],
    lang: str,
    translators: Mapping[str, Mapping[str, Any]],
    memory: Memory | None,
    by_record: AnswerRule | None = None,
) -> list[Segment]:
    """The segments of a record.

    Args:
        row: Its sample: a row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        lang: The record's language.
        translators: The manifest's translators by fingerprint.
        memory: Where entries are looked up; None where there is no memory.
        by_record: How answers were treated, where records were sent whole.

    Raises:
        StoreError: The memory cannot be read.
    """
    if lang == row["source_lang"]:
        return []
    whole = _found(list(_whole(row, lang, by_record)) if by_record else [], translators, memory)
    answered = any(entry["text"] is not None for segment in whole for entry in segment.entries)
    parts = _found(_distinct([*_turns(row, lang), *_answers(row, lang)]), translators, memory)
    if answered:  # of its parts only what people say counts
        parts = [part for part in parts if any(entry["origin"] == HUMAN for entry in part.entries)]
    there = [*whole, *parts]
    back = (
        _Request("back-translation", Direction(segment.target_lang, segment.source_lang), request, sure=False)
        for segment in there
        if segment.where != "question with answer"
        for entry in segment.entries
        for translation in _translations(entry)
        for text in _texts(segment.request, translation)
        for request in split(text, segment.target_lang).requests
    )
    return [*there, *_found(_distinct(back), translators, memory)]


def _translations(entry: Mapping[str, Any]) -> list[str]:
    """The translations of an entry that a build may have used: its text, and those that may take its place."""
    others = (one["text"] for one in entry.get("hypotheses") or ())
    return list(dict.fromkeys(text for text in (entry["text"], *others) if text is not None))


def _texts(request: str, translation: str) -> list[str]:
    """The texts of a translation: of a whole record each, else the one that it is."""
    return list(json.loads(translation).values()) if is_record(request) else [translation]


def _whole(row: Mapping[str, Any], lang: str, answers: AnswerRule) -> Iterator[_Request]:
    request = record_request(row, lang, answers)
    if request is not None:
        yield _Request("whole record", Direction(row["source_lang"], lang), request, sure=False)


def _turns(row: Mapping[str, Any], lang: str) -> Iterator[_Request]:
    source = row["source_lang"]
    for number, turn in enumerate(row["source_messages"]):
        into = turn_lang(row, number, lang)
        if into == source:
            continue
        direction = Direction(source, into)
        for text in turn_texts(row, turn):
            yield from (_Request(f"turn {number}", direction, request) for request in split(text, source).requests)
        template = template_of(row, turn)
        if template is not None and is_translated(row, turn):
            where = f"template of turn {number}"
            yield from (_Request(where, direction, r, sure=False) for r in split(template, source).requests)


def _answers(row: Mapping[str, Any], lang: str) -> Iterator[_Request]:
    source, question = row["source_lang"], only_question(row)
    direction = Direction(source, lang)
    for answer in answer_texts(row):
        if answer in labels_of(row):
            continue
        yield from (_Request("answer", direction, r, sure=False) for r in split(answer, source).requests)
        shown = carrier(question, answer) if question else None
        if shown is not None:
            yield _Request("question with answer", direction, nfc(shown), sure=False)


def _distinct(requests: Iterable[_Request]) -> list[_Request]:
    """Each different request of a direction once, under the first place that it stands in."""
    found: dict[tuple[Direction, str], _Request] = {}
    for one in requests:
        found.setdefault((one.direction, one.request), one)
    return list(found.values())


def _found(
    requests: list[_Request], translators: Mapping[str, Mapping[str, Any]], memory: Memory | None
) -> list[Segment]:
    """The segments with their entries; without an entry only those that every build asks for."""
    entries: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    if memory is not None and requests:
        for fingerprint, described in translators.items():
            frames = [
                with_keys(direction, pl.DataFrame({"text": [a.request for a in requests if a.direction == direction]}),
                          fingerprint)
                for direction in dict.fromkeys(one.direction for one in requests)
            ]  # fmt: skip
            wanted = pl.concat(frames)
            known = memory.lookup(wanted).drop("request", "source_lang", "target_lang")
            rows = wanted.rename({"text": "request"}).join(known, on="key", how="inner", maintain_order="left")
            if described.get("hypotheses"):
                rows = rows.join(memory.hypotheses(wanted), on="key", how="left", maintain_order="left")
            for entry in rows.iter_rows(named=True):
                place = entries.setdefault((entry["source_lang"], entry["target_lang"], entry["request"]), [])
                if entry["origin"] != HUMAN:
                    entry |= {"engine": described.get("engine"), "model": described.get("model")}
                elif any(other["origin"] == HUMAN for other in place):  # the same for every translator
                    continue
                place.append(entry)
    segments = [
        Segment(
            one.where,
            one.direction.source_lang,
            one.direction.target_lang,
            one.request,
            entries.get((one.direction.source_lang, one.direction.target_lang, one.request), []),
        )
        for one in requests
    ]
    return [segment for one, segment in zip(requests, segments, strict=True) if one.sure or segment.entries]
