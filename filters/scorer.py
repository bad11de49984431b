"""The contract of a scorer, and the table of pairs that it judges.

A scorer measures; it never decides. It sees one row for each translated turn and gives one float32 column for
each of its metrics. A value it cannot judge is null, and null never rejects.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import pyarrow as pa

from schemas.record import Metric

PAIR_SCHEMA = pa.schema(
    [
        pa.field("source_lang", pa.string()),  # FLORES-200 codes
        pa.field("lang", pa.string()),
        pa.field("source", pa.string()),  # the turn's text without image markers
        pa.field("target", pa.string()),
        pa.field("back", pa.string()),  # the target translated back, null where it was not
        pa.field("back_failed", pa.bool_()),  # a way back was tried and failed
        pa.field("logprob", pa.float32()),  # mean log-probability of a target token, <= 0
        pa.field("hit_limit", pa.bool_()),  # the decoder stopped at its length limit
    ]
)


class Scorer(Protocol):
    """One way to measure a translation.

    Attributes:
        name: Part of every column, parameter and reason code of the scorer.
        version: Raised whenever the same input may give another value.
        metrics: What it measures, in column order.
        needs_back_translation: Whether the pairs must hold ``back``.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    metrics: ClassVar[tuple[Metric, ...]]
    needs_back_translation: ClassVar[bool]

    def fingerprint(self) -> dict[str, Any]:
        """Everything that decides the scores beside the pairs: version, models, constants."""

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`.

        Returns:
            One float32 array, as long as the table, for each metric's name.
        """


@runtime_checkable
class ExpensiveScorer(Scorer, Protocol):
    """A scorer that calls a model for so long that its values are stored and never measured twice.

    Attributes:
        inputs: The columns of `PAIR_SCHEMA` that, with its fingerprint, decide its values.
    """

    inputs: ClassVar[tuple[str, ...]]
