"""Which answers are frequent enough for the answer dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from engine.stages.sample_files import read_columns
from engine.text.answers import ANSWER_TASKS
from recipes.model import Dictionary


def frequent_answers(files: Sequence[Path], section: Dictionary | None) -> frozenset[str]:
    """The answers that enough rows of the sources give, derived rows apart.

    Args:
        files: Sample files.
        section: The recipe's section; None has no dictionary, and no answers.
    """
    if section is None:
        return frozenset()
    given = pl.col("source_messages").list.last().struct.field("content").alias("answer")
    rows = read_columns(files, "task", "source_answers", "derived_from", given).filter(
        pl.col("task").is_in(list(ANSWER_TASKS))
        & pl.col("derived_from").is_null()
        & pl.col("source_answers").list.contains(pl.col("answer"))
    )
    counts = (
        rows["answer"]
        .value_counts()
        .filter((pl.col("count") >= section.min_count) & (pl.col("answer").str.len_chars() >= section.min_chars))
    )
    if not section.digits:
        counts = counts.filter(~pl.col("answer").str.contains(r"\d"))
    return frozenset(counts["answer"])
