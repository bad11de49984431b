import hashlib
import shutil
from pathlib import Path

import pytest

from glotmill.engine.commands import refilter as module
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.workers import shard_threads
from glotmill.schemas.errors import InputError

RULES = ("filter.nmt.min_logprob=-0.95",)


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def build(recipe_file, run, tmp_path) -> Path:
    """A build of six shards, all of which the rules change."""
    run(recipe_file(pack={"shard_rows": 15, "row_group_rows": 6}))
    return tmp_path / "out"


def test_the_bytes_and_what_verify_finds_are_the_same_with_one_thread_and_with_several(build, tmp_path, monkeypatch):
    found = []
    for count in (1, 6):
        copy = shutil.copytree(build, tmp_path / f"copy{count}")
        monkeypatch.setattr(shard_threads, "thread_count", lambda count=count: count)
        monkeypatch.setattr(module, "WRITERS", count)
        done = refilter(copy, overrides=RULES)
        assert done.rewritten > 1
        made = files(copy / "dataset")
        for path in sorted((copy / "dataset/data").rglob("*.parquet"))[1:4]:
            path.write_bytes(path.read_bytes()[:-9])
        problems = verify(copy, ProgressReport()).problems
        assert len({problem.file for problem in problems}) >= 3
        found.append((made, done.flipped, problems))
    assert found[0] == found[1]


def test_a_shard_that_cannot_be_written_is_one_line_and_leaves_the_dataset_and_no_file_beside_it(build, monkeypatch):
    before, write, begun = files(build / "dataset"), module.write_verdict, []

    def damaged(dataset, target, verdict, schema):
        begun.append(verdict.shard.path)
        if len(begun) == 1:
            msg = f"{verdict.shard.path}: truncated file"
            raise InputError(msg)
        return write(dataset, target, verdict, schema)

    monkeypatch.setattr(module, "write_verdict", damaged)
    monkeypatch.setattr(module, "WRITERS", 1)
    with pytest.raises(InputError, match="truncated file"):
        refilter(build, overrides=RULES)
    assert files(build / "dataset") == before
    assert not (build / ".staging").exists()
