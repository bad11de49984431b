"""The translator's own confidence: free, and the best cheap sign of a hallucination.

The least probable token is not among it: CTranslate2's beam search gives the sum of a hypothesis alone (token by token
only to a callback of greedy search, or with the logits of the whole vocabulary). Forcing the forward pass for it as
well would double what forced scores cost.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, below
from glotmill.schemas.record import Metric


class NmtScorer(Scorer):
    """Hands on what the translator said of its output."""

    name: ClassVar[str] = "nmt"
    version: ClassVar[int] = 2
    row: ClassVar[tuple[str, ...]] = (
        "the translator's mean log-probability, and whether it ended by itself",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("nmt", "logprob", "higher", None, 0,
               "mean log-probability of a token of the translation, at most 0; high means that the translator was "
               "sure"),
        Metric("nmt", "ended", "higher", 0, 1,
               "whether the translation ended by itself, not at the length limit (0 or 1); high means that it did"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("nmt", "logprob", "the translator was unsure",
             *below("nmt", "logprob", "min_logprob", -1e3, (-1e3, 0), "least mean log-probability of a token"),
             graded=("logprob", "min_logprob")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version; the translator is in the translate fingerprint."""
        return {"version": self.version}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        ended = pc.invert(pairs["hit_limit"]).cast(pa.float32())
        return {"logprob": pairs["logprob"].combine_chunks(), "ended": ended.combine_chunks()}


MEMBER = NmtScorer
