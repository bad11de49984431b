"""The line of units that wait for a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

from glotmill.engine.workers.recovery import UnitRecovery
from glotmill.engine.workers.units import Unit


class PendingUnits:
    """The units that nobody is doing: those that came back first, then the new ones."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = iter(units)
        self._ahead: deque[UnitRecovery] = deque()
        self._returned: deque[UnitRecovery] = deque()

    def back(self, case: UnitRecovery) -> None:
        """Put a unit back into the line."""
        self._returned.append(case)

    def has(self, count: int) -> bool:
        """Whether there are so many."""
        more = count - len(self._returned) - len(self._ahead)
        self._ahead.extend(map(UnitRecovery, islice(self._units, max(0, more))))
        return len(self._returned) + len(self._ahead) >= count

    def next(self) -> UnitRecovery | None:
        """The next unit to do."""
        if not self.has(1):
            return None
        return (self._returned or self._ahead).popleft()
