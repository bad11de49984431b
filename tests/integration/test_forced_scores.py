"""A build with the embedded model has the scores that the engine gives when it is asked directly."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.translation.forced_scores import NOTHING
from glotmill.engine.translators import load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.adequacy import AdequacyScorer
from glotmill.filters.scorers.cross_entropy import CrossEntropyScorer

CAPTIONS = [
    "A small dog runs over the green grass.",
    "Two women in red jackets are standing near the water.",
    "A man rides a bicycle down a busy street.",
    "Three children play with a ball on the beach. A dog is watching them.",
    "A woman reads a book.",
]


def test_the_scores_of_a_build_are_those_of_the_engine(recipe_file, run, tmp_path: Path):
    source = tmp_path / "captions.jsonl"
    rows = [{"id": f"{i}", "task": "caption", "image": "a.jpg", "caption": text} for i, text in enumerate(CAPTIONS)]
    source.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    summary = run(
        recipe_file(
            sources={"c": {"format": "jsonl", "path": str(source), "license": "cc0-1.0"}},
            translate={"engine": "nllb", "model": "embedded", "beam_size": 1}, languages=["deu_Latn"],
            score={"scorers": ["nmt", "cross_entropy", "adequacy"]},
        )
    )  # fmt: skip
    built = pl.read_parquet(str(summary.dataset / "data/deu_Latn/*.parquet")).filter(
        pl.col("source_messages").list.last().struct.field("content") != CAPTIONS[3]  # that is two sentences
    )
    sources, targets, backs = (
        built[name].list.last().struct.field("content").to_list()
        for name in ("source_messages", "messages", "back_messages")
    )
    engine = load_translator(resolve_translator(NllbTranslate(engine="nllb", model="embedded", beam_size=1)))
    reverse = engine.score([ForcedPair("deu_Latn", "eng_Latn", t, s) for s, t in zip(sources, targets, strict=True)])
    alone = engine.score([ForcedPair("eng_Latn", "eng_Latn", NOTHING, s) for s in sources])
    given = [
        {"source": s, "target": t, "back": b, "lang": "deu_Latn", "field_type": "caption", "logprob": p,
         "reverse_words": list(r.words), "reverse_end": r.end, "source_tokens": r.tokens, "alone_words": list(a.words)}
        for s, t, b, p, r, a in zip(sources, targets, backs, built["score_nmt_logprob"], reverse, alone, strict=True)
    ]  # fmt: skip
    pairs = pa.Table.from_pylist(given, schema=PAIR_SCHEMA)
    for scorer in (CrossEntropyScorer(), AdequacyScorer()):
        for name, values in scorer.score(pairs).items():
            # Other texts in the batch change the last digits at int8.
            assert built[f"score_{scorer.name}_{name}"].to_list() == pytest.approx(values.to_pylist(), abs=0.05)


def test_the_coefficients_were_fitted_to_the_model_that_ships():
    assert AdequacyScorer().engine == resolve_translator(NllbTranslate(engine="nllb", model="embedded")).model
