"""A desk before a pool: the phases of several windows hand their units in, and the main thread has the pool do them.

So no engine waits where one window is planned, read back or packed. Units of earlier windows come first. The pool, and
Ray behind it, is used by one thread alone.

Guarantees: each phase gets the result of each of its units once; a failure of the pool reaches every phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from threading import Condition
from types import TracebackType
from typing import Self

from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import Unit, UnitResult

IDLE_S = 0.05  # between two looks for new units while there are none
WAITING_RESULTS = 64  # of a phase that does not take them; then the pool waits


class Submission:
    """The units of one phase of one window.

    Attributes:
        results: What is done, then None; or what went wrong.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self.results: Queue[UnitResult | BaseException | None] = Queue(WAITING_RESULTS)
        self._units = iter(units)
        self._out = 0
        self._all = False

    def next(self) -> Unit | None:
        """Its next unit, to be done now."""
        if self._all:
            return None
        unit = next(self._units, None)
        if unit is not None:
            self._out += 1
            return unit
        self._all = True
        self._end()
        return None

    def done(self, result: UnitResult) -> None:
        """Hand a result over."""
        self._out -= 1
        self.results.put(result)
        self._end()

    @property
    def over(self) -> bool:
        """Whether all of its results are handed over."""
        return self._all and not self._out

    def _end(self) -> None:
        if self.over:
            self.results.put(None)


class UnitDesk:
    """The desk.

    Args:
        pool: Does the units.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._changed = Condition()
        self._line: list[tuple[int, Submission]] = []  # by window
        self._by_unit: dict[int, tuple[Unit, Submission]] = {}
        self._failure: BaseException | None = None

    def of(self, window: int) -> WindowPool:
        """The pool as a window sees it."""
        return WindowPool(self, window)

    @property
    def workers(self) -> int:
        """Of the pool."""
        return self._pool.workers

    def submit(self, window: int, units: Iterable[Unit]) -> Submission:
        """Hand units in; any thread may."""
        submission = Submission(units)
        with self._changed:
            if self._failure is not None:
                submission.results.put(self._failure)
                return submission
            self._line.append((window, submission))
            self._line.sort(key=lambda each: each[0])
            self._changed.notify_all()
        return submission

    def serve(self, busy: Callable[[], bool]) -> None:
        """Have units done for as long as somebody may hand in more; of the main thread.

        Args:
            busy: Whether somebody may.

        Raises:
            WorkerError: As the pool raises it; the phases are told, too.
        """
        try:
            while busy():
                if not self._waiting():
                    with self._changed:
                        self._changed.wait(IDLE_S)
                    continue
                for result in self._pool.run(_Next(self)):
                    self._hand_over(result)
        except BaseException as error:
            self._fail(error)
            raise

    def next(self) -> Unit | None:
        """The next unit of the earliest window that has one now."""
        with self._changed:
            line = list(self._line)
        for _, submission in line:
            unit = submission.next()
            if unit is not None:
                self._by_unit[id(unit)] = unit, submission
                return unit
        with self._changed:
            self._line = [each for each in self._line if not each[1].over]
        return None

    def _waiting(self) -> bool:
        with self._changed:
            return bool(self._line)

    def _hand_over(self, result: UnitResult) -> None:
        _, submission = self._by_unit.pop(id(result.unit))
        submission.done(result)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            told = {
                id(each): each for each in [*(each for _, each in self._line), *(s for _, s in self._by_unit.values())]
            }
        for submission in told.values():
            while submission.results.full():
                submission.results.get()
            submission.results.put(error)


class _Next:
    """The units that are handed in, as the pool takes them: at an end while there are none, and on again with more."""

    def __init__(self, desk: UnitDesk) -> None:
        self._desk = desk

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Unit:
        unit = self._desk.next()
        if unit is None:
            raise StopIteration
        return unit


class WindowPool:
    """The pool as the phases of one window see it."""

    def __init__(self, desk: UnitDesk, window: int) -> None:
        self.workers = desk.workers
        self._desk = desk
        self._window = window

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The workers go on for other windows."""

    def start(self) -> None:
        """The main thread starts the workers with the first units."""

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, once, in whatever order they finish.

        Raises:
            BaseException: What the pool raised.
        """
        submission = self._desk.submit(self._window, units)
        while (result := submission.results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result
