"""The quality score of a segment when it is repaired: by what an entry of the memory says of a translation."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.filters.features.length import deviations
from glotmill.filters.features.pair_quality import FEATURES, MIN_WORDS
from glotmill.filters.scorers.quality import QualityScorer

LACKING = ("gain", "expected", "round_trip")  # what an entry does not hold


class SegmentQuality(QualityScorer):
    """The quality score without the round trip and scores by word, each of which counts as usual.

    A translation without either log-probability, and a source of fewer than `MIN_WORDS` words, is not judged.
    """

    def fingerprint(self) -> dict[str, Any]:
        """That of the score, and what it lacks."""
        return {**super().fingerprint(), "lacking": list(LACKING)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs whose ``reverse_words`` hold the mean log-probability of the source's tokens alone."""
        frame = pl.DataFrame(pairs.select(["source", "logprob", "reverse_words"]))
        known = frame.select(
            likely="logprob",
            way_back=pl.col("reverse_words").list.first(),
            enough=pl.col("source").str.count_matches(r"\S+") >= MIN_WORDS,
        )
        lengths = deviations(*(pl.Series(pairs[name]) for name in ("source", "target", "lang", "field_type")))
        table = np.zeros((frame.height, len(FEATURES)))
        for name in ("likely", "way_back"):
            table[:, FEATURES.index(name)] = known[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        table[:, FEATURES.index("complete")] = np.minimum(lengths["z"].fill_null(0.0).to_numpy(), 0)
        table[~known["enough"].to_numpy()] = np.nan
        score = np.full(frame.height, np.nan)
        if self.fit is not None:
            score = self.fit.quality(table, pairs["lang"].to_pylist(), lacking=LACKING)
        nothing = pa.nulls(frame.height, pa.float32())
        measured = pa.array(score.astype(np.float32), from_pandas=True)
        return {metric.name: measured if metric.name == "score" else nothing for metric in self.metrics}
