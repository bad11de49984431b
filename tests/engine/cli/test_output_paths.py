"""A path that nothing can be written to is refused in one line, before any work, by every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.cli.conftest import Result

Refuses = Callable[..., str]
WAYS = {
    "below a file": ("file/x", "file is a file, so there can be nothing below it"),
    "below a file of a file": ("file/x/y", "file is a file, so there can be nothing below it"),
    "a dead link": ("link", "is a link to nowhere, which is not there"),
    "below a dead link": ("link/x", "is a link to nowhere, which is not there"),
    "a link to itself": ("loop/x", "nothing can be written there: Too many levels of symbolic links"),
    "a long name": ("n" * 300, "nothing can be written there: File name too long"),
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "build": ("build", "recipe.yaml", "--out"),
    "plan": ("plan", "recipe.yaml", "--out"),
    "preview": ("preview", "recipe.yaml", "--out"),
    "memory of a build": ("build", "recipe.yaml", "--memory"),
    "pull": ("pull", "published"),
    "publish": ("publish", "outputs/small", "--to"),
    "export": ("export", "outputs/small", "--format", "llava", "--to"),
    "calibrate": ("calibrate", "outputs/small", "--out"),
    "score": ("score", "pairs.tsv", "--lang", "deu_Latn", "--out"),
    "templates": ("templates", "recipe.yaml", "--to"),
    "memory export": ("memory", "export", "--memory", "outputs/.memory", "--to"),
}
FILES = (
    "calibrate",
    "score",
    "templates",
    "memory export",
)  # a file is written: a dead link of its name gives way to it


@pytest.fixture
def paths(recipe_file: Callable[..., Path], small_build: Path, tmp_path: Path, glotmill: Callable[..., Result]) -> Path:
    """A recipe, a build, a published folder, a file and dead links."""
    recipe_file(templates={})
    assert glotmill("publish", small_build, "--to", "published")[0] == 0
    (tmp_path / "file").write_text("a file")
    (tmp_path / "pairs.tsv").write_text("A dog.\tEin Hund.\n")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_path_that_nothing_can_be_written_to(command: str, way: str, paths: Path, refuses: Refuses):
    path, said = WAYS[way]
    if command in FILES and way == "a dead link":
        pytest.skip("the file takes the link's place")
    line = refuses(*COMMANDS[command], path)
    assert said in line
    assert len(line) < 600


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in FILES])
def test_a_file_where_a_folder_is_made(command: str, paths: Path, refuses: Refuses):
    assert "expected a folder, found a file" in refuses(*COMMANDS[command], "file")


@pytest.mark.parametrize("command", FILES)
def test_a_folder_where_a_file_is_written(command: str, paths: Path, refuses: Refuses):
    assert "expected the name of a file to write, found a folder" in refuses(*COMMANDS[command], "outputs")


def test_a_folder_that_may_not_be_written(paths: Path, refuses: Refuses, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    assert "nothing may be written into" in refuses("build", "recipe.yaml", "--out", "new/out")
