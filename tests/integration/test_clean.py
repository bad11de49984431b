"""What cleaning takes out is accounted for, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glotmill.schemas.errors import InputError

LONG = "a brown dog with a red collar runs over the wet grass of a large park near the old stone bridge by the river"


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    lines = [
        json.dumps({"id": f"r{i}", "task": "caption", "image": image, "caption": text}) + "\n"
        for i, (image, text) in enumerate(rows)
    ]
    path.write_text("".join(lines))


ROWS = [
    ("a.jpg", "A dog sleeps."), ("a.jpg", "a DOG sleeps"), ("b.jpg", "A dog sleeps."), ("c.jpg", LONG),
    ("d.jpg", LONG.replace("large", "big")), ("e.jpg", "Two cats eat."), ("f.jpg", f"Look, {LONG[10:70]} again"),
]  # fmt: skip


def rejected(out: Path) -> dict[str, tuple[str, str]]:
    frame = pl.read_parquet(out / "samples/rejected.parquet")
    return {row["position"]: (row["reason"], row["detail"]) for row in frame.iter_rows(named=True)}


def build(recipe_file, run, captions: Path, rows: list[tuple[str, str]], *steps: dict[str, Any]):
    write(captions, rows)
    return run(recipe_file(clean=[{"sources": ["small"], **step} for step in steps]))


def test_each_row_taken_out_is_rejected_with_the_steps_reason_and_the_balance_comes_out(
    recipe_file, run, captions, tmp_path
):
    near = {"step": "near_duplicates", "by": "text"}
    summary = build(recipe_file, run, captions, ROWS, {"step": "exact"}, near)
    assert rejected(tmp_path / "out") == {
        "row r1": ("clean.exact_duplicate", "of r0"), "row r2": ("clean.near_duplicate", "of r0"),
        "row r4": ("clean.near_duplicate", "of r3"),
    }  # fmt: skip
    count = summary.sources["small"]
    assert (count.read, count.samples, count.rejected) == (7, 4, 3)
    assert summary.languages["deu_Latn"].rows == 4


def test_different_pictures_with_the_same_caption_are_no_near_duplicates(recipe_file, run, captions, tmp_path):
    rows = [("a.jpg", LONG), ("b.jpg", LONG), ("a.jpg", LONG.replace("large", "very large")), ("b.jpg", "A dog.")]
    build(recipe_file, run, captions, rows, {"step": "near_duplicates"})
    assert rejected(tmp_path / "out") == {"row r2": ("clean.near_duplicate", "of r0")}


def test_exact_duplicates_by_text_alone_take_other_images_too(recipe_file, run, captions, tmp_path):
    build(recipe_file, run, captions, ROWS, {"step": "exact", "by": "text"})
    assert set(rejected(tmp_path / "out")) == {"row r1", "row r2"}


def test_appended_duplicates_take_nothing_away_that_was_there(recipe_file, run, captions, tmp_path):
    build(recipe_file, run, captions, ROWS, {"step": "exact"})
    before = set(pl.read_parquet(tmp_path / "out/samples/small.parquet")["source_id"])
    build(recipe_file, run, captions, [*ROWS, ROWS[0], ROWS[5]], {"step": "exact"})
    assert set(pl.read_parquet(tmp_path / "out/samples/small.parquet")["source_id"]) == before


def test_rows_of_an_evaluation_set_go_by_text_and_by_image(recipe_file, run, captions, tmp_path):
    evaluation = tmp_path / "eval.jsonl"
    write(evaluation, [("x.jpg", LONG), ("e.jpg", "Nothing like it at all.")])
    against = {"held_out": {"format": "jsonl", "path": str(evaluation), "license": "mit"}}
    build(recipe_file, run, captions, ROWS, {"step": "contamination", "against": against})
    found = rejected(tmp_path / "out")
    assert {position: reason for position, (reason, _) in found.items()} == {
        "row r3": "clean.contaminated_text", "row r4": "clean.contaminated_text", "row r6": "clean.contaminated_text",
        "row r5": "clean.contaminated_image",
    }  # fmt: skip
    assert found["row r5"][1] == "held_out"
    assert "held_out" in (tmp_path / "out/dataset/manifest.json").read_text()


def test_clusters_are_thinned(recipe_file, run, captions, tmp_path):
    rows = [(f"{i}.jpg", f"{'A dog on grass' if i % 2 else 'A boat at sea'} number {i}") for i in range(40)]
    summary = build(recipe_file, run, captions, rows, {"step": "clusters", "k": 2, "keep_every": 4})
    assert {reason for reason, _ in rejected(tmp_path / "out").values()} == {"clean.clusters"}
    assert 8 <= summary.sources["small"].samples <= 12


def test_a_missing_evaluation_set_is_refused_before_anything_is_written(recipe_file, run, tmp_path):
    against = {"gone": {"format": "jsonl", "path": "gone.jsonl", "license": "mit"}}
    recipe = recipe_file(clean=[{"step": "contamination", "sources": ["small"], "against": against}])
    with pytest.raises(InputError, match=r"against\.gone\.path.*does not exist"):
        run(recipe)
    assert not (tmp_path / "out").exists()
