"""The translator's own confidence: free, and the best cheap sign of a hallucination."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa

from filters.scorer import Scorer
from schemas.record import Metric


class NmtScorer(Scorer):
    """Hands on the log-probability that the translator gave its output."""

    name: ClassVar[str] = "nmt"
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("nmt", "logprob", "higher", None, 0, "mean log-probability of a token of the translation"),
    )

    def fingerprint(self) -> dict[str, Any]:
        """The version; the translator is in the translate fingerprint."""
        return {"version": self.version}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        return {"logprob": pairs["logprob"].combine_chunks()}
