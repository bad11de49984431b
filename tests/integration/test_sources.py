"""Every format in one build: official files of each kind become a published dataset, and nothing is lost on the way."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import load_dataset
from PIL import Image as Pillow

from glotmill.schemas.keys import bytes_sha256


def png(shade: int) -> bytes:
    buffer = BytesIO()
    Pillow.new("RGB", (8, 6), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """One source of each format; every one has one good row and one bad one."""
    d = tmp_path / "data"
    answers = [{"answer": "red", "answer_confidence": "yes", "answer_id": n} for n in range(1, 11)]
    ann = {"question_id": 1, "image_id": 42, "multiple_choice_answer": "red", "answers": answers}
    questions = [{"question_id": n, "image_id": 42, "question": "What color is the bus?"} for n in (1, 2)]
    aok = {"split": "train", "image_id": 42, "question_id": "q", "question": "What is it?", "choices": ["bus", "car"],
           "correct_choice_idx": 0, "direct_answers": ["bus"] * 10, "rationales": ["It is long."]}  # fmt: skip
    turns = [{"from": "human", "value": "What is it?\n<image>"}, {"from": "gpt", "value": "A red bus."}]
    hub_rows = [{"pic": {"bytes": png(n), "path": f"{n}.png"}, "text": text} for n, text in enumerate(["A bus.", ""])]
    (d / "hub").mkdir(parents=True)
    for place in (d / "hub/train.parquet", d / "some.parquet"):
        pq.write_table(pa.Table.from_pylist(hub_rows), place)
    mapped = {"caption": "text", "image": "pic"}
    return {
        "own": {"format": "jsonl", "license": "mit", "path": write(
            d / "own.jsonl", '{"id": "1", "task": "caption", "image": "a.jpg", "caption": "A small bus."}\n{}\n')},
        "mapped": {"format": "jsonl", "license": "mit", "fields": {"caption": "t", "image": "i"}, "path": write(
            d / "mapped.jsonl", '{"t": "A big bus.", "i": "b.jpg"}\n{"t": 3, "i": "b.jpg"}\n')},
        "parquet": {"format": "parquet", "license": "mit", "fields": mapped, "path": str(d / "some.parquet")},
        "coco": {"format": "coco_captions", "path": write(d / "coco.json", {
            "images": [{"id": 42, "coco_url": "http://images.cocodataset.org/train2017/000000000042.jpg"}],
            "annotations": [{"id": 1, "image_id": 42, "caption": "A bus stops."}, {"id": 2, "image_id": 43}]})},
        "gqa": {"format": "gqa", "path": write(
            d / "gqa.json", {"1": {"question": "Is it a bus?", "imageId": "9", "answer": "yes"}, "2": {}})},
        "vqa": {"format": "vqav2",
                "questions": write(d / "q.json", {"data_subtype": "train2014", "questions": questions}),
                "annotations": write(d / "a.json", {"data_subtype": "train2014", "annotations": [ann]})},
        "aokvqa": {"format": "aokvqa", "path": write(d / "aok.json", [aok, {**aok, "choices": None}])},
        "llava": {"format": "llava", "path": write(d / "llava.json", [
            {"id": "1", "image": "a.jpg", "conversations": turns}, {"id": "1", "image": "a.jpg"}])},
        "web": {"format": "image_text", "license": "other", "path": write(
            d / "web.tsv", "url\tcaption\nhttp://i.org/1.jpg\tA bus on a road.\nhttp://i.org/2.jpg\n")},
        "lines": {"format": "lines", "license": "other", "path": write(d / "train.en", "Two buses meet.\n\n"),
                  "image_list": write(d / "train.txt", "1.jpg\n2.jpg\n")},
        "hub": {"format": "hub", "license": "mit", "fields": mapped, "path": str(d / "hub")},
    }  # fmt: skip


def test_every_format_goes_through_a_build_with_one_row_kept_and_one_rejected(recipe_file, run, sources, tmp_path):
    summary = run(recipe_file(sources=sources))
    counts = {name: (count.read, count.samples, count.rejected) for name, count in summary.sources.items()}
    assert counts == dict.fromkeys(sources, (2, 1, 1))
    assert summary.languages["deu_Latn"].rows == len(sources)
    assert not summary.failed
    rows = load_dataset(str(summary.dataset), "deu_Latn_all", split="train").to_list()
    by_source = {row["source"]["dataset"]: row for row in rows}
    assert set(by_source) == set(sources)
    assert len(by_source["vqa"]["source_answers"]) == 10
    assert by_source["aokvqa"]["source_choices"] == ["bus", "car"]
    assert "<image>" in by_source["llava"]["messages"][0]["content"]
    assert by_source["lines"]["source"]["row_id"] == "1"
    assert by_source["vqa"]["license"] == "cc-by-4.0"
    rejected = pq.read_table(tmp_path / "out/samples/rejected.parquet").to_pylist()
    assert {row["source"]: row["reason"] for row in rejected} == {
        "own": "missing_field.id", "mapped": "wrong_type.caption", "parquet": "empty_text.caption",
        "coco": "unknown_image", "gqa": "missing_field.imageId", "vqa": "missing_annotation",
        "aokvqa": "missing_field.choices", "llava": "missing_field.conversations", "web": "cell_count",
        "lines": "empty_text.caption", "hub": "empty_text.caption",
    }  # fmt: skip


def test_each_file_of_a_source_is_in_the_manifest_by_name_and_checksum_and_no_path_is(
    recipe_file, run, sources, tmp_path
):
    dataset = run(recipe_file(sources=sources)).dataset
    manifest = orjson.loads((dataset / "manifest.json").read_bytes())
    by_name = {source["name"]: source for source in manifest["sources"]}
    expected = {
        key: {"file": file, "sha256": bytes_sha256((tmp_path / "data" / file).read_bytes())}
        for key, file in (("questions", "q.json"), ("annotations", "a.json"))
    }
    assert by_name["vqa"]["files"] == expected
    assert by_name["hub"]["files"] == {}
    for path in dataset.rglob("*"):
        assert path.is_dir() or str(tmp_path).encode() not in path.read_bytes()


def test_the_same_sources_give_the_same_dataset(recipe_file, run, sources):
    first, second = (run(recipe_file(sources=sources), out=name).dataset for name in ("a", "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_images_that_may_be_passed_on_become_a_config_that_the_records_point_to(recipe_file, run, sources):
    images = {"check": True, "store": True, "license": "cc-by-sa-4.0"}
    chosen = {"hub": {**sources["hub"], "images": images}, "own": sources["own"]}
    summary = run(recipe_file(sources=chosen))
    assert summary.sources["hub"].images == {"ok": 1}
    stored = load_dataset(str(summary.dataset), "images", split="train")
    records = load_dataset(str(summary.dataset), "deu_Latn_all", split="train").to_list()
    (referred,) = [row["image_refs"][0]["image_id"] for row in records if row["source"]["dataset"] == "hub"]
    assert stored["image_id"] == [referred] == [f"sha256:{bytes_sha256(png(0))}"]
    assert stored[0]["image"].size == (8, 6)
    card = yaml.safe_load((summary.dataset / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert card["license"] == "cc-by-sa-4.0"  # the images' is stricter than the sources'
    assert card["configs"][-1]["config_name"] == "images"
    manifest = orjson.loads((summary.dataset / "manifest.json").read_bytes())
    (shard,) = manifest["images"]
    assert shard["sha256"] == bytes_sha256((summary.dataset / shard["path"]).read_bytes())
    assert load_dataset(str(summary.dataset), "default", split="train").num_rows > 0


def test_without_being_asked_no_image_is_written(recipe_file, run, sources):
    dataset = run(recipe_file(sources={"hub": sources["hub"]})).dataset
    assert not (dataset / "images").exists()
    assert png(0) not in b"".join(path.read_bytes() for path in dataset.rglob("*") if path.is_file())
