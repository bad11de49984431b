"""Judge: keep or not, and why, from stored scores alone."""

from __future__ import annotations

import polars as pl

from filters.policy import Policy


def judge(scored: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The verdict on each row.

    Args:
        scored: Columns lang, task, failure (null where the row is sound), the ``score_…`` columns and
            scores_skipped.
        policy: The rules with their thresholds.

    Returns:
        ``keep``; ``filter_reasons``: the failure of a failed row, else the codes of all rules it fails, the one
        that counts first; ``warnings``: the codes of the rules that only warn.
    """
    failed = scored.select(pl.concat_list(pl.col("failure").str.strip_prefix("failed:"))).to_series()
    sound = scored["failure"].is_null()
    reasons = policy.failing(scored).zip_with(sound, failed)
    return pl.DataFrame({"filter_reasons": reasons, "warnings": policy.failing(scored, "warn")}).select(
        pl.col("filter_reasons").list.len().eq(0).alias("keep"), "filter_reasons", "warnings"
    )
