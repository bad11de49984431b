"""The line of units that wait for a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, Self, runtime_checkable

from glotmill.engine.workers.recovery import UnitRecovery
from glotmill.engine.workers.units import Unit


@runtime_checkable
class CountedUnits(Protocol):
    """Units of which one can see how many there are before they are taken."""

    def __iter__(self) -> Iterator[Unit]:
        """Themselves."""

    def __next__(self) -> Unit:
        """The next one."""

    def has(self, count: int) -> bool:
        """Whether there are so many now."""


class ReadAhead:
    """Any units, read no further than somebody looked."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = iter(units)
        self._ahead: deque[Unit] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Unit:
        return self._ahead.popleft() if self._ahead else next(self._units)

    def has(self, count: int) -> bool:
        """Whether there are so many now."""
        return self.held(count) >= count

    def held(self, most: int) -> int:
        """How many there are now, counted up to a number."""
        self._ahead.extend(islice(self._units, max(0, most - len(self._ahead))))
        return min(len(self._ahead), most)


class PendingUnits:
    """The units that nobody is doing: those that came back first, then the new ones."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: CountedUnits = units if isinstance(units, CountedUnits) else ReadAhead(units)
        self._returned: deque[UnitRecovery] = deque()

    def back(self, case: UnitRecovery) -> None:
        """Put a unit back into the line."""
        self._returned.append(case)

    def has(self, count: int) -> bool:
        """Whether there are so many."""
        return self._units.has(max(0, count - len(self._returned)))

    def next(self) -> UnitRecovery | None:
        """The next unit to do."""
        if self._returned:
            return self._returned.popleft()
        unit = next(self._units, None)
        return None if unit is None else UnitRecovery(unit)
