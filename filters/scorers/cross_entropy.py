"""Cross-entropy: how surprised the engine is by the translation, and by the source given the translation.

Dual conditional cross-entropy (Junczys-Dowmunt 2018): two translations of one another are about equally surprising
both ways, and not very. The forward value is the decode's own log-probability; only the reverse one is forced.
Values are nats per token of one language's vocabulary: compare them within a language only.
"""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, below
from glotmill.schemas.record import Metric

_TOTAL = pl.col("reverse_words").list.sum() + pl.col("reverse_end")
# A log-probability of a hair over 0 is the engine's rounding.
_FORWARD = (-pl.col("logprob")).clip(lower_bound=0)
_REVERSE = (-_TOTAL / pl.col("source_tokens")).clip(lower_bound=0)
_DUAL = (-((_FORWARD - _REVERSE).abs() + (_FORWARD + _REVERSE) / 2)).exp()
_ENTROPIES = {"forward": _FORWARD, "reverse": _REVERSE, "dual": _DUAL}
_SCORES = {name: score.cast(pl.Float32) for name, score in _ENTROPIES.items()}


class CrossEntropyScorer(Scorer):
    """Measures the cross-entropy of each direction, and the dual adequacy of both."""

    name: ClassVar[str] = "cross_entropy"
    version: ClassVar[int] = 1
    needs_forced_scores: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "nats per token each way, dual conditional cross-entropy",
        "forced scores",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("cross_entropy", "forward", "lower", 0, None,
               "nats per token of the translation given the source; high means that the translation is unlikely"),
        Metric("cross_entropy", "reverse", "lower", 0, None,
               "nats per token of the source given the translation; high means that the source does not follow from "
               "it"),
        Metric("cross_entropy", "dual", "higher", 0, 1,
               "exp of minus (difference plus mean of the two entropies); high means that each text follows from "
               "the other"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("cross_entropy", "dual", "source and translation do not follow from one another",
             *below("cross_entropy", "dual", "min_dual", 0.0, (0, 1), "least dual adequacy"),
             graded=("dual", "min_dual")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version; the engine is in the translate fingerprint."""
        return {"version": self.version}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["logprob", "reverse_words", "reverse_end", "source_tokens"]))
        scores = frame.select(**_SCORES)
        return {name: scores[name].to_arrow() for name in scores.columns}


MEMBER = CrossEntropyScorer
