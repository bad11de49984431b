"""Segment: what has to be translated, over all samples, each different text once with how often it is requested."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.entries import Direction
from glotmill.engine.samples.sample_files import rows_of
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import answer_requests, other_requests, turn_requests

REQUEST_SCHEMA = {
    "text": pl.String,  # the request, in NFC
    "asked": pl.Int64,
    "carrier": pl.Boolean,  # a question with its answer: not part of a record as it stands, so never translated back
}
Tables = Iterator[tuple[Direction, pl.DataFrame]]


class RequestSource(Protocol):
    """Requests to a translator."""

    def directions(self) -> list[Direction]:
        """The directions that have requests, sorted."""

    def table(self, direction: Direction) -> pl.DataFrame:
        """`REQUEST_SCHEMA`: each different text of a direction once, sorted."""

    def tables(self, directions: Iterable[Direction] | None = None) -> Tables:
        """The `table` of some directions (all without), in turn."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that are read, or made from others, when they are needed: one direction is in memory at a time.

    Attributes:
        known: The directions that have requests.
        read: Gives the tables of some of them, in turn.
    """

    known: Collection[Direction]
    read: Callable[[Iterable[Direction]], Tables]

    def directions(self) -> list[Direction]:
        """The directions that have requests, sorted."""
        return in_order(self.known)

    def table(self, direction: Direction) -> pl.DataFrame:
        """`REQUEST_SCHEMA`: each different text of a direction once, sorted."""
        return next(table for _, table in self.read([direction]))

    def tables(self, directions: Iterable[Direction] | None = None) -> Tables:
        """The `table` of some directions (all without), in turn."""
        return self.read(self.directions() if directions is None else directions)


def in_order(directions: Iterable[Direction]) -> list[Direction]:
    """Directions by source language, then by target language."""
    return sorted(directions, key=lambda direction: (direction.source_lang, direction.target_lang))


def together(parts: Sequence[RequestSource]) -> Requests:
    """Requests of several kinds, of which no two are the same, as one."""
    known = [frozenset(part.directions()) for part in parts]

    def read(directions: Iterable[Direction]) -> Tables:
        for direction in directions:
            requested = [part for part, own in zip(parts, known, strict=True) if direction in own]
            yield direction, pl.concat([part.table(direction) for part in requested])

    return Requests(frozenset().union(*known), read)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the segments that were translated need a back-translation and forced scores.

    Attributes:
        requests: By target language; None is all of all languages.
    """

    requests: Mapping[str, frozenset[str]] | None = None

    def among(self, entries: pl.DataFrame, lang: str) -> pl.DataFrame:
        """The rows of entries into a language (column text: the request) that do."""
        if self.requests is None:
            return entries
        texts = pl.DataFrame({"text": list(self.requests.get(lang, ()))}, schema={"text": pl.String})
        return entries.join(texts, on="text", how="semi", maintain_order="left")


ALL = Selection()


@dataclass(frozen=True, slots=True)
class TextsInto:
    """Texts that are requested.

    Attributes:
        source: Their language.
        targets: The languages that they are requested in.
        texts: The requests.
        carrier: Whether they are questions with their answers.
    """

    source: str
    targets: tuple[str, ...]
    texts: list[str]
    carrier: bool = False


class Segments:
    """The segments of a build's samples.

    Texts that go into the same languages are held once, so a fan-out takes no more memory than one language.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str, tuple[str, ...], bool], Counter[str]] = defaultdict(Counter)

    def add(self, source: str, targets: tuple[str, ...], texts: list[str], *, carrier: bool = False) -> None:
        """Count texts that are requested in some languages."""
        if texts and targets:
            self._groups[source, targets, carrier].update(texts)

    def directions(self) -> list[Direction]:
        """The directions that have requests, sorted."""
        pairs = {(source, target) for source, targets, _ in self._groups for target in targets}
        return in_order(Direction(*pair) for pair in pairs)

    def table(self, direction: Direction) -> pl.DataFrame:
        """`REQUEST_SCHEMA`: each different text of a direction once, sorted."""
        return merged(
            counted(texts, carrier=carrier)
            for (source, targets, carrier), texts in self._groups.items()
            if source == direction.source_lang and direction.target_lang in targets
        )

    def tables(self, directions: Iterable[Direction] | None = None) -> Tables:
        """The `table` of some directions (all without), in turn."""
        return ((direction, self.table(direction)) for direction in directions or self.directions())

    def total(self) -> int:
        """Different texts over all directions, those of different groups counted apart."""
        return sum(len(texts) * len(targets) for (_, targets, _), texts in self._groups.items())


def counted(texts: Counter[str], *, carrier: bool = False) -> pl.DataFrame:
    """`REQUEST_SCHEMA` of texts with how often each is requested."""
    columns = {"text": list(texts), "asked": list(texts.values()), "carrier": carrier}
    return pl.DataFrame(columns, schema=REQUEST_SCHEMA)


def merged(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Tables of `REQUEST_SCHEMA` as one: each different text once, sorted."""
    rows = pl.concat([pl.DataFrame(schema=REQUEST_SCHEMA), *tables])
    return rows.group_by("text").agg(pl.col("asked").sum(), pl.col("carrier").all()).sort("text")


def requested_in(
    samples: Iterable[pa.Table], answers: AnswerRule, done: Callable[[Mapping[str, Any], str], bool] | None = None
) -> Iterator[TextsInto]:
    """The requests of samples as they come, a text as often as it occurs.

    Args:
        samples: The samples, with the languages that each is requested in.
        answers: How answers are treated.
        done: Whether a sample needs none in a language.
    """
    for row in rows_of(samples):
        source = row["source_lang"]
        langs = tuple(lang for lang in row["langs"] if lang != source and not (done and done(row, lang)))
        yield TextsInto(source, langs, turn_requests(row))
        for lang in langs:
            alone, shown = answer_requests(row, lang, answers)
            yield TextsInto(source, (lang,), alone)
            yield TextsInto(source, (lang,), shown, carrier=True)
            for into, requests in other_requests(row, lang).items():
                yield TextsInto(source, (into,), list(requests))


def segments_of(
    samples: Iterable[pa.Table], answers: AnswerRule, done: Callable[[Mapping[str, Any], str], bool] | None = None
) -> Segments:
    """Every request of every sample and language; arguments as of `requested_in`."""
    segments = Segments()
    for one in requested_in(samples, answers, done):
        segments.add(one.source, one.targets, one.texts, carrier=one.carrier)
    return segments
