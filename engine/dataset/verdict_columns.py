"""New verdicts for a published shard: two columns are exchanged, and all others are copied without being decoded.

Guarantees: the new file has the bytes that a build with these verdicts would have written; a shard that is not the one
its manifest describes is refused.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.parquet_splice import splice
from glotmill.engine.dataset.row_counts import count_verdicts
from glotmill.engine.dataset.shards import VERDICT, WRITER, Shard, published_schema
from glotmill.engine.dataset.sound_rows import check_values
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.keys import file_sha256


def check_shard(dataset: Path, shard: Shard) -> None:
    """Refuse a shard that was edited.

    Raises:
        InputError: The file is missing or not the one that the manifest describes.
    """
    path = dataset / shard.path
    if not path.is_file():
        msg = f"{path}: the manifest names it, but it is not there; put it back, or build with --compact"
        raise InputError(msg)
    if path.stat().st_size != shard.size or file_sha256(path) != shard.sha256:
        msg = (
            f"{path}: its checksum is not the one in the manifest: it was edited; put the published file back, or "
            f"build with --compact"
        )
        raise InputError(msg)


def with_verdicts(shard: Shard, status: pl.Series, verdict: pl.DataFrame) -> Shard:
    """The manifest's entry of a shard with other verdicts, but for its bytes and its counts by source and task.

    Args:
        shard: The shard as it was.
        status: Its column row_status.
        verdict: ``keep``, ``filter_reasons`` and ``warnings``, one row a record.

    Raises:
        ConservationError: There is not one verdict for each record.
    """
    counted = count_verdicts(verdict.with_columns(row_status=status))
    if not shard.rows == counted.rows == verdict.height:
        msg = f"{shard.path}: {shard.rows} rows, but {counted.rows} kept, dropped and failed"
        raise ConservationError(msg)
    warned = Counter(verdict["warnings"].explode().drop_nulls())
    return replace(
        shard,
        kept=counted.kept,
        dropped=counted.dropped,
        failed=counted.failed,
        warned=dict(sorted(warned.items())),
    )


def rewrite_verdicts(
    source: Path, target: Path, shard: Shard, verdict: pl.DataFrame, schema: pa.Schema, *, foreign: bool = False
) -> Shard:
    """Write a shard with other verdicts.

    Args:
        source: The folder of the dataset that has it.
        target: The folder to write it into.
        shard: Its entry, with the counts of these verdicts.
        verdict: ``keep`` and ``filter_reasons``, one row a record.
        schema: The dataset's record schema.
        foreign: Another writer made it: all of it is rewritten with this one.

    Returns:
        The entry with the new file's size and checksum.

    Raises:
        ConservationError: There is not one verdict for each record.
    """
    path = target / shard.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if verdict.height != sum(shard.row_groups):
        msg = f"{shard.path}: {sum(shard.row_groups)} rows for {verdict.height} verdicts"
        raise ConservationError(msg)
    write = _write_anew if foreign else _exchange
    sha256 = write(source / shard.path, path, shard, verdict, schema)
    return replace(shard, size=path.stat().st_size, sha256=sha256)


def _exchange(source: Path, path: Path, shard: Shard, verdict: pl.DataFrame, schema: pa.Schema) -> str:
    """Encode the two columns, and copy the chunks of all others."""
    fields = pa.schema([schema.field(name) for name in VERDICT])
    columns = io.BytesIO()
    with pq.ParquetWriter(columns, fields, **WRITER) as writer:
        done = 0
        for rows in shard.row_groups:
            writer.write_table(verdict.slice(done, rows).select(VERDICT).to_arrow().cast(fields), row_group_size=rows)
            done += rows
    return splice(source, columns, path)


def _write_anew(source: Path, path: Path, shard: Shard, verdict: pl.DataFrame, schema: pa.Schema) -> str:
    """Decode and encode every column, a row group in memory at a time."""
    done = 0
    published = published_schema(schema)  # what is read has marks of the reader on it
    with pq.ParquetFile(source) as file, pq.ParquetWriter(path, published, **WRITER) as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            for name in VERDICT:
                new = verdict[name].slice(done, table.num_rows).to_arrow()
                field = table.schema.field(name)
                table = table.set_column(table.schema.get_field_index(name), field, new.cast(field.type))
            writer.write_table(table.cast(published), row_group_size=table.num_rows)
            done += table.num_rows
    if done != verdict.height:
        msg = f"{shard.path}: {done} rows for {verdict.height} verdicts"
        raise ConservationError(msg)
    return file_sha256(path)


def read_records(file: Path, positions: pl.Series, schema: pa.Schema) -> pa.Table:
    """Records of a shard, in a schema that may have got or lost score columns since.

    Args:
        file: The shard.
        positions: Which of its rows, in order.
        schema: The columns wanted; those that the shard lacks are null.

    Raises:
        InputError: A row is no record.
    """
    with pq.ParquetFile(file) as shard:
        table = shard.read(columns=[name for name in schema.names if name in shard.schema_arrow.names])
    table = table.take(positions.to_arrow())
    check_values(table, file)
    columns = [
        table[field.name] if field.name in table.schema.names else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
