"""docs/tutorial.md, word for word: each command in order, in an empty folder."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from engine.cli import main
from tests.conftest import ROOT

BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block prints; one that fails fails the test with what it said."""
    folder = tmp_path_factory.mktemp("tutorial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        said = [run_python(text) if language == "python" else run_shell(text) for language, text in commands()]
    assert (folder / "outputs" / "my_captions" / "report.html").exists()
    return said


def run_shell(text: str) -> str:
    """A block for a shell; one of our commands alone in this process, as starting each anew takes seconds."""
    lines = text.splitlines()
    if all(line.startswith("glotmill ") for line in lines):
        return "".join(run_glotmill(shlex.split(line)) for line in lines)
    command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_glotmill(words: list[str]) -> str:
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code in (0, None), f"{words}: {end.value.code}\n{out.getvalue()}"
    return out.getvalue()


def run_python(text: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(text, "docs/tutorial.md", "exec"), {})
    return out.getvalue()


def said_by(outputs: list[str], command: str) -> str:
    return "".join(out for (_, text), out in zip(commands(), outputs, strict=True) if command in text)


def test_every_command_of_the_tutorial_works(outputs: list[str]):
    assert len(outputs) == len(commands()) > 8


def test_it_builds_keeps_most_rows_and_shows_them(outputs: list[str]):
    assert "48 rows read = 48 samples + 0 rejected" in said_by(outputs, "glotmill build")
    assert "translated back" in said_by(outputs, "glotmill show")
    assert "round_trip.chrf" in said_by(outputs, "glotmill refilter")
    assert "outputs/my_captions: finished" in said_by(outputs, "glotmill status")
    assert "assistant" in said_by(outputs, "load_dataset")


def test_the_plan_after_the_refilter_has_nothing_to_do(outputs: list[str]):
    assert said_by(outputs, "glotmill plan").endswith("translator: no calls\n")
    assert "reuse" in said_by(outputs, "glotmill plan")
