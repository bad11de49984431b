from __future__ import annotations

from glotmill.engine.runs.board import board_lines
from glotmill.engine.runs.state import RunState, WorkerState


def test_workers_and_failures_are_told_in_lines():
    state = RunState(workers={1: WorkerState(True, 100.0, [7], 3), 2: WorkerState(False, 95.0)})
    state.attempts["timed_out"] += 1
    assert board_lines(state, 105.0) == [
        "workers: 1 working, 1 starting",
        "  worker 1: unit 7 for 5 s, 3 done",
        "  worker 2: starting for 10 s",
        "failures so far: 1 attempts at units (timed_out 1)",
    ]


def test_many_workers_are_only_counted():
    state = RunState(workers={number: WorkerState(True, 100.0) for number in range(20)})
    assert board_lines(state, 105.0) == ["workers: 20 idle"]
