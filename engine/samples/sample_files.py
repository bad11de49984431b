"""The sample files of a build: reading them, and rewriting them after a stage, a few thousand rows in memory.

Guarantees: a rewritten file holds the rows that it held, in their order, or the stage raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.samples.ingest import REJECTED
from glotmill.engine.samples.made_rows import BATCH_ROWS
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.sample import SAMPLE_SCHEMA


def sample_files(folder: Path, sets: Iterable[str]) -> list[Path]:
    """The sample files of a build in the recipe's order, which is the order of all its records."""
    return [folder / f"{name}.parquet" for name in sets]


def recorded_files(folder: Path) -> list[Path]:
    """The sample files of whatever build a folder holds."""
    return sorted(path for path in folder.glob("*.parquet") if path.name != REJECTED)


def sample_tables(files: Iterable[Path], columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of sample files, in order, a few thousand a table.

    Row groups are read one by one: Arrow's reader of batches keeps something of each group until the file's end.

    Args:
        files: Sample files.
        columns: Which columns; None is all.
    """
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=columns)


def sample_rows(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """The same as Python objects, one by one."""
    return rows_of(sample_tables(files))


def rows_of(samples: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    """The rows of tables of samples as Python objects, one by one."""
    for table in samples:
        yield from table.to_pylist()


def read_columns(files: Iterable[Path], *columns: str | pl.Expr) -> pl.DataFrame:
    """Columns of all samples, in order, with the file's name as ``set``.

    Args:
        files: Sample files.
        columns: Names, or expressions over the columns of `SAMPLE_SCHEMA`.
    """
    frames = [
        pl.scan_parquet(path, glob=False).select(pl.lit(path.stem).alias("set"), *columns).collect() for path in files
    ]
    return pl.concat(frames)


class Columns(Protocol):
    """New values of some columns, such as a frame's."""

    @property
    def height(self) -> int:
        """For how many rows."""

    @property
    def columns(self) -> list[str]:
        """Of which columns."""

    def slice(self, offset: int, length: int, /) -> pl.DataFrame:
        """Those of some rows; fewer where there are no more."""


def replace_columns(files: Sequence[Path], columns: Columns) -> None:
    """Give every sample of the files new values in some columns.

    Args:
        files: Sample files.
        columns: New values for all rows of all files, in order.

    Raises:
        ConservationError: There are more or fewer values than rows.
    """
    done = 0

    def changed(table: pa.Table) -> pa.Table:
        nonlocal done
        new = columns.slice(done, table.num_rows)
        if new.height < table.num_rows:
            msg = f"{columns.height} values for more samples"
            raise ConservationError(msg)
        for name in columns.columns:
            field = SAMPLE_SCHEMA.field(name)
            values = new[name].to_arrow().cast(field.type)
            table = table.set_column(SAMPLE_SCHEMA.get_field_index(name), field, values)
        done += table.num_rows
        return table

    for path in files:
        rewrite(path, changed)
    if done != columns.height:
        msg = f"{columns.height} values for {done} samples"
        raise ConservationError(msg)


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> int:
    """Put every batch of a sample file through a function that may leave rows out; rows written."""
    aside = path.with_suffix(".new")
    with pq.ParquetWriter(aside, SAMPLE_SCHEMA, compression="zstd") as writer:
        for table in map(change, sample_tables([path])):
            if table.num_rows:
                writer.write_table(table.cast(SAMPLE_SCHEMA))
    aside.replace(path)
    return int(pq.read_metadata(path).num_rows)


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write samples into a new file; rows written."""
    waiting: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, SAMPLE_SCHEMA, compression="zstd") as writer:
        for row in rows:
            waiting.append(row)
            if len(waiting) >= BATCH_ROWS:
                writer.write_table(pa.Table.from_pylist(waiting, schema=SAMPLE_SCHEMA))
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_pylist(waiting, schema=SAMPLE_SCHEMA))
    return int(pq.read_metadata(path).num_rows)
