"""Fan-in: many different sources with one and the same translation are the mark of a translator gone astray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, above
from glotmill.schemas.record import Metric

MIN_LETTERS = 15  # of the translation: many a short answer is rightly the same


class FanInScorer(Scorer):
    """Counts, within a shard, the different sources that were translated alike."""

    name: ClassVar[str] = "fan_in"
    version: ClassVar[int] = 1
    whole_shard: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "different sources of a shard with one translation",
        "the whole shard",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("fan_in", "sources", "lower", 1, None,
               f"different sources with this translation in the shard, from {MIN_LETTERS} letters on; high means "
               "that the translator gives it for anything"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("fan_in", "sources", "many different sources were translated alike",
             *above("fan_in", "sources", "max_sources", 5, 1e9, "different sources in a shard")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the length under which nothing is judged."""
        return {"version": self.version, "min_letters": MIN_LETTERS}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure all pairs of `PAIR_SCHEMA` of one shard."""
        return self.score_shards(pairs, [pairs.num_rows])

    def score_shards(self, pairs: pa.Table, ends: Sequence[int]) -> dict[str, pa.Array]:
        """Measure the pairs of several shards, of which many have a few rows, in one go."""
        key = pl.col("target").str.to_lowercase().str.strip_chars(" .!?。？！।")
        frame = pl.DataFrame(pairs.select(["source", "target", "lang"])).select(
            "source",
            "lang",
            key=key,
            repeated=key.is_duplicated(),
            enough=key.str.count_matches(r"\p{L}") >= MIN_LETTERS,
        )
        sources = pl.repeat(1.0, frame.height, dtype=pl.Float32, eager=True)
        repeated = frame["repeated"]
        if repeated.any():
            shard = pl.Series("shard", np.searchsorted(ends, np.arange(frame.height), side="right"))
            counted = pl.col("source").str.to_lowercase().n_unique().over("shard", "lang", "key")
            same = frame.with_columns(shard).filter("repeated").select(counted)
            sources = sources.scatter(repeated.arg_true(), same.to_series().cast(pl.Float32))
        found = sources.to_arrow()
        return {"sources": pc.if_else(frame["enough"].to_arrow(), found, pa.scalar(None, found.type))}


MEMBER = FanInScorer
