"""Ctrl-C and SIGTERM end a build at the border of a unit, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from tests.faults.launcher import descendants
from tests.faults.trials import content


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGINT, 2),
        pytest.param(signal.SIGTERM, 0, marks=pytest.mark.long),
        pytest.param(signal.SIGINT, 0, marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.long),
    ],
)
def test_a_stopped_build_ends_cleanly_and_goes_on(
    recipe_file, run, tmp_path: Path, number: signal.Signals, workers: int
):
    engine = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 64, "unit_tokens": 64}
    recipe = recipe_file(translate={**engine, "seconds_per_batch": 0.04}, workers=workers)
    whole = run(recipe, "workers=0", out="whole", memory=tmp_path / "elsewhere")
    command = [sys.executable, "-m", "glotmill", "build", str(recipe), "--out", str(tmp_path / "out"), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "memory/translations").glob("0*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    started = descendants(process.pid)
    # A terminal sends Ctrl-C to the whole group; a scheduler tells the command it started to end.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert out == b""
    told = err.decode()
    assert "stopping when the units in flight are done" in told
    assert told.endswith("stopped; run the same command again to go on\n")
    assert "Traceback" not in told
    deadline = time.monotonic() + 30
    while (left := [name for pid, name in started if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert not (tmp_path / "out/dataset").exists()
    again = subprocess.run(command, capture_output=True, check=True)
    summary = orjson.loads(again.stdout.splitlines()[-1])
    assert 0 < summary["segments"]["from_memory"] < summary["segments"]["unique"]
    assert content(tmp_path / "out/dataset") == content(whole.dataset)
