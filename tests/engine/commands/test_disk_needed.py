"""What a build takes of its disk is estimated, and looked at before anything is translated."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from glotmill.engine.commands import disk_needed
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError

Usage = namedtuple("Usage", "total used free")


def test_a_build_that_its_disk_has_no_room_for_translates_nothing(recipe_file, run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(disk_needed.shutil, "disk_usage", lambda _: Usage(100, 90, 10))
    with pytest.raises(InputError, match=r"the disk has 10 bytes free, and the build is estimated to take .* --out"):
        run(recipe_file())
    assert not (tmp_path / "out/dataset").exists()
    assert not list(tmp_path.rglob("translations"))


def test_a_plan_says_what_a_build_takes_of_the_disk(recipe_file, run, tmp_path: Path):
    def plan():
        return make_plan(prepare(load_recipe(str(recipe_file())), out=tmp_path / "out"), ProgressReport())

    need = plan().disk
    assert need is not None
    assert need.total == need.dataset + need.parts + need.lists + need.memory > 0
    assert need.line().endswith("; an estimate")
    run(recipe_file())
    assert plan().disk is None


@pytest.mark.parametrize(("size", "words"), [(0, "0 bytes"), (1_500, "2 kB"), (3.2e9, "3 GB"), (1.25e12, "1.2 TB")])
def test_bytes_in_words(size: float, words: str):
    assert disk_needed.in_units(size) == words
