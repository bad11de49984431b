"""Ingest: English samples from all sources, in one schema.

Guarantees: file rows = samples + rejected rows, checked against the files written; a row keeps its source's id,
licence, split and revision; memory does not grow with a file that can be streamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.sources import Reader, open_source
from recipes.model import Recipe
from recipes.sources import SourceBase
from schemas.errors import ConservationError, InputError, RowError
from schemas.keys import file_sha256
from schemas.languages import ENGLISH
from schemas.sample import REJECTED_SCHEMA, SAMPLE_SCHEMA, Origin, Rejection, check, sample_row

BATCH_ROWS = 10_000
REJECTED = "rejected.parquet"


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What one source gave: rows read = samples + rejected."""

    read: int
    samples: int
    rejected: int


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source whose file has been found sound.

    Attributes:
        name: Name in the recipe.
        reader: Reads its rows.
        origin: Provenance of its samples.
        file: Base name of the file.
        sha256: Checksum of the file.
    """

    name: str
    reader: Reader
    origin: Origin
    file: str
    sha256: str


def open_sources(recipe: Recipe) -> list[OpenSource]:
    """Open every source of a recipe, in the recipe's order.

    Raises:
        InputError: A file is missing or of another shape than its format.
    """
    opened = []
    for name, source in recipe.sources.items():
        reader = open_source(name, source)
        sha256 = file_sha256(source.path)
        opened.append(OpenSource(name, reader, _origin(name, source, sha256), source.path.name, sha256))
    return opened


def _origin(name: str, source: SourceBase, sha256: str) -> Origin:
    revision = source.revision or f"sha256:{sha256}"
    return Origin(source.dataset or name, revision, source.config, source.split, source.license)


def ingest(
    sources: list[OpenSource],
    folder: Path,
    *,
    limit: int | None,
    advance: Callable[[int], None],
) -> dict[str, SourceCount]:
    """Write ``<source>.parquet`` for each source, and the rejected rows of all.

    Args:
        sources: Opened sources.
        folder: Folder of the samples.
        limit: First samples of each source; None is all.
        advance: Told how many rows were read.

    Raises:
        InputError: A source has rows, but not one usable.
        ConservationError: The files do not hold what was read.
    """
    folder.mkdir(parents=True)
    counts: dict[str, SourceCount] = {}
    seen: set[str] = set()
    with pq.ParquetWriter(folder / REJECTED, REJECTED_SCHEMA, compression="zstd") as rejected:
        for source in sources:
            counts[source.name] = _ingest_one(source, folder, rejected, seen, limit, advance)
    written = pq.read_metadata(folder / REJECTED).num_rows
    if written != sum(count.rejected for count in counts.values()):
        msg = f"{written} rejected rows written, {counts} counted"
        raise ConservationError(msg)
    return counts


def _ingest_one(
    source: OpenSource,
    folder: Path,
    rejected: pq.ParquetWriter,
    seen: set[str],
    limit: int | None,
    advance: Callable[[int], None],
) -> SourceCount:
    path = folder / f"{source.name}.parquet"
    read = refused = 0
    first: Rejection | None = None
    with ExitStack() as stack:
        writer = stack.enter_context(pq.ParquetWriter(path, SAMPLE_SCHEMA, compression="zstd"))
        for rows, refusals in _batches(source, seen, limit):
            if rows:
                writer.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA))
            if refusals:
                first = first or refusals[0]
                rejected.write_table(_rejected_table(source, refusals))
            refused += len(refusals)
            read += len(rows) + len(refusals)
            advance(len(rows) + len(refusals))
    samples = pq.read_metadata(path).num_rows
    if read != samples + refused:
        msg = f"source {source.name}: {read} rows read, but {samples} samples + {refused} rejected"
        raise ConservationError(msg)
    if not samples:
        why = f"; the first: {first.position}: {first.reason} {first.detail}".rstrip() if first else ""
        msg = f"sources.{source.name}.path: {source.file} has no usable row among {read}{why}"
        raise InputError(msg)
    return SourceCount(read, samples, refused)


def _batches(
    source: OpenSource, seen: set[str], limit: int | None
) -> Iterator[tuple[list[dict[str, Any]], list[Rejection]]]:
    """(sample rows, rejections) of a source, a few thousand at a time."""
    rows: list[dict[str, Any]] = []
    refusals: list[Rejection] = []
    samples = 0
    for position, raw in source.reader.rows():
        try:
            sample = source.reader.sample(raw)
            check(sample)
            row = sample_row(sample, source.origin, ENGLISH)
            if row["source_id"] in seen:
                raise RowError("duplicate_row_id", sample.row_id)
        except RowError as error:
            refusals.append(Rejection(position, error.reason, error.detail))
        else:
            seen.add(row["source_id"])
            rows.append(row)
            samples += 1
        if len(rows) + len(refusals) >= BATCH_ROWS:
            yield rows, refusals
            rows, refusals = [], []
        if samples == limit:
            break
    yield rows, refusals


def _rejected_table(source: OpenSource, refusals: list[Rejection]) -> pa.Table:
    rows = [
        {
            "source": source.name,
            "file": source.file,
            "position": refusal.position,
            "reason": refusal.reason,
            "detail": refusal.detail.encode("utf-8", "backslashreplace").decode(),
        }
        for refusal in refusals
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA)
