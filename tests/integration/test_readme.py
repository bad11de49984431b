"""README.md, word for word: each command in order, in an empty folder, as `make demo` leaves it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.documents import blocks, walk

MAKE, ACTIVATE, *COMMANDS = blocks("README.md")
COMMAND = re.compile(r"(?:\w+=\S+ )*glotmill (.*)")
DEMO = "glotmill build recipes/quickstart.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "recipes").symlink_to(ROOT / "recipes")
    return folder


@pytest.mark.long
def test_every_command_of_the_readme_works_after_the_demo(folder: Path):
    assert "make demo" in MAKE[1]
    assert DEMO in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert ACTIVATE[1].startswith("source .venv/bin/activate")
    said = walk([("bash", f"{DEMO}\n"), *COMMANDS], folder)
    assert len(said) == 1 + len(COMMANDS)
    assert "source everyday: 560 rows read = 560 samples + 0 rejected" in said[0]
    assert (folder / "published/README.md").exists()
    assert (folder / "llava_files").is_dir()
    assert "3 re-verdict" in "".join(said)
    assert "sound: 1,680 rows in 3 shards" in "".join(said)


def test_the_readme_names_no_option_that_a_command_lacks():
    """The blocks that need an account or a download, and those that the long test runs: what they name exists."""
    from typer.main import get_command

    from glotmill.engine.cli.app import app

    known = get_command(app)
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        found = COMMAND.match(line)
        if found:
            words = found[1].split("#")[0].split()
            command = known
            while words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words.pop(0)]
            assert command is not known, line
            options = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in words if word.startswith("-")} <= options, line
