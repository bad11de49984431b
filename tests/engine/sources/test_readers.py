"""The readers: what each format becomes, and what is refused row by row or as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.sources import open_source
from glotmill.engine.sources.coco_captions import CocoCaptionsSource
from glotmill.engine.sources.gqa import GqaSource
from glotmill.engine.sources.jsonl import JsonlSource
from glotmill.recipes.sections.images import NumberedImages
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import image_id
from glotmill.schemas.sample import Sample
from glotmill.schemas.sample_checks import check


def jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    return path


def one(reader) -> Sample:
    ((_, raw),) = reader.rows()
    sample = reader.sample(raw)
    check(sample)
    return sample


def read_jsonl(path: Path, row: Any) -> Sample:
    return one(open_source("s", JsonlSource(format="jsonl", path=jsonl(path / "s.jsonl", row), license="mit")))


CAPTION = {"id": "1", "task": "caption", "image": "a.jpg", "caption": "A dog."}
QUESTION = {"id": 2, "task": "vqa_open", "image": "a.jpg", "question": "What is it?", "answers": ["dog", "a dog"]}
CHOICE = {"id": "3", "task": "vqa_mc", "question": "Which?", "choices": ["a", "b"], "answer_index": 1}


# --- jsonl --------------------------------------------------------------------------------------------------------


def test_a_caption_is_an_image_turn_and_the_caption(tmp_path: Path):
    sample = read_jsonl(tmp_path, CAPTION)
    assert sample.messages == (("user", "<image>"), ("assistant", "A dog."))
    assert [(i.image_id, i.uri) for i in sample.images] == [(image_id("a.jpg"), "a.jpg")]


def test_a_question_is_answered_by_the_first_answer_and_keeps_all(tmp_path: Path):
    sample = read_jsonl(tmp_path, QUESTION)
    assert sample.row_id == "2"
    assert sample.messages == (("user", "<image>\nWhat is it?"), ("assistant", "dog"))
    assert sample.answers == ("dog", "a dog")


def test_a_choice_question_without_image_is_answered_by_its_choice(tmp_path: Path):
    sample = read_jsonl(tmp_path, CHOICE)
    assert sample.messages == (("user", "Which?"), ("assistant", "b"))
    assert (sample.choices, sample.answer_index) == (("a", "b"), 1)


def test_messages_and_full_image_references_are_taken_as_they_are(tmp_path: Path):
    image = {"uri": "a.png", "image_id": "sha256:0", "width": 3, "height": 4, "mime": "image/png"}
    turns = [{"role": "user", "content": "<image> Who?"}, {"role": "assistant", "content": "A man."}]
    row = {"id": "4", "task": "conversation", "images": [image], "messages": turns, "url": "https://x.y/4"}
    sample = read_jsonl(tmp_path, row)
    assert sample.messages == (("user", "<image> Who?"), ("assistant", "A man."))
    assert (sample.images[0].image_id, sample.images[0].width, sample.images[0].mime) == ("sha256:0", 3, "image/png")
    assert sample.url == "https://x.y/4"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{not json", "bad_json"),
        ("[1]", "not_an_object"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "bad_json"),
        ({**CAPTION, "id": None}, "missing_field.id"),
        ({**CAPTION, "id": True}, "wrong_type.id"),
        ({**CAPTION, "task": "poem"}, "unknown_task"),
        ({**CAPTION, "caption": None}, "missing_field.caption"),
        ({**CAPTION, "caption": 3}, "wrong_type.caption"),
        ({**CAPTION, "caption": "  "}, "empty_text.caption"),
        ({**CAPTION, "colour": "red"}, "unknown_field"),
        ({**CAPTION, "images": "a.jpg", "image": None}, "wrong_type.images"),
        ({**QUESTION, "question": None}, "missing_field.question"),
        ({**QUESTION, "answers": None}, "missing_field.answers"),
        ({**QUESTION, "answers": "dog"}, "wrong_type.answers"),
        ({**CHOICE, "answer_index": 2}, "bad_answer_index"),
        ({**CHOICE, "answer_index": "1"}, "wrong_type.answer_index"),
        ({"id": "5", "task": "conversation", "messages": []}, "wrong_type.messages"),
        ({"id": "5", "task": "conversation", "messages": [{"role": "user"}]}, "missing_field.content"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason(tmp_path: Path, row: Any, reason: str):
    with pytest.raises(RowError) as caught:
        read_jsonl(tmp_path, row)
    assert caught.value.reason == reason


def test_blank_lines_are_no_rows_and_positions_are_line_numbers(tmp_path: Path):
    path = jsonl(tmp_path / "s.jsonl", CAPTION, "", "   ", QUESTION)
    reader = open_source("s", JsonlSource(format="jsonl", path=path, license="mit"))
    assert [position for position, _ in reader.rows()] == ["line 1", "line 4"]


# --- COCO captions ------------------------------------------------------------------------------------------------

COCO = {
    "images": [{"id": 7, "coco_url": "http://i.org/7.jpg", "width": 640, "height": 480}, {"id": 8}],
    "annotations": [
        {"id": 70, "image_id": 7, "caption": "A dog.\n"},
        {"id": 71, "image_id": 7, "caption": "A brown dog."},
    ],
}


def coco(path: Path, content: Any):
    file = path / "captions.json"
    file.write_text(json.dumps(content))
    return open_source("captions", CocoCaptionsSource(format="coco_captions", path=file))


def test_captions_of_an_image_are_separate_samples_with_one_image(tmp_path: Path):
    reader = coco(tmp_path, COCO)
    samples = [reader.sample(raw) for _, raw in reader.rows()]
    assert [s.row_id for s in samples] == ["70", "71"]
    assert samples[0].images == samples[1].images
    assert (samples[0].images[0].uri, samples[0].images[0].width) == ("http://i.org/7.jpg", 640)
    assert samples[0].messages[1] == ("assistant", "A dog.")


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"id": 1, "image_id": 9, "caption": "x"}, "unknown_image"),
        ({"id": 1, "image_id": [7], "caption": "x"}, "unknown_image"),
        ({"id": 1, "image_id": 8, "caption": "x"}, "missing_field.coco_url"),
        ({"id": 1, "image_id": 7}, "missing_field.caption"),
        ({"image_id": 7, "caption": "x"}, "missing_field.id"),
        ("text", "not_an_object"),
    ],
)
def test_a_bad_annotation_is_refused_with_its_reason(tmp_path: Path, annotation: Any, reason: str):
    reader = coco(tmp_path, {**COCO, "annotations": [annotation]})
    ((position, raw),) = reader.rows()
    assert position == "annotations[0]"
    with pytest.raises(RowError) as caught:
        reader.sample(raw)
    assert caught.value.reason == reason


# --- GQA ----------------------------------------------------------------------------------------------------------

GQA = {"201": {"question": "Who is it?", "imageId": "n1", "answer": "women", "fullAnswer": "It is the women."}}


def gqa(path: Path, content: Any, **images: str):
    file = path / "questions.json"
    file.write_text(json.dumps(content))
    return open_source("questions", GqaSource(format="gqa", path=file, images=NumberedImages(**images)))


def test_a_question_keeps_its_id_answer_and_image(tmp_path: Path):
    sample = one(gqa(tmp_path, GQA, base="https://i.org/", suffix=".png"))
    assert sample.row_id == "201"
    assert sample.answers == ("women",)
    assert sample.messages == (("user", "<image>\nWho is it?"), ("assistant", "women"))
    assert sample.images[0].uri == "https://i.org/n1.png"


@pytest.mark.parametrize("key", ["question", "imageId", "answer"])
def test_a_question_without_a_field_is_refused_by_the_fields_name(tmp_path: Path, key: str):
    row = {name: value for name, value in GQA["201"].items() if name != key}
    reader = gqa(tmp_path, {"201": row, "x": GQA["201"]})
    _, raw = next(iter(reader.rows()))
    with pytest.raises(RowError) as caught:
        reader.sample(raw)
    assert caught.value.reason == f"missing_field.{key}"


# --- files that are unreadable as a whole -------------------------------------------------------------------------


@pytest.mark.parametrize("content", [[], "text", {"images": []}, {"images": {}, "annotations": []}])
def test_another_shape_than_coco_captions_is_refused(tmp_path: Path, content: Any):
    with pytest.raises(InputError, match=r"sources\.captions\.path.*captions\.json"):
        coco(tmp_path, content)


@pytest.mark.parametrize("content", [[], {"a": 1}, {"a": {"caption": "x"}}])
def test_another_shape_than_gqa_is_refused(tmp_path: Path, content: Any):
    with pytest.raises(InputError, match=r"sources\.questions\.path.*questions\.json"):
        gqa(tmp_path, content)


def test_what_is_no_json_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    (tmp_path / "bad.json").write_text("{")
    for name, word in (("bad.json", "not JSON"), ("none.json", "does not exist"), (".", "is a folder")):
        with pytest.raises(InputError, match=word):
            open_source("s", GqaSource(format="gqa", path=tmp_path / name))


def test_a_lone_surrogate_in_a_json_file_fails_its_row_and_not_the_file(tmp_path: Path):
    text = json.dumps({**COCO, "annotations": [*COCO["annotations"], {"id": 9, "image_id": 7, "caption": "\ud83d"}]})
    (tmp_path / "captions.json").write_text(text)
    reader = open_source("captions", CocoCaptionsSource(format="coco_captions", path=tmp_path / "captions.json"))
    samples = [reader.sample(raw) for _, raw in reader.rows()]
    check(samples[0])
    with pytest.raises(RowError, match="bad_unicode"):
        check(samples[2])
