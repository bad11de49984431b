"""Where things stand: imports go down, a file's name is its own, and every module has one name to be imported by."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import BARE, ROOT

# From the bottom up. A room imports from itself and from floors below, never from a room beside it.
FLOORS = (
    ("schemas",),
    ("recipes",),
    ("filters",),
    ("engine", "engine/embedded", "engine/storage", "engine/llm"),
    ("engine/text", "engine/memory", "engine/sources"),
    ("engine/translators", "engine/runs", "engine/dataset"),
    ("engine/workers", "engine/samples", "engine/publish", "engine/export"),
    ("engine/translation", "engine/report"),
    ("engine/records",),
    ("engine/commands",),
    ("engine/api",),
    ("engine/cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ANYWHERE = {"__init__", "__main__", "contract", "registry"}
# Files named by a word that users write: a command, a member of a family, a key of a recipe.
USERS_WORDS = (
    "engine/cli", "engine/samples/tasks", "engine/sources", "engine/translators",
    "engine/export", "filters/scorers", "recipes/sections",
)  # fmt: skip
FILES = sorted(path.relative_to(ROOT) for name in BARE for path in (ROOT / name).rglob("*.py"))
MODULES = {".".join(("glotmill", *path.with_suffix("").parts)).removesuffix(".__init__"): path for path in FILES}


def room(path: Path) -> str:
    return path.parts[0] if path.parts[0] != "engine" else "/".join(path.parts[:-1][:2])


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_go_down_only():
    assert {room(path) for path in FILES} == set(FLOOR)
    up = [
        f"{path} imports {name}"
        for path in FILES
        for name in imported(path)
        if name in MODULES and room(MODULES[name]) != room(path) and FLOOR[room(MODULES[name])] >= FLOOR[room(path)]
    ]
    assert up == []


def test_nothing_lies_loose_in_the_engine():
    assert [path.name for path in (ROOT / "engine").glob("*.py")] == ["__init__.py"]


def test_a_file_has_a_name_of_its_own_unless_users_write_it():
    folders = defaultdict(list)
    for path in FILES:
        if path.stem not in ANYWHERE:
            folders[path.stem].append(str(path.parent))
    twice = {name: where for name, where in folders.items() if len(where) > 1}

    def by_rule(where: list[str]) -> bool:
        rest = [folder for folder in where if folder not in USERS_WORDS]
        return not rest or (
            len(rest) == 1 and rest[0] in ("engine/commands", "engine/publish") and "engine/cli" in where
        )

    assert {name: where for name, where in twice.items() if not by_rule(where)} == {}


def texts(path: Path) -> Iterator[str]:
    """The strings and comments of a module, or a page as a whole."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield source
        return
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            yield token.string


def test_no_string_names_a_module_by_its_bare_name():
    """Neither what monkeypatch is given, nor ``-m``, nor ``files(…)``, nor a docstring or page."""
    inner = {name: [path.stem for path in (ROOT / name).iterdir() if path.stem.isidentifier()] for name in BARE}
    bare = re.compile("|".join(rf"(?<![\w./-]){name}\.(?:{'|'.join(found)})\b(?!/)" for name, found in inner.items()))
    started = re.compile(rf"-m (?:{'|'.join(BARE)})\b|\bfrom (?:{'|'.join(BARE)})(?:\.\w+)* import\b")
    folders = (*BARE, "src", "tests", "benchmarks", "docs")
    files = [path for name in folders for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".md")]
    files += [ROOT / name for name in ("README.md", "NOTICE.md", "Makefile", "pyproject.toml")]
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in files
        if "fixtures" not in path.parts
        for text in texts(path)
        for pattern in (bare, started)
        for found in pattern.finditer(text)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(BARE))
def test_the_linter_refuses_a_bare_name(name: str):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", "engine/text/new.py", "-"],
        cwd=ROOT, input=f"import {name}.load\n", capture_output=True, text=True,
    )  # fmt: skip
    assert "TID251" in done.stdout


def test_a_clone_in_a_folder_named_as_the_package_does_not_hide_it(tmp_path: Path):
    (tmp_path / "glotmill").symlink_to(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", "import glotmill.engine.cli as found; print(found.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(ROOT / "src/glotmill/engine/cli/__init__.py"), done.stderr
