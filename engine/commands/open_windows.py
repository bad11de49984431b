"""Windows of a build done, several at once where workers of their own do the units.

Guarantees: what a window makes depends neither on how many are open nor on which is faster; results come in the order
of the windows; one that fails ends all, and what was committed until then stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from glotmill.engine.records.windows import Window
from glotmill.engine.translation.window_order import AbandonedError, WindowOrder, WindowPlace
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.shared_pools import Pools, PoolsOf
from glotmill.engine.workers.unit_desk import UnitDesk

R = TypeVar("R")
# Does a window: from the window, its place in the order, and what does its units.
WindowWork = Callable[[Window, WindowPlace, PoolsOf], R]
FEWEST_OPEN = 3  # one that is packed, one whose last units are done, one whose first units wait
SMALL_OPEN = 4  # of small windows, as each phase ends with fewer units than there are workers
RECORDS_OPEN = 160_000  # of more than the fewest windows; the head holds their texts
SEGMENTS_A_WORKER = 6_000  # two units of some 3,000 captions, one of pairs; a record has one in each of its phases
MOST_OPEN = 64  # threads
TOGETHER = 2  # of the largest windows are packed at the same time; the entries of these are in memory


def open_at_once(windows: Sequence[Window], workers: int) -> int:
    """How many windows are open where workers of their own do the units.

    Args:
        windows: All windows.
        workers: How many there are; 0 while that is not known.

    Returns:
        How many of the largest; of smaller ones so many that they have no more records (`has_room`).
    """
    largest = _largest(windows)
    few = min(max(RECORDS_OPEN // largest, FEWEST_OPEN), SMALL_OPEN)
    needed = -(-workers * SEGMENTS_A_WORKER // largest) + FEWEST_OPEN - 1
    return min(max(few, needed), MOST_OPEN)


def has_room(windows: Sequence[Window], opened: Sequence[int], number: int, at_once: int) -> bool:
    """Whether a window may be open beside some others.

    Args:
        windows: All windows.
        opened: Those that are open, by number.
        number: The window.
        at_once: How many of the largest windows are open at once.
    """
    held = sum(windows[each].records for each in (*opened, number))
    return held <= at_once * _largest(windows) and len(opened) < MOST_OPEN


def packed_before(windows: Sequence[Window], number: int) -> int:
    """How many windows before one may still be packed when it is: the last ones, no more records than of two windows.

    Args:
        windows: All windows.
        number: The window.
    """
    held, most = windows[number].records, TOGETHER * _largest(windows)
    for count, before in enumerate(reversed(windows[:number])):
        held += before.records
        if held > most:
            return count
    return number


def _largest(windows: Sequence[Window]) -> int:
    return max(1, *(window.records for window in windows))


def do_windows(
    windows: Sequence[Window],
    work: WindowWork[R],
    pools: Pools,
    specs: Sequence[TranslatorSpec],
    *,
    at_once: Callable[[int], int],
) -> Iterator[R]:
    """What each window gives, in order.

    Args:
        windows: The windows.
        work: Does one.
        pools: Do its units.
        specs: The engines. Several have their workers in turn, and so do their windows.
        at_once: How many of the largest windows are open at once where there is one engine, by the number of workers.
    """
    order = WindowOrder()
    if at_once(0) == 1 or len(windows) == 1 or len({spec.worker_fingerprint for spec in specs}) > 1:
        for window in windows:
            yield work(window, order.place(window.number, last=window is windows[-1]), pools)
        return
    desk = UnitDesk(pools.of(specs[0]))

    def do(window: Window) -> R:
        try:
            place = order.place(window.number, last=window is windows[-1])
            made = work(window, place, _Desks(desk, window.number))
            order.over(window.number)
            return made
        except BaseException:
            order.fail()
            desk.abandon(window.number)
            raise

    def room(number: int, opened: list[int]) -> bool:
        return has_room(windows, opened, number, at_once(desk.workers))

    def open_all() -> list[Future[R]]:
        """Open each window in its turn: threads are no more than open windows, as each holds a stack."""
        opened: list[Future[R]] = []
        with suppress(AbandonedError):  # the window that failed says why
            for window in windows:
                order.await_turn(window.number, partial(room, window.number))
                opened.append(threads.submit(do, window))
        return opened

    with ThreadPoolExecutor(min(len(windows), MOST_OPEN) + 1, "window") as threads:
        opening = threads.submit(open_all)
        try:
            desk.serve(lambda: not (opening.done() and all(each.done() for each in opening.result())))
        except BaseException:
            order.fail()
            threads.shutdown(cancel_futures=True)
            raise
        done = opening.result()
    _check(done)
    yield from (each.result() for each in done)


def _check(done: Sequence[Future[R]]) -> None:
    """Raise what ended the windows: the first error that is one of its own."""
    errors = [error for each in done if (error := each.exception()) is not None]
    for error in errors:
        if not isinstance(error, AbandonedError):
            raise error


class _Desks:
    """The pools as one window sees them."""

    def __init__(self, desk: UnitDesk, window: int) -> None:
        self._pool = desk.of(window)

    def of(self, spec: TranslatorSpec) -> Pool:  # noqa: ARG002  there is one engine
        """The pool."""
        return self._pool
