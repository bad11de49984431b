"""Who does the work leaves no trace: one process, its threads and Ray give the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import pytest

from glotmill.engine.commands import make_windows
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.records import build_shards, layout, rejudge_tasks, windows
from glotmill.engine.report import finished_build, page
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.workers import sent_shard
from glotmill.engine.workers.ray_tasks import RayTasks
from glotmill.engine.workers.task_nodes import TaskNodes
from glotmill.schemas.errors import InputError

pytestmark = pytest.mark.usefixtures("local_ray")

EMBEDDED = {"engine": "nllb", "model": "embedded", "beam_size": 2, "batch_tokens": 256, "unit_tokens": 512}
FAKE = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 64, "unit_tokens": 128}
SCORERS = {"scorers": ["integrity", "language_id", "nmt", "round_trip", "cross_entropy", "adequacy"]}


def content(dataset: Path) -> dict[str, str]:
    return {
        p.relative_to(dataset).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in dataset.rglob("*")
        if p.is_file()
    }


@pytest.mark.parametrize("engine", [EMBEDDED, FAKE], ids=["embedded", "batch_sensitive"])
def test_inline_one_and_two_ray_workers_give_the_same_bytes(
    recipe_file, run, monkeypatch, tmp_path: Path, engine: dict
):
    monkeypatch.setattr(build_shards, "FINISHED_TOGETHER", 25)  # several tasks of a build of some ten records
    done = []
    of_ray = RayTasks.run
    monkeypatch.setattr(RayTasks, "run", lambda *a: (done.append(each) or each for each in of_ray(*a)))
    made = []
    for workers in (0, 1, 2):
        monkeypatch.setattr(make_windows, "FEWEST_APART", 0 if workers == 2 else 1_000_000)
        recipe = recipe_file(
            translate=engine, languages=["deu_Latn", "fra_Latn"], score=SCORERS, workers=workers,
            memory=str(tmp_path / f"memory{workers}"), templates={"instruction": "mixed"}, pack={"shard_rows": 30},
        )  # fmt: skip
        summary = run(recipe, out=f"out{workers}")
        assert summary.segments.translated == summary.segments.unique > 50
        assert summary.forced.scored == summary.forced.unique > 75
        assert bool(summary.templates.refused) == (engine is EMBEDDED)
        made.append(content(summary.dataset))
    assert made[0] == made[1] == made[2]
    shards = [path for path in made[0] if path.endswith(".parquet")]
    assert sum(map(len, done)) == len(shards)  # with two workers Ray's tasks made all shards
    assert len(done) > 1


def test_batch_sensitive_scores_reach_the_dataset(recipe_file, run, tmp_path: Path):
    """The control of the test above: another batching gives other bytes."""
    made = [
        content(
            run(recipe_file(translate={**FAKE, "batch_tokens": n}, memory=str(tmp_path / str(n))), out=str(n)).dataset
        )
        for n in (64, 128)
    ]
    assert made[0]["data/deu_Latn/train-00000.parquet"] != made[1]["data/deu_Latn/train-00000.parquet"]


def test_windows_that_ray_works_on_together_give_the_bytes_of_one_after_the_other(
    recipe_file, run, tmp_path: Path, monkeypatch
):
    for module in (layout, windows):
        monkeypatch.setattr(module, "CHUNK_ROWS", 8)
    monkeypatch.setattr(windows, "FEWEST_RECORDS", 16)
    made = []
    for workers in (0, 2):
        recipe = recipe_file(
            translate=FAKE, languages=["deu_Latn", "fra_Latn"], score=SCORERS, workers=workers,
            memory=str(tmp_path / f"memory{workers}"),
        )  # fmt: skip
        summary = run(recipe, out=f"out{workers}")
        assert len(list((tmp_path / f"out{workers}/runs").glob("*/windows/*"))) > 2
        made.append(content(summary.dataset))
    assert made[0] == made[1]


def elsewhere(nodes: TaskNodes, at_work: Counter[str], *, any_node: bool) -> str | None:
    """Another machine, which has died meanwhile, so that this one does what is sent there; two tasks at a time."""
    node = "a" * len(nodes.here) if any_node else nodes.here
    return node if at_work.total() < 2 else None


def test_refilter_its_report_and_verify_are_the_same_by_threads_and_on_a_cluster(
    recipe_file, run, tmp_path: Path, monkeypatch
):
    run(recipe_file(workers=0, pack={"shard_rows": 15, "row_group_rows": 6}))
    sent, read = [], sent_shard.read_files
    for module in (sent_shard, rejudge_tasks):
        monkeypatch.setattr(module, "read_files", lambda folder, places: sent.extend(places) or read(folder, places))
    monkeypatch.setattr(page, "FEWEST_SENT", 0)
    monkeypatch.setattr(finished_build, "READ_TOGETHER", 30)
    found = []
    for address in (None, "127.0.0.1:6379"):  # Ray runs already, and is joined
        folder = Path(shutil.copytree(tmp_path / "out", tmp_path / f"copy{len(found)}"))
        monkeypatch.setattr(TaskNodes, "free", elsewhere)
        done = refilter(folder, overrides=("filter.nmt.min_logprob=-0.95",), ray_address=address)
        made = content(folder / "dataset") | {"report": (folder / "report.html").read_bytes()}
        paths = sorted((folder / "dataset/data").rglob("*.parquet"))
        data = bytearray(paths[0].read_bytes())
        data[100] ^= 1
        paths[0].write_bytes(data)
        paths[1].unlink()
        problems = verify(folder, ProgressReport(), deep=True, ray_address=address).problems
        found.append((made, done.rewritten, done.flipped, problems))
        # Judged, written, counted twice and shown in the report, checked: a shard that is missing is not sent.
        assert len(sent) == (0 if address is None else 5 * len(paths) - 1 + done.rewritten)
        with pytest.raises(InputError, match=r"train-00000.parquet: its checksum is not the one in the manifest"):
            refilter(folder, overrides=("filter.nmt.min_logprob=-0.9",), ray_address=address)
    assert found[0] == found[1]
    assert found[0][1] > 1
    assert {problem.file for problem in found[0][3]} >= {
        path.relative_to(folder / "dataset").as_posix() for path in paths[:2]
    }
