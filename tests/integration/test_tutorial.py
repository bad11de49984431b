"""docs/tutorial.md, word for word: each command in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block prints; one that fails fails the test with what it said."""
    folder = tmp_path_factory.mktemp("tutorial")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    said = []
    for language, text in commands():
        command = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert (folder / "outputs" / "my_captions" / "report.html").exists()
    return said


def said_by(outputs: list[str], command: str) -> str:
    (found,) = [out for (_, text), out in zip(commands(), outputs, strict=True) if command in text]
    return found


def test_every_command_of_the_tutorial_works(outputs: list[str]):
    assert len(outputs) == len(commands()) > 8


def test_it_builds_keeps_most_rows_and_shows_them(outputs: list[str]):
    assert "48 rows read = 48 samples + 0 rejected" in said_by(outputs, "glotmill build")
    assert "translated back" in said_by(outputs, "glotmill show")
    assert "outputs/my_captions: finished" in said_by(outputs, "glotmill status")
    assert "assistant" in said_by(outputs, "load_dataset")


def test_the_plan_after_the_refilter_has_nothing_to_do(outputs: list[str]):
    assert "nothing" in said_by(outputs, "glotmill plan")
