"""What a manifest states of a shard's rows: their counts, the labels of their turns and the spread of their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.dataset.row_counts import RowCount, count_parts, countable
from glotmill.filters.contract import MOST_LABELS
from glotmill.schemas.errors import GlotmillError

LABEL = "label_"  # begins the columns of labels


@dataclass(frozen=True, slots=True)
class StatedRows:
    """The rows of a shard as far as its manifest's entry states anything of them.

    Attributes:
        rows: What `glotmill.engine.dataset.row_counts.countable` gives, the scores, and the labels by turn.
        counts: What is counted of them.
    """

    rows: pl.DataFrame
    counts: RowCount

    @classmethod
    def of(cls, records: pa.Table, heights: Sequence[int]) -> list[Self]:
        """Those of each of several shards, whose records stand one below the other, in one pass.

        Args:
            records: The records of all.
            heights: How many each has.
        """
        rows = stated(records)
        starts = np.cumsum([0, *heights]).tolist()
        found = zip(starts, heights, count_parts(rows, heights), strict=False)
        return [cls(rows.slice(start, height), counts) for start, height, counts in found]


def stated(records: pa.Table) -> pl.DataFrame:
    """The rows of records as far as anything is stated of them."""
    scores, labels = scores_and_labels(records.schema)
    return countable(records).hstack(pl.DataFrame(records.select([*scores, *map(turns_of, labels)])))


def scores_and_labels(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """(the columns of scores, those of labels), both by record."""
    scores, labels = ([name for name in schema.names if name.startswith(start)] for start in ("score_", LABEL))
    return scores, labels


def turns_of(label: str) -> str:
    """The column of a label by turn, from its column by record."""
    return f"turn_{label.removeprefix(LABEL)}"


def label_counts(turns: pl.Series) -> dict[str, int]:
    """What a manifest says of a label: how many turns have it, by its value, sorted.

    Args:
        turns: The column of the labels by turn.

    Raises:
        GlotmillError: There are more of them than a scorer may give.
    """
    found = Counter(label for labels in turns.to_list() for label in labels or () if label is not None)
    if len(found) > MOST_LABELS:
        msg = f"{turns.name}: {len(found):,} different labels, but a scorer may give {MOST_LABELS:,}"
        raise GlotmillError(msg)
    return dict(sorted(found.items()))


def score_stats(scores: pl.Series) -> dict[str, float | None]:
    """What a manifest says of a score column: how many records have a value, its 5 % quantile and median."""
    return {
        "n": len(scores) - scores.null_count(),
        "p05": scores.quantile(0.05, "nearest"),
        "p50": scores.quantile(0.5, "nearest"),
    }
