"""Judge: keep or not, and why, from stored scores alone."""

from __future__ import annotations

import polars as pl

from filters.rules import Policy


def judge(scored: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The verdict on each row.

    Args:
        scored: Columns lang, failure (null where the row is sound) and the ``score_…`` columns.
        policy: The rules with their thresholds.

    Returns:
        ``keep``; ``filter_reasons``: the failure of a failed row, else the codes of all rules it fails, the one
        that counts first; ``warnings``: the codes of the rules that only warn.
    """
    reasons = (
        pl.when(pl.col("failure").is_not_null())
        .then(pl.concat_list(pl.col("failure").str.strip_prefix("failed:")))
        .otherwise(policy.failing("reject"))
    )
    return scored.select(filter_reasons=reasons, warnings=policy.failing("warn")).select(
        pl.col("filter_reasons").list.len().eq(0).alias("keep"), "filter_reasons", "warnings"
    )
