"""What can be wrong with one shard: its bytes, schema, row groups, ids, counts and verdicts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.row_counts import count_rows, count_verdicts, read_countable
from glotmill.engine.dataset.shards import Shard, published_schema
from glotmill.engine.dataset.stated_rows import label_counts, score_stats, turns_of
from glotmill.engine.records.verdict import rejudge, stored_columns
from glotmill.engine.storage.readable import DAMAGED
from glotmill.filters.policy import Policy
from glotmill.schemas.errors import InputError, SchemaError, one_line
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record_rules import validate


@dataclass(frozen=True, slots=True)
class Rules:
    """What every shard of a dataset is held against.

    Attributes:
        schema: The record schema of the dataset's scorers; None where the lock does not say them.
        policy: What decided; None where the lock is damaged.
        deep: Also check all rules of a record on all rows.
    """

    schema: pa.Schema | None
    policy: Policy | None
    deep: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out of checking a shard.

    Attributes:
        shard: Its manifest entry with the rows, kept rows and bytes that were counted; None where it cannot be read.
        ids: Hashes of its record ids (UInt64), by which repeated ones are found.
        problems: What is wrong, one line each.
    """

    shard: Shard | None
    ids: pl.Series
    problems: list[str]


def bytes_problems(path: Path, size: int, sha256: str) -> list[str]:
    """Whether a file is the one that a manifest describes, byte for byte."""
    if not path.is_file():
        return ["the manifest names it, but it is not there"]
    if path.stat().st_size != size:
        return [f"{path.stat().st_size:,} bytes, but {size:,} in the manifest"]
    return [] if file_sha256(path) == sha256 else ["its checksum is not the one in the manifest"]


def check(dataset: Path, shard: Shard, rules: Rules) -> Checked:
    """Check a shard.

    Args:
        dataset: The folder that it lies in.
        shard: Its manifest entry.
        rules: What it is held against.
    """
    path = dataset / shard.path
    nothing = pl.Series("id", [], dtype=pl.UInt64)
    problems = bytes_problems(path, shard.size, shard.sha256)
    if not path.is_file():
        return Checked(None, nothing, problems)
    try:
        with pq.ParquetFile(path) as file:
            problems += _footer(file, shard, rules.schema)
            if rules.deep and rules.schema is not None:
                problems += _records(file, rules.schema)
            return _rows(file, shard, path.stat().st_size, rules.policy, [*problems, *_groups(shard, path)])
    except (*DAMAGED, KeyError) as error:
        return Checked(None, nothing, [*problems, f"cannot be read: {one_line(error)}"])


def check_columns(columns: Path, shard: Shard, rules: Rules) -> Checked:
    """Check what a pull brought of a shard: its ids, counts, score statistics and verdicts.

    Args:
        columns: The file of pulled columns, whose checksum was compared.
        shard: The shard's manifest entry.
        rules: What it is held against.
    """
    try:
        with pq.ParquetFile(columns) as file:
            return _rows(file, shard, shard.size, rules.policy, [])
    except (*DAMAGED, KeyError) as error:
        return Checked(None, pl.Series("id", [], dtype=pl.UInt64), [f"cannot be read: {one_line(error)}"])


def _footer(file: pq.ParquetFile, shard: Shard, schema: pa.Schema | None) -> Iterator[str]:
    if schema is not None:
        expected = published_schema(schema)
        found = file.schema_arrow
        if not found.equals(expected, check_metadata=False):
            wrong = [f.name for f in expected if f.name not in found.names or found.field(f.name).type != f.type]
            extra = [name for name in found.names if name not in expected.names]
            yield (
                f"its schema is not the record schema of the dataset's scorers: missing or of another type "
                f"{wrong or 'none'}, unknown {extra or 'none'}"
            )
        for key, value in (expected.metadata or {}).items():
            if (found.metadata or {}).get(key) != value:
                yield f"its footer says something else under {key.decode()!r} than a dataset of this schema"
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    if groups != shard.row_groups:
        yield f"row groups of {_list(groups)} rows, but of {_list(shard.row_groups)} in the manifest"


def _records(file: pq.ParquetFile, schema: pa.Schema) -> Iterator[str]:
    for group in range(file.num_row_groups):
        try:
            validate(file.read_row_group(group, use_threads=False), schema)
        except SchemaError as error:
            yield f"row group {group}: {error}"


