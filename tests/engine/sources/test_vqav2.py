"""VQAv2: files of the official shape, and everything that can be amiss between questions and annotations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.sources import Reader, open_source
from glotmill.engine.sources.vqav2 import Vqav2Source
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import image_id

GIVEN = [("net", "yes")] * 6 + [("netting", "maybe"), ("mesh", "yes"), ("net", "no"), ("pitcher", "no")]


def question(number: int = 458752000, **changes: Any) -> dict[str, Any]:
    return {
        "image_id": 458752,
        "question": "What is this photo taken looking through?",
        "question_id": number,
        **changes,
    }


def annotation(number: int = 458752000, **changes: Any) -> dict[str, Any]:
    answers = [
        {"answer": answer, "answer_confidence": confidence, "answer_id": place}
        for place, (answer, confidence) in enumerate(GIVEN, start=1)
    ]
    return {
        "question_type": "what is this", "multiple_choice_answer": "net", "answers": answers, "image_id": 458752,
        "answer_type": "other", "question_id": number, **changes,
    }  # fmt: skip


def head(kind: str, subset: str) -> dict[str, Any]:
    return {
        "info": {"description": "This is v2.0 of the VQA dataset.", "version": "2.0"}, "task_type": kind,
        "data_type": "mscoco", "license": {"name": "Creative Commons Attribution 4.0"}, "data_subtype": subset,
    }  # fmt: skip


@pytest.fixture
def vqa(tmp_path: Path) -> Callable[..., Reader]:
    def go(questions: list[Any], annotations: list[Any] | None, subset: str = "train2014", **keys: Any) -> Reader:
        paths = {"questions": tmp_path / "questions.json"}
        paths["questions"].write_text(json.dumps({**head("Open-Ended", subset), "questions": questions}))
        if annotations is not None:
            paths["annotations"] = tmp_path / "annotations.json"
            paths["annotations"].write_text(json.dumps({**head("x", subset), "annotations": annotations}))
        return open_source("v", Vqav2Source(format="vqav2", **paths, **keys))

    return go


def test_a_question_is_answered_by_the_multiple_choice_answer_and_keeps_ten_answers_with_confidence(vqa, samples):
    (sample,) = samples(vqa([question()], [annotation()]))
    assert (sample.row_id, sample.task) == ("458752000", "vqa_open")
    assert sample.messages == (
        ("user", "<image>\nWhat is this photo taken looking through?"),
        ("assistant", "net"),
    )
    assert tuple(zip(sample.answers, sample.answer_confidence, strict=True)) == tuple(GIVEN)


def test_the_image_is_cocos_own_so_that_it_has_the_same_id_as_in_coco_captions(vqa, samples):
    (sample,) = samples(vqa([question()], [annotation()], "val2014"))
    uri = "http://images.cocodataset.org/val2014/COCO_val2014_000000458752.jpg"
    assert (sample.images[0].uri, sample.images[0].image_id) == (uri, image_id(uri))


def test_images_lie_where_the_recipe_says(vqa, samples):
    (sample,) = samples(vqa([question()], [annotation()], images={"base": "coco/"}))
    assert sample.images[0].uri == "coco/train2014/COCO_train2014_000000458752.jpg"


def test_questions_and_annotations_are_joined_by_id_in_whatever_order_they_are(vqa, samples):
    second = annotation(2, multiple_choice_answer="mesh", question_id="2")
    found = samples(vqa([question(1), question(2)], [second, annotation(1)]))
    assert [(sample.row_id, sample.messages[-1][1]) for sample in found] == [("1", "net"), ("2", "mesh")]


def test_what_has_no_partner_is_rejected_on_either_side(vqa, outcomes):
    found = outcomes(vqa([question(1), question(2)], [annotation(3), annotation(1), annotation(1)]))
    assert [(position, outcome if isinstance(outcome, tuple) else "ok") for position, outcome in found] == [
        ("annotations[2]", ("duplicate_annotation", "1")),
        ("questions[0]", "ok"),
        ("questions[1]", ("missing_annotation", "2")),
        ("annotations[0]", ("annotation_without_question", "3")),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": None}, "missing_field.question"),
        ({"question": " "}, "empty_text.question"),
        ({"question": 3}, "wrong_type.question"),
        ({"question": "What\x00?"}, "nul_character"),
        ({"question": "What \ud83d?"}, "bad_unicode"),
        ({"image_id": None}, "missing_field.image_id"),
        ({"image_id": "n458"}, "wrong_type.image_id"),
        ({"image_id": 7}, "annotation_of_another_image"),
    ],
)
def test_a_bad_question_is_rejected_alone(vqa, reasons, changes: dict, reason: str):
    assert reasons(vqa([question(1, **changes), question(2)], [annotation(1), annotation(2)])) == [reason, "ok"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"multiple_choice_answer": None}, "missing_field.multiple_choice_answer"),
        ({"multiple_choice_answer": ""}, "empty_text.multiple_choice_answer"),
        ({"multiple_choice_answer": 3}, "wrong_type.multiple_choice_answer"),
        ({"answers": "net"}, "wrong_type.answers"),
        ({"answers": []}, "empty_list.answers"),
        ({"answers": ["net"]}, "not_an_object"),
        ({"answers": [{"answer": "net"}]}, "missing_field.answer_confidence"),
        ({"answers": [{"answer_confidence": "yes"}]}, "missing_field.answer"),
        ({"image_id": None}, "missing_field.image_id"),
    ],
)
def test_a_question_is_rejected_for_what_is_wrong_with_its_annotation(vqa, reasons, changes: dict, reason: str):
    assert reasons(vqa([question(1), question(2)], [annotation(1, **changes), annotation(2)])) == [reason, "ok"]


@pytest.mark.parametrize("row", ["text", None, [1], {"question": "What?"}])
def test_rows_of_another_kind_are_rejected_on_either_side(vqa, reasons, row: Any):
    found = reasons(vqa([row, question()], [row, annotation()]))
    assert found[-1] == "ok"
    assert len(found) == 3
    assert "ok" not in found[:2]


@pytest.mark.parametrize("annotations", [None, []])
@pytest.mark.parametrize("subset", ["test2015", "test-dev2015"])
def test_a_test_split_is_refused_because_it_has_no_answers(vqa, subset: str, annotations):
    with pytest.raises(InputError, match=rf"sources\.v\.questions: .*'{subset}' is a test split") as caught:
        vqa([question()], annotations, subset)
    assert "train2014 or val2014" in str(caught.value)


def test_questions_without_the_annotation_file_are_refused_with_the_key_that_gives_it(vqa):
    with pytest.raises(InputError, match=r"sources\.v\.annotations: required key is missing.*train2014"):
        vqa([question()], None)


@pytest.mark.parametrize("content", ["[]", "{", '{"questions": []}', '{"data_subtype": "train2014"}'])
def test_another_file_than_the_official_one_is_refused(tmp_path: Path, content: str):
    for name in ("questions", "annotations"):
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=r"^sources\.v\.questions: "):
        open_source(
            "v", Vqav2Source(format="vqav2", questions=tmp_path / "questions", annotations=tmp_path / "annotations")
        )


def test_annotations_that_are_none_are_refused(vqa, tmp_path: Path):
    reader = vqa([question()], [annotation()])
    (tmp_path / "annotations.json").write_text('{"questions": []}')
    with pytest.raises(InputError, match=r"sources\.v\.annotations: .*expected a list under 'annotations'"):
        list(reader.rows())
