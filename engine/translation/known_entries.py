"""What a store knew of a phase's requests when the phase was planned, and what came into it since.

Each file of a store has to be opened to be looked through, and a large build writes thousands of them. So files that
may have any are looked through once a phase, when it is planned; what is known then is kept beside the requests, and
what is not known is looked for in the files that came later. A phase that several others read is kept once more when it
is done.

Guarantees: what is read is what a look through all files would find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from glotmill.engine.memory.entries import DIRECTION, Direction
from glotmill.engine.runs.run import Run


class KnownEntries:
    """What is known of the requests of some phases.

    Args:
        run: Keeps it.
        last: The number of the store's last file.
    """

    def __init__(self, run: Run, last: Callable[[], int]) -> None:
        self._run = run
        self._last = last
        self._planned: dict[str, int] = {}  # the store's last file when a phase was planned
        self._next = 0

    def begin(self) -> None:
        """Note that a phase is being planned: what comes into the store from now on is read later."""
        self._next = self._last()

    def keep(self, phase: str, wanted: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
        """Keep what is known of some requests of a phase, all of those in their directions; the rest of them.

        Args:
            phase: The phase.
            wanted: Its requests: columns key and `glotmill.engine.memory.entries.DIRECTION` among others.
            known: What all files of the store have of them: a column key among others.
        """
        parts: dict[tuple[object, ...], pl.DataFrame] = {}
        if not known.is_empty():  # as in a phase of new texts
            found = wanted.select("key", *DIRECTION).join(known, on="key", how="inner")
            parts = found.partition_by(DIRECTION, as_dict=True, include_key=False)
        for direction in wanted.select(DIRECTION).unique().iter_rows():
            self._run.write_known(phase, Direction(*direction), parts.get(direction, known.clear()))
        return wanted if known.is_empty() else wanted.join(known, on="key", how="anti", maintain_order="left")

    def planned(self, phase: str) -> None:
        """Note that all of the phase's requests are kept."""
        self._planned[phase] = self._next

    def read(
        self,
        phase: str,
        wanted: pl.DataFrame,
        columns: Sequence[str | pl.Expr],
        lookup: Callable[[pl.DataFrame, int], pl.DataFrame],
    ) -> pl.DataFrame:
        """What is known of requests now, in no particular order.

        Args:
            phase: The phase; where it was not planned here, all files are looked through.
            wanted: All of its requests in some directions.
            columns: What is read.
            lookup: What the store's files behind a number say of requests, in these columns.
        """
        last = self._planned.get(phase)
        if last is None:
            return lookup(wanted, 0)
        directions = [Direction(*direction) for direction in wanted.select(DIRECTION).unique().iter_rows()]
        parts = [part for each in directions if (part := self._run.read_known(phase, each)) is not None]
        if not parts:
            return lookup(wanted, last)
        known = pl.concat(parts)
        if known.height == wanted.height:
            return known.select(columns)
        new = lookup(wanted.join(known, on="key", how="anti"), last)
        return pl.concat([known.select(columns), new])
