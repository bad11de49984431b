"""Exports: every kept row once, images and markers in step, and files that readers of the format open."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from datasets import load_dataset

from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.export.registry import EXPORTERS
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import ImageRef, parts, sound_row
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError, RowError


@pytest.fixture
def exported(folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """Exports the small dataset, whose rows of choices are not kept, and returns the folder."""

    def go(name: str, **options: Any) -> Path:
        to = tmp_path / name
        export(folder, to, ExportOptions(name, **options), ProgressReport())
        return to

    return go


@pytest.fixture
def pictures(tmp_path: Path, kept: list[dict[str, Any]]) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, row in enumerate(kept):
        for ref in row["image_refs"]:
            (folder / ref["uri"]).write_bytes(b"\xff\xd8\xff" + bytes([number % 256]))
    return folder


@pytest.fixture
def folder(make: Callable[..., Path]) -> Path:
    return make("stricter")


@pytest.fixture
def kept(folder: Path) -> list[dict[str, Any]]:
    """The dataset's kept rows in the order of the manifest."""
    return pl.read_parquet(sorted((folder / "dataset/data").rglob("*.parquet"))).filter("keep").to_dicts()


def said(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in row["messages"]]


def uris(row: dict[str, Any]) -> list[str]:
    return [ref["uri"] for ref in row["image_refs"]]


def test_llava_has_conversations_of_human_and_gpt_and_the_image_of_each(exported, kept):
    items = json.loads((exported("llava") / "train.json").read_text())
    roles = {"human": "user", "gpt": "assistant"}
    assert [item["id"] for item in items] == [row["record_id"] for row in kept]
    for item, row in zip(items, kept, strict=True):
        assert [(roles[turn["from"]], turn["value"]) for turn in item["conversations"]] == said(row)
        assert [item["image"]] == uris(row)


def test_sharegpt_is_described_to_llama_factory(exported, kept):
    to = exported("sharegpt")
    info = json.loads((to / "dataset_info.json").read_text())["train"]
    items = json.loads((to / info["file_name"]).read_text())
    assert info["formatting"] == "sharegpt"
    for item, row in zip(items, kept, strict=True):
        turns = item[info["columns"]["messages"]]
        assert [turn[info["tags"]["role_tag"]] for turn in turns] == ["human", "gpt"] * (len(turns) // 2)
        assert [turn[info["tags"]["content_tag"]] for turn in turns] == [content for _, content in said(row)]
        assert item[info["columns"]["images"]] == uris(row)
        assert sum(turn["value"].count("<image>") for turn in turns) == len(item["images"])


def test_swift_is_read_by_datasets_with_as_many_markers_as_images(exported, kept, tmp_path: Path):
    rows = load_dataset("json", data_dir=str(exported("swift")), split="train", cache_dir=str(tmp_path / "cache"))
    assert [([(t["role"], t["content"]) for t in row["messages"]], row["images"]) for row in rows] == [
        (said(row), uris(row)) for row in kept
    ]


def test_axolotl_has_typed_parts_in_the_order_of_the_text(exported, kept):
    lines = (exported("axolotl") / "train.jsonl").read_text().splitlines()
    for line, row in zip(lines, kept, strict=True):
        messages = json.loads(line)["messages"]
        content = [part for message in messages for part in message["content"]]
        assert [part["path"] for part in content if part["type"] == "image"] == uris(row)
        assert messages[0]["content"][0]["type"] == "image"
        assert "<image>" not in line
        texts = ["".join(p["text"] for p in message["content"] if p["type"] == "text") for message in messages]
        assert texts == [text.replace("<image>\n", "").replace("<image>", "") for _, text in said(row)]


def test_trl_has_image_parts_without_an_image_and_pictures_that_open_lazily(exported, kept, pictures, tmp_path: Path):
    cache = str(tmp_path / "cache")
    rows = load_dataset("parquet", data_dir=str(exported("trl")), split="train", cache_dir=cache)
    assert "image" not in rows.column_names
    table = rows.with_format("arrow")[:]
    assert [[image["path"] for image in row] for row in table["images"].to_pylist()] == [uris(row) for row in kept]
    for messages, row in zip(table["messages"].to_pylist(), kept, strict=True):
        kinds = [part["type"] for message in messages for part in message["content"]]
        assert kinds.count("image") == len(row["image_refs"])
        assert [message["role"] for message in messages] == [role for role, _ in said(row)]
    to = tmp_path / "with_bytes"
    export(tmp_path / "out", to, ExportOptions("trl", images=pictures), ProgressReport())
    held = pl.read_parquet(to / "train.parquet")["images"].to_list()
    assert held[0][0]["bytes"] == (pictures / uris(kept[0])[0]).read_bytes()


def test_mblip_has_one_item_an_answer_with_all_that_was_said_before(exported, kept):
    items = json.loads((exported("mblip") / "train.json").read_text())
    assert len(items) == sum(role == "assistant" for row in kept for role, _ in said(row))
    assert all({*item} == {"context", "label", "image_id", "turn_langs"} for item in items)
    assert not any("<image>" in str(item) for item in items)
    row = next(row for row in kept if row["task"] == "conversation")
    turns = [content.replace("<image>\n", "") for _, content in said(row)]
    found = next(i for i, item in enumerate(items) if item["context"] == turns[0] and item["label"] == turns[1])
    said_before = {"context": "\n".join(turns[:3]), "label": turns[3]}
    assert items[found + 1] == {**said_before, "image_id": uris(row)[0], "turn_langs": row["turn_langs"][:4]}


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def items_of(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "train.json").read_text()))


