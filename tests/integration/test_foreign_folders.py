"""Folders of other people that are named as ours are: nothing of theirs runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import BARE, ROOT


@pytest.mark.parametrize("workers", ["0", "1"])
def test_folders_named_as_ours_are_never_executed(recipe_file, tmp_path: Path, workers: str):
    """In the working directory and on PYTHONPATH, by the command and by workers on Ray."""
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside):
        for name in BARE:
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'a').write({name!r})\n")
    path = os.pathsep.join([str(beside), str(here), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, "-m", "glotmill", "build", str(recipe_file()), "--workers", workers, "--out", "out"],
        cwd=here, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "executed").exists()
