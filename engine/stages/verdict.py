"""Verdict: a published shard judged anew from its stored scores, and rewritten only where a verdict changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.fingerprints import pack_fingerprint, verdict_fingerprint
from engine.stages.judge import rejudge, stored_columns
from engine.store.rewrite import check_shard, rewrite_verdicts, with_verdicts
from engine.store.shards import VERDICT, Shard
from filters.policy import Policy
from schemas.errors import InputError


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdicts on a shard under a policy.

    Attributes:
        shard: Its manifest entry with them, but for bytes where some changed.
        rows: ``keep``, ``filter_reasons`` and ``warnings``.
        flipped: Records whose verdict or reasons changed.
    """

    shard: Shard
    rows: pl.DataFrame
    flipped: int


def decide_verdict(dataset: Path, shard: Shard, policy: Policy, columns: Path | None = None) -> Verdict:
    """Judge a shard from its score columns alone.

    Args:
        dataset: The folder of the dataset.
        shard: The shard's entry.
        policy: What decides.
        columns: A checked file of its score columns, where the shard itself is not at hand.

    Raises:
        InputError: The shard was edited, or lacks a column that a rule reads.
    """
    if columns is None:
        check_shard(dataset, shard)
    path = columns or dataset / shard.path
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        lacking = sorted(policy.columns - set(names) - {"task"})
        if lacking:
            msg = f"{path}: no column {', '.join(lacking)}, which the filter reads; scores are made by glotmill build"
            raise InputError(msg)
        wanted = stored_columns(policy, names)
        stored = pl.DataFrame(file.read(columns=[*wanted, "keep"], use_threads=False))
    rows = rejudge(stored, policy)
    same = (rows["keep"] == stored["keep"]) & (rows["filter_reasons"] == stored["filter_reasons"])
    entry = with_verdicts(shard, stored["row_status"], rows)
    entry = replace(entry, fingerprints={**shard.fingerprints, "verdict": verdict_fingerprint(policy)})
    return Verdict(entry, rows, rows.height - int(same.sum()))


def write_verdict(dataset: Path, target: Path, verdict: Verdict, schema: pa.Schema, *, repack: bool = False) -> Shard:
    """The manifest's entry of a judged shard, whose file is written into ``target`` if a verdict changed.

    Args:
        dataset: The folder of the dataset as published.
        target: The folder for new files.
        verdict: The verdicts.
        schema: The dataset's record schema.
        repack: Write it anyhow, because the writer changed.
    """
    if not verdict.flipped and not repack:
        return verdict.shard
    packed = {**verdict.shard.fingerprints, "pack": pack_fingerprint()}
    shard = replace(verdict.shard, fingerprints=packed)
    return rewrite_verdicts(dataset, target, shard, verdict.rows.select(VERDICT), schema)
