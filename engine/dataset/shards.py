"""Published shards: one pinned Parquet writer, and what a manifest says of a shard.

Guarantees: the same records give the same bytes; every shard has the dataset's one schema, checked row by row as
it is written; a shard's counts come out: rows = kept + dropped + failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from glotmill.engine.dataset.row_counts import (
    GroupCount,
    RowCount,
    VerdictCount,
    count_rows,
    read_countable,
)
from glotmill.engine.dataset.stated_rows import (
    StatedRows,
    label_counts,
    score_stats,
    scores_and_labels,
    stated,
    turns_of,
)
from glotmill.engine.storage.readable import MEND
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import OLDEST_VERSION, SCHEMA_VERSION, VERSION_KEY
from glotmill.schemas.record_rules import validate

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
VERDICT = ("keep", "filter_reasons")
SPLITS = ("train", "validation", "test")
WITHDRAWN = "withdrawn"  # the reason of a record whose sample is gone


@dataclass(frozen=True, slots=True)
class Shard:
    """One published file as its manifest describes it.

    Attributes:
        path: Its place in the dataset.
        sha256: 64 hex digits of its bytes.
        size: Bytes.
        rows: Records: kept + dropped + failed.
        kept: Records that no rule rejects.
        dropped: Rejected records by the reason that counts.
        failed: Records without a translation, by reason.
        warned: Records by each rule that warns of them.
        answers: Answers and choices of its records by where they came from.
        row_groups: Rows of each row group; fixed for as long as the shard exists.
        first_id: Record id of the first row.
        ids_sha256: Digest of all record ids in order: the same for as long as the shard exists.
        score_stats: For each score column, how many records have a value, and its 5 % quantile and median.
        fingerprints: By stage, what decided the shard's content (`glotmill.engine.dataset.fingerprints`).
        groups: The same counts by source and task; None where an earlier version packed the shard and nobody has
            counted it since.
        models: Records by each model that translated a text of theirs; None likewise.
        label_counts: For each label's column, the judged turns of its records by label; None where it has no labels.
    """

    path: str
    sha256: str
    size: int
    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]
    warned: dict[str, int]
    answers: dict[str, int]
    row_groups: list[int]
    first_id: str
    ids_sha256: str
    score_stats: dict[str, dict[str, float | None]]
    fingerprints: dict[str, str]
    groups: list[GroupCount] | None = None
    models: dict[str, int] | None = None
    label_counts: dict[str, dict[str, int]] | None = None

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """The shard of a manifest's entry."""
        groups = entry.get("groups")
        return cls(**{**entry, "groups": groups and [GroupCount(**group) for group in groups]})

    @property
    def split(self) -> str:
        """The split that the file belongs to, as its name says."""
        return Path(self.path).name.rpartition("-")[0]

    def reasons(self, code: str) -> int:
        """Rows whose verdict this reason decided, failed ones included."""
        return self.dropped.get(code, 0) + self.failed.get(code, 0)

    def as_json(self, version: int = SCHEMA_VERSION) -> dict[str, Any]:
        """The manifest's entry.

        Args:
            version: The version of the dataset's record schema; an entry of the first has no groups and models.
        """
        entry = {field.name: getattr(self, field.name) for field in fields(self)}
        entry["groups"] = self.groups and [asdict(group) for group in self.groups]
        if version == OLDEST_VERSION:
            del entry["groups"], entry["models"]
        if self.label_counts is None:
            del entry["label_counts"]
        return entry

    def with_counts(self, counted: RowCount) -> Self:
        """The shard with what is counted of its rows by source, task and model.

        Args:
            counted: The counts of all of them.

        Raises:
            ConservationError: They are not the rows that it counts.
        """
        for group in counted.groups:
            if group.rows != group.kept + sum(group.dropped.values()) + sum(group.failed.values()):
                msg = f"{self.path}: {group.source}, {group.task}: {group.rows} rows are not kept + dropped + failed"
                raise ConservationError(msg)
        stated = VerdictCount(self.kept, self.dropped, self.failed)
        if (sum(group.rows for group in counted.groups), counted.verdicts) != (self.rows, stated):
            msg = f"{self.path}: {self.rows} rows with {stated}, but its sources and tasks have {counted.verdicts}"
            raise ConservationError(msg)
        return replace(self, groups=counted.groups, models=counted.models)


