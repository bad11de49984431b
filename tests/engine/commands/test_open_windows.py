"""As many windows are open as the workers need, and no more than the head can hold."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from glotmill.engine.commands.open_windows import do_windows, open_at_once
from glotmill.engine.records.layout import ShardPlan
from glotmill.engine.records.windows import Piece, Window


def windows(count: int, records: int) -> list[Window]:
    plan = ShardPlan("x", pl.Series("place", [], dtype=pl.UInt32), "", None)
    return [Window(number, (Piece("deu_Latn", plan, 0, records),)) for number in range(count)]


@pytest.mark.parametrize(
    ("records", "workers", "count"),
    [(40_000, 0, 6), (40_000, 8, 6), (80_000, 8, 3), (40_000, 64, 12), (80_000, 512, 41), (1_000_000, 512, 6)],
)
def test_windows_open_for_so_many_workers(records: int, workers: int, count: int):
    assert open_at_once(windows(100, records), workers) == count


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

    pools: Any = SimpleNamespace(of=lambda _: SimpleNamespace(workers=0, run=iter))
    spec: Any = SimpleNamespace(worker_fingerprint="one")
    done = list(do_windows(windows(9, 10), work, pools, [spec], at_once=lambda _: 2))
    assert done == list(range(9))
    assert max(together) <= 2