def _rows(file: pq.ParquetFile, shard: Shard, size: int, policy: Policy | None, problems: list[str]) -> Checked:
    """What the columns that a verdict reads say, added to what is wrong already."""
    names = file.schema_arrow.names
    judged = policy.columns <= {*names, "task"} if policy is not None else False
    labels = {turns_of(name): counts for name, counts in (shard.label_counts or {}).items()}
    wanted = {"record_id", "row_status", "keep", "filter_reasons", *shard.score_stats, *labels}
    if policy is not None and judged:
        wanted |= set(stored_columns(policy, names))
    elif policy is not None:
        lacking = sorted(policy.columns - {*names, "task"})
        problems.append(f"no column {', '.join(lacking)}, which the filter reads")
    rows = pl.DataFrame(file.read(columns=[name for name in names if name in wanted], use_threads=False))
    counted = count_verdicts(rows)
    problems += _counts(shard, rows, counted.kept, counted.dropped, counted.failed)
    problems += _ids(shard, rows["record_id"])
    problems += [
        f"its statistics of {name} are not those in the manifest"
        for name, stats in shard.score_stats.items()
        if name in names and stats != score_stats(rows[name])
    ]
    problems += [
        f"its counts of {name} are not those in the manifest"
        for name, counts in labels.items()
        if name in names and counts != label_counts(rows[name])
    ]
    if policy is not None and judged:
        problems += _verdicts(shard, rows, policy)
    seen = replace(shard, rows=rows.height, kept=counted.kept, size=size)
    return Checked(seen, rows["record_id"].hash(), problems)


def _counts(
    shard: Shard, rows: pl.DataFrame, kept: int, dropped: dict[str, int], failed: dict[str, int]
) -> Iterator[str]:
    stated = shard.kept + sum(shard.dropped.values()) + sum(shard.failed.values())
    if stated != shard.rows:
        yield f"the manifest does not come out: {shard.rows:,} rows, but {stated:,} kept, dropped and failed"
    if rows.height != shard.rows:
        yield f"{rows.height:,} rows, but {shard.rows:,} in the manifest"
    lost, broken = sum(dropped.values()), sum(failed.values())
    if rows.height != kept + lost + broken:
        yield f"{rows.height:,} rows are not {kept:,} kept + {lost:,} dropped + {broken:,} failed"
    if kept != shard.kept:
        yield f"{kept:,} rows kept, but {shard.kept:,} in the manifest"
    for what, found, said in (("dropped", dropped, shard.dropped), ("failed", failed, shard.failed)):
        for reason in sorted({str(key) for key in (*found, *said)}):
            if found.get(reason, 0) != said.get(reason, 0):
                yield f"{found.get(reason, 0):,} rows {what} for {reason}, but {said.get(reason, 0):,} in the manifest"


def _groups(shard: Shard, path: Path) -> Iterator[str]:
    """Whether the counts by source, task and model are those of the rows; an earlier version made none."""
    if shard.groups is None:
        return
    try:
        found = count_rows(read_countable(path))
    except InputError as error:
        yield str(error).removeprefix(f"{path}: ")
        return
    if found.groups != shard.groups:
        named = {(group.source, group.task) for group in found.groups if group not in shard.groups}
        named |= {(group.source, group.task) for group in shard.groups if group not in found.groups}
        words = sorted(f"{source} {task}" for source, task in named)  # a stranger's shard may hold other types
        yield f"its counts of {', '.join(words)} are not those in the manifest"
    if found.models != shard.models:
        yield f"its rows by model are {found.models}, but {shard.models} in the manifest"


def _ids(shard: Shard, ids: pl.Series) -> Iterator[str]:
    state = hashlib.sha256()
    for record_id in ids:
        state.update(f"{record_id}\n".encode())
    if state.hexdigest() != shard.ids_sha256:
        yield "its record ids, or their order, are not those in the manifest (ids_sha256)"
    if ids.len() and ids[0] != shard.first_id:
        yield f"its first record is {ids[0]}, but {shard.first_id} in the manifest"


def _verdicts(shard: Shard, rows: pl.DataFrame, policy: Policy) -> Iterator[str]:
    """Whether the stored scores give the stored verdicts."""
    again = rejudge(rows, policy)
    same = again["keep"].eq_missing(rows["keep"]) & again["filter_reasons"].eq_missing(rows["filter_reasons"])
    if not same.all():
        wrong = rows.filter(~same)["record_id"]
        yield f"{wrong.len():,} verdicts are not those that the stored scores give, the first of {wrong[0]}"
    warned = dict(sorted(Counter(again["warnings"].explode().drop_nulls()).items()))
    if warned != shard.warned:
        yield f"warnings counted {warned}, but {shard.warned} in the manifest"


def _list(numbers: list[int]) -> str:
    return ", ".join(f"{number:,}" for number in numbers[:8]) + (", ..." if len(numbers) > 8 else "")
