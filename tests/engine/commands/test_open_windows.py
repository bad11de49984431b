"""As many windows are open as the workers need, and no more than the head can hold."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from glotmill.engine.commands.open_windows import MOST_OPEN, do_windows, has_room, open_at_once, packed_before
from glotmill.engine.records.layout import ShardPlan
from glotmill.engine.records.windows import Piece, Window


def windows(count: int, records: int) -> list[Window]:
    plan = ShardPlan("x", pl.Series("place", [], dtype=pl.UInt32), "", None)
    return [Window(number, (Piece("deu_Latn", plan, 0, records),)) for number in range(count)]


@pytest.mark.parametrize(
    ("records", "workers", "count"),
    [(40_000, 0, 4), (40_000, 8, 4), (80_000, 8, 3), (40_000, 64, 12), (80_000, 512, 41), (1_000_000, 512, 6)],
)
def test_windows_open_for_so_many_workers(records: int, workers: int, count: int):
    assert open_at_once(windows(100, records), workers) == count


def test_small_windows_are_open_while_they_have_no_more_records_than_the_large_ones():
    mixed = [*windows(6, 40_000), *(Window(6 + n, one.pieces) for n, one in enumerate(windows(90, 10_000)))]
    assert has_room(mixed, range(1, 6), 6, at_once=6)
    assert has_room(mixed, range(6, 29), 29, at_once=6)
    assert not has_room(mixed, range(6, 30), 30, at_once=6)
    assert not has_room(mixed, range(6, 6 + MOST_OPEN), 6 + MOST_OPEN, at_once=20)


def test_windows_are_packed_together_while_they_have_no_more_records_than_two_large_ones():
    mixed = [*windows(6, 40_000), *(Window(6 + n, one.pieces) for n, one in enumerate(windows(90, 10_000)))]
    assert [packed_before(mixed, number) for number in (0, 1, 2, 5, 6, 7, 10, 50)] == [0, 1, 1, 1, 1, 2, 4, 7]


def opened(count: int, work: Any) -> list[int]:
    """What windows give, of which two are open at once."""
    pools: Any = SimpleNamespace(of=lambda _: SimpleNamespace(workers=0, run=iter))
    spec: Any = SimpleNamespace(worker_fingerprint="one")
    return list(do_windows(windows(count, 10), work, pools, [spec], at_once=lambda _: 2))


def test_a_window_begins_when_so_few_are_open_that_it_may():
    together: list[int] = []
    at_work: set[int] = set()
    lock = threading.Lock()

    def work(window: Window, *_: Any) -> int:
        with lock:
            at_work.add(window.number)
            together.append(len(at_work))
        threading.Event().wait(0.002)
        with lock:
            at_work.remove(window.number)
        return window.number

    assert opened(9, work) == list(range(9))
    assert max(together) <= 2


def test_there_are_no_more_threads_than_open_windows_and_the_one_that_opens_them():
    seen: set[str] = set()

    def work(window: Window, *_: Any) -> int:
        seen.update(each.name for each in threading.enumerate() if each.name.startswith("window"))
        threading.Event().wait(0.002)
        return window.number

    assert opened(30, work) == list(range(30))
    assert len(seen) <= 4  # one may begin before the last one's thread is free


def test_what_ends_a_window_ends_all_of_them():
    begun: list[int] = []

    def work(window: Window, *_: Any) -> int:
        begun.append(window.number)
        if window.number == 3:
            raise KeyError(window.number)
        return window.number

    with pytest.raises(KeyError, match="3"):
        opened(30, work)
    assert max(begun) <= 5
