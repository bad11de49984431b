"""Ingest: English samples from all sources, in one schema.

Guarantees: rows read = samples + rejected rows, checked against the files written; a row keeps its source's id,
license, split and revision; memory does not grow with a source that can be streamed, but for 16 bytes a row, by which
a row id that appears twice is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.dataset.image_shards import ImageStore
from glotmill.engine.samples.made_rows import BATCH_ROWS, MadeRows, RowMaker, in_turn
from glotmill.engine.samples.seen_ids import SeenIds
from glotmill.engine.sources import OpenSource
from glotmill.engine.sources.contract import PortionedReader
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.engine.sources.shared.pattern_use import PatternUse
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.sample import REJECTED_SCHEMA, SAMPLE_SCHEMA, Image, ImageCheck, Rejection

# Makes portions of a source, in their order: what `in_turn` gives, whoever does it.
PortionsMade = Callable[[OpenSource, Sequence[Any]], Iterator[MadeRows]]
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
    made: PortionsMade = in_turn,
) -> dict[str, SourceCount]:
    """Write ``<source>.parquet`` for each source, and the rejected rows of all.

    Args:
        sources: Opened sources.
        folder: Folder of the samples.
        limit: First samples of each source; None is all.
        advance: Is called with the number of rows that were read.
        dataset: The dataset's folder, for the bytes of images; None is the folder of the samples.
        made: Makes the samples of a file's portions, where it has some; who does it changes nothing.

    Raises:
        InputError: A source has rows, but not one usable; or it stops being readable.
        ConservationError: The files do not hold what was read.
    """
    folder.mkdir(parents=True)
    counts: dict[str, SourceCount] = {}
    with ExitStack() as stack:
        seen = SeenIds(Path(stack.enter_context(TemporaryDirectory(prefix="seen-", dir=folder.parent))))
        rejected = stack.enter_context(pq.ParquetWriter(folder / REJECTED, REJECTED_SCHEMA, compression="zstd"))
        store = stack.enter_context(ImageStore(dataset or folder))
        for source in sources:
            batches = _Batches(source, seen, limit, _checker(source, store), made)
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
            if rows.num_rows:
                writer.write_table(rows)
            if refusals:
                first = first or refusals[0]
                rejected.write_table(_rejected_table(source, refusals))
            refused += len(refusals)
            read += rows.num_rows + len(refusals)
            advance(rows.num_rows + len(refusals))
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


class _Batches:
    """The rows of one source, a few thousand at a time: (samples, rejections), each in the source's order.

    Attributes:
        use: Whether the source's own pattern for pictures found anything.
    """

    def __init__(
        self, source: OpenSource, seen: SeenIds, limit: int | None, checker: ImageChecker | None, made: PortionsMade
    ) -> None:
        self._source = source
        self._seen = seen
        self._limit = limit
        self._checker = checker
        self._portions_made = made
        self._samples = 0
        self.use = PatternUse(source.images)

    @property
    def images(self) -> dict[str, int]:
        """References to images by status, so far."""
        return dict(sorted(self._checker.counts.items())) if self._checker else {}

    def __iter__(self) -> Iterator[tuple[pa.Table, list[Rejection]]]:
        for made in self._made():
            self.use.add(made.use)
            samples, rejections = self._first_ones(made)
            self._samples += samples.num_rows
            yield samples, rejections

    def _made(self) -> Iterator[MadeRows]:
        """The rows in portions, or as a stream where the file, a limit or what opens images has to be in order."""
        reader = self._source.reader
        if self._limit is None and self._checker is None and isinstance(reader, PortionedReader):
            portions = reader.portions()
            if portions:
                yield from self._portions_made(self._source, portions)
                return
        maker, raws = RowMaker(self._source, self._checker), reader.rows()
        while self._limit is None or self._samples < self._limit:
            wanted = BATCH_ROWS if self._limit is None else min(BATCH_ROWS, self._limit - self._samples)
            made = maker.next(raws, wanted)
            if not made.rows:
                return
            yield made

    def _first_ones(self, made: MadeRows) -> tuple[pa.Table, list[Rejection]]:
        """The samples whose ids are new, and the rejections with those whose ids are not among them, in order."""
        new = self._seen.first_time(made.samples["source_id"].to_pylist())
        if all(new):
            return made.samples, [rejection for _, rejection in made.rejections]
        again = [place for place, is_new in enumerate(new) if not is_new]
        row_ids = pc.struct_field(made.samples["source"], "row_id").take(again).to_pylist()
        rejections = [(before, 0, rejection) for before, rejection in made.rejections]
        for place, row_id in zip(again, row_ids, strict=True):
            rejections.append((place, 1, Rejection(made.positions[place], "duplicate_row_id", row_id)))
        rejections.sort(key=lambda each: each[:2])  # what stands before a usable row comes before it
        return made.samples.filter(pa.array(new)), [rejection for *_, rejection in rejections]


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
