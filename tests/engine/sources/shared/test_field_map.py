"""Rows by a field map: any JSON lines, and what the map may say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glotmill.engine.sources.shared.field_map import value_at

ROW = {
    "uid": 7,
    "pic": {"file": "a.jpg"},
    "qa": [{"q": "What is it?", "a": "dog"}, {"q": "Where?", "a": "grass"}],
    "text": "A dog.",
    "options": ["dog", "cat"],
    "gold": 0,
    "more": {"ignored": True},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("text", "A dog."),
        ("pic.file", "a.jpg"),
        ("qa.0.q", "What is it?"),
        ("qa.a", ["dog", "grass"]),
        ("options.1", "cat"),
        ("options.9", None),
        ("nothing", None),
        ("pic.nothing.deeper", None),
        ("text.deeper", None),
        ("uid.0", None),
        ("qa.0.q.__class__", None),
        ("pic.__class__", None),
    ],
)
def test_a_path_enters_objects_lists_and_places_and_nothing_else(path: str, value: Any):
    assert value_at(ROW, path.split(".")) == value


@pytest.fixture
def mapped(opened):
    def go(*rows: Any, fields: dict[str, str], **keys: Any):
        content = "".join(json.dumps(row) + "\n" for row in rows)
        return opened(content, format="jsonl", fields=fields, **keys)

    return go


def test_a_caption(mapped, samples):
    fields = {"id": "uid", "image": "pic.file", "caption": "text"}
    (sample,) = samples(mapped(ROW, fields=fields, images={"base": "coco/"}))
    assert (sample.row_id, sample.task, sample.images[0].uri) == ("7", "caption", "coco/a.jpg")
    assert sample.messages == (("user", "<image>"), ("assistant", "A dog."))


def test_a_question_with_answers_from_every_object_of_a_list(mapped, samples):
    fields = {"id": "uid", "image": "pic.file", "question": "qa.0.q", "answers": "qa.a"}
    (sample,) = samples(mapped(ROW, fields=fields))
    assert (sample.task, sample.answers, sample.messages[-1][1]) == ("vqa_open", ("dog", "grass"), "dog")


def test_one_answer_is_a_list_of_one(mapped, samples):
    fields = {"image": "pic.file", "question": "qa.0.q", "answers": "qa.0.a"}
    assert samples(mapped(ROW, fields=fields))[0].answers == ("dog",)


def test_a_question_with_choices(mapped, samples):
    fields = {"id": "uid", "image": "pic.file", "question": "qa.0.q", "choices": "options", "answer_index": "gold"}
    (sample,) = samples(mapped(ROW, fields=fields))
    assert (sample.task, sample.choices, sample.messages[-1][1]) == ("vqa_mc", ("dog", "cat"), "dog")


@pytest.mark.parametrize("names", [("from", "value", "human", "gpt"), ("role", "content", "user", "assistant")])
def test_a_conversation_in_either_way_of_writing_gets_its_marker(mapped, samples, names: tuple[str, ...]):
    who, what, user, assistant = names
    turns = [{who: user, what: "What?"}, {who: assistant, what: "A dog."}]
    fields = {"id": "uid", "image": "pic.file", "messages": "turns"}
    (sample,) = samples(mapped({**ROW, "turns": turns}, fields=fields))
    assert sample.task == "conversation"
    assert sample.messages == (("user", "<image>\nWhat?"), ("assistant", "A dog."))


def test_the_task_is_a_column_or_the_recipes(mapped, samples):
    fields = {"id": "uid", "image": "pic.file", "question": "qa.0.q", "answers": "qa.0.a"}
    assert samples(mapped(ROW, fields=fields, task="ocr"))[0].task == "ocr"
    assert samples(mapped({**ROW, "kind": "vqg"}, fields={**fields, "task": "kind"}))[0].task == "vqg"


def test_several_images(mapped, samples):
    fields = {"id": "uid", "images": "pics", "caption": "text"}
    (sample,) = samples(mapped({**ROW, "pics": ["a.jpg", "b.jpg"]}, fields=fields))
    assert sample.messages[0] == ("user", "<image>\n<image>")


def test_without_an_id_a_row_is_known_by_its_content(mapped, samples):
    fields = {"image": "pic.file", "caption": "text"}
    first, again, other = samples(mapped(ROW, {**ROW, "uid": 8}, {**ROW, "text": "A cat."}, fields=fields))
    assert first.row_id == again.row_id
    assert first.row_id.startswith("content:")
    assert other.row_id != first.row_id


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"uid": None}, "missing_field.id"),
        ({"uid": 1.5}, "wrong_type.id"),
        ({"text": None}, "missing_field.caption"),
        ({"text": ["A dog."]}, "wrong_type.caption"),
        ({"text": " "}, "empty_text.caption"),
        ({"text": "A\x00dog."}, "nul_character"),
        ({"pic": None}, "image_marker_count"),
        ({"pic": {"file": 3}}, "not_an_object"),
        ({"pic": {"file": ["a.jpg"]}}, "not_an_object"),
    ],
)
def test_a_bad_row_is_rejected_by_our_name_for_what_is_wrong(mapped, reasons, changes: dict, reason: str):
    fields = {"id": "uid", "image": "pic.file", "caption": "text"}
    assert reasons(mapped({**ROW, **changes}, ROW, fields=fields)) == [reason, "ok"]


@pytest.mark.parametrize(
    ("fields", "changes", "reason"),
    [
        ({"question": "text", "answers": "options"}, {"options": None}, "missing_field.answers"),
        ({"question": "text", "answers": "options"}, {"options": [1]}, "wrong_type.answers"),
        ({"question": "text", "choices": "options", "answer_index": "gold"}, {"gold": 5}, "bad_answer_index"),
        ({"question": "text", "choices": "options", "answer_index": "gold"}, {"gold": "0"}, "wrong_type.answer_index"),
        ({"messages": "turns"}, {}, "wrong_type.messages"),
        ({"messages": "turns"}, {"turns": [{"from": "gpt", "value": "\ud83d"}]}, "bad_json"),
        ({"caption": "text", "task": "kind"}, {"kind": "poem"}, "unknown_task"),
    ],
)
def test_other_kinds_of_rows_are_rejected_likewise(mapped, reasons, fields: dict, changes: dict, reason: str):
    assert reasons(mapped({**ROW, **changes}, fields=fields)) == [reason]


def test_the_marker_that_the_rows_write_for_a_picture_is_read_as_ours(mapped, samples, reasons):
    fields = {"id": "uid", "image": "pic.file", "question": "qa.0.q", "answers": "text"}
    asked = {**ROW, "qa": [{"q": "<|image_1|>\nWhat is it?"}]}
    (sample,) = samples(mapped(asked, fields=fields, image_marker="<|image_1|>"))
    assert sample.messages[0] == ("user", "<image>\nWhat is it?")
    turns = [{"from": "human", "value": "And in <|image_1|>?"}, {"from": "gpt", "value": "A dog."}]
    talk = {**ROW, "turns": turns}
    (sample,) = samples(
        mapped(talk, fields={"id": "uid", "image": "pic.file", "messages": "turns"}, image_marker="<|image_1|>")
    )
    assert sample.messages[0] == ("user", "And in <image>?")
    # A row that is known by its content keeps its id.
    del fields["id"]
    without = {**asked, "qa": [{"q": "What is it?"}]}
    ids = [s.row_id for s in samples(mapped(asked, without, fields=fields, image_marker="<|image_1|>"))]
    assert ids[0] != ids[1]
    assert ids[1] == samples(mapped(without, fields=fields))[0].row_id
    # A marker without its picture, and one in an answer, are no picture of the row.
    lost, answered = {**asked, "pic": None}, {**asked, "text": "<|image_1|>\nThis one."}
    found = reasons(mapped(lost, answered, ROW, fields=fields, image_marker="<|image_1|>"))
    assert found == ["unknown_image_marker", "unknown_image_marker", "ok"]
