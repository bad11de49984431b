"""Judge: keep or not, and why, from stored scores alone."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glotmill.engine.dataset.shards import WITHDRAWN
from glotmill.filters.policy import Policy


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
    return _verdict(reasons, policy.failing(scored, "warn"))


def rejudge(stored: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The verdict on rows of a shard under another policy; what failed or was withdrawn keeps its reason.

    Args:
        stored: Columns lang, task, row_status, filter_reasons, scores_skipped and the ``score_…`` columns that the
            policy reads.
        policy: The rules with their thresholds.

    Returns:
        As `judge`.
    """
    stands = (pl.col("row_status") == "failed") | (pl.col("filter_reasons").list.first() == WITHDRAWN)
    unchanged = stored.select(stands.fill_null(value=False)).to_series()
    reasons = policy.failing(stored).zip_with(~unchanged, stored["filter_reasons"])
    return _verdict(reasons, policy.failing(stored, "warn"))


def stored_columns(policy: Policy, schema: Sequence[str]) -> list[str]:
    """The columns of a shard that `rejudge` reads.

    Args:
        policy: The rules with their thresholds.
        schema: Names of the shard's columns.
    """
    read = {"lang", "task", "row_status", "filter_reasons", "scores_skipped", *policy.columns}
    return [name for name in schema if name in read]


def _verdict(reasons: pl.Series, warnings: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"filter_reasons": reasons, "warnings": warnings}).select(
        pl.col("filter_reasons").list.len().eq(0).alias("keep"), "filter_reasons", "warnings"
    )
