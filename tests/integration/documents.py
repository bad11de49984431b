"""Runs the commands of a document word for word, each block in order, in an empty folder."""

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

from glotmill.engine.cli import main
from tests.conftest import ROOT

BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What tells that there is something to do or a difference.
TELLS = {"plan": 3, "diff": 3}


def blocks(document: str) -> list[tuple[str, str]]:
    """(language, text) of each block of a document that is to be run."""
    return BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))


def walk(chosen: list[tuple[str, str]], folder: Path) -> list[str]:
    """What each block prints; one that fails fails the test with what it said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        return [run_python(text) if language == "python" else run_shell(text) for language, text in chosen]


def run_shell(text: str) -> str:
    """A block for a shell; one of our commands alone in this process, as starting each one takes seconds."""
    lines = text.splitlines()
    if all(line.startswith("glotmill ") for line in lines):
        return "".join(run_glotmill(shlex.split(line, comments=True)) for line in lines)
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
    assert end.value.code in (0, None, TELLS.get(words[1])), f"{words}: {end.value.code}\n{out.getvalue()}"
    return out.getvalue()


def run_python(text: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(text, "document", "exec"), {})
    return out.getvalue()
