"""A desk before a pool: the phases of several windows hand their units in, and the main thread has the pool do them.

So no engine waits where one window is planned, read back or packed. Units of earlier windows come first. The pool, and
Ray behind it, is used by one thread alone.

Guarantees: each phase gets the result of each of its units once; a failure of the pool reaches every phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Condition
from types import TracebackType
from typing import Self

from glotmill.engine.workers.pending_units import ReadAhead
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import Unit, UnitResult

IDLE_S = 0.05  # between two looks for new units while there are none
WAITING_RESULTS = 64  # of a phase that does not take them; then the pool waits


class Submission:
    """The units of one phase of one window. The thread that serves calls its methods, but for `discard`.

    Attributes:
        window: The window's number.
        results: What is done, then None; or what went wrong.
    """

    def __init__(self, window: int, units: Iterable[Unit]) -> None:
        self.window = window
        self.results: Queue[UnitResult | BaseException | None] = Queue(WAITING_RESULTS)
        self._units = ReadAhead(units)
        self._out = 0
        self._all = False
        self._discarded = False

    def next(self) -> Unit | None:
        """Its next unit, to be done now."""
        if self._all:
            return None
        unit = next(self._units, None)
        if unit is None:
            self.stop()
        else:
            self._out += 1
        return unit

    def held(self, most: int) -> int:
        """How many units it has to give, counted up to a number."""
        held = 0 if self._all else self._units.held(most)
        if most and not held and not self._all:
            self.stop()  # so that its phase goes on as soon as its last result is there
        return held

    def stop(self) -> None:
        """Give out no more units; those at work are handed over."""
        self._all = True
        self._end()

    def done(self, result: UnitResult) -> None:
        """Hand a result over."""
        self._out -= 1
        self._put(result)
        self._end()

    def fail(self, error: BaseException) -> None:
        """Say that there will be no more results; those that wait are taken first."""
        self._put(error)

    def discard(self) -> None:
        """Take nothing any more, so that nobody waits for room."""
        self._discarded = True
        with suppress(Empty):
            while True:
                self.results.get_nowait()

    @property
    def over(self) -> bool:
        """Whether all of its results are handed over."""
        return self._all and not self._out

    def _end(self) -> None:
        if self.over:
            self._put(None)

    def _put(self, result: UnitResult | BaseException | None) -> None:
        if not self._discarded:
            self.results.put(result)


class UnitDesk:
    """The desk.

    Args:
        pool: Does the units.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._changed = Condition()
        self._line: list[Submission] = []  # by window
        self._by_unit: dict[int, tuple[Unit, Submission]] = {}
        self._stopped = False
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
        submission = Submission(window, units)
        with self._changed:
            if self._failure is not None:
                submission.fail(self._failure)
                return submission
            self._line.append(submission)
            self._line.sort(key=lambda each: each.window)
            self._changed.notify_all()
        return submission

    def abandon(self, window: int) -> None:
        """Note that a window failed and takes nothing any more; no more units are given out. Any thread may."""
        with self._changed:
            self._stopped = True
            for submission in self._known():
                if submission.window == window:
                    submission.discard()

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
                    _, submission = self._by_unit.pop(id(result.unit))
                    submission.done(result)
        except BaseException as error:
            with self._changed:
                self._failure = error
                told = self._known()
            for submission in told:
                submission.fail(error)
            raise

    def next(self) -> Unit | None:
        """The next unit of the earliest window that has one now."""
        with self._changed:
            line = list(self._line)
        for submission in line:
            if self._stopped and not submission.over:
                submission.stop()
            unit = submission.next()
            if unit is not None:
                self._by_unit[id(unit)] = unit, submission
                return unit
        with self._changed:
            self._line = [each for each in self._line if not each.over]
        return None

    def has(self, count: int) -> bool:
        """Whether so many units are handed in now. None of them is taken: one of an earlier window may still come."""
        with self._changed:
            line = list(self._line)
        for submission in line:
            count -= submission.held(count)
        return count <= 0

    def _waiting(self) -> bool:
        with self._changed:
            return bool(self._line)

    def _known(self) -> list[Submission]:
        """Every submission that is not over, once."""
        return list(dict.fromkeys([*self._line, *(each for _, each in list(self._by_unit.values()))]))


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

    def has(self, count: int) -> bool:
        """Whether there are so many now."""
        return self._desk.has(count)


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
