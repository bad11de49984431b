"""Composing row by row: every kind of sample. `compose_columns` must make the same of those that it understands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from glotmill.engine.records.composed_rows import COMPOSED_SCHEMA, TURN_SCHEMA, UNCHANGED, ComposedRows
from glotmill.engine.text.answers import AnswerRule, Origin
from glotmill.engine.text.composition import Composed, EngineName, compose
from glotmill.engine.text.fields import as_carried, field_type
from glotmill.engine.text.parts import Entry, Segment, TurnPair
from glotmill.engine.text.records import record_request, without_context
from glotmill.engine.text.template_wording import TEMPLATE_REFUSED
from glotmill.schemas.keys import record_id
from glotmill.schemas.languages import language

Entries = Mapping[tuple[str, str], Entry]  # by language and text
Row = dict[str, Any]
_PAIR = [field.name for field in fields(TurnPair) if field.name != "segments"]


@dataclass(frozen=True, slots=True)
class RowComposer:
    """Puts records of one language together, one after the other.

    Attributes:
        lang: Target language.
        answers: How answers are treated.
        engine: The translator, for the ``mt`` column.
        engines: The translators by fingerprint, where there are several.
        by_record: Whether the language's records may have been translated whole.
    """

    lang: str
    answers: AnswerRule
    engine: EngineName
    engines: Mapping[str, EngineName]
    by_record: bool

    def compose(
        self, samples: Sequence[Row], entries: Entries, whole: Mapping[str, Entries]
    ) -> tuple[ComposedRows, list[Counter[Origin]]]:
        """(the records of some samples in order, how many of the answers of each went which way).

        Args:
            samples: Rows of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
            entries: What is known of segments.
            whole: The same by whole record.
        """
        records, origins = [], list[Counter[Origin]]()
        turns: dict[str, list[Any]] = {name: [] for name in TURN_SCHEMA.names}
        for number, sample in enumerate(samples):
            row = as_carried(sample, self.lang, self.answers)
            made = self._composed(sample, row, entries, whole)
            row = row or sample
            records.append(self._record(row, made))
            origins.append(made.answers)
            for pair in made.pairs:
                _add(turns, number, row, pair)
        return ComposedRows(
            pa.Table.from_pylist(records, schema=COMPOSED_SCHEMA), pa.table(turns, schema=TURN_SCHEMA)
        ), origins

    def request_of(self, row: Row) -> str | None:
        """The request of a row's whole record, where it may have been sent."""
        requested = self.by_record and row["source_lang"] != self.lang
        return record_request(row, self.lang, self.answers) if requested else None

    def _composed(self, sample: Row, row: Row | None, entries: Entries, whole: Mapping[str, Entries]) -> Composed:
        """A record out of the answer to the whole of it where there is one, else out of its segments.

        Args:
            sample: The sample, whose request was sent where records are sent whole.
            row: The same as the record carries it; None where no template fits.
            entries: What is known of segments.
            whole: The same by whole record.
        """
        if row is None:
            return Composed(failure=TEMPLATE_REFUSED)
        request = self.request_of(sample)
        if request in whole:
            return self._made(row, whole[str(request)], without_context(self.answers))
        return self._made(row, entries, self.answers)

    def _made(self, row: Row, entries: Entries, answers: AnswerRule) -> Composed:
        return compose(row, self.lang, entries, answers, self.engine, self.engines)

    def _record(self, row: Row, made: Composed) -> Row:
        return {
            **{name: row[name] for name in UNCHANGED},
            "record_id": record_id(row["source_id"], self.lang, row["task"]),
            "lang": self.lang,
            "lang_bcp47": language(self.lang).bcp47,
            "row_status": "failed" if made.failure else "ok",
            **made.columns,
            "failure": made.failure,
        }


def _add(turns: dict[str, list[Any]], number: int, row: Row, pair: TurnPair) -> None:
    """Add a translated turn of a row to columns of `TURN_SCHEMA`."""
    turns["row"].append(number)
    turns["source_lang"].append(row["source_lang"])
    turns["field_type"].append(field_type(row, pair.turn))
    turns["image"].append(row["image_refs"][0]["uri"] if row["image_refs"] else None)
    for name in _PAIR:
        turns[name].append(getattr(pair, name))
    turns["segments"].append(pair.segments and [_as_dict(segment) for segment in pair.segments])


def _as_dict(segment: Segment) -> dict[str, str]:
    return {"source": segment.source, "target": segment.target}