def members_of(folder: Path) -> list[dict[str, Any]]:
    with tarfile.open(folder / "train-000000.tar") as tar:
        return [json.loads(tar.extractfile(m).read()) for m in tar if m.name.endswith(".json")]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("llava", items_of), ("sharegpt", items_of), ("swift", lines_of), ("axolotl", lines_of), ("mblip", items_of),
        ("trl", lambda folder: pl.read_parquet(folder / "train.parquet").to_dicts()), ("webdataset", members_of),
    ],
)  # fmt: skip
def test_every_format_says_which_language_each_turn_is_in(
    name: str, read: Callable[[Path], list[dict[str, Any]]], exported, kept, pictures
):
    assert name in EXPORTERS.names()
    found = [item["turn_langs"] for item in read(exported(name, images=pictures))]
    langs = [row["turn_langs"] for row in kept]
    if name == "mblip":  # an item an answer
        langs = [row["turn_langs"][: end + 1] for row in kept for end in range(1, len(row["messages"]), 2)]
    assert found == langs
    assert {lang for turns in found for lang in turns} >= {"deu_Latn", "swh_Latn"}


@pytest.mark.parametrize(
    ("name", "kind"), [("sharegpt", "json"), ("swift", "json"), ("axolotl", "json"), ("mblip", "json")]
)
def test_a_turn_without_a_language_does_not_keep_a_file_from_being_loaded(name: str, kind: str, tmp_path: Path):
    """Trainers load these with `datasets`, which must find one type for the column."""
    rows = [{**RECORD, "record_id": f"r1:{n}", "turn_langs": [None, lang]} for n, lang in enumerate((None, "deu_Latn"))]
    with EXPORTERS.get(name).exporter(tmp_path, "train", ImageBytes([], None)) as add:
        for row in rows:
            add(sound_row(row))
    (file,) = tmp_path.glob("train.*")
    loaded = load_dataset(kind, data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["turn_langs"][:] == [[None, None], [None, "deu_Latn"]]


def test_webdataset_groups_a_row_with_its_images_and_refuses_rows_without_by_name(exported, kept, pictures):
    import webdataset

    gone = kept[0]
    (pictures / uris(gone)[0]).unlink()
    to = exported("webdataset", images=pictures)
    refused = [json.loads(line) for line in (to / "refused.jsonl").read_text().splitlines()]
    lost = [row["record_id"] for row in kept if uris(row) == uris(gone)]
    assert [(line["record_id"], line["reason"]) for line in refused] == [(name, "image_missing") for name in lost]
    samples = list(webdataset.WebDataset(str(to / "train-000000.tar"), shardshuffle=False, empty_check=False))
    there = [row for row in kept if row["record_id"] not in lost]
    assert len(samples) == len(there) > 0
    for sample, row in zip(samples, there, strict=True):
        content = json.loads(sample["json"])
        assert content["record_id"] == row["record_id"]
        assert content["images"] == ["0.jpg"]
        assert sample["0.jpg"] == (pictures / uris(row)[0]).read_bytes()
    with tarfile.open(to / "train-000000.tar") as tar:
        assert {member.mtime for member in tar} == {0}


@pytest.mark.parametrize("name", sorted(set(EXPORTERS.built_in()) - {"webdataset"}))
def test_the_same_export_has_the_same_bytes_and_failed_rows_are_refused_by_name(
    name: str, folder: Path, tmp_path: Path
):
    outcomes = []
    for to in (tmp_path / "one", tmp_path / "two"):
        options = ExportOptions(name, everything=True, languages=["swh_Latn"])
        outcomes.append(export(folder, to, options, ProgressReport()))
    assert outcomes[0].rows == sum(outcomes[0].exported.values()) + outcomes[0].refused.total()
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


RECORD = {
    "record_id": "r1:x", "lang_bcp47": "de", "task": "vqa_open", "license": "mit",
    "image_refs": [{"image_id": "i", "uri": "a.jpg"}],
    "messages": [{"role": "user", "content": "<image>\nWas?"}, {"role": "assistant", "content": "Rot."}],
    "turn_langs": ["deu_Latn", None],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messages": None}, "no_translation"),
        ({"image_refs": []}, "image_count"),
        ({"messages": [RECORD["messages"][0], {"role": "assistant", "content": "<image>"}]}, "marker_in_answer"),
        ({"messages": [RECORD["messages"][0], {"role": "assistant", "content": ""}]}, "empty_text"),
        ({"messages": RECORD["messages"][:1]}, "turn_order"),
        ({"messages": [*RECORD["messages"], RECORD["messages"][1]]}, "turn_order"),
    ],
)
def test_a_row_that_no_trainer_can_take_has_a_reason(change: dict[str, Any], reason: str):
    assert sound_row(RECORD).turns[1] == ("assistant", "Rot.")
    with pytest.raises(RowError) as caught:
        sound_row({**RECORD, **change})
    assert caught.value.reason == reason


