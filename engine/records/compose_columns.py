"""Composing in columns: the records whose every turn is one segment, or has none.

Guarantees: records and pairs are what `glotmill.engine.records.compose_rows` makes of the same samples, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.records.composed_rows import COMPOSED_SCHEMA, TURN_SCHEMA, UNCHANGED, ComposedRows
from glotmill.engine.records.sample_batch import Batch
from glotmill.engine.text.composition import EngineName, provenance
from glotmill.engine.text.lone_segments import NO_SEGMENT, ONE_SEGMENT, surely_without_span
from glotmill.engine.text.parts import HUMAN, REPAIRED
from glotmill.engine.text.text_structure import mismatch
from glotmill.schemas.keys import content_hash, record_id
from glotmill.schemas.languages import language
from glotmill.schemas.record import MT
from glotmill.schemas.sample import IMAGE_MARKER, MESSAGES, STRINGS
from glotmill.schemas.task import ANSWER_TASKS, TASKS

# What Python takes for white space; Polars has fewer characters for it.
_SPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_WORD = f"[^{_SPACE}]+"
_MADE, _REPAIRED = "=", "+"  # before an engine's fingerprint: how it made a turn
_CAPTIONS = [task for task, facts in TASKS.items() if facts.field == "caption"]


def compose_columns(batch: Batch, lang: str, entries: pl.DataFrame, engines: Mapping[str, EngineName]) -> ComposedRows:
    """The records of samples that are all common, and their translated turns.

    Args:
        batch: The samples.
        lang: Target language.
        entries: What is known of segments: `glotmill.engine.translation.back_translation.JOINED_SCHEMA`, maybe with
            ``reverse`` and ``alone``; each text once.
        engines: The translators by fingerprint; ``""`` is who stands in for one that is not among them.

    Raises:
        KeyError: A segment has no entry.
    """
    turns = _translated(batch.turns, lang, entries)
    refused = turns.filter(pl.col("refused").is_not_null()).unique("row", keep="first", maintain_order=True)
    failure = pl.Series("failure", [None] * batch.samples.num_rows, dtype=pl.String)
    failure = failure.scatter(refused["row"], refused["refused"])
    if refused.height:
        turns = turns.join(refused, on="row", how="anti", maintain_order="left")
    return ComposedRows(
        _records(batch.samples, lang, turns, failure, engines), _pairs(batch.samples, lang, turns.filter("moved"))
    )


def _translated(turns: pl.DataFrame, lang: str, entries: pl.DataFrame) -> pl.DataFrame:
    """Turns with what became of them.

    Returns:
        Columns beside those of the turns and entries: ``moved`` (it was translated), target, returned (its
        back-translation), lang (of its text) and refused (why it has no translation).
    """
    moved = (pl.col("source_lang") != lang) & (pl.col("kind") == ONE_SEGMENT)
    known = entries.rename({"text": "request"}).with_columns(known=pl.lit(value=True))
    turns = turns.with_columns(moved=moved).join(known, on="request", how="left", maintain_order="left")
    lost = turns.filter(pl.col("moved") & pl.col("known").is_null())
    if lost.height:
        raise KeyError((lang, lost["request"][0]))
    stays = pl.when(pl.col("kind") != NO_SEGMENT).then("source_lang")
    turns = turns.with_columns(
        target=pl.when("moved").then(pl.concat_str("head", "translation", "tail")).otherwise("text"),
        returned=pl.when("moved").then(pl.concat_str("head", "back", "tail")),
        lang=pl.when("moved").then(pl.lit(lang)).when(pl.col("source_lang") == lang).then(stays),
        refused=pl.when(pl.col("moved") & pl.col("translation").is_null()).then("failure"),
    )
    sure = pl.col("plain") & surely_without_span(pl.col("translation"))
    doubtful = turns.select((pl.col("moved") & pl.col("translation").is_not_null() & ~sure).arg_true()).to_series()
    if doubtful.is_empty():
        return turns
    rows = turns.select("text", "target", "source_lang")[doubtful].iter_rows()
    found = pl.Series([mismatch(text, target, source, lang) for text, target, source in rows], dtype=pl.String)
    return turns.with_columns(refused=turns["refused"].scatter(doubtful, found))


def _records(
    samples: pa.Table, lang: str, turns: pl.DataFrame, failure: pl.Series, engines: Mapping[str, EngineName]
) -> pa.Table:
    """The records of `COMPOSED_SCHEMA`.

    Args:
        samples: Their samples.
        lang: Target language.
        turns: Those of the records that did not fail.
        failure: Why others did.
        engines: The translators by fingerprint.
    """
    rows = samples.num_rows
    failed = failure.is_not_null().to_arrow()
    columns: dict[str, Any] = {name: samples[name].combine_chunks() for name in UNCHANGED}
    ids = zip(samples["source_id"].to_pylist(), samples["task"].to_pylist(), strict=True)
    counts = np.bincount(turns["row"].to_numpy(), minlength=rows)
    columns |= {
        "record_id": [record_id(source, lang, task) for source, task in ids],
        "lang": pa.repeat(lang, rows),
        "lang_bcp47": pa.repeat(language(lang).bcp47, rows),
        "row_status": pl.select(pl.when(failure.is_null()).then(pl.lit("ok")).otherwise(pl.lit("failed"))).to_series(),
        "messages": _messages(turns, "target", counts, failed),
        "turn_langs": _lists(turns["lang"], counts, failed),
        "instruction_langs": _lists(pl.repeat(None, turns.height, dtype=pl.String, eager=True), counts, failed),
        "failure": failure,
    }
    for name, source in (("choices", "source_choices"), ("answers", "source_answers")):
        none = _where(failed, columns[source])  # null, or an empty list
        columns |= {name: none, f"{name[:-1]}_langs": none}
    columns["answer_index"] = _where(failed, samples["answer_index"].combine_chunks())
    columns["content_hash"] = _hashes(turns, counts, columns["choices"], columns["answers"])
    columns["mt"] = _mt(turns, rows, lang, engines)
    columns["back_messages"] = _back_messages(turns, rows)
    return pa.table(
        [_column(columns.get(field.name), field.type, rows) for field in COMPOSED_SCHEMA], schema=COMPOSED_SCHEMA
    )


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    if isinstance(values, pl.Series):
        values = values.to_arrow()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _where(failed: pa.Array, values: pa.Array) -> pa.Array:
    """The values of records that did not fail."""
    return pa.compute.if_else(failed, pa.scalar(None, values.type), values)


def _offsets(counts: Any) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())


def _lists(values: pl.Series, counts: Any, null: pa.Array) -> pa.Array:
    """Lists of so many texts each, some of them null, whose count is none."""
    texts = values.to_arrow().cast(pa.string())
    return pa.ListArray.from_arrays(_offsets(counts), texts, type=STRINGS, mask=null)


def _messages(turns: pl.DataFrame, content: str, counts: Any, null: pa.Array) -> pa.Array:
    parts = [turns["role"].to_arrow().cast(pa.string()), turns[content].to_arrow().cast(pa.string())]
    said = pa.StructArray.from_arrays(parts, fields=list(MESSAGES.value_type))
    return pa.ListArray.from_arrays(_offsets(counts), said, type=MESSAGES, mask=null)


def _back_messages(turns: pl.DataFrame, rows: int) -> pa.Array:
    """The turns of each record as they were translated back; null where none was."""
    some = np.zeros(rows, dtype=bool)
    some[turns.filter(pl.col("returned") != "")["row"].to_numpy()] = True
    returned = turns.filter(pl.Series(some[turns["row"].to_numpy()], dtype=pl.Boolean))
    return _messages(returned, "returned", np.bincount(returned["row"].to_numpy(), minlength=rows), pa.array(~some))


def _hashes(turns: pl.DataFrame, counts: Any, choices: pa.Array, answers: pa.Array) -> list[str | None]:
    said = list(zip(turns["role"].to_list(), turns["target"].to_list(), strict=True))
    given = zip(choices.to_pylist(), answers.to_pylist(), strict=True)
    ends = np.cumsum(counts).tolist()
    return [
        content_hash(said[end - count : end], *both) if count else None
        for end, count, both in zip(ends, counts.tolist(), given, strict=True)
    ]


def _mt(turns: pl.DataFrame, rows: int, lang: str, engines: Mapping[str, EngineName]) -> pa.Array:
    """Who made each record; few are not made as others are, so each way is worded once."""
    mark = pl.when(pl.col("origin") == REPAIRED).then(pl.lit(_REPAIRED)).otherwise(pl.lit(_MADE))
    by = pl.when(pl.col("origin") == HUMAN).then("origin").otherwise(pl.concat_str(mark, "engine"))
    ways = (
        turns.filter(pl.col("source_lang") != lang)
        .select("row", by=pl.when("moved").then(by).otherwise(pl.lit("")))
        .group_by("row", maintain_order=True)
        .agg(pl.col("by").str.join("\n"))
    )
    known = ways["by"].unique(maintain_order=True)
    worded = pa.array([_provenance(way.split("\n"), engines) for way in known], MT)
    place = pl.repeat(None, rows, dtype=pl.UInt32, eager=True)
    numbers = pl.DataFrame({"by": known}).with_row_index("number")
    place = place.scatter(ways["row"], ways.join(numbers, on="by", how="left", maintain_order="left")["number"])
    return worded.take(place.to_arrow())


def _provenance(turns: list[str], engines: Mapping[str, EngineName]) -> dict[str, Any]:
    """The ``mt`` column of a record, from what made each turn: `_MADE` or `_REPAIRED` and an engine, a person, or
    nothing.
    """
    copied = [f"messages[{number}].content" for number, by in enumerate(turns) if not by]
    requested = {by[1:] for by in turns if by.startswith((_MADE, _REPAIRED))}
    repaired = any(by.startswith(_REPAIRED) for by in turns)
    return provenance(engines, requested, copied, by_people=HUMAN in turns, repaired=repaired)


def _pairs(samples: pa.Table, lang: str, turns: pl.DataFrame) -> pa.Table:
    """The translated turns as `TURN_SCHEMA`."""
    first = pl.DataFrame(samples.select(["image_refs"])).to_series().list.first().struct.field("uri")
    asks = pl.when(pl.col("task").is_in(list(ANSWER_TASKS))).then(pl.lit("question")).otherwise(pl.lit("instruction"))
    says = pl.when(pl.col("task").is_in(_CAPTIONS)).then(pl.lit("caption")).otherwise(pl.lit("response"))
    turns = turns.with_columns(
        image=first[turns["row"]],
        field_type=pl.when(pl.col("role") == "assistant").then(says).otherwise(asks),
        source=_plain("text"),
        target=_plain("target"),
        back=_plain("returned"),
        logprob=pl.when(pl.col("target_tokens") != 0).then("logprob"),
        hit_limit=pl.col("hit_limit").fill_null(value=False),
        back_failed=pl.col("back_failed").fill_null(value=False),
        lang=pl.lit(lang),
    )
    if "reverse" in turns.columns:
        turns = turns.with_columns(reverse=_of_each_word("reverse"), alone=_of_each_word("alone")).with_columns(
            reverse_words=_words_of("reverse"),
            reverse_end=pl.col("reverse").list.get(-2, null_on_oob=True),
            source_tokens=pl.col("reverse").list.get(-1, null_on_oob=True).cast(pl.Int32),
            alone_words=_words_of("alone"),
        )
    columns = {name: turns[name] for name in TURN_SCHEMA.names if name in turns.columns}
    return pa.table(
        [_column(columns.get(field.name), field.type, turns.height) for field in TURN_SCHEMA], schema=TURN_SCHEMA
    )


def _plain(column: str) -> pl.Expr:
    """`glotmill.engine.text.segments.plain` of a column."""
    return pl.col(column).str.replace_all(IMAGE_MARKER, " ", literal=True).str.strip_chars(_SPACE)


def _of_each_word(column: str) -> pl.Expr:
    """Forced scores where there is one for each word of the source."""
    words = pl.col("source").str.count_matches(_WORD)
    return pl.when(pl.col(column).list.len() == words + 2).then(column)


def _words_of(column: str) -> pl.Expr:
    """The words' own among forced scores: all but those of the end and the number of tokens."""
    return pl.col(column).list.head(pl.col(column).list.len() - 2)
