"""Segment: what has to be translated, over all samples, each different text once with how often it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from engine.stages.sample_files import sample_rows
from engine.text.answers import AnswerRule
from engine.text.fields import answer_requests, other_requests, turn_requests

SEGMENT_SCHEMA = {
    "source_lang": pl.String,
    "target_lang": pl.String,
    "text": pl.String,
    "asked": pl.Int64,
    "carrier": pl.Boolean,  # a question with its answer: not part of a record as it stands, so never translated back
}


Counts = dict[tuple[str, tuple[str, ...]], Counter[str]]  # (source language, target languages) -> text -> asked


def segments_of(files: list[Path], answers: AnswerRule) -> pl.DataFrame:
    """`SEGMENT_SCHEMA`: every request (NFC) of every sample and language."""
    # Samples that go into the same languages share a counter, so a fan-out counts each text once.
    turns: Counts = defaultdict(Counter)
    bare: Counts = defaultdict(Counter)
    carriers: Counts = defaultdict(Counter)
    for row in sample_rows(files):
        source = row["source_lang"]
        langs = tuple(lang for lang in row["langs"] if lang != source)
        turns[source, langs].update(turn_requests(row))
        for lang in langs:
            alone, shown = answer_requests(row, lang, answers)
            bare[source, (lang,)].update(alone)
            carriers[source, (lang,)].update(shown)
            for into, requests in other_requests(row, lang, answers).items():
                turns[source, (into,)].update(requests)
    return segment_table(
        (source, lang, texts, counts is carriers)
        for counts in (turns, bare, carriers)
        for (source, langs), texts in counts.items()
        for lang in langs
    )


def segment_table(counted: Iterable[tuple[str, str, Counter[str], bool]]) -> pl.DataFrame:
    """`SEGMENT_SCHEMA` from (source language, target language, texts with how often, whether they are carriers)."""
    frames = [
        pl.DataFrame(
            {
                "source_lang": source,
                "target_lang": target,
                "text": list(texts),
                "asked": list(texts.values()),
                "carrier": carrier,
            },
            schema=SEGMENT_SCHEMA,
        )
        for source, target, texts, carrier in counted
        if texts
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=SEGMENT_SCHEMA)
