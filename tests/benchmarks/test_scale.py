import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.scale import measure, of_a_shard, summed
from benchmarks.scale_build import Phases
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.windows_progress import WindowsProgress

CAPTIONS = {
    "images": [{"id": 1, "file_name": "1.jpg", "coco_url": "http://a.example/1.jpg"}],
    "annotations": [
        {"id": 7, "image_id": 1, "caption": "A dog runs over the grass."},
        {"id": 8, "image_id": 1, "caption": "Two people wait for a bus."},
    ],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco/captions_val2017.json").write_text(json.dumps(CAPTIONS))
    return tmp_path


def test_a_tree_is_measured_by_phase_beside_another_one(data: Path):
    root = Path(__file__).resolve().parents[2]
    found = measure("captions", Namespace(data=data, baseline=root, rows=2, languages=2, rounds=1, free_loops=False))
    assert found["same_bytes"]
    assert found["other_values"] == found["other_columns"] == []
    for one in (found["baseline"], found["this"]):
        assert (one["records"], one["shards"]) == (8, 4)
        assert one["phases"].keys() >= {"ingest", "translate", "back", "entries", "compose", "score", "judge", "write"}
        assert sum(one["phases"].values()) == pytest.approx(one["total"], rel=0.1)
        assert 0 < one["engine"]["force"] < one["phases"]["force"]
    assert found["ratios"].keys() >= {"whole", "packing", "compose", "refilter", "back_without_engine"}


def test_of_several_rounds_each_phase_counts_as_in_its_quickest_one():
    first = {"total": 3.0, "records": 12, "phases": {"force": 2.0, "score": 1.0}, "engine": {"force": 0.5}}
    second = {"total": 4.0, "records": 12, "phases": {"force": 1.5, "score": 2.5}, "engine": {"force": 0.6}}
    found = summed([first, second])
    assert (found["total"], found["phases"], found["engine"]) == (3.0, {"force": 1.5, "score": 1.0}, {"force": 0.5})
    assert found["packed_per_second"] == 12
    assert [one["total"] for one in found["rounds"]] == [3.0, 4.0]


def test_a_phase_of_several_windows_is_counted_in_all_of_them():
    phases, report = Phases(), ProgressReport()
    timed = phases.stage(WindowsProgress.stage)
    with phases.stage(ProgressReport.stage)(report, "windows", "records") as shown:
        windows = WindowsProgress(report, shown, 2)
        after = []
        for _ in range(2):
            with timed(windows, "force", "pairs"):
                sum(range(300_000))  # some milliseconds
            after.append(phases.seconds["force"])
    assert 0 < after[0] < after[1] == phases.seconds["force"]


def test_what_a_shard_costs_is_what_many_cost_more_than_few_beside_the_bare_writer():
    many = {"this": {"total": 12.0, "shards": 110, "bare": 1.1}}
    found = {"shards": many, "whole_shards": {"this": {"total": 2.0, "shards": 10}}}
    assert of_a_shard(found) == {"this": 0.1, "bare_writer": 0.01}


def test_the_bare_writer_writes_the_shards_of_a_build_once_more(data: Path):
    found = measure("shards", Namespace(data=data, baseline=None, rows=2, languages=2, rounds=1, free_loops=False))
    assert found["this"]["shards"] == 4
    assert 0 < found["this"]["bare"] < found["this"]["total"]
