"""What a manifest counts of a shard's rows: verdicts, by source and task too, and the models that translated them.

Guarantees: the counts come from the rows themselves, so that those of an older dataset, whose manifest lacks them, can
be made later; for each source and task, rows = kept + dropped + failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.dataset.sound_rows import check_values

# The parts of a shard that are read to count it.
_PARTS = ("source.dataset", "source.config", "source.split", "task", "mt.models")
_VERDICT = ("row_status", "keep", "filter_reasons")


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """What the verdicts on some rows come to: rows = kept + dropped + failed, both by the reason that counts."""

    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]

    @property
    def rows(self) -> int:
        """All rows counted."""
        return self.kept + sum(self.dropped.values()) + sum(self.failed.values())


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The verdicts on the rows of one source and task: rows = kept + dropped + failed.

    Attributes:
        source: The dataset of the source, with its config and split where they are not ``default`` and ``train``,
            parted by colons.
        task: What the rows teach.
        rows: How many there are.
        kept: Rows that no rule rejects.
        dropped: Rejected rows by the reason that counts.
        failed: Rows without a translation, by reason.
    """

    source: str
    task: str
    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]


@dataclass(frozen=True, slots=True)
class RowCount:
    """All that is counted of some rows.

    Attributes:
        verdicts: Their verdicts.
        groups: The same by source and task, sorted.
        models: Rows by each model that translated a text of theirs, sorted.
    """

    verdicts: VerdictCount
    groups: list[GroupCount]
    models: dict[str, int]


_KINDS = [pl.col("keep"), (pl.col("row_status") == "failed").alias("failed"),
          pl.col("filter_reasons").list.first().alias("reason")]  # fmt: skip
Kind = tuple[bool, bool, Any, int]  # kept, failed, the reason that counts, how many rows


def count_verdicts(rows: pl.DataFrame) -> VerdictCount:
    """Count the verdicts of rows with the columns row_status, keep and filter_reasons."""
    return _verdicts(rows.group_by(_KINDS).len().iter_rows())


def _verdicts(kinds: Iterable[Kind]) -> VerdictCount:
    kept = 0
    counts: dict[bool, dict[str, int]] = {False: {}, True: {}}
    for keep, failed, reason, number in sorted(kinds, key=lambda kind: kind[2] or ""):
        if keep:
            kept += number
        elif keep is False:
            counts[failed][reason] = counts[failed].get(reason, 0) + number
    return VerdictCount(kept, counts[False], counts[True])


def source_name(dataset: str, config: str, split: str) -> str:
    """How a source is called in counts."""
    named = [part for part, usual in ((config, "default"), (split, "train")) if part != usual]
    return ":".join([dataset, *named])


def countable(records: pa.Table) -> pl.DataFrame:
    """The columns that `count_rows` takes, of records or of their `_PARTS` and verdicts.

    Returns:
        Columns dataset, config, split, task, models (a list), row_status, keep and filter_reasons.
    """
    source, made = records["source"], records["mt"]
    columns = {name: pc.struct_field(source, name) for name in ("dataset", "config", "split")}
    columns |= {"task": records["task"], "models": pc.struct_field(made, "models")}
    return pl.DataFrame(pa.table({**columns, **{name: records[name] for name in _VERDICT}}))


def read_countable(shard: Path) -> pl.DataFrame:
    """The same of a shard's file, of which nothing else is read.

    Raises:
        InputError: A row is no record.
    """
    with pq.ParquetFile(shard) as file:
        rows = file.read(columns=[*_PARTS, *_VERDICT], use_threads=False)
    check_values(rows, shard)
    return countable(rows)


def count_rows(rows: pl.DataFrame) -> RowCount:
    """Count rows as `countable` gives them."""
    [counted] = count_parts(rows, [rows.height])
    return counted


def count_parts(rows: pl.DataFrame, heights: Sequence[int]) -> list[RowCount]:
    """`count_rows` of each of several parts that stand one below the other, in one pass.

    Args:
        rows: The rows of all.
        heights: How many rows each has.
    """
    rows = rows.with_columns(part=pl.Series(np.repeat(np.arange(len(heights)), heights), dtype=pl.Int64))
    kinds = rows.group_by("part", "dataset", "config", "split", "task", *_KINDS, maintain_order=True).len().rows()
    groups: list[dict[tuple[str, str, str, str], list[Kind]]] = [{} for _ in heights]
    for part, *group, keep, failed, reason, number in kinds:
        groups[part].setdefault(tuple(group), []).append((keep, failed, reason, number))
    models: list[dict[str, int]] = [{} for _ in heights]
    named = rows.select("part", pl.col("models").list.unique()).explode("models").drop_nulls()
    for part, model, number in named.group_by("part", "models").len().sort("part", "models").iter_rows():
        models[part][model] = number
    return [_row_count(own, by_model) for own, by_model in zip(groups, models, strict=True)]


def _row_count(parts: Mapping[tuple[str, str, str, str], list[Kind]], models: dict[str, int]) -> RowCount:
    groups = [_group(source_name(*key[:3]), key[3], part) for key, part in parts.items()]
    verdicts = _verdicts(kind for part in parts.values() for kind in part)
    return RowCount(verdicts, sorted(groups, key=lambda group: (group.source, group.task)), models)


def _group(source: str, task: str, kinds: Sequence[Kind]) -> GroupCount:
    count = _verdicts(kinds)
    return GroupCount(source, task, sum(kind[3] for kind in kinds), count.kept, count.dropped, count.failed)
