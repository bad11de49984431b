import hashlib
import pickle
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from ray import cloudpickle

from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify import verify_dataset
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.records import rejudge_tasks
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.workers import shard_threads
from glotmill.engine.workers.stage_tasks import Held, Steps
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


class SentTasks:
    """Every task that may leave is done as another machine does it, from what Ray would send there."""

    def __init__(self) -> None:
        self.sent = 0

    def lend(self, value: Any) -> Held[Any]:
        return Held(value)

    def run(self, steps: Steps, shared: Any, items: Any) -> Generator[Any, None, None]:
        for item in items:
            if not steps.may_leave(item):
                yield steps.here(shared, item)
                continue
            self.sent += 1
            there = pickle.loads(cloudpickle.dumps((shared, item, steps.read(shared, item))))
            yield steps.write(shared, item, pickle.loads(cloudpickle.dumps(steps.work(*there))))


@pytest.mark.parametrize("other", ["several threads", "another machine"])
def test_the_bytes_and_what_verify_finds_are_the_same_whoever_does_it(build, tmp_path, monkeypatch, other):
    found, sending = [], SentTasks()
    for count in (1, 6):
        copy = shutil.copytree(build, tmp_path / f"copy{count}")
        monkeypatch.setattr(shard_threads, "thread_count", lambda count=count: count)
        monkeypatch.setattr(rejudge_tasks, "WRITERS", count)
        if count > 1 and other == "another machine":
            for module in (rejudge_tasks, verify_dataset):
                monkeypatch.setattr(module, "tasks_over_shards", lambda *_: sending)
        done = refilter(copy, overrides=RULES)
        assert done.rewritten > 1
        made = files(copy / "dataset")
        paths = sorted((copy / "dataset/data").rglob("*.parquet"))
        for path in paths[1:4]:
            path.write_bytes(path.read_bytes()[:-9])
        paths[4].write_bytes(paths[3].read_bytes())
        paths[5].unlink()
        problems = verify(copy, ProgressReport(), deep=True).problems
        assert len({problem.file for problem in problems}) >= 5
        found.append((made, done.flipped, problems))
    assert found[0] == found[1]
    # Each shard was sent to be judged, to be rewritten, and, but for the missing one, to be checked.
    assert sending.sent == (3 * len(paths) - 1 if other == "another machine" else 0)


def test_a_shard_that_cannot_be_written_is_one_line_and_leaves_the_dataset_and_no_file_beside_it(build, monkeypatch):
    before, write, begun = files(build / "dataset"), rejudge_tasks.write_verdict, []

    def damaged(dataset, target, verdict, schema):
        begun.append(verdict.shard.path)
        if len(begun) == 1:
            msg = f"{verdict.shard.path}: truncated file"
            raise InputError(msg)
        return write(dataset, target, verdict, schema)

    monkeypatch.setattr(rejudge_tasks, "write_verdict", damaged)
    monkeypatch.setattr(rejudge_tasks, "WRITERS", 1)
    with pytest.raises(InputError, match="truncated file"):
        refilter(build, overrides=RULES)
    assert files(build / "dataset") == before
    assert not (build / ".staging").exists()
