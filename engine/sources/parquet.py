"""A Parquet file, with columns of our own names or of others by a field map.

Guarantees: reads the columns it needs, a few thousand rows in memory at a time; a value that is no UTF-8 fails its
row and not the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.field_map import RowFormat
from glotmill.engine.sources.shared.media import columns_with_media, flagged
from glotmill.engine.sources.shared.typed_values import mapping
from glotmill.recipes.sections.sources import FileSource, Mapped
from glotmill.schemas.errors import InputError, RowError, one_line
from glotmill.schemas.languages import nearest
from glotmill.schemas.sample import Sample


class ParquetSource(FileSource, Mapped):
    """A Parquet file, with columns of our own names or of others by its ``fields``."""

    format: Literal["parquet"]
    carries_images: ClassVar[bool] = True


BATCH_ROWS = 1000
PORTION_ROWS = 10_000
MOST_ROWS = 100_000  # of a row group that a portion may be


@dataclass(frozen=True, slots=True)
class GroupsPortion:
    """Some row groups of a file.

    Attributes:
        before: Rows before them.
        groups: Their numbers; None is all.
    """

    before: int
    groups: list[int] | None


def group_portions(sizes: Sequence[int]) -> list[GroupsPortion]:
    """Row groups, one after the other, in portions of `PORTION_ROWS` or more.

    Args:
        sizes: The rows of each group.
    """
    portions: list[GroupsPortion] = []
    rows = before = 0
    groups: list[int] = []
    for group, size in enumerate(sizes):
        groups.append(group)
        rows += size
        if rows - before >= PORTION_ROWS or group == len(sizes) - 1:
            portions.append(GroupsPortion(before, groups))
            before, groups = rows, []
    return portions


class ParquetReader:
    """Reads samples from a Parquet file."""

    def __init__(self, path: Path, where: str, rows: RowFormat) -> None:
        self._path = path
        self._where = where
        self._format = rows
        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                leaves = [file.schema.column(place).path for place in range(len(file.schema))]
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        media = columns_with_media(names, rows.used)
        self._columns = None if rows.columns is None else [*rows.columns, *_without_bytes(leaves, media)]
        for column in rows.columns or ():
            if column not in names:
                like = nearest(column, names) or names
                msg = f"{where}: no column '{column}'; expected one such as {', '.join(like[:5])}"
                raise InputError(msg)

    def rows(self) -> Iterator[tuple[str, dict[str, Any] | RowError]]:
        """(``row N``, columns that are not null) in file order, from 1."""
        return self.rows_of(GroupsPortion(0, None))

    def portions(self) -> list[GroupsPortion]:
        """Row groups in portions of some `PORTION_ROWS` rows; none where groups are too large to be read apart."""
        try:
            with pq.ParquetFile(self._path) as file:
                sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        return group_portions(sizes) if max(sizes, default=0) <= MOST_ROWS else []

    def rows_of(self, portion: GroupsPortion) -> Iterator[tuple[str, dict[str, Any] | RowError]]:
        """The rows of a portion."""
        number, groups = portion.before, portion.groups
        try:
            with pq.ParquetFile(self._path) as file:
                # One group after the other: a reader of several keeps something of each until the last one is read.
                for group in range(file.num_row_groups) if groups is None else groups:
                    for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=[group], columns=self._columns):
                        for row in plain_rows(flagged(batch, self._format.used)):
                            number += 1
                            yield f"row {number}", row
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> InputError:
        return InputError(f"{self._where}: not readable as Parquet: {one_line(error)}")

    def sample(self, raw: Any) -> Sample:
        """The sample of one row."""
        return self._format.sample(mapping(raw))


def _without_bytes(leaves: list[str], columns: list[str]) -> list[str]:
    """What to read of columns to know where they hold something: all but the bytes, where there is more."""
    own = [leaf for leaf in leaves if leaf.split(".")[0] in columns]
    small = [leaf for leaf in own if not leaf.endswith(".bytes")]
    known = {leaf.split(".")[0] for leaf in small}
    return [*small, *(leaf for leaf in own if leaf.split(".")[0] not in known)]


def plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any] | RowError]:
    """The rows of a batch as plain objects without nulls; a `RowError` in place of one that is no UTF-8."""
    try:
        return [_without_nulls(row) for row in batch.to_pylist()]
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            return [RowError("bad_unicode", "bytes that are no UTF-8")]
        return [row for place in range(batch.num_rows) for row in plain_rows(batch.slice(place, 1))]


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _reader(name: str, source: ParquetSource) -> Reader:
    return ParquetReader(source.path, where_of(name, source), RowFormat(source, source.images))


MEMBER = SourceMember(ParquetSource, _reader, row=("a Parquet file, likewise", "likewise"))
