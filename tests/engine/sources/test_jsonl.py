"""What the line format promises beyond one plain row (test_readers.py)."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.sources.jsonl import JsonlReader
from glotmill.engine.sources.shared.field_map import RowFormat
from glotmill.recipes.sections.images import Images
from glotmill.recipes.sections.sources import Mapped
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Sample
from glotmill.schemas.task import TASKS

CAPTION = {"id": "1", "task": "caption", "image": "a.jpg", "caption": "A dog."}
QUESTION = {"id": "2", "task": "vqa_open", "image": "a.jpg", "question": "What is it?", "answers": ["dog"]}
CHOICE = {"id": "3", "task": "vqa_mc", "question": "Which?", "choices": ["a", "b"], "answer_index": 1}
MESSAGES = {"id": "4", "task": "conversation", "messages": [{"role": "assistant", "content": "Hello."}]}


def reader(path: Path) -> JsonlReader:
    return JsonlReader(path, "here", RowFormat(Mapped(), Images()))


def sample(row: Any) -> Sample:
    return reader(Path("unread.jsonl")).sample(row if isinstance(row, bytes) else json.dumps(row).encode())


def refusal(row: Any) -> tuple[str, str]:
    with pytest.raises(RowError) as caught:
        sample(row)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(
    ("content", "positions"),
    [
        (b"", []),
        (b"\n \t\n\r\n", []),
        (b"{}", ["line 1"]),
        (b"{}\r\n{}\r\n", ["line 1", "line 2"]),
        (b"\n{}\n\n{}", ["line 2", "line 4"]),
        ('{"a": "\u2028\x85\x0b"}\n{}\n'.encode(), ["line 1", "line 2"]),
    ],
)
def test_rows_are_told_by_their_line_numbers_and_only_line_feeds_end_a_line(tmp_path: Path, content, positions):
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    assert [position for position, _ in reader(path).rows()] == positions


def test_windows_line_ends_are_read(tmp_path: Path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(json.dumps(CAPTION).encode() + b"\r\n")
    found = reader(path)
    assert [found.sample(raw).row_id for _, raw in found.rows()] == ["1"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path):
    path = tmp_path / "s.jsonl"
    line = json.dumps({**CAPTION, "caption": "A dog. " * 1000}).encode() + b"\n"
    path.write_bytes(line * 3000)
    tracemalloc.start()
    rows = sum(1 for _ in reader(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 3000
    assert path.stat().st_size > 20e6
    assert peak < 1e6


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_read(task: str):
    assert sample({**MESSAGES, "task": task}).task == task


def test_a_question_of_several_images_has_a_marker_for_each_in_front():
    found = sample({**QUESTION, "image": None, "images": ["a.jpg", {"uri": "b.jpg"}]})
    assert found.messages[0] == ("user", "<image>\n<image>\nWhat is it?")
    assert [image.uri for image in found.images] == ["a.jpg", "b.jpg"]


def test_what_is_not_known_of_an_image_is_null_and_its_id_is_made_of_its_uri():
    one, other = sample(CAPTION).images[0], sample({**QUESTION, "image": {"uri": "a.jpg"}}).images[0]
    assert (one.width, one.height, one.mime) == (None, None, None)
    assert one == other
    assert one.image_id.startswith("uri:")


def test_text_is_taken_to_the_letter():
    caption = "  Caf\u00e9 cafe\u0301 \u200f\n\t<b>\x00"
    assert sample({**CAPTION, "caption": caption}).messages[1] == ("assistant", caption)


def test_all_accepted_answers_of_a_choice_question_are_kept_and_the_choice_is_the_answer():
    found = sample({**CHOICE, "answers": ["b", "B"]})
    assert (found.messages[-1], found.answers, found.answer_index) == (("assistant", "b"), ("b", "B"), 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"\xff\xfe", "bad_json"),
        (b'{"id": "1", "caption": "\\ud800"}', "bad_json"),
        (b'{"id": NaN}', "bad_json"),
        (b"[" * 5000, "bad_json"),
        (b'"text"', "not_an_object"),
        ({**CAPTION, "id": ""}, "wrong_type.id"),
        ({**CAPTION, "task": None}, "missing_field.task"),
        ({**CAPTION, "task": ["caption"]}, "wrong_type.task"),
        ({**CAPTION, "image": 3}, "not_an_object"),
        ({**CAPTION, "image": {"url": "a.jpg"}}, "missing_field.uri"),
        ({**CAPTION, "image": {"uri": "a.jpg", "width": "640"}}, "wrong_type.width"),
        ({**CAPTION, "image": {"uri": "a.jpg", "mime": 3}}, "wrong_type.mime"),
        ({**CAPTION, "url": 3}, "wrong_type.url"),
        ({**QUESTION, "answers": []}, "missing_field.answers"),
        ({**QUESTION, "question": "\n"}, "empty_text.question"),
        ({**CHOICE, "choices": "ab"}, "wrong_type.choices"),
        ({**CHOICE, "answer_index": -1}, "bad_answer_index"),
        ({**CHOICE, "answer_index": None}, "bad_answer_index"),
        ({**CHOICE, "answer_index": True}, "wrong_type.answer_index"),
        ({**MESSAGES, "messages": None}, "wrong_type.messages"),
        ({**MESSAGES, "messages": {"role": "user"}}, "wrong_type.messages"),
        ({**MESSAGES, "messages": ["Hello."]}, "not_an_object"),
        ({**MESSAGES, "messages": [{"role": "assistant", "content": 3}]}, "wrong_type.content"),
        ({**MESSAGES, "messages": [{"content": "Hello."}]}, "missing_field.role"),
    ],
)
def test_a_line_that_is_no_sample_is_refused_with_its_reason(row: Any, reason: str):
    assert refusal(row)[0] == reason


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ({**CAPTION, "question": "Who?", "answers": ["me"]}, "answers, question"),
        ({**QUESTION, "fullAnswer": "It is a dog."}, "fullAnswer"),
        ({**MESSAGES, "question": "Who?"}, "question"),
    ],
)
def test_fields_that_would_be_lost_are_refused_by_name(row: Any, fields: str):
    assert refusal(row) == ("unknown_field", fields)


def test_an_unknown_task_is_named():
    assert refusal({**CAPTION, "task": "poem"}) == ("unknown_task", "poem")
