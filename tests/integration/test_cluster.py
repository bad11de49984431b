"""Several machines: commands join a cluster that is there, and go on when one of its nodes dies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.runs.progress import ProgressReport
from tests.faults.trials import ROOT, content


@pytest.mark.long
def test_a_build_on_two_nodes_survives_the_death_of_one_with_the_same_bytes(recipe_file, run, tmp_path: Path):
    engine = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 64, "unit_tokens": 64}
    slow = {**engine, "seconds_per_batch": 0.3}
    recipe = recipe_file(translate=slow, languages=["deu_Latn", "fra_Latn"], workers=2)
    whole = run(recipe, "workers=0", out="whole", memory=tmp_path / "elsewhere")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.two_nodes", str(recipe), str(tmp_path / "cluster"), "3"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["nodes_with_actors"] == 2
    assert told["alive_at_the_end"] == 1
    assert "worker_died" in told["failed_attempts"]
    assert told["failed_records"] == 0
    assert told["tasks"] == 1  # the driver's machine packs, whatever became of the others
    assert content(tmp_path / "cluster/out/dataset") == content(whole.dataset)


def may_make_machines() -> bool:
    """Whether network namespaces can be made here."""
    tool = shutil.which("ip")
    made = tool and subprocess.run([tool, "netns", "add", "glotmill-may"], capture_output=True).returncode == 0
    if made:
        subprocess.run([tool, "netns", "del", "glotmill-may"], check=True)
    return bool(made)


@pytest.mark.long
@pytest.mark.parametrize("kill_at", ["3", "pack"])
def test_machines_that_share_nothing_but_a_wire_give_the_same_bytes_though_one_dies(
    recipe_file, run, tmp_path: Path, kill_at: str
):
    if not may_make_machines():
        pytest.skip("needs root and network namespaces")
    engine = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 64, "unit_tokens": 64}
    recipe = recipe_file(
        translate={**engine, "seconds_per_batch": 0.3}, languages=["deu_Latn", "fra_Latn"], workers=2,
        pack={"shard_rows": 10},
    )  # fmt: skip
    whole = run(recipe, "workers=0", out="whole", memory=tmp_path / "elsewhere")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.two_machines", str(recipe), str(tmp_path / "cluster"), kill_at],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["machines"] == ["10.77.0.1", "10.77.0.2"]
    assert told["failed_records"] == 0
    if kill_at == "pack":  # the second machine, which has none of the build's files, made some of the shards
        assert 0 < told["shards_from_the_other"] < told["shards"]
    else:
        assert "worker_died" in told["failed_attempts"]
    assert content(tmp_path / "cluster/out/dataset") == content(whole.dataset)


@pytest.mark.long
def test_refilter_and_verify_on_two_machines_give_what_threads_give_though_one_dies(recipe_file, run, tmp_path: Path):
    if not may_make_machines():
        pytest.skip("needs root and network namespaces")
    languages = ["deu_Latn", "fra_Latn", "swh_Latn"]
    run(recipe_file(languages=languages, workers=0, pack={"shard_rows": 10, "row_group_rows": 6}), out="whole")
    here, there, damaged = (
        Path(shutil.copytree(tmp_path / "whole", tmp_path / name)) for name in ("h", "t", "damaged")
    )
    shards = sorted((damaged / "dataset/data").rglob("*.parquet"))
    data = bytearray(shards[0].read_bytes())
    data[100] ^= 1
    shards[0].write_bytes(data)
    shards[3].write_bytes(shards[3].read_bytes()[:-9])
    problems = verify(damaged, ProgressReport(), deep=True).problems
    rule = "filter.nmt.min_logprob=-0.95"
    by_threads = refilter(here, overrides=(rule,))
    words = [sys.executable, "-m", "tests.faults.shards_on_two_machines", str(there), str(damaged), rule]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["damaged"] == [[problem.file, problem.what] for problem in problems]
    assert {file for file, _ in told["damaged"]} >= {shard.relative_to(damaged / "dataset").as_posix()
                                                     for shard in (shards[0], shards[3])}  # fmt: skip
    assert told["left"] == []
    assert 0 < told["checked_elsewhere"] < len(shards)
    assert 0 < told["made_elsewhere"] < told["written"] == by_threads.rewritten
    assert content(there / "dataset") == content(here / "dataset")


@pytest.mark.long
def test_a_cluster_grows_by_the_tasks_that_wait_for_a_machine():
    if not may_make_machines():
        pytest.skip("needs root and namespaces")
    words = [sys.executable, "-m", "tests.faults.growing_cluster"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["machines"] >= 2
    assert told["right"]
    assert told["requests"][0] > 0
    assert told["requests"][-1] == 0


def command(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "glotmill", "build", str(recipe), *options], capture_output=True, text=True
    )


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense"])
def test_an_address_without_a_cluster_is_one_line(recipe_file, tmp_path: Path, address: str):
    done = command(recipe_file(workers=1), "--ray-address", address, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert f"error: --ray-address {address}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_cluster_with_workers_0_is_a_contradiction(recipe_file):
    done = command(recipe_file(workers=0), "--ray-address", "127.0.0.1:9")
    assert done.returncode == 2
    assert "workers is 0" in done.stderr


@pytest.mark.parametrize("verb", ["refilter", "verify"])
def test_work_on_shards_without_a_cluster_at_the_address_is_one_line(built_once: Path, verb: str):
    before = content(built_once / "small")
    words = [sys.executable, "-m", "glotmill", verb, str(built_once / "small"), "--ray-address", "127.0.0.1:9"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error: --ray-address 127.0.0.1:9: no Ray cluster answers" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(built_once / "small") == before