def ids_sha256(record_ids: Iterable[str]) -> str:
    """The digest that a manifest states of a shard's record ids, in order."""
    found = hashlib.sha256()
    for record_id in record_ids:
        found.update(record_id.encode() + b"\n")
    return found.hexdigest()


@lru_cache(maxsize=8)
def _features(schema: pa.Schema) -> dict[bytes, bytes]:
    """The metadata that `datasets` reads of a schema without any."""
    return dict(Features.from_arrow_schema(schema).arrow_schema.metadata or {})


def published_schema(schema: pa.Schema) -> pa.Schema:
    """A record schema with the metadata that `datasets` reads beside its version; one that has it stays as it is."""
    if len(schema.metadata) > 1:
        return schema
    return schema.with_metadata({**_features(schema.remove_metadata()), VERSION_KEY: schema.metadata[VERSION_KEY]})


def counted(root: Path, shard: Shard) -> Shard:
    """A shard that an earlier version packed, counted by source, task and model where its file is at hand.

    Args:
        root: The dataset's folder.
        shard: Its manifest's entry.

    Raises:
        InputError: Its rows are no records, or not those that the entry counts.
    """
    path = root / shard.path
    if shard.groups is not None or not path.is_file():
        return shard
    try:
        return shard.with_counts(count_rows(read_countable(path)))
    except ConservationError as error:
        msg = f"{path}: not the rows that the manifest counts: {error}; {MEND}"
        raise InputError(msg) from None


class ShardWriter:
    """Writes one shard, a row group at a time.

    Args:
        root: The folder of the dataset.
        path: The shard's place in it.
        schema: Of its records.
        stated: Its rows, where they were counted before; otherwise they are counted as they are written.
    """

    def __init__(self, root: Path, path: str, schema: pa.Schema, stated: StatedRows | None = None) -> None:
        self._file = root / path
        self._path = path
        self._schema = schema
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._footers: list[pq.FileMetaData] = []
        self._writer = pq.ParquetWriter(
            self._file, published_schema(schema), metadata_collector=self._footers, **WRITER
        )
        self._ids = hashlib.sha256()
        self._first = ""
        self._stated = stated
        self._rows: list[pl.DataFrame] = []
        self._scores, self._labels = scores_and_labels(schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def write(self, records: pa.Table, *, checked: bool = False) -> None:
        """Check and write one row group of records of the schema.

        Args:
            records: The records.
            checked: Whether `glotmill.schemas.record_rules.validate` has found them sound already.
        """
        if not checked:
            validate(records, self._schema)
        self._writer.write_table(
            records.replace_schema_metadata(self._writer.schema.metadata), row_group_size=records.num_rows
        )
        for record_id in records["record_id"].to_pylist():
            self._first = self._first or record_id
            self._ids.update(record_id.encode() + b"\n")
        if self._stated is None:
            self._rows.append(stated(records))

    def close(self, *, warned: Mapping[str, int], answers: Mapping[str, int], fingerprints: Mapping[str, str]) -> Shard:
        """Finish the file.

        Args:
            warned: How many of its records each rule warns of.
            answers: Where its answers and choices came from.
            fingerprints: What decided its content, by stage.

        Raises:
            ConservationError: Its counts do not come out.
        """
        self._writer.close()
        [meta] = self._footers
        rows = self._stated.rows if self._stated else pl.concat(self._rows)
        counts = self._stated.counts if self._stated else count_rows(rows)
        counted = counts.verdicts
        if meta.num_rows != counted.rows:
            msg = f"{self._path}: {meta.num_rows} rows, but {counted.rows} kept, dropped and failed"
            raise ConservationError(msg)
        return Shard(
            path=self._path,
            sha256=file_sha256(self._file),
            size=self._file.stat().st_size,
            rows=meta.num_rows,
            kept=counted.kept,
            dropped=counted.dropped,
            failed=counted.failed,
            warned=dict(sorted(warned.items())),
            answers=dict(sorted(answers.items())),
            row_groups=[meta.row_group(i).num_rows for i in range(meta.num_row_groups)],
            first_id=self._first,
            ids_sha256=self._ids.hexdigest(),
            score_stats={name: score_stats(rows[name]) for name in self._scores},
            fingerprints=dict(fingerprints),
            label_counts={name: label_counts(rows[turns_of(name)]) for name in self._labels} or None,
        ).with_counts(counts)
