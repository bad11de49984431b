"""Units of several windows go through one pool, and each window gets its own back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from glotmill.engine.workers import unit_desk
from glotmill.engine.workers.pending_units import PendingUnits
from glotmill.engine.workers.unit_desk import UnitDesk
from glotmill.engine.workers.units import Unit, UnitResult
from glotmill.schemas.errors import WorkerError


class Pool:
    """Does units two at a time and gives the younger one first."""

    workers = 2

    def __init__(self, fails_at: int | None = None) -> None:
        self.done: list[str] = []
        self.threads: set[int] = set()
        self._fails_at = fails_at

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        line = iter(units)
        while True:
            self.threads.add(threading.get_ident())
            pair = [unit for unit in (next(line, None), next(line, None)) if unit is not None]
            if not pair:
                return
            for unit in reversed(pair):
                self.done.append(unit.rows["text"][0].as_py())
                if len(self.done) == self._fails_at:
                    raise WorkerError("the model is gone")
                yield UnitResult(unit, unit.rows)


def units(window: int, count: int) -> list[Unit]:
    return [Unit(n, pa.table({"text": [f"{window}.{n}"]})) for n in range(count)]


def served(pool: Pool, windows: int, count: int) -> list[list[str]]:
    """What each of some windows gets back, which hand in units of the same numbers at the same time."""
    desk = UnitDesk(pool)

    def take(window: int) -> list[str]:
        return [result.results["text"][0].as_py() for result in desk.of(window).run(units(window, count))]

    with ThreadPoolExecutor(windows) as threads:
        waiting = [threads.submit(take, window) for window in range(windows)]
        desk.serve(lambda: not all(each.done() for each in waiting))
    return [each.result() for each in waiting]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_each_window_gets_the_results_of_its_own_units_once(count: int):
    pool = Pool()
    got = served(pool, 3, count)
    assert [sorted(own) for own in got] == [[f"{window}.{n}" for n in range(count)] for window in range(3)]
    assert pool.threads <= {threading.get_ident()}


def test_units_of_earlier_windows_come_first():
    pool = Pool()
    desk = UnitDesk(pool)
    later = desk.submit(2, units(2, 3))
    earlier = desk.submit(1, units(1, 3))
    desk.serve(lambda: not (later.over and earlier.over))
    assert [name[0] for name in pool.done] == ["1", "1", "2", "1", "2", "2"]


def test_a_look_at_how_many_units_there_are_takes_none_so_earlier_windows_still_come_first():
    desk = UnitDesk(Pool())
    desk.submit(2, units(2, 2))
    line = PendingUnits(iter_of(desk))
    assert line.has(2)
    assert not line.has(3)
    desk.submit(1, units(1, 2))
    assert line.has(4)
    assert [case.unit.rows["text"][0].as_py() for case in iter(line.next, None)] == ["1.0", "1.1", "2.0", "2.1"]
    assert not line.has(1)


def test_a_phase_whose_units_are_all_done_ends_though_only_a_look_says_that_it_has_no_more():
    desk = UnitDesk(Pool())
    first = desk.submit(1, units(1, 1))
    desk.submit(2, units(2, 1))
    line = PendingUnits(iter_of(desk))
    case = line.next()
    assert case is not None
    first.done(UnitResult(case.unit, case.unit.rows))
    assert not first.over
    assert not line.has(3)
    assert first.over
    assert [type(first.results.get()), first.results.get()] == [UnitResult, None]


def iter_of(desk: UnitDesk) -> Iterable[Unit]:
    """The units as the desk hands them to its pool."""
    return unit_desk._Next(desk)


def test_a_failure_of_the_pool_reaches_every_window():
    desk = UnitDesk(Pool(fails_at=2))
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(list, desk.of(window).run(units(window, 4))) for window in range(2)]
        with pytest.raises(WorkerError, match="the model is gone"):
            desk.serve(lambda: not all(each.done() for each in waiting))
    for each in waiting:
        with pytest.raises(WorkerError, match="the model is gone"):
            each.result()
    with pytest.raises(WorkerError, match="the model is gone"):
        list(desk.of(3).run(units(3, 1)))


def test_a_window_that_fails_holds_nobody_up_and_no_more_units_are_given_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unit_desk, "WAITING_RESULTS", 1)
    pool = Pool()
    desk = UnitDesk(pool)

    def fails() -> None:
        try:
            for _ in desk.of(0).run(units(0, 50)):
                raise OSError("no room on the disk")
        except OSError:
            desk.abandon(0)
            raise

    def takes() -> list[UnitResult]:
        return list(desk.of(1).run(units(1, 50)))

    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(fails), threads.submit(takes)]
        desk.serve(lambda: not all(each.done() for each in waiting))
    with pytest.raises(OSError, match="no room"):
        waiting[0].result()
    assert len(pool.done) < 60
    assert len(waiting[1].result()) == sum(name.startswith("1.") for name in pool.done)
