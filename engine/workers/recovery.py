"""A unit's way to its result when workers fail under it: more attempts, then a search for the rows to blame.

Guarantees: a unit is sent again unchanged, so its results do not depend on what was killed. Only one that failed
`MAX_FAILURES` times is searched: parts of it are tried, halved while they fail, and a row that fails its worker
`ALONE` times with nobody beside it is given up, with a reason. What the parts gave is thrown away; the unit is then
done as it was written down, without those rows. A unit that fails though no row of it does, or of which more than
`MAX_POISONED` different texts do, stops the build: then it is the engine that is broken, not a text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator

import pyarrow as pa

from glotmill.engine.workers.units import Failure, Unit, UnitResult
from glotmill.schemas.errors import WorkerError

MAX_FAILURES = 3
ALONE = 2
MAX_POISONED = 8
MAX_SEARCHES = 2


Search = Generator[list[int], Failure | None, dict[int, Failure]]


def find_poisoned(rows: int, hopeless: Callable[[Collection[int]], bool]) -> Search:
    """Which of a failing unit's rows fail their worker alone.

    Args:
        rows: How many the unit has.
        hopeless: Whether so many were found that the search can end.

    Yields the row numbers to try, is sent why they failed or None, and returns the failure of each row to blame.
    """
    poisoned: dict[int, Failure] = {}
    suspects = [list(range(rows))]
    while suspects and not hopeless(poisoned):
        part = suspects.pop()
        for half in (part[: len(part) // 2], part[len(part) // 2 :]):
            failure = (yield half) if half else None
            if failure is None:
                continue
            if len(half) > 1:
                suspects.append(half)
                continue
            for _ in range(ALONE - 1):
                failure = failure and (yield half)
            if failure is not None:
                poisoned[half[0]] = failure
    return poisoned


class UnitRecovery:
    """One unit until it has its result.

    Attributes:
        unit: The unit.
        rows: What to send to a worker now.
        poisoned: The rows given up so far, by number.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.rows = unit.rows
        self.poisoned: dict[int, Failure] = {}
        self._failures = 0
        self._searches = 0
        self._search: Search | None = None

    @property
    def share(self) -> float:
        """Rows to send now, of the unit's."""
        return float(self.rows.num_rows / self.unit.rows.num_rows)

    def passed(self, results: pa.Table) -> UnitResult | None:
        """Take the results of `rows`; None where there is more to send.

        Raises:
            WorkerError: The search that this ends shows that the engine is broken.
        """
        if self._search is not None:
            self._go_on(None)
            return None
        return UnitResult(self.unit, self._with_poisoned(results), self.poisoned)

    def failed(self, failure: Failure) -> None:
        """Take note of a failure; `rows` says what to send next.

        Raises:
            WorkerError: The unit cannot be done.
        """
        if self._search is not None:
            self._go_on(failure)
            return
        self._failures += 1
        if self._failures < MAX_FAILURES:
            return
        if self._searches == MAX_SEARCHES:
            msg = f"unit {self.unit.number} failed as a whole though its parts did not: {failure.detail}"
            raise WorkerError(msg)
        self._searches += 1
        self._failures = 0
        self._search = find_poisoned(self.unit.rows.num_rows, self._too_many)
        self.rows = self._some(next(self._search))

    def _go_on(self, failure: Failure | None) -> None:
        """Tell the search how its part fared, and send the next part or, at its end, the unit."""
        if self._search is None:
            return
        try:
            self.rows = self._some(self._search.send(failure))
        except StopIteration as end:
            self._search = None
            self.poisoned = end.value
            if self._too_many(self.poisoned):
                detail = next(iter(self.poisoned.values())).detail
                msg = f"unit {self.unit.number} failed, and so did {len(self.poisoned)} of its rows alone: {detail}"
                raise WorkerError(msg) from None
            self.rows = self._some([row for row in range(self.unit.rows.num_rows) if row not in self.poisoned])

    def _too_many(self, rows: Collection[int]) -> bool:
        """Whether it is the engine that is broken: many texts fail, or all of several. Languages do not count, as a
        text that is requested in a hundred languages is a hundred rows. What is forced is the translation."""
        texts = self.unit.rows["translation" if "translation" in self.unit.rows.column_names else "text"].to_pylist()
        failing = {texts[row] for row in rows}
        return len(failing) > MAX_POISONED or 1 < len(failing) == len(set(texts))

    def _some(self, numbers: list[int]) -> pa.Table:
        return self.unit.rows.take(pa.array(numbers, pa.int64()))

    def _with_poisoned(self, results: pa.Table) -> pa.Table:
        if not self.poisoned:
            return results
        found = iter(results.to_pylist())
        rows = [  # of a forced unit's schema, nulls are all that is left of these
            {"failure": self.poisoned[row].reason, "attempt": MAX_FAILURES, "hit_limit": False}
            if row in self.poisoned
            else next(found)
            for row in range(self.unit.rows.num_rows)
        ]
        return pa.Table.from_pylist(rows, schema=results.schema)