def test_a_text_is_cut_at_its_images_wherever_they_stand():
    assert list(parts("<image>\nOne <image> and <image>")) == [None, "One ", None, " and ", None]
    assert list(parts("no image")) == ["no image"]


def test_a_path_out_of_the_images_folder_is_no_image(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    for uri in ("../secret", str(tmp_path / "secret"), "in/../../secret", "link", "up/secret", "a\0b"):
        with pytest.raises(RowError, match="image_missing"):
            ImageBytes([], tmp_path / "in").read(ImageRef("i", uri))


def test_an_image_name_that_no_file_can_have_refuses_its_row_alone(recipe_file, run, tmp_path: Path):
    """File systems end names at 255 bytes; a loop of links and a huge ending are no names of files, either."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "loop.jpg").symlink_to("loop.jpg")
    names = ["good.jpg", "n" * 300 + ".jpg", "d" * 300 + "/a.jpg", "loop.jpg", "a.jpg/b.jpg"]
    rows = [{"id": f"c{i}", "task": "caption", "image": name, "caption": f"A dog runs over {i} hills."}
            for i, name in enumerate([*names, "odd." + "e" * 200])]  # fmt: skip
    for name in ("good.jpg", "a.jpg", "odd." + "e" * 200):
        (pictures / name).write_bytes(b"no picture")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"format": "jsonl", "path": str(tmp_path / "rows.jsonl"), "license": "mit"}
    run(recipe_file(sources={"small": source}, languages=["deu_Latn"], filter={}))
    for name in ("webdataset", "trl"):
        options = ExportOptions(name, everything=True, images=pictures)
        outcome = export(tmp_path / "out", tmp_path / name, options, ProgressReport())
        assert (outcome.rows, sum(outcome.exported.values()), outcome.refused) == (6, 2, {"image_missing": 4})
    with tarfile.open(tmp_path / "webdataset/train-000000.tar") as tar:
        assert sorted(member.name.rpartition(".")[2] for member in tar) == ["bin", "jpg", "json", "json"]


def test_a_failure_on_the_way_leaves_nothing(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match="give --images FOLDER"):
        export(folder, tmp_path / "to", ExportOptions("webdataset"), ProgressReport())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "lava"}, "did you mean 'llava'"),
        ({"format": "llava", "languages": ["fra_Latn"]}, "the dataset has deu_Latn"),
        ({"format": "trl", "images": Path("nowhere")}, "no such folder"),
    ],
)
def test_what_cannot_be_exported_is_one_line(folder: Path, tmp_path: Path, options: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        export(folder, tmp_path / "to", ExportOptions(**options), ProgressReport())
    assert not (tmp_path / "to").exists()


def test_a_folder_that_is_there_is_not_written_to(folder: Path):
    with pytest.raises(InputError, match="it exists; name a new folder"):
        export(folder, folder / "dataset", ExportOptions("llava"), ProgressReport())
