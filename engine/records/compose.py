"""Compose: samples and memory entries into the target side of records, and the pairs that scorers judge.

Guarantees: a record is the same whether it was composed in columns or by itself; the digest of the entries that were
used depends on the samples and the entries alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType

import polars as pl
import pyarrow as pa

from glotmill.engine.records.compose_columns import compose_columns
from glotmill.engine.records.compose_rows import Entries, Row, RowComposer
from glotmill.engine.records.composed_rows import ComposedRows, merged
from glotmill.engine.records.sample_batch import Batch
from glotmill.engine.records.shard_parts import Part
from glotmill.engine.text.answers import AnswerRule, Origin
from glotmill.engine.text.composition import EngineName
from glotmill.engine.text.fields import answer_requests, answer_texts, other_requests, template_langs, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.records import is_record
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import Carried, TurnLangs, Words
from glotmill.engine.translation.back_translation import JOINED_SCHEMA
from glotmill.schemas.keys import canonical_json, canonical_parts, canonical_rows
from glotmill.schemas.languages import ENGLISH

FEWEST = 40  # samples that are sooner composed in columns than row by row
KNOWN = [name for name in JOINED_SCHEMA if name != "record"]  # the text, then what `Entry` has


class Composer:
    """Puts records of one language together.

    Args:
        lang: Target language.
        into: Gives the entries into a language, `glotmill.engine.translation.back_translation.JOINED_SCHEMA`, whose
            columns are `Entry`'s, maybe with `glotmill.engine.translation.forced_scores.FORCED_COLUMNS`; called once
            for each language that the records hold.
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
        self._engines = {"": engine, **engines}
        self._rows = RowComposer(lang, answers, engine, engines, by_record)
        self._used = bytearray()
        self._origins: Counter[Origin] = Counter()

    def compose(self, samples: pa.Table) -> ComposedRows:
        """The records of some samples of `glotmill.schemas.sample.SAMPLE_SCHEMA`, in order."""
        batch, odd, texts = self._requested(samples)
        known = self._known(texts)
        if samples.num_rows and not odd:
            return self._common(batch, known)
        made, origins = self._rows.compose(odd, *_by_text(known))
        self._origins.update(_counted(origins))
        if len(odd) == samples.num_rows:
            return made
        return merged(self._common(batch.only_common(), known), made, batch.order())

    def _common(self, batch: Batch, known: Mapping[str, pl.DataFrame]) -> ComposedRows:
        entries = known[self.lang].filter(pl.col("record").is_null()).unique("text", keep="last")
        return compose_columns(batch, self.lang, entries, self._engines)

    def compose_small(self, samples: pa.Table, heights: Sequence[int]) -> list[Part]:
        """The records of small shards, with what is noted of each as if it had been composed alone.

        Args:
            samples: The samples of all, one below the other.
            heights: How many each has: at least one, and few enough to be one batch.
        """
        rows, ends = samples.to_pylist(), list(accumulate(heights))
        texts, heads = [], []
        for end, height in zip(ends, heights, strict=True):
            texts.append(self._texts(rows[end - height : end]))
            heads.append(self.take_used())
        records = set().union(*(filter(is_record, of_part[self.lang]) for of_part in texts))
        known = {}
        for lang in sorted(set().union(*texts)):
            every = set().union(*(of_part.get(lang, ()) for of_part in texts))
            known[lang] = self._entries_of(lang, pl.Series(list(every), dtype=pl.String), records)
        used = _used_by_part(known, texts, self.lang)
        made, origins = self._rows.compose(rows, *_by_text(known))
        return [
            Part(part, None, head + tail, _by_name(_counted(origins[end - height : end])))
            for part, head, tail, end, height in zip(made.apart(heights), heads, used, ends, heights, strict=True)
        ]

    def look_up(self, samples: pa.Table) -> dict[str, pl.Series]:
        """Note the entries of some samples' segments for `take_entries_digest`, as `compose` does.

        Returns:
            The segments by the language that they go into.
        """
        _, _, texts = self._requested(samples)
        self._known(texts)
        return texts

    def _requested(self, samples: pa.Table) -> tuple[Batch, list[Row], dict[str, pl.Series]]:
        """(the batch, its samples that are composed by themselves, the segments of all by language)."""
        in_columns = samples.num_rows >= FEWEST and not self._rows.by_record
        batch = Batch.of(samples, self.lang) if in_columns else Batch.all_odd(samples)
        odd = batch.odd().to_pylist()
        found = {lang: pl.Series(list(texts), dtype=pl.String) for lang, texts in self._texts(odd).items()}
        return batch, odd, {**found, self.lang: found[self.lang].append(batch.requests(self.lang))}

    def _texts(self, rows: Sequence[Row]) -> dict[str, set[str]]:
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
            if (request := self._rows.request_of(row)) is not None:
                texts[self.lang].add(request)
        self._used.extend(canonical_json(sorted(answers)))  # which answers are requested is a choice of its own
        apart = self._answers.apart.get(self.lang, frozenset())
        if others := sorted(apart.intersection(answer for row in rows for answer in answer_texts(row))):
            self._used.extend(canonical_json(["apart", *others]))  # and so is whose word an answer is
        self._note_templates(choices, texts)
        return texts

    def _template_choice(self, row: Row) -> Iterator[tuple[Carried, Carried | None, TurnLangs]]:
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
            self._used.extend(canonical_json(sorted(noted, key=canonical_json)))

    def _known(self, texts: Mapping[str, pl.Series]) -> dict[str, pl.DataFrame]:
        """The entries of these texts by language, sorted; what decides a record of them is noted."""
        found = {}
        records = set(filter(is_record, texts[self.lang])) if self._rows.by_record else set()
        for lang, wanted in sorted(texts.items()):
            found[lang] = self._entries_of(lang, wanted, records)
            # Forced scores decide no text, and follow from what does.
            self._used.extend(canonical_rows(lang, found[lang].select(JOINED_SCHEMA.keys())))
        return found

    def _entries_of(self, lang: str, texts: pl.Series, records: Collection[str]) -> pl.DataFrame:
        """The entries of some texts into a language, sorted, of whole records those alone that are named."""
        if lang not in self._entries:
            self._entries[lang] = self._into(lang)
        ours = pl.col("record").is_null()
        if self._rows.by_record:
            ours |= pl.col("record").is_in(list(records))
        entries = self._entries[lang].join(texts.to_frame("text"), on="text", how="semi").filter(ours)
        return entries.sort("record", "text", nulls_last=False)

    def take_used(self) -> bytes:
        """What was noted of the entries that the records since the last call were composed from."""
        used, self._used = bytes(self._used), bytearray()
        return used

    def take_entries_digest(self) -> str:
        """Identifies the entries that the records since the last call were composed from."""
        return entries_digest(self.take_used())

    def take_origins(self) -> dict[str, int]:
        """How many answers and choices of the records since the last call went which way."""
        origins, self._origins = self._origins, Counter()
        return _by_name(origins)


