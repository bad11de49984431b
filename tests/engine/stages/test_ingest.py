from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.stages.ingest import ingest, open_sources
from recipes import Recipe, load_recipe
from schemas.errors import InputError
from schemas.sample import SAMPLE_SCHEMA


@pytest.fixture
def recipe(recipe_file) -> Recipe:
    return load_recipe(str(recipe_file()))


def go(recipe: Recipe, folder: Path, limit: int | None = None):
    return ingest(open_sources(recipe), folder, limit=limit, advance=lambda _: None)


def spoil(captions: Path, *lines: str) -> None:
    captions.write_text(captions.read_text() + "".join(line + "\n" for line in lines))


def test_rows_read_are_samples_plus_rejected(recipe, captions: Path, tmp_path: Path):
    spoil(captions, "{not json", '{"id": "x", "task": "caption", "caption": ""}', "")
    counts = go(recipe, tmp_path / "samples")
    assert (counts["small"].read, counts["small"].samples, counts["small"].rejected) == (42, 40, 2)
    assert pq.read_metadata(tmp_path / "samples/small.parquet").num_rows == 40


def test_a_rejected_row_keeps_file_position_and_reason(recipe, captions: Path, tmp_path: Path):
    spoil(captions, "{not json")
    go(recipe, tmp_path / "samples")
    (row,) = pq.read_table(tmp_path / "samples/rejected.parquet").to_pylist()
    assert (row["source"], row["file"], row["position"], row["reason"]) == (
        "small", "samples.jsonl", "line 41", "bad_json",
    )  # fmt: skip


def test_a_row_id_that_stands_twice_is_rejected_the_second_time(recipe, captions: Path, tmp_path: Path):
    spoil(captions, json.dumps({"id": "c0", "task": "caption", "image": "z.jpg", "caption": "Another dog."}))
    assert go(recipe, tmp_path / "samples")["small"].rejected == 1
    (row,) = pq.read_table(tmp_path / "samples/rejected.parquet").to_pylist()
    assert (row["reason"], row["detail"]) == ("duplicate_row_id", "c0")


def test_samples_keep_provenance_and_order(recipe, tmp_path: Path):
    go(recipe, tmp_path / "samples")
    table = pq.read_table(tmp_path / "samples/small.parquet")
    assert table.schema.equals(SAMPLE_SCHEMA)
    rows = table.to_pylist()
    assert [row["source"]["row_id"] for row in rows[:3]] == ["c0", "c1", "c2"]
    assert rows[0]["source"]["revision"].startswith("sha256:")
    assert rows[0]["license"] == "cc0-1.0"
    assert all(row["langs"] is None for row in rows)


def test_limit_is_the_first_samples_of_each_source(recipe, captions: Path, tmp_path: Path):
    captions.write_text("{not json\n" + captions.read_text())
    counts = go(recipe, tmp_path / "samples", limit=5)
    assert (counts["small"].read, counts["small"].samples, counts["small"].rejected) == (6, 5, 1)


def test_the_same_files_give_the_same_bytes(recipe, tmp_path: Path):
    for name in ("a", "b"):
        go(recipe, tmp_path / name)
    assert (tmp_path / "a/small.parquet").read_bytes() == (tmp_path / "b/small.parquet").read_bytes()


def test_a_file_without_a_usable_row_is_unreadable_as_a_whole(recipe, captions: Path, tmp_path: Path):
    captions.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(InputError, match=r"no usable row among 2.*line 1.*bad_json"):
        go(recipe, tmp_path / "samples")
