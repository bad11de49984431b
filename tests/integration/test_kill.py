"""A build killed from outside goes on where it was and ends in the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

RECIPE = {"engine": "nllb", "model": "embedded", "beam_size": 4, "batch_tokens": 64, "unit_tokens": 64}


def content(dataset: Path) -> dict[str, str]:
    return {
        p.relative_to(dataset).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in dataset.rglob("*")
        if p.is_file()
    }


def command(recipe: Path, folder: Path) -> list[str]:
    options = ["--out", str(folder / "out"), "--memory", str(folder / "memory"), "--json"]
    return [sys.executable, "-m", "engine.cli", "build", str(recipe), *options]


@pytest.mark.parametrize("commits", [1, 4])
def test_a_killed_build_is_resumed_to_the_same_bytes(recipe_file, tmp_path: Path, commits: int):
    recipe = recipe_file(translate=RECIPE, languages=["deu_Latn", "fra_Latn"])
    whole = subprocess.run(command(recipe, tmp_path / "whole"), capture_output=True, check=True)
    asked = orjson.loads(whole.stdout.splitlines()[-1])["segments"]

    process = subprocess.Popen(
        command(recipe, tmp_path / "part"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    memory = tmp_path / "part/memory/translations"
    deadline = time.monotonic() + 60
    while len(list(memory.glob("[0-9]*.parquet"))) < commits and time.monotonic() < deadline:
        assert process.poll() is None, "it was done before it could be killed"
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "part/out/dataset").exists()

    resumed = subprocess.run(command(recipe, tmp_path / "part"), capture_output=True, check=True)
    counts = orjson.loads(resumed.stdout.splitlines()[-1])["segments"]
    assert counts["unique"] == asked["unique"]
    assert 0 < counts["from_memory"] < counts["unique"]
    assert content(tmp_path / "part/out/dataset") == content(tmp_path / "whole/out/dataset")
