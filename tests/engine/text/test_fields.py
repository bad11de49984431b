from __future__ import annotations

from typing import Any

import pytest

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import answer_requests, answer_texts, is_answer, only_question, turn_requests
from glotmill.recipes.model import Answers

TARGET = AnswerRule(Answers(policy="target"), {})


def row(*contents: str, **changes: Any) -> dict[str, Any]:
    roles = ("user", "assistant") * len(contents)
    turns = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    base: dict[str, Any] = {
        "source_id": "s1:0", "task": "vqa_open", "source_lang": "eng_Latn", "source_messages": turns,
        "source_choices": None, "source_answers": ["red"], "answer_index": None,
    }  # fmt: skip
    return {**base, **changes}


def test_turns_are_asked_sentence_by_sentence_and_answers_apart():
    assert turn_requests(row("<image>\nLook here. What is it?", "red")) == ["Look here.", "What is it?"]


def test_assistant_text_of_a_conversation_is_text_even_where_it_equals_an_answer():
    assert turn_requests(row("Hello there?", "red", task="conversation")) == ["Hello there?", "red"]


def test_a_user_turn_is_never_an_answer():
    sample = row("red", "red")
    assert [is_answer(sample, turn) for turn in sample["source_messages"]] == [False, True]


def test_each_different_answer_and_choice_is_asked_once():
    sample = row("Which?", "red", source_answers=["red", "dark red", "red"], source_choices=["blue", "red"])
    assert list(answer_texts(sample)) == ["red", "dark red", "blue"]
    assert answer_requests(sample, "deu_Latn", TARGET) == (["red", "dark red", "blue"], [])


@pytest.mark.parametrize("answer", ["yes", "No.", "42", "B", "https://x.y/z"])
def test_yes_no_and_what_has_no_words_are_never_asked(answer: str):
    assert answer_requests(row("Which?", answer, source_answers=[answer]), "deu_Latn", TARGET) == ([], [])
    assert answer_requests(row("Which?", answer, source_answers=[answer]), "kbp_Latn", TARGET) == ([], [])


def test_the_question_is_the_only_sentence_of_the_user():
    assert only_question(row("<image>\nWhat is it?", "red")) == "What is it?"
    assert only_question(row("Look here. What is it?", "red")) is None
    assert only_question(row("<image>", "red")) is None