def _counted(origins: Iterable[Counter[Origin]]) -> Counter[Origin]:
    """The counts of several samples as one."""
    found = Counter[Origin]()
    for each in origins:
        found.update(each)
    return found


def _by_name(origins: Mapping[Origin, int]) -> dict[str, int]:
    return {str(origin): count for origin, count in origins.items()}


def entries_digest(used: bytes) -> str:
    """Identifies the entries of records, from what `Composer.take_used` gave of them."""
    return hashlib.sha256(used).hexdigest()


def _used_by_part(known: Mapping[str, pl.DataFrame], texts: Sequence[Mapping[str, set[str]]], own: str) -> list[bytes]:
    """What is noted of the entries of each part of some samples.

    Args:
        known: The sorted entries of all parts by language.
        texts: The segments and whole records of each part by language.
        own: The language of the records.
    """
    used = [bytearray() for _ in texts]
    for lang, entries in sorted(known.items()):
        places: dict[str, list[int]] = {}
        for place, text in enumerate(entries["text"]):
            places.setdefault(text, []).append(place)
        record = entries["record"].to_list()
        parts = [number for number, of_part in enumerate(texts) if lang in of_part]
        chosen = [
            sorted(
                place
                for text in texts[number][lang]
                for place in places.get(text, ())
                if record[place] is None or record[place] in texts[number][own]
            )
            for number in parts
        ]
        rows = canonical_parts(lang, entries.select(JOINED_SCHEMA.keys()), chosen)
        for number, data in zip(parts, rows, strict=True):
            used[number].extend(data)
    return list(map(bytes, used))


def _by_text(known: Mapping[str, pl.DataFrame]) -> tuple[Entries, dict[str, Entries]]:
    """What is known of segments by their language and text, and the same by whole record."""
    found: dict[tuple[str, str], Entry] = {}
    whole: dict[str, dict[tuple[str, str], Entry]] = {}
    for lang, entries in known.items():
        scored = [name for name in entries.columns if name not in JOINED_SCHEMA]
        for record, text, *values in entries.select("record", *KNOWN, *scored).iter_rows():
            into = found if record is None else whole.setdefault(record, {})
            into[lang, text] = Entry(*values)
    return found, dict[str, Entries](whole)
