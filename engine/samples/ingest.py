"""Ingest: English samples from all sources, in one schema.

Guarantees: rows read = samples + rejected rows, checked against the files written; a row keeps its source's id,
license, split and revision; memory does not grow with a source that can be streamed, but for 16 bytes a row, by which
a row id that appears twice is found.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.image_shards import ImageStore
from glotmill.engine.samples.seen_ids import SeenIds
from glotmill.engine.sources import OpenSource
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.engine.sources.shared.pattern_use import PatternUse
from glotmill.schemas.errors import ConservationError, InputError, RowError
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import REJECTED_SCHEMA, SAMPLE_SCHEMA, Image, ImageCheck, Rejection, sample_row
from glotmill.schemas.sample_checks import check

BATCH_ROWS = 10_000
REJECTED = "rejected.parquet"


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What one source gave: rows read = samples + rejected.

    Attributes:
        read: Rows of the source.
        samples: Rows that became samples.
        rejected: Rows that did not.
        images: References to images by status, where images are checked.
    """

    read: int
    samples: int
    rejected: int
    images: dict[str, int] = field(default_factory=dict)


def ingest(
    sources: list[OpenSource],
    folder: Path,
    *,
    limit: int | None,
    advance: Callable[[int], None],
    dataset: Path | None = None,
) -> dict[str, SourceCount]:
    """Write ``<source>.parquet`` for each source, and the rejected rows of all.

    Args:
        sources: Opened sources.
        folder: Folder of the samples.
        limit: First samples of each source; None is all.
        advance: Is called with the number of rows that were read.
        dataset: The dataset's folder, for the bytes of images; None is the folder of the samples.

    Raises:
        InputError: A source has rows, but not one usable; or it stops being readable.
        ConservationError: The files do not hold what was read.
    """
    folder.mkdir(parents=True)
    counts: dict[str, SourceCount] = {}
    seen = SeenIds()
    with ExitStack() as stack:
        rejected = stack.enter_context(pq.ParquetWriter(folder / REJECTED, REJECTED_SCHEMA, compression="zstd"))
        store = stack.enter_context(ImageStore(dataset or folder))
        for source in sources:
            batches = _Batches(source, seen, limit, _checker(source, store))
            counts[source.name] = _ingest_one(source, folder, rejected, batches, advance)
            if limit is None:  # else the images that the pattern is for may be yet to come
                batches.use.check(source.name)
    written = pq.read_metadata(folder / REJECTED).num_rows
    if written != sum(count.rejected for count in counts.values()):
        msg = f"{written} rejected rows written, {counts} counted"
        raise ConservationError(msg)
    return counts


def _checker(source: OpenSource, store: ImageStore) -> ImageChecker | None:
    """What opens a source's images, where the recipe asks for it."""
    if not source.images.check:
        return None
    if not source.images.store:
        return ImageChecker(source.images)

    def keep(image: Image, found: ImageCheck) -> None:
        store.add(image, found, source.images.license or source.origin.license)

    return ImageChecker(source.images, keep)


def _ingest_one(
    source: OpenSource,
    folder: Path,
    rejected: pq.ParquetWriter,
    batches: _Batches,
    advance: Callable[[int], None],
) -> SourceCount:
    path = folder / f"{source.name}.parquet"
    read = refused = 0
    first: Rejection | None = None
    with pq.ParquetWriter(path, SAMPLE_SCHEMA, compression="zstd") as writer:
        for rows, refusals in batches:
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
        key = f".{next(iter(source.files))}" if source.files else ""
        msg = f"sources.{source.name}{key}: {source.file} has no usable row among {read}{why}"
        raise InputError(msg)
    return SourceCount(read, samples, refused, batches.images)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's search for cycles put off: a batch is many objects and no cycle, and the search a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Batches:
    """The rows of one source, a few thousand at a time: (sample rows, rejections), each in the source's order.

    Attributes:
        use: Whether the source's own pattern for pictures found anything.
    """

    def __init__(self, source: OpenSource, seen: SeenIds, limit: int | None, checker: ImageChecker | None) -> None:
        self._source = source
        self._seen = seen
        self._limit = limit
        self._checker = checker
        self._pattern = source.images.pattern
        self.use = PatternUse(source.images)

    @property
    def images(self) -> dict[str, int]:
        """References to images by status, so far."""
        return dict(sorted(self._checker.counts.items())) if self._checker else {}

    def __iter__(self) -> Iterator[tuple[list[dict[str, Any]], list[Rejection]]]:
        raws = self._source.reader.rows()
        samples = 0
        while self._limit is None or samples < self._limit:
            wanted = BATCH_ROWS if self._limit is None else min(BATCH_ROWS, self._limit - samples)
            with _without_collector():
                read = self._read(raws, wanted)
            if not read:
                return
            rows, refusals = self._sorted_out(read)
            samples += len(rows)
            yield rows, refusals

    def _read(self, raws: Iterator[tuple[str, Any]], wanted: int) -> list[tuple[str, dict[str, Any] | Rejection]]:
        """The next rows by position, until so many look usable or there were as many as fit a batch."""
        read: list[tuple[str, dict[str, Any] | Rejection]] = []
        usable = 0
        for position, raw in raws:
            try:
                row = self._row(raw)
            except RowError as error:
                read.append((position, Rejection(position, error.reason, error.detail)))
            else:
                read.append((position, row))
                usable += 1
            if usable == wanted or len(read) == BATCH_ROWS:
                break
        return read

    def _row(self, raw: Any) -> dict[str, Any]:
        if isinstance(raw, RowError):
            raise raw
        sample = self._source.reader.sample(raw)
        check(sample)
        if self._checker:
            sample = self._checker.checked(sample)
        self.use.note(sample)
        return sample_row(sample, self._source.origin, ENGLISH, self._pattern)

    def _sorted_out(
        self, read: list[tuple[str, dict[str, Any] | Rejection]]
    ) -> tuple[list[dict[str, Any]], list[Rejection]]:
        new = iter(self._seen.first_time([row["source_id"] for _, row in read if isinstance(row, dict)]))
        rows: list[dict[str, Any]] = []
        refusals: list[Rejection] = []
        for position, row in read:
            if isinstance(row, Rejection):
                refusals.append(row)
            elif next(new):
                rows.append(row)
            else:
                refusals.append(Rejection(position, "duplicate_row_id", row["source"]["row_id"]))
        return rows, refusals


def _rejected_table(source: OpenSource, refusals: list[Rejection]) -> pa.Table:
    rows = [
        {
            "source": source.name,
            "file": source.file,
            "position": _storable(refusal.position),
            "reason": refusal.reason,
            "detail": _storable(refusal.detail),
        }
        for refusal in refusals
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA)


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
