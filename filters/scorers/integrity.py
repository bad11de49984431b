"""Integrity: is there a whole, readable text at all?"""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, above
from glotmill.schemas.record import Metric

# U+FFFD stands for undecodable bytes, U+2047 is how SentencePiece prints an unknown piece; the rest are the
# C0 and C1 controls but tab, line feed and carriage return.
BROKEN_CHARACTERS = "[\ufffd\u2047\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"

_BARE = {name: pl.col(name).str.strip_chars() for name in ("source", "target")}
_BROKEN = {name: pl.col(name).str.count_matches(BROKEN_CHARACTERS).cast(pl.Int64) for name in ("source", "target")}
_SCORES = {
    "empty": ((_BARE["target"] == "") & (_BARE["source"] != "")).cast(pl.Float32),
    "hit_limit": pl.col("hit_limit").cast(pl.Float32),
    "broken_chars": (_BROKEN["target"] - _BROKEN["source"]).clip(lower_bound=0).cast(pl.Float32),
}


class IntegrityScorer(Scorer):
    """Marks translations that are empty, cut off, or hold characters that no text has."""

    name: ClassVar[str] = "integrity"
    version: ClassVar[int] = 1
    row: ClassVar[tuple[str, ...]] = (
        "empty, cut off at the length limit, broken characters",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("integrity", "empty", "lower", 0, 1,
               "whether the source has text and the translation has none (0 or 1); high means an empty translation"),
        Metric("integrity", "hit_limit", "lower", 0, 1,
               "whether the decoder stopped at its length limit (0 or 1); high means that the translation was cut "
               "off"),
        Metric("integrity", "broken_chars", "lower", 0, None,
               "replacement, unknown-piece and control characters beyond those of the source; high means damaged "
               "text"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("integrity", "empty", "the translation of some text is empty", (),
             lambda _: pl.col("score_integrity_empty") > 0),
        Rule("integrity", "hit_limit", "the translation was cut off at the length limit", (),
             lambda _: pl.col("score_integrity_hit_limit") > 0),
        Rule("integrity", "broken_chars", "replacement, unknown-piece or control characters",
             *above("integrity", "broken_chars", "max_broken_chars", 0, 1e6, "such characters allowed in a turn")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version; there is nothing else."""
        return {"version": self.version}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        scores = pl.DataFrame(pairs.select(["source", "target", "hit_limit"])).select(**_SCORES)
        return {name: scores[name].to_arrow() for name in scores.columns}


MEMBER = IntegrityScorer
