from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glotmill.schemas.errors import InputError

ROW = {
    "id": "000000033471",
    "image": "coco/train2017/000000033471.jpg",
    "conversations": [
        {"from": "human", "value": "<image>\nWhat are the colors of the bus in the image?"},
        {"from": "gpt", "value": "The bus in the image is white and red."},
        {"from": "human", "value": "What feature can be seen on the back of the bus?"},
        {"from": "gpt", "value": "The back of the bus features an advertisement."},
    ],
}


def row(*turns: tuple[str, Any], **changes: Any) -> dict[str, Any]:
    conversation = [{"from": who, "value": text} for who, text in turns] or ROW["conversations"]
    return {key: value for key, value in {**ROW, "conversations": conversation, **changes}.items() if value is not None}


@pytest.fixture
def llava(opened):
    return lambda rows, **keys: opened(rows, format="llava", **keys)


def test_humans_are_users_and_gpt_is_the_assistant(llava, samples):
    (sample,) = samples(llava([ROW]))
    assert (sample.task, [role for role, _ in sample.messages]) == ("conversation", ["user", "assistant"] * 2)
    assert sample.messages[0][1] == ROW["conversations"][0]["value"]
    assert sample.images[0].uri == "coco/train2017/000000033471.jpg"


def test_rows_about_one_image_that_share_an_id_are_all_kept(llava, samples):
    other = row(("human", "<image>\nDescribe it."), ("gpt", "A bus."))
    first, second = samples(llava([ROW, other]))
    assert first.row_id.startswith("000000033471/content:")
    assert second.row_id.startswith("000000033471/content:")
    assert first.row_id != second.row_id


def test_ids_that_are_unique_can_be_the_rows_ids(llava, samples):
    assert samples(llava([ROW], ids="field"))[0].row_id == "000000033471"


def test_the_same_row_has_the_same_id_wherever_it_stands(llava, samples):
    other = row(("human", "Hello."), ("gpt", "Hello."), image=None)
    before = samples(llava([ROW, other]))
    after = samples(llava([other, ROW]))
    assert [sample.row_id for sample in before] == [sample.row_id for sample in reversed(after)]


def test_a_marker_that_is_missing_is_put_before_the_first_user_turn(llava, samples):
    found = samples(llava([row(("system", "Be short."), ("human", "What is it?"), ("gpt", "A bus."))]))
    assert [content for _, content in found[0].messages] == ["Be short.", "<image>\nWhat is it?", "A bus."]


@pytest.mark.parametrize("text", ["<image>\nWhat is it?", "What is it?\n<image>", "What is <image> here?"])
def test_a_marker_stays_where_it_is(llava, samples, text: str):
    assert samples(llava([row(("human", text), ("gpt", "A bus."))]))[0].messages[0] == ("user", text)


def test_several_images_have_a_marker_each(llava, samples):
    first = row(("human", "Compare <image> with <image>."), ("gpt", "Alike."), image=["a.jpg", "b.jpg"])
    second = row(("human", "Compare."), ("gpt", "Alike."), image=["a.jpg", "b.jpg"])
    found = samples(llava([first, second]))
    assert [image.uri for image in found[0].images] == ["a.jpg", "b.jpg"]
    assert found[1].messages[0][1] == "<image>\n<image>\nCompare."


def test_a_conversation_without_image_is_a_row(llava, samples):
    (sample,) = samples(llava([row(("human", "Hello."), ("gpt", "Hello."), image=None, model="x")]))
    assert sample.images == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("text", "not_an_object"),
        (row(id=None), "missing_field.id"),
        (row(id=True), "wrong_type.id"),
        (row(image=3), "not_an_object"),
        (row(image=" "), "empty_text.uri"),
        (row(image=["a.jpg", 3]), "not_an_object"),
        ({"id": "1", "image": "a.jpg"}, "missing_field.conversations"),
        (row(conversations=[]), "wrong_type.conversations"),
        (row(conversations="Hello."), "wrong_type.conversations"),
        (row(conversations=["Hello."]), "not_an_object"),
        (row(("human", None), ("gpt", "x")), "missing_field.value"),
        (row(("human", 3), ("gpt", "x")), "wrong_type.value"),
        (row(("human", "What?"), ("gpt", "")), "empty_text.value"),
        (row(("human", "What?"), ("gpt", "A\x00")), "nul_character"),
        (row(("human", "What?"), ("gpt", "A \ud83d")), "bad_unicode"),
        (row(("human", "What?"), ("robot", "x")), "unknown_role"),
        (row(("human", "What?")), "no_assistant_turn"),
        (row(("gpt", "A bus.")), "image_marker_count"),
        (row(("human", "<image> and <image>"), ("gpt", "x")), "image_marker_count"),
        (row(("human", "<image>\nWhat?"), ("gpt", "An <image>.")), "image_marker_outside_user_turn"),
        (row(("human", "What?"), ("gpt", "An <image>.")), "image_marker_outside_user_turn"),
        (row(("human", "<image>\nWhat?"), ("gpt", "x"), image=None), "image_marker_count"),
        (row(image=[]), "image_marker_count"),
    ],
)
def test_a_bad_conversation_is_rejected_alone(llava, reasons, bad: Any, reason: str):
    assert reasons(llava([bad, ROW])) == [reason, "ok"]


def test_conversations_may_stand_one_a_line(llava, samples, outcomes):
    reader = llava(json.dumps(ROW) + "\n\n" + json.dumps(row(id="2")) + "\n")
    assert len(samples(reader)) == 2
    assert [position for position, _ in outcomes(reader)] == ["line 1", "line 3"]


def test_a_line_with_instruction_and_output_is_a_conversation_of_two_turns(llava, samples, reasons):
    line = {"id": "7", "image": "COCO_val2014_7.jpg", "instruction": "What is it?", "output": "A bus.", "type": "conv"}
    (sample,) = samples(llava(json.dumps(line)))
    assert sample.messages == (("user", "<image>\nWhat is it?"), ("assistant", "A bus."))
    assert reasons(llava(json.dumps({**line, "output": None}))) == ["missing_field.output"]


@pytest.mark.parametrize("content", ["", "3", "[{]", '["a"'])
def test_another_file_is_refused(llava, content: str):
    with pytest.raises(InputError, match=r"^sources\.s\.path: "):
        list(llava(content).rows())


def test_every_line_of_the_real_file_is_a_sound_sample(shared_data: Path, llava, samples):
    found = samples(llava((shared_data / "llava/coco2014_val_gpt4_qa_30x3.jsonl").read_bytes()))
    assert len(found) == 90
    assert len({sample.row_id for sample in found}) == 90
    assert len({sample.images[0].image_id for sample in found}) == 30
