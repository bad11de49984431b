from __future__ import annotations

from typing import Any

import pytest

from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import image_id

ROW = {
    "split": "train",
    "image_id": 299207,
    "question_id": "22MexNkBPpdZGX6sxbxVBH",
    "question": "What is the man by the bags awaiting?",
    "choices": ["skateboarder", "train", "delivery", "cab"],
    "correct_choice_idx": 3,
    "direct_answers": ["ride", "ride", "bus", "taxi", "travelling", "traffic", "taxi", "cab", "cab", "ride"],
    "difficult_direct_answer": False,
    "rationales": ["A train would not be on the street.", "He is near a road with luggage.", "He looks for a cab."],
}


def row(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**ROW, **changes}.items() if value is not None}


@pytest.fixture
def aokvqa(opened):
    return lambda rows, **keys: opened(rows, format="aokvqa", **keys)


def test_by_default_a_question_is_asked_with_its_choices(aokvqa, samples):
    (sample,) = samples(aokvqa([ROW]))
    assert (sample.row_id, sample.task) == ("22MexNkBPpdZGX6sxbxVBH", "vqa_mc")
    assert sample.messages == (("user", "<image>\nWhat is the man by the bags awaiting?"), ("assistant", "cab"))
    assert (sample.choices, sample.answer_index, sample.answers) == (tuple(ROW["choices"]), 3, None)


def test_the_image_has_the_id_that_it_has_in_coco_captions(aokvqa, samples):
    uri = "http://images.cocodataset.org/train2017/000000299207.jpg"
    assert samples(aokvqa([ROW]))[0].images[0].image_id == image_id(uri)


def test_an_open_question_is_answered_by_the_most_frequent_direct_answer_and_keeps_all(aokvqa, samples):
    (sample,) = samples(aokvqa([ROW], task="vqa_open"))
    assert sample.messages[-1] == ("assistant", "ride")
    assert sample.answers == tuple(ROW["direct_answers"])
    assert sample.choices is None


def test_each_rationale_is_a_row_that_keeps_choices_and_answer(aokvqa, samples, outcomes):
    reader = aokvqa([ROW, row(question_id="b", rationales=["One."])], task="explanation")
    found = samples(reader)
    assert [sample.row_id for sample in found] == [*(f"{ROW['question_id']}.{n}" for n in range(3)), "b.0"]
    assert [sample.messages[-1][1] for sample in found] == [*ROW["rationales"], "One."]
    assert {sample.answer_index for sample in found} == {3}
    assert [position for position, _ in outcomes(reader)][1:] == ["[0].rationales[1]", "[0].rationales[2]",
                                                                  "[1].rationales[0]"]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "changes", "reason"),
    [
        ("vqa_mc", {"question": None}, "missing_field.question"),
        ("vqa_mc", {"question": "\n"}, "empty_text.question"),
        ("vqa_mc", {"question_id": None}, "missing_field.question_id"),
        ("vqa_mc", {"question_id": 1.5}, "wrong_type.question_id"),
        ("vqa_mc", {"image_id": "x"}, "wrong_type.image_id"),
        ("vqa_mc", {"split": None}, "missing_field.split"),
        ("vqa_mc", {"choices": None}, "missing_field.choices"),
        ("vqa_mc", {"choices": ["a", 1]}, "wrong_type.choices"),
        ("vqa_mc", {"choices": ["a", "a", "b", "c"]}, "bad_choices"),
        ("vqa_mc", {"choices": ["a", "", "b", "c"]}, "empty_text.choices"),
        ("vqa_mc", {"choices": ["a", "b\x00", "b", "c"]}, "nul_character"),
        ("vqa_mc", {"correct_choice_idx": None}, "missing_field.correct_choice_idx"),
        ("vqa_mc", {"correct_choice_idx": 4}, "bad_answer_index"),
        ("vqa_mc", {"correct_choice_idx": "3"}, "wrong_type.correct_choice_idx"),
        ("vqa_open", {"direct_answers": None}, "missing_field.direct_answers"),
        ("vqa_open", {"direct_answers": "ride"}, "wrong_type.direct_answers"),
        ("vqa_open", {"direct_answers": ["ride", " "]}, "empty_text.answers"),
        ("vqa_open", {"direct_answers": ["ride \ud800"]}, "bad_unicode"),
        ("explanation", {"rationales": None}, "missing_field.rationales"),
        ("explanation", {"rationales": []}, "missing_field.rationales"),
        ("explanation", {"rationales": "He waits."}, "wrong_type.rationales"),
        ("explanation", {"rationales": [""]}, "empty_text.messages"),
    ],
)
def test_a_bad_question_is_rejected_alone(aokvqa, reasons, task: str, changes: dict, reason: str):
    good = row(question_id="good", rationales=["One."])
    assert reasons(aokvqa([row(**changes), good], task=task)) == [reason, "ok"]


def test_questions_of_the_test_split_have_no_answers_and_are_rejected(aokvqa, reasons):
    test = row(split="test", correct_choice_idx=None, direct_answers=None, rationales=None)
    assert reasons(aokvqa([test])) == ["missing_field.correct_choice_idx"]


def test_a_row_that_is_no_object_is_rejected(aokvqa, reasons):
    assert reasons(aokvqa(["text", None, ROW])) == ["not_an_object", "not_an_object", "ok"]


@pytest.mark.parametrize("content", ["{}", "3", "", "[{]"])
def test_another_file_is_refused(aokvqa, content: str):
    with pytest.raises(InputError, match=r"^sources\.s\.path: "):
        aokvqa(content)
