"""Segment: what has to be translated, over all samples, each different text once with how often it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from engine.stages.ingest import BATCH_ROWS, REJECTED
from engine.text.fields import AnswerRule, answer_requests, turn_requests

SEGMENT_SCHEMA = {"source_lang": pl.String, "target_lang": pl.String, "text": pl.String, "asked": pl.Int64}


def sample_files(folder: Path, sources: list[str]) -> list[Path]:
    """The sample files of a build in the recipe's order, which is the order of all its records."""
    return [folder / f"{name}.parquet" for name in sources if f"{name}.parquet" != REJECTED]


def sample_rows(files: list[Path]) -> Iterator[dict[str, Any]]:
    """The rows of sample files, in order, a few thousand in memory at a time."""
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH_ROWS):
            yield from batch.to_pylist()


def segments_of(files: list[Path], answers: AnswerRule) -> pl.DataFrame:
    """Columns source_lang, target_lang, text (NFC), asked: every segment of every sample and language."""
    # Samples that go into the same languages share a counter, so a fan-out counts each text once.
    shared: dict[tuple[str, tuple[str, ...]], Counter[str]] = defaultdict(Counter)
    single: dict[tuple[str, tuple[str, ...]], Counter[str]] = defaultdict(Counter)
    for row in sample_rows(files):
        source = row["source_lang"]
        langs = tuple(lang for lang in row["langs"] if lang != source)
        shared[source, langs].update(turn_requests(row))
        for lang in langs:
            single[source, (lang,)].update(answer_requests(row, lang, answers))
    frames = [
        pl.DataFrame(
            {
                "source_lang": source,
                "target_lang": lang,
                "text": list(counts),
                "asked": list(counts.values()),
            },
            schema=SEGMENT_SCHEMA,
        )
        for (source, langs), counts in (*shared.items(), *single.items())
        for lang in langs
        if counts
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=SEGMENT_SCHEMA)
