from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.runs.events import events
from glotmill.engine.runs.state import RunState, run_folders, run_state


def state(*told: dict) -> RunState:
    found = RunState()
    for number, event in enumerate(told):
        found.take({"time": 100.0 + number, **event})
    return found


def stage(event: str, done: int, total: int | None = None, name: str = "translate") -> dict:
    return {"event": event, "stage": name, "unit": "segments", "done": done, "total": total}


def test_rate_and_time_left_count_from_when_the_workers_were_ready():
    found = state(stage("stage_began", 0), stage("stage_at", 0, 100), stage("stage_at", 20, 100)).stage
    assert found is not None
    assert (found.done, found.total, found.rate, found.left) == (20, 100, 20.0, 4.0)


def test_a_worker_works_on_the_first_unit_that_it_has_not_given_back():
    began = [{"event": "worker_starting", "worker": 1}, {"event": "worker_ready", "worker": 1}]
    sent = [{"event": "unit_sent", "worker": 1, "unit": unit} for unit in (4, 5)]
    worker = state(*began, *sent).workers[1]
    assert (worker.ready, worker.units, worker.since) == (True, [4, 5], 102.0)
    worker = state(*began, *sent, {"event": "unit_done", "unit": 4}).workers[1]
    assert (worker.units, worker.done, worker.since) == ([5], 1, 104.0)


def test_a_worker_that_failed_is_gone_and_its_attempt_counted():
    found = state(
        {"event": "worker_ready", "worker": 1},
        {"event": "attempt_failed", "worker": 1, "unit": 0, "reason": "worker_died", "detail": ""},
        {"event": "unit_done", "unit": 0, "failed": 3, "given_up": 1},
    )
    assert found.workers == {}
    assert found.failures() == (
        "1 attempts at units (worker_died 1), 3 segments without a translation (1 of them given up)"
    )


def test_a_new_attempt_begins_anew_and_an_end_is_told():
    found = state(stage("stage_began", 0), {"event": "attempt_ended", "why": "stopped"})
    assert found.end == "stopped"
    found.take({"time": 200.0, "event": "attempt_began"})
    assert (found.end, found.stages, found.began) == (None, {}, 200.0)


def test_half_a_line_of_a_killed_run_is_no_event(tmp_path: Path):
    (tmp_path / "events.jsonl").write_bytes(b'{"time":1,"event":"attempt_began"}\n{"time":2,"ev')
    assert [event["event"] for event in events(tmp_path)] == ["attempt_began"]


def test_the_events_of_a_build_tell_its_stages_and_what_failed(recipe_file, run):
    poison = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "poison": "umbrella"}
    summary = run(recipe_file(translate=poison, max_failed=1))
    found = run_state(run_folders(summary.dataset.parent)[-1])
    assert list(found.stages) == ["segment", "translate", "back", "pack"]
    assert all(stage.ended for stage in found.stages.values())
    assert found.stages["translate"].done == found.stages["translate"].total == summary.segments.translated
    assert found.failed == summary.segments.failed > 0
    assert found.attempts["engine_error"] >= 3
    assert found.workers == {}


def test_a_unit_of_one_window_is_not_taken_for_another_windows():
    found = state(
        {"event": "worker_ready", "worker": 1},
        {"event": "worker_ready", "worker": 2},
        {"event": "units_planned", "units": 2, "window": 0},
        {"event": "units_planned", "units": 1, "window": 1},
        {"event": "unit_sent", "worker": 1, "unit": 0, "window": 0},
        {"event": "unit_sent", "worker": 2, "unit": 0, "window": 1},
        {"event": "unit_done", "unit": 0, "window": 0},
    )
    assert [worker.units for worker in found.workers.values()] == [[], ["1.0"]]
    assert found.waiting == 1
    assert found.load.share == pytest.approx(3 / 11)  # of 5 s of one worker, then of 6 s of both


def test_a_new_attempt_counts_its_own_load():
    found = state({"event": "worker_ready", "worker": 1}, {"event": "units_planned", "units": 2})
    found.take({"time": 200.0, "event": "attempt_began"})
    assert (found.waiting, found.load.share) == (0, None)
