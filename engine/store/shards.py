"""Published shards: one pinned Parquet writer, and what a manifest says of a shard.

Guarantees: the same records give the same bytes; every shard has the dataset's one schema, checked row by row as
it is written; a shard's counts come out: rows = kept + dropped + failed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from schemas.errors import ConservationError
from schemas.keys import file_sha256
from schemas.record import SCHEMA_VERSION, validate

# Content-defined chunking makes an unchanged column upload as nothing; changing any of these settings changes
# every byte (only the zstd level: 81 % of a shard is uploaded again).
WRITER: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "use_content_defined_chunking": {"min_chunk_size": 262_144, "max_chunk_size": 1_048_576, "norm_level": 0},
    "write_page_index": True,
    "write_statistics": True,
    "version": "2.6",
    "data_page_version": "1.0",
    "store_schema": True,
}


@dataclass(frozen=True, slots=True)
class Shard:
    """One published file as its manifest describes it.

    Attributes:
        translate: Fingerprint of its target texts: engine, text processing, and the entries composed from.
    """

    path: str
    sha256: str
    size: int
    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]
    warned: dict[str, int]
    row_groups: list[int]
    first_id: str
    ids_sha256: str
    translate: str

    @property
    def split(self) -> str:
        """The split that the file belongs to, as its name says."""
        return Path(self.path).name.rpartition("-")[0]

    def as_json(self) -> dict[str, Any]:
        """The manifest's entry."""
        return asdict(self)


def published_schema(schema: pa.Schema) -> pa.Schema:
    """A record schema with the metadata that `datasets` reads, and ours."""
    features = Features.from_arrow_schema(schema)
    metadata = dict(features.arrow_schema.metadata or {})
    return schema.with_metadata({**metadata, b"schema_version": str(SCHEMA_VERSION).encode()})


class ShardWriter:
    """Writes one shard, a row group at a time."""

    def __init__(self, root: Path, path: str, schema: pa.Schema) -> None:
        self._file = root / path
        self._path = path
        self._schema = schema
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._file, published_schema(schema), **WRITER)
        self._ids = hashlib.sha256()
        self._first = ""
        self._kept = 0
        self._dropped: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._warned: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def write(self, records: pa.Table, warned: Mapping[str, int] | None = None) -> None:
        """Check and write one row group.

        Args:
            records: Records of the schema.
            warned: How many of them each rule warns of.
        """
        self._warned.update(warned or {})
        validate(records, self._schema)
        self._writer.write_table(records.cast(self._writer.schema), row_group_size=records.num_rows)
        for record_id in records["record_id"].to_pylist():
            self._first = self._first or record_id
            self._ids.update(record_id.encode() + b"\n")
        verdicts = pl.DataFrame(records.select(["row_status", "keep", "filter_reasons"]))
        self._kept += int(verdicts["keep"].sum())
        refused = verdicts.filter(~pl.col("keep")).with_columns(pl.col("filter_reasons").list.first())
        for failed, counts in ((False, self._dropped), (True, self._failed)):
            chosen = refused.filter((pl.col("row_status") == "failed") == failed)
            counts.update(chosen["filter_reasons"].to_list())

    def close(self, *, translate: str) -> Shard:
        """Finish the file.

        Args:
            translate: Fingerprint of its target texts.

        Raises:
            ConservationError: Its counts do not come out.
        """
        self._writer.close()
        meta = pq.read_metadata(self._file)
        counted = self._kept + self._dropped.total() + self._failed.total()
        if meta.num_rows != counted:
            msg = f"{self._path}: {meta.num_rows} rows, but {counted} kept, dropped and failed"
            raise ConservationError(msg)
        return Shard(
            path=self._path,
            sha256=file_sha256(self._file),
            size=self._file.stat().st_size,
            rows=meta.num_rows,
            kept=self._kept,
            dropped=dict(sorted(self._dropped.items())),
            failed=dict(sorted(self._failed.items())),
            warned=dict(sorted(self._warned.items())),
            row_groups=[meta.row_group(i).num_rows for i in range(meta.num_row_groups)],
            first_id=self._first,
            ids_sha256=self._ids.hexdigest(),
            translate=translate,
        )
