"""The official question files of GQA and xGQA; single rows are in test_readers.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from glotmill.engine.sources import Reader
from glotmill.engine.sources.gqa import GqaReader
from glotmill.recipes.sections.images import NumberedImages
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample_checks import check

QUESTION = {"question": "Who is it?", "imageId": "n1", "answer": "man"}


@pytest.fixture
def reader(opened):
    def go(content: Any, **images: str) -> Reader:
        return opened(content, format="gqa", images=images)

    return go


@pytest.mark.parametrize(
    ("images", "uri"),
    [
        ({}, "n1.jpg"),
        ({"base": "gqa/"}, "gqa/n1.jpg"),
        ({"suffix": ""}, "n1"),
        ({"base": "https://i.org/", "suffix": ".png"}, "https://i.org/n1.png"),
    ],
)
def test_an_image_lies_where_the_recipe_says(reader, images: dict[str, str], uri: str):
    assert reader({"1": QUESTION}, **images).sample(("1", QUESTION)).images[0].uri == uri


def test_questions_come_in_the_order_of_the_file_by_their_ids(reader):
    rows = reader({"9": QUESTION, "1": QUESTION, "5": QUESTION}).rows()
    assert [position for position, _ in rows] == ["question 9", "question 1", "question 5"]


def test_questions_of_one_image_share_its_id(reader):
    found = reader({"1": QUESTION, "2": {**QUESTION, "question": "Is it he?", "answer": "yes"}})
    first, second = (found.sample(raw) for _, raw in found.rows())
    assert first.images == second.images
    assert first.row_id != second.row_id


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Who is it?", "not_an_object"),
        ({**QUESTION, "question": 3}, "wrong_type.question"),
        ({**QUESTION, "question": " "}, "empty_text.question"),
        ({**QUESTION, "answer": True}, "wrong_type.answer"),
        ({**QUESTION, "answer": ""}, "empty_text.answer"),
        ({**QUESTION, "imageId": ""}, "wrong_type.imageId"),
        ({**QUESTION, "imageId": None}, "missing_field.imageId"),
    ],
)
def test_a_bad_question_among_good_ones_is_refused_with_its_reason(reader, question: Any, reason: str):
    found = reader({"good": QUESTION, "bad": question})
    good, bad = (raw for _, raw in found.rows())
    assert found.sample(good).row_id == "good"
    with pytest.raises(RowError) as caught:
        found.sample(bad)
    assert caught.value.reason == reason


def test_an_empty_object_is_a_file_without_rows(reader):
    assert list(reader({}).rows()) == []


@pytest.mark.parametrize("lang", ["en", "de", "ru", "zh"])
def test_every_row_of_the_official_files_is_a_sound_sample(shared_data: Path, lang: str):
    path = shared_data / f"xgqa/{lang}/dev.json"
    content = orjson.loads(path.read_bytes())
    found = GqaReader(path, "here", NumberedImages())
    samples = [found.sample(raw) for _, raw in found.rows()]
    for sample in samples:
        check(sample)
        assert sample.messages[-1] == ("assistant", sample.answers[0])
    assert [sample.row_id for sample in samples] == list(content)
    assert len(samples) == 1_422
