"""Rows of a source made into samples, a few thousand at a time: what needs nothing but the rows themselves.

Guarantees: a row becomes one sample or one rejection; both keep the source's order. Who makes them, and in how many
portions, changes nothing of it. Whether a row's id stood before is not known here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from glotmill.engine.sources import OpenSource
from glotmill.engine.sources.contract import PortionedReader
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.engine.sources.shared.pattern_use import PatternUse
from glotmill.schemas.errors import RowError
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import SAMPLE_SCHEMA, Rejection, sample_row
from glotmill.schemas.sample_checks import check

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class MadeRows:
    """Some rows of a source, one after the other.

    Attributes:
        samples: Those that are usable.
        positions: Where each of these stands.
        rejections: The others, each with the number of usable rows before it.
        use: Whether the source's own pattern for pictures found anything in them.
    """

    samples: pa.Table
    positions: list[str]
    rejections: list[tuple[int, Rejection]]
    use: PatternUse

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.positions) + len(self.rejections)


class RowMaker:
    """Makes samples of the rows of one source.

    Args:
        source: The source.
        checker: What opens its images, where the recipe asks for it.
    """

    def __init__(self, source: OpenSource, checker: ImageChecker | None = None) -> None:
        self._source = source
        self._checker = checker
        self._pattern = source.images.pattern
        self._use = PatternUse(source.images)

    def next(self, raws: Iterator[tuple[str, Any]], wanted: int = BATCH_ROWS) -> MadeRows:
        """The next rows, until so many of them are usable or there were as many as fit a batch.

        Args:
            raws: Positions and rows of the source.
            wanted: Usable ones.
        """
        samples: list[dict[str, Any]] = []
        positions: list[str] = []
        rejections: list[tuple[int, Rejection]] = []
        with _without_collector():
            for position, raw in raws:
                try:
                    samples.append(self._row(raw))
                    positions.append(position)
                except RowError as error:
                    rejections.append((len(samples), Rejection(position, error.reason, error.detail)))
                if len(samples) == wanted or len(samples) + len(rejections) == BATCH_ROWS:
                    break
            table = pa.Table.from_pylist(samples, schema=SAMPLE_SCHEMA)
        return MadeRows(table, positions, rejections, self._use)

    def _row(self, raw: Any) -> dict[str, Any]:
        if isinstance(raw, RowError):
            raise raw
        sample = self._source.reader.sample(raw)
        check(sample)
        if self._checker:
            sample = self._checker.checked(sample)
        self._use.note(sample)
        return sample_row(sample, self._source.origin, ENGLISH, self._pattern)


def make_portion(source: OpenSource, portion: Any) -> MadeRows:
    """Make the rows of one portion of a source; another process of this machine may do it.

    Args:
        source: One whose reader is a `PortionedReader`, and whose images are not opened.
        portion: Where the rows lie.
    """
    assert isinstance(source.reader, PortionedReader)
    maker, raws = RowMaker(source), source.reader.rows_of(portion)
    made = [maker.next(raws)]
    while made[-1].rows:
        made.append(maker.next(raws))
    positions: list[str] = []
    rejections: list[tuple[int, Rejection]] = []
    for part in made:
        rejections += [(len(positions) + before, rejection) for before, rejection in part.rejections]
        positions += part.positions
    return MadeRows(pa.concat_tables([part.samples for part in made]), positions, rejections, made[-1].use)


def in_turn(source: OpenSource, portions: Sequence[Any]) -> Iterator[MadeRows]:
    """Make portions in this process, one when the one before is taken."""
    return (make_portion(source, portion) for portion in portions)


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
