import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import answer_requests, turn_requests, turn_texts
from glotmill.engine.text.records import is_record, items_of, read_answer, record_request, schema_of
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import InstructionRule, Refusal
from glotmill.recipes.model import Answers
from glotmill.recipes.sections.templates import Templates

RULE = AnswerRule(Answers(), {})


def row(*turns, choices=None, answers=None, task="vqa_mc"):
    roles = ("user", "assistant")
    return {
        "source_lang": "eng_Latn", "task": task, "source_choices": choices, "source_answers": answers,
        "source_messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)],
        "turn_plan": None, "instruction": None, "slots": None, "source_id": "s1:0",
    }  # fmt: skip


QUESTION = row("<image>\nWhat is this? Look well.", "a ball", choices=["a ball", "a cup", "12"], answers=["a ball"])


def test_a_record_is_its_texts_by_turn_and_sentence_then_its_choices():
    request = record_request(QUESTION, "deu_Latn", RULE)
    assert is_record(request)
    assert items_of(request) == {
        "user_1.1": "What is this?", "user_1.2": "Look well.", "choice_1.1": "a ball", "choice_2.1": "a cup",
    }  # fmt: skip
    assert schema_of(request)["required"] == list(items_of(request))


def test_a_text_that_stands_twice_is_asked_once():
    talk = row("What is this?", "A dog.", "What is this?", "A cat.", task="conversation")
    assert list(items_of(record_request(talk, "deu_Latn", RULE))) == ["user_1.1", "assistant_2.1", "assistant_4.1"]


def test_a_yes_of_a_turn_stands_in_a_record_for_what_the_others_mean():
    """The request of a record is as it was before yes and no had a table in every turn."""
    talk = row("Is it red?", "Yes.", "How red?", "Very red.", task="conversation")
    assert items_of(record_request(talk, "deu_Latn", RULE))["assistant_2.1"] == "Yes."
    assert "Yes." not in turn_requests(talk)


def test_the_words_of_a_template_stand_in_a_record_as_they_always_did_but_for_reviewed_ones():
    """Requests are the memory's keys: a record keeps its own whatever became of its template."""
    instruction = {"user": "{question} Keep it short.", "assistant": None, "translated": True}
    asked = row("<image>\nWhat is it? Keep it short.", "a ball", task="vqa_open", answers=["a ball"])
    asked |= {"instruction": instruction, "template_id": "mine"}
    asked["slots"] = [{"name": "question", "text": "What is it?", "label": None}]
    expected = '\x1e{"user_1.1": "What is it?", "instruction_1": "Keep it short.", "answer_1.1": "a ball"}'
    refused = {("deu_Latn", instruction["user"]): Refusal("min_chrf", 3.0)}
    for judged in ({}, refused):
        rule = replace(RULE, instructions=InstructionRule(Templates(), {}, {}, judged))
        assert record_request(asked, "deu_Latn", rule) == expected
    reviewed = InstructionRule(Templates(), {}, {"deu_Latn": {"mine": ("{question} Kurz.", None)}})
    request = record_request(asked, "deu_Latn", replace(RULE, instructions=reviewed))
    assert "instruction_1" not in items_of(request)


@pytest.mark.parametrize("turns", [("Yes?", "No."), ("<image>", "A dog."), ("<image>", "42"), ("A dog.", "A dog.")])
def test_fewer_than_two_texts_are_no_record(turns):
    assert record_request(row(*turns, task="caption"), "deu_Latn", RULE) is None


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.lists(st.text(max_size=12), max_size=4))
def test_a_record_asks_exactly_what_its_segments_would_be(turns, choices):
    sample = row(*turns, choices=choices or None, answers=choices[:1] or None)
    asked = {*turn_requests(sample), *answer_requests(sample, "deu_Latn", RULE)[0]}
    spoken = [text for turn in sample["source_messages"] for text in turn_texts(sample, turn)]
    shown = asked | {segment for text in spoken for segment in split(text, "eng_Latn").segments}
    request = record_request(sample, "deu_Latn", RULE)
    if request is None:
        assert len(shown) < 2 or not asked
    else:
        assert sorted(items_of(request).values()) == sorted(shown)


@given(st.text())
def test_no_segment_is_taken_for_a_record(text):
    assert not any(is_record(request) for request in split(text, "eng_Latn").requests)


GOOD = {"user_1.1": "Was ist das?", "user_1.2": "Schau gut.", "choice_1.1": "ein Ball", "choice_2.1": "eine Tasse"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json.dumps(GOOD), GOOD),
        (f"```json\n{json.dumps(GOOD)}\n```", GOOD),
        (json.dumps(dict(reversed(GOOD.items()))), GOOD),
        ("", "broken_json"),
        (json.dumps(GOOD)[:-3], "broken_json"),
        (json.dumps([GOOD]), "broken_json"),
        (json.dumps(GOOD | {"user_1.1": 3}), "broken_json"),
        (f"Here: {json.dumps(GOOD)}", "broken_json"),
        (json.dumps({key: GOOD[key] for key in list(GOOD)[1:]}), "field_count"),
        (json.dumps(GOOD | {"note": "x"}), "field_count"),
        (json.dumps({key: text for key, text in GOOD.items() if key != "choice_2.1"}), "choice_count"),
        (json.dumps(GOOD | {"choice_3.1": "ein Schirm"}), "choice_count"),
        (json.dumps(GOOD | {"choice_2.1": "Ein Ball"}), "choices_collide"),
    ],
)
def test_an_answer_fits_or_says_why_not(answer, expected):
    assert read_answer(record_request(QUESTION, "deu_Latn", RULE), answer) == expected


@given(st.text())
def test_any_answer_is_read_without_an_error(answer):
    assert isinstance(read_answer(record_request(QUESTION, "deu_Latn", RULE), answer), str | dict)
