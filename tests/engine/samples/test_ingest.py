from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image as Pillow

from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.samples.ingest import ingest
from glotmill.engine.sources import open_sources
from glotmill.recipes import Recipe
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample import SAMPLE_SCHEMA


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


# --- rows whose id appears twice -----------------------------------------------------------------------------------


def caption_line(number: int, text: str = "A dog.") -> str:
    return json.dumps({"id": f"n{number}", "task": "caption", "image": "a.jpg", "caption": text})


def rejected(folder: Path) -> list[tuple[str, str, str]]:
    rows = pq.read_table(folder / "rejected.parquet").to_pylist()
    return [(row["position"], row["reason"], row["detail"]) for row in rows]


def test_a_duplicate_is_found_in_the_same_batch_in_another_and_in_another_source(
    recipe_file, captions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("glotmill.engine.samples.ingest.BATCH_ROWS", 3)
    captions.write_text("".join(caption_line(n) + "\n" for n in (1, 1, 2, 3, 4, 5, 2, 6, 7, 7)))
    keys = {"format": "jsonl", "path": str(captions), "license": "mit", "dataset": "one"}
    other = tmp_path / "other.jsonl"
    other.write_text("".join(caption_line(n) + "\n" for n in (7, 8)))
    sources = {"first": keys, "second": {**keys, "path": str(other)}, "third": {**keys, "dataset": "another"}}
    counts = go(load_recipe(str(recipe_file(sources=sources))), tmp_path / "samples")
    assert [(count.samples, count.rejected) for count in counts.values()] == [(7, 3), (1, 1), (7, 3)]
    own = [("line 2", "duplicate_row_id", "n1"), ("line 7", "duplicate_row_id", "n2"),
           ("line 10", "duplicate_row_id", "n7")]  # fmt: skip
    assert rejected(tmp_path / "samples") == [*own, ("line 1", "duplicate_row_id", "n7"), *own]
    ids = [row["row_id"] for row in pq.read_table(tmp_path / "samples/first.parquet")["source"].to_pylist()]
    assert ids == [f"n{n}" for n in range(1, 8)]


@pytest.mark.parametrize("limit", range(1, 6))
def test_a_limit_counts_samples_and_reads_no_further(recipe, captions: Path, tmp_path: Path, limit: int):
    numbers = [1, 1, 1, 2, 3, 2, 4, 5, 6]
    captions.write_text("{bad\n" + "".join(caption_line(n) + "\n" for n in numbers))
    count = go(recipe, tmp_path / "samples", limit=limit)["small"]
    read = 2 + numbers.index(limit)
    assert (count.samples, count.read, count.rejected) == (limit, read, read - limit)


def test_a_key_that_stands_twice_in_a_gqa_file_is_two_rows_and_the_second_is_rejected(recipe_file, tmp_path: Path):
    question = json.dumps({"question": "Who?", "imageId": "1", "answer": "man"})
    (tmp_path / "q.json").write_text(f'{{"7": {question}, "8": {question}, "7": {question}}}')
    sources = {"q": {"format": "gqa", "path": str(tmp_path / "q.json")}}
    count = go(load_recipe(str(recipe_file(sources=sources))), tmp_path / "samples")["q"]
    assert (count.read, count.samples, count.rejected) == (3, 2, 1)
    assert rejected(tmp_path / "samples") == [("question 7", "duplicate_row_id", "7")]


def test_rejected_rows_stand_in_the_files_order(recipe, captions: Path, tmp_path: Path):
    lines = [caption_line(1), "{bad", caption_line(1), "[]", caption_line(1), caption_line(2)]
    captions.write_text("\n".join(lines))
    go(recipe, tmp_path / "samples")
    assert [position for position, _, _ in rejected(tmp_path / "samples")] == ["line 2", "line 3", "line 4", "line 5"]


# --- files, revisions ---------------------------------------------------------------------------------------------


def test_a_source_of_two_files_is_known_by_both(recipe_file, tmp_path: Path):
    for name, content in (("train.en", "A dog.\n"), ("images.txt", "1.jpg\n")):
        (tmp_path / name).write_text(content)
    keys = {"format": "lines", "path": str(tmp_path / "train.en"), "license": "mit"}
    sources = {"both": {**keys, "image_list": str(tmp_path / "images.txt")}, "one": keys}
    both, one = open_sources(load_recipe(str(recipe_file(sources=sources))))
    assert {key: file.file for key, file in both.files.items()} == {"path": "train.en", "image_list": "images.txt"}
    assert both.file == "train.en, images.txt"
    assert one.origin.revision == f"sha256:{one.files['path'].sha256}"
    assert both.origin.revision not in (one.origin.revision, f"sha256:{both.files['image_list'].sha256}")


# --- images -------------------------------------------------------------------------------------------------------


def test_images_are_looked_at_where_the_recipe_asks(recipe_file, captions: Path, tmp_path: Path):
    (tmp_path / "images").mkdir()
    Pillow.new("RGB", (4, 3)).save(tmp_path / "images/a.png")
    lines = [{"id": str(n), "task": "caption", "image": uri, "caption": "A dog."}
             for n, uri in enumerate(["a.png", "b.png", "a.png"])]  # fmt: skip
    captions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    keys = {"format": "jsonl", "path": str(captions), "license": "mit"}
    images = {"check": True, "folder": str(tmp_path / "images")}
    sources = {
        "looked": {**keys, "images": images},
        "strict": {**keys, "images": {**images, "reject": True}},
        "not": keys,
    }
    counts = go(load_recipe(str(recipe_file(sources=sources))), tmp_path / "samples")
    assert {name: (count.samples, count.rejected, count.images) for name, count in counts.items()} == {
        "looked": (3, 0, {"ok": 2, "missing": 1}),
        "strict": (2, 1, {"ok": 2, "missing": 1}),
        "not": (3, 0, {}),
    }
    rows = pq.read_table(tmp_path / "samples/looked.parquet").to_pylist()
    assert [row["image_checks"][0]["status"] for row in rows] == ["ok", "missing", "ok"]
    sha256 = rows[0]["image_checks"][0]["sha256"]
    assert rows[0]["image_refs"] == [
        {"image_id": f"sha256:{sha256}", "uri": "a.png", "width": 4, "height": 3, "mime": "image/png"}
    ]
    assert rows[0]["source"]["row_id"] == "0"
    assert pq.read_table(tmp_path / "samples/not.parquet")["image_checks"].null_count == 3
    assert rejected(tmp_path / "samples") == [("line 2", "image_missing", "b.png")]
