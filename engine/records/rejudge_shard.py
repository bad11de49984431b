"""Verdict: a published shard judged again from its stored scores, and rewritten only where a verdict changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.fingerprints import pack_fingerprint, verdict_fingerprint
from glotmill.engine.dataset.shards import VERDICT, Shard, counted
from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.dataset.verdict_columns import check_shard, rewrite_verdicts, with_verdicts
from glotmill.engine.records.verdict import rejudge, stored_columns
from glotmill.engine.storage.readable import reading
from glotmill.filters.policy import Policy
from glotmill.schemas.errors import InputError
from glotmill.schemas.record import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdicts on a shard under a policy.

    Attributes:
        shard: Its manifest entry with them; where some changed, its bytes and its counts by source and task are open.
        rows: ``keep``, ``filter_reasons`` and ``warnings``; none of a shard whose file stays.
        flipped: Records whose verdict or reasons changed.
        version: The version of the dataset's record schema.
    """

    shard: Shard
    rows: pl.DataFrame
    flipped: int
    version: int

    @property
    def foreign(self) -> bool:
        """Whether the shard is of another writer than this one, and so must be rewritten: a dataset is of one."""
        return self.shard.fingerprints["pack"] != pack_fingerprint(self.version)

    @property
    def written(self) -> bool:
        """Whether there will be a new file."""
        return self.flipped > 0 or self.foreign

    @property
    def open(self) -> bool:
        """Whether the entry is to be completed: a file is written, or an earlier version did not count everything."""
        return self.written or self.shard.groups is None


def decide_verdict(
    dataset: Path, shard: Shard, policy: Policy, columns: Path | None = None, *, version: int = SCHEMA_VERSION
) -> Verdict:
    """Judge a shard from its score columns alone.

    Args:
        dataset: The folder of the dataset.
        shard: The shard's entry.
        policy: What decides.
        columns: A checked file of its score columns, where the shard itself is not at hand.
        version: The version of the dataset's record schema.

    Raises:
        InputError: The shard was edited, or lacks a column that a rule reads.
    """
    if columns is None:
        check_shard(dataset, shard)
    path = columns or dataset / shard.path
    names = pq.read_schema(path).names
    lacking = sorted(policy.columns - set(names) - {"task"})
    if lacking:
        msg = f"{path}: no column {', '.join(lacking)}, which the filter reads; scores are made by glotmill build"
        raise InputError(msg)
    # Polars reads scores in half the time that pyarrow takes; callers judge several shards at once.
    with reading(path, what=RECORDS):
        stored = pl.read_parquet(path, columns=[*stored_columns(policy, names), "keep"], glob=False, parallel="none")
    check_values(stored, path)
    rows = rejudge(stored, policy)
    same = (rows["keep"] == stored["keep"]) & (rows["filter_reasons"] == stored["filter_reasons"])
    entry = with_verdicts(shard, stored["row_status"], rows)
    entry = replace(entry, fingerprints={**shard.fingerprints, "verdict": verdict_fingerprint(policy)})
    flipped = rows.height - int(same.sum())
    found = Verdict(replace(entry, groups=None) if flipped else entry, rows, flipped, version)
    return found if found.written else replace(found, rows=rows.clear())


def write_verdict(dataset: Path, target: Path, verdict: Verdict, schema: pa.Schema) -> Shard:
    """The manifest's entry of a judged shard, whose file is written into ``target`` if anything in it changes.

    Args:
        dataset: The folder of the dataset as published.
        target: The folder for new files.
        verdict: The verdicts.
        schema: The dataset's record schema.
    """
    if not verdict.written:
        return counted(dataset, verdict.shard)
    packed = {**verdict.shard.fingerprints, "pack": pack_fingerprint(verdict.version)}
    shard = replace(verdict.shard, fingerprints=packed)
    rows = verdict.rows.select(VERDICT)
    return counted(target, rewrite_verdicts(dataset, target, shard, rows, schema, foreign=verdict.foreign))
