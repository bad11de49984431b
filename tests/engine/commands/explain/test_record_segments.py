"""What a memory has of a record's segments, of every translator that the dataset was made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glotmill.engine.commands.explain.record_segments import segments_of_record
from glotmill.engine.memory.entries import HUMAN, MEMORY_SCHEMA
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.records import record_request
from glotmill.recipes.model import Answers
from glotmill.schemas.keys import memory_key

TRANSLATORS = {"f1": {"engine": "one", "model": "m1"}, "f2": {"engine": "two", "model": "m2"}}
QUESTION = "What is in his hand?"


def entry(request: str, text: str, translator: str = "f1", source: str = "eng_Latn", target: str = "deu_Latn") -> Any:
    key = memory_key(translator, source, target, request)
    return {
        "key": key, "translator": translator, "source_lang": source, "target_lang": target, "request": request,
        "text": text, "attempt": 1, "settings": "", "origin": HUMAN if translator == HUMAN else "machine",
    }  # fmt: skip


@pytest.fixture
def memory(tmp_path: Path):
    def made(*entries: dict[str, Any], corrections: list[dict[str, Any]] | None = None) -> Memory:
        memory = Memory(Folder(tmp_path / "memory"))
        memory.commit(pa.Table.from_pylist(list(entries), schema=MEMORY_SCHEMA))
        if corrections:
            memory.correct(pa.Table.from_pylist(corrections, schema=MEMORY_SCHEMA))
        return memory

    return made


@pytest.fixture
def sample() -> dict[str, Any]:
    turns = [{"role": "user", "content": f"<image>\n{QUESTION}"}, {"role": "assistant", "content": "a cup"}]
    return {
        "task": "vqa_open", "source_lang": "eng_Latn", "source_answers": ["a cup"], "source_choices": None,
        "source_messages": turns,
        "turn_plan": None, "instruction": None, "slots": None,
    }  # fmt: skip


def shown(segments) -> list[tuple[str, str, list[Any]]]:
    return [(s.where, s.request, [(e.get("engine"), e["text"]) for e in s.entries]) for s in segments]


def test_each_translators_entry_is_shown_under_its_name(memory, sample):
    known = memory(entry(QUESTION, "Was?"), entry(QUESTION, "Wie?", "f2"))
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known)
    assert shown(found) == [("turn 0", QUESTION, [("one", "Was?"), ("two", "Wie?")])]


def test_a_persons_correction_stands_for_all_translators(memory, sample):
    known = memory(entry(QUESTION, "Was?"), corrections=[entry(QUESTION, "Was hält er?", HUMAN)])
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known)
    assert shown(found) == [("turn 0", QUESTION, [(None, "Was hält er?")])]


def test_answers_and_the_questions_they_were_shown_with_are_there_if_the_memory_has_them(memory, sample):
    shown_with = f"{QUESTION} A cup."
    known = memory(
        entry("a cup", "eine Tasse"), entry(shown_with, "Was? Eine Tasse."),
        entry("eine Tasse", "a mug", source="deu_Latn", target="eng_Latn"),
        entry("Was?", "What?", source="deu_Latn", target="eng_Latn"),
    )  # fmt: skip
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known)
    assert shown(found) == [
        ("turn 0", QUESTION, []),
        ("answer", "a cup", [("one", "eine Tasse")]),
        ("question with answer", shown_with, [("one", "Was? Eine Tasse.")]),
        ("back-translation", "eine Tasse", [("one", "a mug")]),  # none of the carrier: it is no text of the record
    ]


def test_a_record_that_was_answered_whole_is_shown_with_the_way_back_of_its_texts(memory, sample):
    rule = AnswerRule(Answers(policy="target"), {})
    request = record_request(sample, "deu_Latn", rule)
    known = memory(
        entry(request, '{"user_1.1": "Was?", "answer_1.1": "eine Tasse"}'),
        entry("Was?", "What?", source="deu_Latn", target="eng_Latn"),
        entry("a cup", "ein Becher"),  # of another record, which was asked in segments
    )
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known, rule)
    assert shown(found) == [
        ("whole record", request, [("one", '{"user_1.1": "Was?", "answer_1.1": "eine Tasse"}')]),
        ("back-translation", "Was?", [("one", "What?")]),
    ]


def test_what_people_say_of_a_part_stands_beside_the_answer_to_the_whole(memory, sample):
    rule = AnswerRule(Answers(policy="target"), {})
    request = record_request(sample, "deu_Latn", rule)
    whole = '{"user_1.1": "Was?", "answer_1.1": "eine Tasse"}'
    known = memory(entry(request, whole), corrections=[entry("a cup", "ein Becher", HUMAN)])
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known, rule)
    assert shown(found) == [("whole record", request, [("one", whole)]), ("answer", "a cup", [(None, "ein Becher")])]


def test_a_record_whose_whole_answer_did_not_fit_is_shown_with_the_segments_that_were_asked_instead(memory, sample):
    rule = AnswerRule(Answers(policy="target"), {})
    request = record_request(sample, "deu_Latn", rule)
    known = memory({**entry(request, None), "failure": "failed:broken_json"}, entry(QUESTION, "Was?"))
    found = segments_of_record(sample, "deu_Latn", TRANSLATORS, known, rule)
    assert shown(found) == [("whole record", request, [("one", None)]), ("turn 0", QUESTION, [("one", "Was?")])]


def test_english_rows_have_no_segments(sample):
    assert segments_of_record(sample, "eng_Latn", TRANSLATORS, None) == []
