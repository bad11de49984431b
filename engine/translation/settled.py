"""What is certain of a phase's requests without one more look into the store: what it knew when the phase was planned,
and what this run committed since."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

FAILURE, ATTEMPT, VALUES = "failure", "attempt", "values"


@dataclass(slots=True)
class Settled:
    """Counts of requests that have an entry: a translation, forced scores, or the failure of either.

    Attributes:
        rows: How many.
        retried: Of these, the ones that were decoded again.
        failed: Those without a translation, or without scores.
    """

    rows: int = 0
    retried: int = 0
    failed: int = 0

    def add_entries(self, known: pl.DataFrame) -> None:
        """Count what the store knew: columns failure and attempt, or values."""
        self.rows += known.height
        if FAILURE in known.columns:
            self.failed += known.height - known[FAILURE].null_count()
            self.retried += int((known[ATTEMPT] > 1).sum())
        else:
            self.failed += known[VALUES].null_count()

    def add_results(self, results: pa.Table) -> None:
        """Count what a unit gave, with the same columns."""
        self.rows += results.num_rows
        if FAILURE in results.column_names:
            self.failed += results.num_rows - results[FAILURE].null_count
            self.retried += pc.sum(pc.greater(results[ATTEMPT], 1), min_count=0).as_py()
        else:
            self.failed += results[VALUES].null_count

    def all_whole(self, requested: int) -> bool:
        """Whether so many requests all have a result.

        Then there is nothing left to count, whatever others write meanwhile: of a text and a failure the text counts.
        Where something failed here, a text of theirs may count, so that has to be read.
        """
        return self.rows == requested and not self.failed
