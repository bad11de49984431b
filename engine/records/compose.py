"""Compose: samples and memory entries into the target side of records, and the pairs that scorers judge."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.engine.text.answers import AnswerRule, Origin
from glotmill.engine.text.composition import Composed, EngineName, compose
from glotmill.engine.text.fields import (
    answer_requests,
    answer_texts,
    as_carried,
    field_type,
    other_requests,
    template_langs,
    turn_requests,
)
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.records import is_record, record_request, without_context
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import TEMPLATE_REFUSED, Carried, TurnLangs, Words
from glotmill.engine.translation.back_translation import JOINED_SCHEMA
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.keys import canonical_json, record_id
from glotmill.schemas.languages import ENGLISH, language
from glotmill.schemas.record import HEAD_FIELDS, TARGET_FIELDS

COMPOSED_SCHEMA = pa.schema([*HEAD_FIELDS, *TARGET_FIELDS, pa.field("failure", pa.string())])
TURN_SCHEMA = pa.schema([pa.field("row", pa.int64()), pa.field("turn", pa.int32()), *PAIR_SCHEMA])
COMPOSED_ROWS = 10_000  # of a batch
Entries = dict[tuple[str, str], Entry]  # by language and text
KNOWN = [name for name in JOINED_SCHEMA if name != "record"]  # the text, then what `Entry` has
UNCHANGED = [name for name in (field.name for field in HEAD_FIELDS) if name not in ("record_id", "lang", "lang_bcp47")]


@dataclass(frozen=True, slots=True)
class ComposedRows:
    """Records without scores and verdict.

    Attributes:
        records: A table of `COMPOSED_SCHEMA`; ``failure`` is the reason of a failed row.
        turns: A table of `TURN_SCHEMA`: the translated turns by row position.
    """

    records: pa.Table
    turns: pa.Table


def together(parts: Sequence[ComposedRows]) -> ComposedRows:
    """Parts of a shard as one."""
    offsets = np.cumsum([0, *(part.records.num_rows for part in parts)])
    turns = [
        part.turns.set_column(0, TURN_SCHEMA.field("row"), pc.add(part.turns["row"], int(offset)))
        for part, offset in zip(parts, offsets[:-1], strict=True)
    ]
    return ComposedRows(pa.concat_tables([part.records for part in parts]), pa.concat_tables(turns))


class Composer:
    """Puts records of one language together.

    Args:
        lang: Target language.
        into: Gives the entries into a language, `glotmill.engine.translation.back_translation.JOINED_SCHEMA`, whose
            columns are `Entry`'s, maybe with `glotmill.engine.translation.forced_scores.FORCED_COLUMNS`; asked once for
            each language that the records hold.
        answers: How answers are treated.
        engine: The translator, for the ``mt`` column.
        engines: The translators by fingerprint, where there are several.
        by_record: Whether the language's records may have been translated whole.

    Attributes:
        lang: Target language.
    """

    def __init__(
        self,
        lang: str,
        into: Callable[[str], pl.DataFrame],
        answers: AnswerRule,
        engine: EngineName,
        engines: Mapping[str, EngineName] = MappingProxyType({}),
        *,
        by_record: bool = False,
    ) -> None:
        self.lang = lang
        self._into = into
        self._entries: dict[str, pl.DataFrame] = {}
        self._answers = answers
        self._engine = engine
        self._engines = engines
        self._by_record = by_record
        self._used = hashlib.sha256()
        self._origins: Counter[Origin] = Counter()

    def compose(self, rows: list[dict[str, Any]]) -> ComposedRows:
        """The records of some samples, in order."""
        entries, whole = self._entries_for(self._texts(rows))
        records, turns = [], []
        for number, sample in enumerate(rows):
            row = as_carried(sample, self.lang, self._answers)
            made = self._composed(sample, row, entries, whole)
            row = row or sample
            records.append(self._record(row, made))
            self._origins.update(made.answers)
            turns += [
                {
                    "row": number,
                    "source_lang": row["source_lang"],
                    "field_type": field_type(row, pair.turn),
                    "image": row["image_refs"][0]["uri"] if row["image_refs"] else None,
                    **asdict(pair),
                }
                for pair in made.pairs
            ]
        return ComposedRows(
            pa.Table.from_pylist(records, schema=COMPOSED_SCHEMA),
            pa.Table.from_pylist(turns, schema=TURN_SCHEMA),
        )

    def _composed(
        self, sample: dict[str, Any], row: dict[str, Any] | None, entries: Entries, whole: dict[str, Entries]
    ) -> Composed:
        """A record out of the answer to the whole of it where there is one, else out of its segments.

        Args:
            sample: The sample, whose request was asked where records are asked whole.
            row: The same as the record carries it; None where no template fits.
            entries: What is known of segments.
            whole: The same by whole record.
        """
        if row is None:
            return Composed(failure=TEMPLATE_REFUSED)
        request = self._record_of(sample)
        if request in whole:
            return self._made(row, whole[str(request)], without_context(self._answers))
        return self._made(row, entries, self._answers)

    def _made(self, row: dict[str, Any], entries: Entries, answers: AnswerRule) -> Composed:
        return compose(row, self.lang, entries, answers, self._engine, self._engines)

    def _record_of(self, row: dict[str, Any]) -> str | None:
        """The request of a row's whole record, where it may have been asked."""
        asked = self._by_record and row["source_lang"] != self.lang
        return record_request(row, self.lang, self._answers) if asked else None

    def look_up(self, rows: list[dict[str, Any]]) -> dict[str, set[str]]:
        """Note the entries of some samples' segments for `take_entries_digest`, as `compose` does; their texts."""
        texts = self._texts(rows)
        self._entries_for(texts)
        return texts

    def _texts(self, rows: list[dict[str, Any]]) -> dict[str, set[str]]:
        """The segments of these samples by the language that they go into, and the requests of whole records."""
        texts: dict[str, set[str]] = {self.lang: set()}
        answers: set[str] = set()
        choices: set[tuple[Carried, Carried | None, TurnLangs]] = set()
        for row in rows:
            if row["source_lang"] != self.lang:
                alone, shown = answer_requests(row, self.lang, self._answers)
                texts[self.lang].update(turn_requests(row), alone, shown)
                answers.update(alone)
                for lang, requests in other_requests(row, self.lang).items():
                    texts.setdefault(lang, set()).update(requests)
                choices.update(self._template_choice(row))
            if (request := self._record_of(row)) is not None:
                texts[self.lang].add(request)
        self._used.update(canonical_json(sorted(answers)))  # which answers are asked is a choice of its own
        apart = self._answers.apart.get(self.lang, frozenset())
        if others := sorted(apart.intersection(answer for row in rows for answer in answer_texts(row))):
            self._used.update(canonical_json(["apart", *others]))  # and so is whose word an answer is
        self._note_templates(choices, texts)
        return texts

    def _template_choice(self, row: dict[str, Any]) -> Iterator[tuple[Carried, Carried | None, TurnLangs]]:
        """The template drawn for a sample and what its record carries, where it has any."""
        rule = self._answers.instructions
        if rule is not None and row.get("instruction"):
            langs = template_langs(row, self.lang)
            yield rule.of_row(row), rule.carried(row, langs), langs

    def _note_templates(
        self, choices: set[tuple[Carried, Carried | None, TurnLangs]], texts: dict[str, set[str]]
    ) -> None:
        """Note what was made of templates for `take_entries_digest`; segments that are not judged yet go to the texts.

        Where no template's words are in another language there is nothing to note.
        """
        rule, noted = self._answers.instructions, []
        for drawn, carried, langs in choices:
            judged = rule.texts(carried or drawn, langs) if rule else {}
            for lang, text in (key for key, words in judged.items() if words is None):
                texts.setdefault(lang, set()).update(split(text, ENGLISH).requests)
            if judged or carried != drawn:
                words = [[*key, found.facts() if isinstance(found, Words) else None] for key, found in judged.items()]
                noted.append([drawn.template.name, carried and [carried.template.name, carried.translated], words])
        if noted:
            self._used.update(canonical_json(sorted(noted, key=canonical_json)))

    def _entries_for(self, texts: dict[str, set[str]]) -> tuple[Entries, dict[str, Entries]]:
        """What is known of these segments by their language and text, and the same by whole record."""
        found: Entries = {}
        whole: dict[str, Entries] = {}
        ours = pl.col("record").is_null()
        if self._by_record:
            ours |= pl.col("record").is_in([text for text in texts[self.lang] if is_record(text)])
        for lang, wanted in sorted(texts.items()):
            if lang not in self._entries:
                self._entries[lang] = self._into(lang)
            asked = pl.DataFrame({"text": list(wanted)}, schema={"text": pl.String})
            entries = self._entries[lang].join(asked, on="text", how="semi").filter(ours)
            entries = entries.sort("record", "text", nulls_last=False)
            # Forced scores decide no text, and follow from what does.
            self._used.update(canonical_json([lang, entries.select(JOINED_SCHEMA.keys()).rows()]))
            scored = [name for name in entries.columns if name not in JOINED_SCHEMA]
            for record, text, *values in entries.select("record", *KNOWN, *scored).iter_rows():
                into = found if record is None else whole.setdefault(record, {})
                into[lang, text] = Entry(*values)
        return found, whole

    def take_entries_digest(self) -> str:
        """Identifies the entries that the records since the last call were composed from."""
        digest = self._used.hexdigest()
        self._used = hashlib.sha256()
        return digest

    def take_origins(self) -> dict[str, int]:
        """How many answers and choices of the records since the last call went which way."""
        origins, self._origins = self._origins, Counter()
        return {str(origin): count for origin, count in origins.items()}

    def _record(self, row: dict[str, Any], made: Composed) -> dict[str, Any]:
        return {
            **{name: row[name] for name in UNCHANGED},
            "record_id": record_id(row["source_id"], self.lang, row["task"]),
            "lang": self.lang,
            "lang_bcp47": language(self.lang).bcp47,
            "row_status": "failed" if made.failure else "ok",
            **made.columns,
            "failure": made.failure,
        }
