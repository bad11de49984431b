from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from glotmill.engine.runs.finished_runs import finished_runs, run_summary
from glotmill.engine.runs.run import Run
from tests.conftest import ROOT

UNITS = pl.DataFrame(
    {"unit": [0], "batch": [0], "key": ["k"], "source_lang": ["eng_Latn"], "target_lang": ["deu_Latn"], "text": ["x"]}
)


def test_an_unfinished_run_of_the_same_plan_is_found_again(tmp_path: Path):
    first = Run.open(tmp_path, {"p": 1}, "aaaa")
    first.write_units("forward", UNITS)
    again = Run.open(tmp_path, {"p": 1}, "aaaa")
    assert again.folder == first.folder
    assert pl.read_parquet(again.unit_files("forward")[0]).equals(UNITS, null_equal=True)


def test_a_finished_run_or_another_plan_gives_a_new_one(tmp_path: Path):
    first = Run.open(tmp_path, {"p": 1}, "aaaa")
    first.finish({"ok": True})
    second = Run.open(tmp_path, {"p": 1}, "aaaa")
    third = Run.open(tmp_path, {"p": 2}, "bbbb")
    assert [run.folder.name for run in (first, second, third)] == ["0001-aaaa", "0002-aaaa", "0003-bbbb"]


def test_unit_lists_of_a_phase_keep_their_order(tmp_path: Path):
    run = Run.open(tmp_path, {}, "aaaa")
    for phase in ("forward", "back", "forward"):
        run.write_units(phase, UNITS)
    assert [p.name for p in run.unit_files("forward")] == ["units-forward-0001.parquet", "units-forward-0002.parquet"]


def test_events_and_failures_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_TOKEN", "w0rd-of-power")
    heard: list[dict[str, Any]] = []
    run = Run.open(tmp_path, {}, "aaaa")
    run.listen(heard.append)
    run.event("attempt_failed", unit=3, trace="line\n401: w0rd-of-power\n")
    run.failure(unit=3, detail="401: w0rd-of-power")
    with pytest.raises(ValueError, match="power"), run.attempt():
        raise ValueError("with w0rd-of-power")
    assert [event.get("trace") or event.get("why") for event in heard] == [
        "line\n401: ***\n",
        None,
        "ValueError: with ***",
    ]
    for file in ("events.jsonl", "failures.jsonl"):
        assert b"w0rd" not in (run.folder / file).read_bytes()


def test_events_are_json_lines_with_a_time(tmp_path: Path):
    run = Run.open(tmp_path, {}, "aaaa")
    run.event("unit_done", unit=3)
    event = orjson.loads((run.folder / "events.jsonl").read_bytes())
    assert (event["event"], event["unit"]) == ("unit_done", 3)
    assert event["time"] > 0


def test_a_run_of_an_older_version_says_what_was_requested_too():
    (run,) = finished_runs(ROOT / "tests/fixtures/round_two/builds/fake")
    assert '"asked"' in (run / "finished.json").read_text()
    summary = run_summary(run)
    assert summary["segments"]["requested"] >= summary["segments"]["unique"] > 0
    assert summary["back_translation"]["requested"] > 0
    assert "asked" not in summary["segments"]
