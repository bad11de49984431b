from __future__ import annotations

import contextlib
import io
import re

import pytest
from rich.console import Console

from glotmill.engine.api.terminal import TerminalDisplay
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run


def report(console: Console) -> ProgressReport:
    return ProgressReport(TerminalDisplay(console))


def work(made: ProgressReport, folder) -> None:
    run = Run(folder)
    folder.mkdir()
    made.record(run)
    with made.stage("translate", "segments") as stage:
        run.event("worker_ready", worker=1)
        run.event("unit_sent", worker=1, unit=3)
        stage.advance(0, 10)
        stage.advance(10, 10)


def last_bar(shown: str) -> str:
    return shown[shown.rindex("\x1b[2K") :] if "\x1b[2K" in shown else shown


def test_a_terminal_shows_a_bar_that_stays_and_not_the_workers(tmp_path):
    out = io.StringIO()
    work(report(Console(file=out, force_terminal=True, width=100, color_system=None)), tmp_path / "run")
    shown = out.getvalue()
    last = last_bar(shown)
    assert re.search(r"━ 10 of 10 segments, [\d,]+/s \(\d+\.\d s\)", last)
    assert "worker" not in last


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_finished_bar_shows_its_count_rate_and_time_where_no_total_was_known(width: int):
    out = io.StringIO()
    made = report(Console(file=out, force_terminal=True, width=width, color_system=None))
    with made.stage("ingest", "rows") as stage:
        stage.advance(12_345)
    last = last_bar(out.getvalue())
    assert re.search(r"ingest +━+ 12,345 rows, [\d,]+/s \(\d+\.\d s\)", last)
    assert "/?" not in last
    assert len(last) <= width + 20  # with what moves the cursor


def test_a_bar_that_failed_shows_how_far_it_came_and_no_time_left():
    out = io.StringIO()
    made = report(Console(file=out, force_terminal=True, width=100, color_system=None))
    with contextlib.suppress(KeyError), made.stage("ingest", "rows") as stage:
        stage.advance(3, 10)
        raise KeyError
    last = last_bar(out.getvalue())
    assert "3 of 10 rows" in last
    assert "left" not in last


def test_elsewhere_there_are_plain_lines(tmp_path):
    out = io.StringIO()
    work(report(Console(file=out, width=100)), tmp_path / "run")
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().startswith("translate: 10 of 10 segments")


def test_no_color_is_respected(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = io.StringIO()
    work(report(Console(file=out, force_terminal=True, width=100)), tmp_path / "run")
    assert "\x1b[3" not in out.getvalue()


def test_a_long_stage_without_a_terminal_says_how_it_stands_every_few_seconds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("glotmill.engine.api.terminal.PLAIN_INTERVAL_S", 0.0)
    out = io.StringIO()
    made = report(Console(file=out, width=100))
    made.state.attempts["timed_out"] += 1
    with made.stage("translate", "segments") as stage:
        stage.advance(4, 10)
    first, last = out.getvalue().splitlines()
    assert first.startswith("translate: 4 of 10 segments")
    assert first.endswith("failures so far: 1 attempts at units (timed_out 1)")
    assert last.endswith("s)")


def test_a_report_without_a_display_prints_nothing(capfd: pytest.CaptureFixture[str], tmp_path):
    made = ProgressReport()
    work(made, tmp_path / "run")
    made.say("a line")
    assert capfd.readouterr() == ("", "")
    assert made.seconds.keys() == {"translate"}
