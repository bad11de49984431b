"""Real translations of an engine with all that a build knows of them, and people's translations beside them.

What costs time (decoding, translating back, forced scores) is kept in a folder, one Parquet file a corpus and engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from benchmarks.corpora import BATCH, Machine, pairs_of
from benchmarks.corruptions import Corpus
from glotmill.engine.translators import Request, Translator
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import ENGLISH


def translated(translator: Translator, texts: Sequence[str], source: str, target: str) -> pl.DataFrame:
    """The columns target and logprob of texts, in batches of like length; null where a text failed."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    made: list[tuple[str | None, float | None, bool]] = [(None, None, False)] * len(texts)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        results = translator.translate([Request(source, target, texts[row]) for row in rows])
        for row, result in zip(rows, results, strict=True):
            made[row] = (result.text, result.logprob, result.hit_limit)
    schema = {"target": pl.String, "logprob": pl.Float32, "hit_limit": pl.Boolean}
    return pl.DataFrame(made, schema, orient="row")


def measured(machine: Machine, corpus: Corpus) -> pa.Table:
    """The corpus as the engine translates it, with all columns of `PAIR_SCHEMA` that a build fills."""
    made = translated(machine.searching, corpus.sources, ENGLISH, corpus.lang)
    targets = made["target"].fill_null("").to_list()
    pairs = pairs_of(corpus, corpus.sources, targets)
    back = translated(machine.searching, targets, corpus.lang, ENGLISH)["target"]
    reverse = machine.reverse(corpus.sources, targets, corpus.lang)
    machine.alone(corpus.sources)
    columns = {
        "back": back.to_arrow(),
        "back_failed": back.is_null().to_arrow(),
        "logprob": made["logprob"].to_arrow(),
        "hit_limit": made["hit_limit"].to_arrow(),
        "reverse_words": [None if one is None else one.words for one in reverse],
        "reverse_end": [None if one is None else one.end for one in reverse],
        "source_tokens": [None if one is None else one.tokens for one in reverse],
        "alone_words": [machine.words_alone(source) for source in corpus.sources],
    }
    for name, values in columns.items():
        field = PAIR_SCHEMA.field(name)
        array = values.cast(field.type) if isinstance(values, pa.Array) else pa.array(values, field.type)
        pairs = pairs.set_column(PAIR_SCHEMA.get_field_index(name), field, array)
    return pairs.append_column("reference", pa.array(corpus.targets, pa.string()))


def rows(machine: Machine, corpus: Corpus, cache: Path | None) -> pa.Table:
    """`measured`, from the cache where it is there."""
    if cache is None:
        return measured(machine, corpus)
    key = digest([machine.model, corpus.name, corpus.lang, corpus.sources])[:16]
    path = cache / f"{corpus.name}.{corpus.lang}.{key}.parquet"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(measured(machine, corpus)).write_parquet(path)
    table = pl.read_parquet(path)
    fields = [*PAIR_SCHEMA, pa.field("reference", pa.string())]
    return pa.table([table[field.name].to_arrow().cast(field.type) for field in fields], schema=pa.schema(fields))
