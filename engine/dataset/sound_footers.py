"""Footers: whether the file of a shard has the columns and rows that its manifest states, without reading a row.

Guarantees: a file of other columns or of another number of rows, or with a record that lacks what every record has, is
one `InputError`, whatever its footer says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.storage.readable import MEND, check_types, reading
from glotmill.schemas.errors import InputError
from glotmill.schemas.record_rules import FILLED, REQUIRED

# Columns, and parts of the one that is a struct, of which a footer says how many rows have no value.
_NEVER_NULL = frozenset({*REQUIRED, *(f"source.{part}" for part in FILLED["source"])})


@dataclass(frozen=True, slots=True)
class SoundFooter:
    """What a footer says of its file's columns, where these are right; nearly always the next file says the same.

    Attributes:
        columns: The columns.
        marks: What the writer noted beside them, the Arrow schema among it.
        filled: (number, physical type) of the columns, and parts of columns, that have a value in every row.
    """

    columns: pq.ParquetSchema
    marks: dict[bytes, bytes] | None
    filled: list[tuple[int, str]]

    @classmethod
    def of(cls, footer: pq.FileMetaData) -> Self:
        """That of a file whose columns are right."""
        kinds = [footer.schema.column(number) for number in range(footer.num_columns)]
        filled = [(number, kind.physical_type) for number, kind in enumerate(kinds) if kind.path in _NEVER_NULL]
        return cls(footer.schema, footer.metadata, filled)

    def says(self, footer: pq.FileMetaData) -> bool:
        """Whether another footer says the same."""
        return bool(footer.schema.equals(self.columns)) and footer.metadata == self.marks


def check_footer(path: Path, shard: Shard, fields: Iterable[pa.Field], right: SoundFooter | None = None) -> SoundFooter:
    """Refuse a file of a shard's records, or of some columns of them, that is not what the manifest says.

    Args:
        path: The file.
        shard: The shard's entry.
        fields: The columns that the file must have.
        right: The footer of another file that has them; one that says the same is not looked at again.

    Returns:
        Its footer.

    Raises:
        InputError: It is damaged, has other columns or rows, or has a record without what every record has.
    """
    with reading(path, what=RECORDS):
        footer = pq.read_metadata(path)
        if right is None or not right.says(footer):
            check_types(footer.schema.to_arrow_schema(), fields, path, RECORDS)
            right = SoundFooter.of(footer)
        if footer.num_rows != shard.rows:
            msg = f"{path}: {footer.num_rows:,} rows, but {shard.rows:,} in the manifest; {MEND}"
            raise InputError(msg)
        for group in range(footer.num_row_groups):
            columns = footer.row_group(group)
            for number, kind in right.filled:
                column = columns.column(number)
                # pyarrow ends the whole process where somebody asks for statistics of another type.
                nulls = _nulls(path, group, column) if column.physical_type == kind else None
                if nulls != 0:
                    found = "its footer contradicts itself" if nulls is None else f"{nulls:,} rows without a value"
                    msg = f"{path}: not {RECORDS}: column {column.path_in_schema}: {found}; {MEND}"
                    raise InputError(msg)
    return right


def _nulls(path: Path, group: int, column: pq.ColumnChunkMetaData) -> int:
    """How many rows of a row group have no value in a column, which may be a part of a struct."""
    if column.statistics is not None and column.statistics.has_null_count:
        return int(column.statistics.null_count)
    with pq.ParquetFile(path) as file:
        return int(file.read_row_group(group, columns=[column.path_in_schema]).flatten().column(0).null_count)
