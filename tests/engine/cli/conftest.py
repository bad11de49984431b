"""Running the command, and what it must leave when it refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glotmill.engine.cli.app import main

Result = tuple[int, str, str]


@pytest.fixture
def glotmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command in this process, in the test's folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["glotmill", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        code = stop.value.code
        return code if isinstance(code, int) else 0 if code is None else 1, out, err

    return go


@pytest.fixture
def refuses(glotmill: Callable[..., Result], tmp_path: Path) -> Callable[..., str]:
    """Runs a command that must be refused, asserts that nothing at all was written, and returns the one line."""

    def everything() -> dict[str, bytes | None]:
        return {
            path.relative_to(tmp_path).as_posix(): path.read_bytes() if path.is_file() else None
            for path in tmp_path.rglob("*")
        }

    def go(*args: object) -> str:
        before = everything()
        code, out, err = glotmill(*args)
        assert code == 2, err
        assert out == ""
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert err.count("\n") == 1, err
        assert everything() == before
        return err

    return go
